"""What becomes of a reply: a no is a no at once, a yes is proved, and anything else pauses every channel."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from carts.abandonment import sweep
from customers.models import Consent, ConsentEvent, Customer, Store, Suppression
from recovery import intake
from recovery.bot.double_opt_in import pending_confirmations
from recovery.callbacks import doors
from recovery.callbacks.process import take_events
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_standard_flow
from recovery.models import Enrolment, Message, Notice, ProviderEvent, Reply, SurveyAsk
from recovery.outbox import prepare
from recovery.outbox.notices import send_notices
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from recovery.surveys import note_asked
from tests.factories import after, ago, checkout, make_store, person, put
from tests.races.threads import at_once
from tests.recovery.callbacks.posting import DUE, TOKEN, on_their_way, phone, write

pytestmark = pytest.mark.django_db(transaction=True)

WHATSAPP = f"whatsapp:{phone(1)}"


@pytest.fixture(autouse=True)
def _account(settings, tmp_path):
    settings.TWILIO_AUTH_TOKEN, settings.MAILBOX_DIR = TOKEN, tmp_path
    doors.forget()


@pytest.fixture
def anna() -> Customer:
    """She has a reminder by e-mail waiting, and has got an SMS."""
    (message,) = on_their_way(1, state="delivered")
    fields = ("store", "enrolment", "step", "cart", "customer", "planned_at", "expires_at")
    waiting = {name: getattr(message, name) for name in fields}
    Message.objects.create(**waiting, channel="sms", due_at=after(hours=20), fallback_of=message)
    return message.customer


def says(store: Store, text: str, who: str = phone(1), **more: str) -> str:
    """What the reply was taken for."""
    number = ProviderEvent.objects.count() + 1
    assert write(store, number, text, who, **more) == 200
    take_events(DUE)
    event = ProviderEvent.objects.order_by("pk").last()
    assert event is not None and event.state == "done", event and event.reason
    return event.reason


def answers() -> list[tuple[str, str, str]]:
    send_notices(DUE)
    return list(Notice.objects.order_by("pk").values_list("channel", "purpose", "state"))


def stops(channel: str = "sms") -> list[str]:
    return list(Suppression.objects.filter(channel=channel).values_list("reason", flat=True))


def test_stop_ends_the_reminders_of_today_on_every_channel(anna):
    says(anna.store, "Stop")
    assert (Enrolment.objects.get().state, Enrolment.objects.get().stop_reason) == ("stopped", "stop")
    assert not Message.objects.filter(state="queued").exists()


def test_stop_is_a_no_for_the_channel_with_its_proof(anna):
    assert says(anna.store, "Stop") == "stop"
    assert (stops("sms"), stops("whatsapp"), stops("email")) == (["stop"], [], [])
    assert Consent.objects.get(customer=anna, channel="sms").state == "revoked"
    proof = ConsentEvent.objects.get(customer=anna, state="revoked")
    assert (proof.source, proof.words, proof.address) == ("reply", "Stop", phone(1))
    assert Message.objects.get(fallback_of__isnull=False).state == "cancelled"


@pytest.mark.parametrize(
    "word", ["STOP", "lopeta", "Stopp", "stopp!", "Abmelden", "ARRÊT", "sluta", "please stop texting me"]
)
def test_stop_is_heard_in_each_language(anna, word):
    assert says(anna.store, word) == "stop"
    assert stops() == ["stop"]


def test_twilio_confirms_a_stop_by_sms_and_we_do_not(anna):
    says(anna.store, "STOP")
    assert answers() == []


def test_a_stop_by_whatsapp_is_confirmed_by_us_and_only_once(anna):
    assert says(anna.store, "stop", WHATSAPP) == "stop"
    assert says(anna.store, "STOP!!", WHATSAPP) == "stop"
    assert answers() == [("whatsapp", "stopped", "sent")]
    assert "START" in Notice.objects.get().text
    assert (stops("whatsapp"), stops("sms")) == (["stop"], [])


def test_with_advanced_opt_out_twilio_answers_on_whatsapp_too(anna):
    says(anna.store, "stop", WHATSAPP, OptOutType="STOP")
    assert (answers(), stops("whatsapp")) == ([], ["stop"])


def test_a_tapped_button_counts_like_the_word(anna):
    assert says(anna.store, "Ei kiitos", WHATSAPP, ButtonPayload="stop_reminders", ButtonText="Ei kiitos") == "stop"
    assert stops("whatsapp") == ["stop"]


def test_start_takes_a_stop_back_and_is_a_yes(anna):
    says(anna.store, "stop", WHATSAPP), says(anna.store, "START", WHATSAPP)
    assert stops("whatsapp") == []
    assert Consent.objects.get(customer=anna, channel="whatsapp").state == "granted"
    assert answers() == [("whatsapp", "stopped", "sent"), ("whatsapp", "started", "sent")]


def test_start_does_not_revive_a_dead_number(anna):
    from customers.consent import suppress

    suppress(anna.store_id, "sms", phone(1), "invalid", now=DUE)
    says(anna.store, "START")
    assert stops() == ["invalid"]


def test_who_writes_from_a_number_can_be_reached_there(anna):
    from customers.consent import suppress

    suppress(anna.store_id, "sms", phone(1), "unreachable", now=DUE)
    says(anna.store, "Is it still there?")
    assert stops() == []


def test_help_tells_who_writes_whom_to_ask_and_how_to_stop(anna):
    Store.objects.update(support_contact="help@shop.example", locale="fi")
    says(anna.store, "help", WHATSAPP), says(anna.store, "HELP", WHATSAPP)
    assert answers() == [("whatsapp", "help", "sent")]
    text = Notice.objects.get().text
    assert all(word in text for word in ("Puro", "help@shop.example", "STOP"))


def test_a_reply_pauses_every_channel_for_every_cart(anna):
    put(anna.store, checkout("C2", DUE, person=person(1, phone=phone(1))), at=DUE)
    assert says(anna.store, "Is the lamp also there in green?") == "paused"
    assert set(Enrolment.objects.values_list("state", "stop_reason")) == {("stopped", "replied")}
    assert not Message.objects.filter(state="queued").exists()
    reply = Reply.objects.get()
    assert "form" in ProviderEvent.objects.get().payload and "green" not in str(ProviderEvent.objects.get().payload)
    assert (reply.customer, reply.intent, reply.body) == (anna, "", "Is the lamp also there in green?")
    assert (answers(), stops()) == ([], [])


def test_a_repeated_post_is_heard_once(anna):
    for _ in range(3):
        write(anna.store, 1, "stop", WHATSAPP)
    take_events(DUE)
    assert (Reply.objects.count(), len(answers())) == (1, 1)


def test_a_stranger_who_says_stop_is_never_written_to(anna):
    assert says(anna.store, "STOP", "+358457777777") == "stop"
    assert (stops(), Reply.objects.get().customer) == (["stop"], None)


def test_a_reply_reaches_whoever_was_written_to_at_the_number(anna):
    """The number is another account's key, but it was here that we wrote."""
    other = Customer.objects.create(store=anna.store, phone="+358450000009")
    anna.identities.filter(kind="phone").update(customer=other)
    says(anna.store, "a question")
    assert Reply.objects.get().customer == anna
    assert Enrolment.objects.get(customer=anna).stop_reason == "replied"


def test_stop_in_one_store_says_nothing_about_another(anna):
    other = make_store()
    says(other, "STOP")
    assert set(Suppression.objects.values_list("store_id", flat=True)) == {other.pk}
    assert Message.objects.filter(store=anna.store, state="queued").exists()


# -- a yes that is asked to be confirmed


@pytest.fixture
def asked() -> Customer:
    """She ticked the box for SMS in a store that wants to hear it from the number itself."""
    store = make_store(sms_double_opt_in=True)
    put(store, checkout(at=DUE, person=person(1, phone=phone(1), consents=("sms",))), at=DUE)
    return Customer.objects.get(store=store)


def test_a_double_opt_in_is_asked_once_and_proved_by_the_answer(asked):
    assert (pending_confirmations(DUE), pending_confirmations(DUE)) == (1, 0)
    assert answers() == [("sms", "confirm", "sent")]
    assert says(asked.store, "yes") == "yes"
    assert Consent.objects.get(customer=asked, channel="sms").state == "granted"
    proof = ConsentEvent.objects.get(customer=asked, channel="sms", state="granted")
    assert "YES" in proof.words and proof.words.endswith("→ yes")
    assert answers()[-1] == ("sms", "confirmed", "sent")


@pytest.mark.parametrize(("number", "country"), [("+12125550123", "US"), ("+12125550123", "FI"), ("+12125550123", "")])
def test_who_has_an_american_number_is_asked_whatever_the_store_wants(number, country):
    store = make_store(sms_double_opt_in=False)
    who = [person(1, phone=number, country=country, consents=("sms",)), person(2, phone=phone(2), consents=("sms",))]
    put(store, *[checkout(f"C{n}", person=one) for n, one in enumerate(who)], at=DUE)
    assert pending_confirmations(DUE) == 1
    assert Notice.objects.get().to == number
    assert answers() == [("sms", "confirm", "sent")]


def test_a_yes_that_nobody_asked_for_is_a_reply_like_another(anna):
    assert says(anna.store, "yes") == "paused"
    assert not ConsentEvent.objects.filter(customer=anna, channel="sms", state="granted").exists()


def test_after_a_stop_yes_means_start(anna):
    says(anna.store, "STOP"), says(anna.store, "YES")
    assert (stops(), Consent.objects.get(customer=anna, channel="sms").state) == ([], "granted")


def test_a_no_to_the_question_is_a_no(asked):
    pending_confirmations(DUE)
    says(asked.store, "STOP")
    assert (Consent.objects.get(customer=asked, channel="sms").state, stops()) == ("revoked", ["stop"])
    assert answers() == [("sms", "confirm", "skipped")]


def test_nobody_is_asked_a_day_later(asked):
    assert pending_confirmations(DUE + td(hours=25)) == 0


# -- while a reminder is on its way out

ROOMS = ["_claim", "_lock_customers", "judge", "_composed", "_ordered_meanwhile", "_said_no_meanwhile"]


def due_by_sms() -> Store:
    """A reminder that may go by SMS only."""
    store = make_store()
    install_standard_flow(store, now=ago(days=1), phone_first=True)
    put(store, checkout(person=person(1, phone=phone(1), consents=("sms",))))
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    return store


@pytest.mark.parametrize("room", ROOMS)
def test_a_stop_at_any_step_of_preparing_stops_it(monkeypatch, tmp_path, room):
    """The STOP is applied by another connection just before the named step runs."""
    store, real = due_by_sms(), getattr(prepare, room)

    def with_stop(*args, **kwargs):
        monkeypatch.setattr(prepare, room, real)
        at_once(lambda: (write(store, 1, "STOP"), take_events(DUE)))
        return real(*args, **kwargs)

    monkeypatch.setattr(prepare, room, with_stop)
    send_due(DUE), send_due(DUE + td(seconds=2))
    assert (read_mailbox(tmp_path), stops()) == ([], ["stop"])
    assert Message.objects.get().state in ("skipped", "cancelled")


def test_without_a_stop_it_is_sent(tmp_path):
    due_by_sms()
    send_due(DUE)
    assert [mail.channel for mail in read_mailbox(tmp_path)] == ["sms"]


def test_a_number_answers_what_was_asked_and_pauses_nothing(anna):
    cart = anna.carts.get()
    note_asked(anna.store.pk, "why", "sms", now=ago(hours=1), customer_id=anna.pk, cart_id=cart.pk)
    assert says(anna.store, "2") == "survey"
    assert SurveyAsk.objects.get().code == "slow_delivery"
    assert Enrolment.objects.get().state != "stopped"
    assert says(anna.store, "What is 2 of them?") == "paused"
