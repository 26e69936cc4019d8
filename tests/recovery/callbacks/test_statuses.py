"""Status callbacks: repeated, shuffled and late, they only ever move a message up."""

from __future__ import annotations

import random
from datetime import timedelta as td

import pytest

from customers.models import Suppression
from recovery.callbacks.keeping import Told, keep
from recovery.callbacks.process import take_events
from recovery.callbacks.retention import forget_old
from recovery.models import Decision, Message, ProviderEvent, ProviderPause
from tests.factories import make_store
from tests.races.threads import at_once
from tests.recovery.callbacks.posting import DUE, on_their_way, sid, status_form, tell

pytestmark = pytest.mark.django_db(transaction=True)

ENDS: dict[str, tuple[list[tuple[str, int | None]], str]] = {
    "delivered": ([("sent", None), ("delivered", None)], "delivered"),
    "read": ([("sent", None), ("delivered", None), ("read", None)], "read"),
    "no receipt": ([("queued", None), ("sending", None), ("sent", None)], "sent"),
    "unknown number": ([("sent", None), ("undelivered", 30005)], "failed"),
    "switched off": ([("sent", None), ("undelivered", 30003)], "queued"),
    "nobody knows": ([("sent", None), ("undelivered", 30410)], "unknown"),
}


def told(message: Message, number: int, status: str, code: int | None) -> Told:
    form = {name: [value] for name, value in status_form(number, status, code).items()}
    payload = {"about": f"m{message.pk}", "attempt": 1, "form": form}
    return Told("twilio", "status", f"{sid(number)}:{status}", payload, message.store_id)


def test_a_thousand_callbacks_in_any_order_and_repeated_end_right():
    messages = on_their_way(330)
    dice = random.Random(20260310)
    ends = {message.pk: dice.choice(sorted(ENDS)) for message in messages}
    calls = [told(m, m.pk, status, code) for m in messages for status, code in ENDS[ends[m.pk]][0]]
    calls += dice.choices(calls, k=1000 - len(calls) % 1000)
    dice.shuffle(calls)
    for call in calls:
        keep([call], now=DUE)
    while take_events(DUE + td(minutes=1), 97):
        pass
    wanted = {pk: ENDS[end][1] for pk, end in ends.items()}
    assert dict(Message.objects.filter(pk__in=ends).values_list("pk", "state")) == wanted
    assert not ProviderEvent.objects.exclude(state__in=["done", "ignored"]).exists()


def test_a_callback_closes_a_row_whose_answer_was_lost():
    lost, dead = on_their_way(2)
    Message.objects.filter(pk=dead.pk).update(state="unknown", reason="worker_died", ended_at=DUE)
    tell(lost, 1, "sent"), tell(dead, 2, "sent")
    assert take_events(DUE) == 2
    lost.refresh_from_db()
    dead.refresh_from_db()
    assert (lost.state, lost.provider_id) == ("sent", sid(1))
    assert (dead.state, dead.provider_id, dead.ended_at) == ("sent", sid(2), None)
    assert list(Decision.objects.filter(reason="told_later").values_list("message_id", flat=True)) == [dead.pk]


def test_delivered_is_written_down_once_with_its_time():
    (message,) = on_their_way(1)
    tell(message, 1, "delivered"), tell(message, 1, "sent"), tell(message, 1, "delivered")
    take_events(DUE), take_events(DUE)
    message.refresh_from_db()
    assert (message.state, message.ended_at) == ("delivered", DUE)
    assert Decision.objects.filter(message=message, verdict="delivered").count() == 1
    assert ProviderEvent.objects.filter(message=message).count() == 2


DEAD_NUMBERS = [(21610, "stop"), (30004, "stop"), (30005, "invalid"), (30006, "invalid")]


@pytest.mark.parametrize(("code", "reason"), DEAD_NUMBERS)
def test_a_dead_number_is_suppressed_on_its_channel_at_once(code, reason):
    (message,) = on_their_way(1)
    tell(message, 1, "undelivered", code)
    take_events(DUE)
    message.refresh_from_db()
    assert (message.state, message.reason) == ("failed", f"twilio_{code}")
    assert [(s.channel, s.reason) for s in Suppression.objects.all()] == [("sms", reason)]
    assert Decision.objects.filter(message=message, verdict="failed", reason=f"twilio_{code}").count() == 1


def test_not_a_whatsapp_number_says_nothing_about_sms():
    (message,) = on_their_way(1, "whatsapp")
    tell(message, 1, "failed", 63024)
    take_events(DUE)
    assert [(s.channel, s.reason) for s in Suppression.objects.all()] == [("whatsapp", "invalid")]


def test_a_handset_that_is_off_is_tried_again_later_and_twice_at_most():
    (message,) = on_their_way(1)
    waits = []
    for attempt in (1, 2, 3):
        Message.objects.filter(pk=message.pk).update(state="sending", attempts=attempt)
        message.refresh_from_db()
        tell(message, attempt, "undelivered", 30003)
        take_events(DUE)
        message.refresh_from_db()
        waits.append((message.state, message.due_at - DUE))
    assert waits[:2] == [("queued", td(minutes=45)), ("queued", td(hours=2))]
    assert (waits[2][0], message.reason) == ("failed", "twilio_30003")


def test_each_code_is_tried_again_as_often_as_its_own_pauses_say():
    """WhatsApp's rate has four pauses; a second pause alone would never outlast it."""
    (message,) = on_their_way(1, "whatsapp")
    waits = []
    for attempt in (1, 2, 3, 4, 5):
        Message.objects.filter(pk=message.pk).update(state="sending", attempts=attempt)
        tell(Message.objects.get(), attempt, "failed", 63018)
        take_events(DUE)
        message.refresh_from_db()
        waits.append((message.state, (message.due_at - DUE).total_seconds()))
    assert waits[:4] == [("queued", 4), ("queued", 16), ("queued", 64), ("queued", 256)]
    assert (waits[4][0], message.reason) == ("failed", "twilio_63018")


def out_of_reach(message: Message, number: int) -> None:
    tell(message, number, "undelivered", 30003)
    take_events(DUE)


def test_a_handset_that_is_off_three_times_in_a_row_is_given_up(settings):
    first, other = on_their_way(2, attempts=3)
    same = {"customer": first.customer, "to": first.to}
    out_of_reach(first, 1)
    Message.objects.filter(pk=other.pk).update(**same, attempts=2, expires_at=DUE)
    other.refresh_from_db()
    out_of_reach(other, 2)
    assert not Suppression.objects.exists()
    Message.objects.filter(pk=other.pk).update(state="sending", attempts=3)
    other.refresh_from_db()
    out_of_reach(other, 3)
    gone = Suppression.objects.get()
    assert (gone.channel, gone.reason, gone.detail) == ("sms", "unreachable", "twilio_30003, 3 times in a row")
    assert Decision.objects.filter(reason="twilio_30003").count() == 3


def test_what_arrived_between_ends_the_row(settings):
    first, other = on_their_way(2, attempts=3)
    for number, attempt in enumerate((1, 2), 1):
        Message.objects.filter(pk=first.pk).update(state="sending", attempts=attempt)
        first.refresh_from_db()
        out_of_reach(first, number)
    Message.objects.filter(pk=other.pk).update(customer=first.customer, to=first.to)
    tell(other, 9, "delivered")
    take_events(DUE + td(minutes=1))
    Message.objects.filter(pk=first.pk).update(state="sending", attempts=3)
    first.refresh_from_db()
    tell(first, 3, "undelivered", 30003)
    take_events(DUE + td(minutes=2))
    assert not Suppression.objects.exists()


def test_a_number_given_up_is_taken_up_again_by_what_arrives_there():
    from customers.consent import suppress

    (message,) = on_their_way(1)
    suppress(message.store_id, "sms", message.to, "unreachable", now=DUE)
    suppress(message.store_id, "whatsapp", message.to, "unreachable", now=DUE)
    tell(message, 1, "delivered")
    take_events(DUE)
    assert [s.channel for s in Suppression.objects.all()] == ["whatsapp"]


@pytest.mark.parametrize("code", [63040, 63041, 63042])
def test_meta_taking_an_approval_back_is_asked_about_at_once(code):
    from recovery.models import TemplateText

    (message,) = on_their_way(1, "whatsapp")
    TemplateText.objects.update(approval="approved", ask_again_at=DUE + td(days=1))
    tell(message, 1, "undelivered", code)
    take_events(DUE)
    assert set(TemplateText.objects.values_list("ask_again_at", flat=True)) == {DUE}


def test_it_is_not_tried_again_when_it_would_be_too_late_by_then():
    (message,) = on_their_way(1, expires_at=DUE + td(minutes=44))
    tell(message, 1, "undelivered", 30003)
    take_events(DUE)
    assert Message.objects.get(pk=message.pk).state == "failed"


def test_word_of_an_earlier_try_does_not_touch_the_next_one():
    (message,) = on_their_way(1)
    tell(message, 1, "undelivered", 30008)
    take_events(DUE)
    Message.objects.filter(pk=message.pk).update(state="sending", attempts=2)
    tell(message, 1, "sent"), tell(message, 1, "failed", 30008)
    take_events(DUE)
    assert (Message.objects.get(pk=message.pk).state, Message.objects.get(pk=message.pk).provider_id) == ("sending", "")
    tell(message, 1, "delivered")
    take_events(DUE)
    assert Message.objects.get(pk=message.pk).state == "delivered"


def test_a_message_that_was_stopped_before_its_second_try_stays_stopped():
    (message,) = on_their_way(1, state="cancelled", reason="ordered")
    tell(message, 1, "delivered")
    take_events(DUE)
    assert Message.objects.get(pk=message.pk).state == "cancelled"
    assert ProviderEvent.objects.get().state == "ignored"


def test_wrong_settings_pause_the_sender():
    (message,) = on_their_way(1)
    tell(message, 1, "undelivered", 30034)
    take_events(DUE)
    pause = ProviderPause.objects.get()
    assert (pause.channel, pause.store, pause.code, pause.until) == ("sms", None, "twilio_30034", DUE + td(minutes=15))


def test_a_failure_for_good_goes_on_by_the_next_channel_once():
    (message,) = on_their_way(1, "whatsapp")
    fallback_to_email(message)
    tell(message, 1, "undelivered", 63024), tell(message, 1, "failed", 63024)
    take_events(DUE), take_events(DUE)
    after_it = Message.objects.get(fallback_of=message)
    assert (after_it.channel, after_it.state, after_it.due_at) == ("email", "queued", DUE)


def fallback_to_email(message: Message) -> None:
    """A step that goes by WhatsApp first. Published steps never change, so this one is made beside the flow."""
    from recovery.models import FlowStep, FlowVersion, StepFallback

    step = message.step
    version = FlowVersion.objects.create(flow_id=step.version.flow_id, number=99)
    fields = {"delay": step.delay, "late_after": step.late_after, "template_id": step.template_id}
    new = FlowStep.objects.create(version=version, position=1, channel="whatsapp", **fields)
    StepFallback.objects.create(step=new, position=1, channel="email", template_id=step.template_id)
    Message.objects.filter(pk=message.pk).update(step=new)


def test_what_cannot_be_applied_is_a_dead_letter_that_can_be_replayed():
    (message,) = on_their_way(1)
    good, bad = told(message, 1, "delivered", None), told(message, 2, "sent", None)
    bad.payload["form"]["MessageSid"] = ["nonsense"]
    keep([bad, good], now=DUE)
    assert take_events(DUE) == 2
    event = ProviderEvent.objects.get(state="dead")
    assert event.reason == "Unreadable: MessageSid is no SID"
    assert Message.objects.get(pk=message.pk).state == "delivered"
    assert ProviderEvent.objects.all().replay() == 1
    assert take_events(DUE) == 1


def test_a_message_of_another_installation_is_none_of_ours():
    store = make_store()
    keep([Told("twilio", "status", "k", {"about": "m999999", "attempt": 1, "form": {}}, store.pk)], now=DUE)
    take_events(DUE)
    assert (ProviderEvent.objects.get().state, ProviderEvent.objects.get().reason) == ("ignored", "no message of ours")


def test_two_takers_at_once_apply_each_event_once():
    messages = on_their_way(120)
    for message in messages:
        keep([told(message, message.pk, status, None) for status in ("sent", "delivered")], now=DUE)

    def take() -> int:
        return sum(iter(lambda: take_events(DUE, 50), 0))

    assert sum(at_once(take, take)) == 240
    take()
    assert set(Message.objects.filter(pk__in=[m.pk for m in messages]).values_list("state", flat=True)) == {"delivered"}
    assert Decision.objects.filter(verdict="delivered").count() == 120


def test_what_was_told_long_ago_is_forgotten():
    (message,) = on_their_way(1)
    for n, (state, days) in enumerate([("done", 29), ("done", 31), ("ignored", 31), ("dead", 31), ("dead", 91)]):
        keep([told(message, n, "sent", None)], now=DUE - td(days=days))
        ProviderEvent.objects.filter(state="pending").update(state=state)
    assert forget_old(DUE) == 3
    assert sorted(ProviderEvent.objects.values_list("state", flat=True)) == ["dead", "done"]
