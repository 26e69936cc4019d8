"""By which channel: the marketer's order, consent, law, hours and limits, each with its reason in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import timedelta as td

import pytest

from carts.abandonment import sweep
from carts.models import Cart
from customers.models import Store
from recovery import intake
from recovery.approvals import make_for_sessions
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_standard_flow
from recovery.models import Decision, Message, Reply, TemplateText
from recovery.outbox import carriers
from recovery.outbox.reconcile import reconcile
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, checkout, make_store, person, put

pytestmark = pytest.mark.django_db(transaction=True)

DUE = after(minutes=31)  # a Tuesday, 14:31 in Helsinki
FINN, AMERICAN = "+358401234567", "+12125550123"


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    return tmp_path


def queued(*consents: str, phone: str = FINN, at: datetime = NOW, country: str = "FI", **fields) -> Store:
    store = make_store(**fields)
    install_standard_flow(store, now=at - td(days=1), phone_first=True)
    who = person(phone=phone, consents=consents or ("email", "sms", "whatsapp"), country=country)
    put(store, checkout(at=at, person=who), at=at)
    due = at + td(minutes=31)
    sweep(due), intake.take(due), run_flows(due)
    return store


def sent(at: datetime = DUE) -> tuple[str, str, str]:
    send_due(at)
    message = Message.objects.order_by("id")[0]
    return message.channel, message.state, message.reason


@pytest.mark.parametrize(
    ("consents", "channel"),
    [(("email", "sms", "whatsapp"), "whatsapp"), (("email", "sms"), "sms"), (("email",), "email")],
)
def test_the_first_channel_that_the_shopper_allowed_is_used(consents, channel, mailbox):
    queued(*consents)
    assert sent() == (channel, "sent", "")
    assert read_mailbox(mailbox)[0].channel == channel


def test_the_ledger_says_why_the_first_choice_was_passed_over(mailbox):
    queued("email")
    sent()
    detour = Decision.objects.get(verdict="rerouted")
    assert (detour.reason, detour.detail) == ("to email", "whatsapp: no_consent; sms: no_consent")


def test_when_no_channel_is_open_the_first_that_has_an_address_says_why(mailbox):
    queued("email", phone="")
    Store.objects.get().customers.get().consents.all().delete()
    assert sent()[1:] == ("skipped", "no_consent")
    assert Message.objects.get().detail == "never said yes; whatsapp: no_address; sms: no_address"
    assert read_mailbox(mailbox) == []


def test_an_sms_has_the_shops_name_the_link_and_the_way_out_in_few_segments(mailbox):
    queued("sms")
    sent()
    text, message = read_mailbox(mailbox)[0].text, Message.objects.get()
    assert "Puro" in text and "/r/" in text and "STOP" in text
    assert 1 <= message.segments <= 2


def test_americans_are_offered_no_whatsapp_and_one_sms_for_a_cart(mailbox):
    queued("sms", "whatsapp", "email", phone=AMERICAN, country="US", at=datetime(2026, 3, 10, 17, tzinfo=UTC))
    Store.objects.get().customers.get().consents.update(state="granted")
    at = datetime(2026, 3, 10, 17, 31, tzinfo=UTC)
    assert sent(at) == ("sms", "sent", "")
    assert Decision.objects.get(verdict="rerouted").detail == "whatsapp: whatsapp_not_offered"
    first = Message.objects.get()
    again = Message.objects.create(
        **{f: getattr(first, f) for f in ("store", "enrolment", "cart", "customer", "planned_at", "expires_at")},
        step=first.step, channel="sms", due_at=at, fallback_of=first,
    )  # fmt: skip
    type(first.enrolment.flow).objects.update(minimum_gap=td(0))
    send_due(at + td(hours=1))
    again.refresh_from_db()
    assert (again.channel, again.state) == ("email", "sent")


def test_a_number_of_us_carriers_keeps_to_their_rules_wherever_its_owner_lives(mailbox):
    queued("sms", phone=AMERICAN, country="FI")
    Store.objects.get().customers.get().consents.update(state="granted")
    Message.objects.update(expires_at=NOW + td(days=9))
    later = NOW + td(days=2, hours=1)
    assert sent(later)[1:] == ("skipped", "no_consent")
    assert Message.objects.get().detail.endswith("sms: us_too_late; email: no_consent")


def test_it_waits_for_the_shoppers_morning_not_the_stores(mailbox):
    """12:31 UTC is 04:31 in Los Angeles (daylight saving since two days); only SMS is allowed, from 9 o'clock there."""
    queued("sms", phone="+12135550123", country="US")
    Store.objects.get().customers.get().consents.update(state="granted")
    Cart.objects.update(region="CA", postal_code="90001")
    assert sent() == ("whatsapp", "queued", "quiet_hours")
    assert Message.objects.get().due_at == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)


def test_at_night_the_next_channel_that_may_arrive_is_used(mailbox):
    at = datetime(2026, 3, 10, 21, tzinfo=UTC)  # 23:00 in Helsinki
    queued("sms", "email", at=at)
    assert sent(at + td(minutes=31)) == ("email", "sent", "")


def test_the_cap_over_all_channels_puts_off_and_does_not_drop(mailbox):
    store = queued("sms", cap_messages=1, cap_days=1)
    first = Message.objects.get()
    Message.objects.filter(pk=first.pk).update(expires_at=after(days=3))
    Message.objects.create(
        **{f: getattr(first, f) for f in ("store", "enrolment", "cart", "customer", "planned_at", "step")},
        channel="sms", due_at=NOW, expires_at=DUE, state="sent", sent_at=after(minutes=1), fallback_of=first,
    )  # fmt: skip
    type(first.enrolment.flow).objects.update(minimum_gap=td(0))
    assert sent()[1:] == ("queued", "frequency_cap")
    assert Message.objects.get(pk=first.pk).due_at == after(days=1, minutes=1)
    assert store.cap_messages == 1


def test_a_template_that_is_not_approved_falls_back_and_says_so(twilio):
    queued()
    assert sent() == ("sms", "sent", "")
    assert Decision.objects.get(verdict="rerouted").detail == "whatsapp: template_not_approved"


def test_an_approved_template_goes_with_its_variables(twilio):
    from recovery.providers.twilio import content
    from recovery.providers.twilio.provider import TwilioProvider

    store = queued()
    text = TemplateText.objects.get(template__name="Reminder (WhatsApp)", locale="en")
    provider = carriers.carrier_for(store, "whatsapp").provider
    assert isinstance(provider, TwilioProvider)
    draft = content.Draft("reminder_en", "en", text.compiled_text, {"1": "a", "2": "b", "3": "c"})
    sid = content.create(provider.client, draft)
    TemplateText.objects.filter(pk=text.pk).update(content_sid=sid, approval="approved")
    assert sent() == ("whatsapp", "sent", "")
    assert Message.objects.get().provider_id.startswith(("SM", "MM"))


def test_free_text_goes_within_a_day_of_the_shoppers_word(twilio):
    store = queued("whatsapp")
    customer = store.customers.get()
    Reply.objects.create(
        store=store, customer=customer, channel="whatsapp", address=FINN, intent="start", provider_id="SM1", at=NOW
    )
    assert sent() == ("whatsapp", "sent", "")
    assert twilio.requests[-1].form()["Body"][0].endswith("answer STOP.")


def test_in_that_day_it_has_its_buttons_though_nobody_has_approved_it(twilio):
    store = queued("whatsapp")
    who = {"store": store, "customer": store.customers.get(), "channel": "whatsapp", "address": FINN}
    Reply.objects.create(**who, intent="start", provider_id="SM1", at=NOW)
    assert make_for_sessions(NOW) > 0
    twilio.receive(f"whatsapp:{FINN}", "whatsapp:+14155238886", "start", "http://x.example/")
    assert sent() == ("whatsapp", "sent", "")
    (message,) = twilio.messages
    buttons = twilio.account.templates[message.content_sid].types["twilio/quick-reply"]["actions"]
    assert ([one["id"] for one in buttons], "/r/" in message.body) == (["question", "stop"], True)
    assert [one.status for one in twilio.callbacks()][-1] == "delivered"


def test_a_number_that_twilio_refuses_is_suppressed_and_the_next_channel_takes_over(twilio):
    queued("sms", "email", phone="+15005550009", country="FI")  # Twilio's number for "not a mobile phone"
    Store.objects.get().customers.get().consents.update(state="granted")  # it is an American one
    send_due(DUE)
    send_due(after(minutes=32))
    first, second = Message.objects.order_by("id")
    assert (first.channel, first.state, first.reason) == ("sms", "failed", "twilio_21614")
    assert (second.channel, second.fallback_of_id) == ("email", first.pk)
    assert Store.objects.get().suppressions.get().channel == "sms"


def test_a_send_whose_answer_was_lost_is_found_by_its_link_and_never_repeated(twilio):
    queued("sms")
    twilio.faults.append("drop_after")
    assert sent()[:2] == ("sms", "unknown")
    assert reconcile(DUE + td(seconds=30)) == 0
    assert reconcile(DUE + td(minutes=2)) == 1
    message = Message.objects.get()
    assert (message.state, len(twilio.messages)) == ("sent", 1)
    assert message.provider_id == twilio.messages[0].sid


def test_a_send_that_never_arrived_rests_as_unknown(twilio):
    queued("sms")
    twilio.faults.append("drop_before")
    sent()
    assert (Message.objects.get().state, reconcile(DUE + td(minutes=2))) == ("unknown", 0)
    send_due(DUE + td(minutes=20))
    assert (Message.objects.get().state, len(twilio.messages)) == ("unknown", 0)


def test_what_would_pass_the_senders_rate_waits_on_our_side(twilio, settings):
    settings.TWILIO_SMS_PER_SECOND = 1
    store = make_store()
    install_standard_flow(store, now=NOW - td(days=1), phone_first=True)
    crowd = [person(n, phone=f"+3584012345{n:02}", consents=("sms",), country="FI") for n in range(6)]
    put(store, *[checkout(f"C{n}", person=who) for n, who in enumerate(crowd)])
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    send_due(DUE)
    states = list(Message.objects.order_by("due_at").values_list("state", "reason"))
    assert states.count(("sent", "")) < 6
    assert ("queued", "rate_limit") in states
    assert Message.objects.filter(state="queued").values("due_at").distinct().count() > 1
