"""How a send ends: each answer of a real SMTP server leads to its own end."""

from __future__ import annotations

from collections import Counter

import pytest

from carts.abandonment import sweep
from customers.models import Suppression
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Decision, Message, ProviderPause
from recovery.outbox.send import rescue, send_due
from tests.factories import NOW, after, checkout, make_flow, make_store, person, put
from tests.standins.smtp import SmtpStandin

pytestmark = pytest.mark.django_db(transaction=True)

DUE = after(minutes=31)


def queue(count: int = 1, **fields):
    store = make_store(**fields)
    make_flow(store)
    put(store, *[checkout(f"C{n}", person=person(n)) for n in range(count)])
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    return store


def test_an_accepted_mail_is_sent_once_with_what_the_law_asks(smtp):
    queue()
    send_due(DUE), send_due(DUE)
    message, mail = Message.objects.get(), smtp.mails[0].content.decode()
    assert (message.state, message.attempts, smtp.taken) == ("sent", 1, 1)
    for header in ("List-Unsubscribe: <http", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Message-ID: <m"):
        assert header in mail
    assert "Puro Oy" in message.body_text


def test_kept_bodies_hold_no_usable_link(smtp):
    queue()
    send_due(DUE)
    message, mail = Message.objects.get(), smtp.mails[0].content.decode()
    for body in (message.body_html, message.body_text):
        assert "/r/····/" in body and "/u/····/" in body
    assert "····" not in mail


@pytest.mark.parametrize(
    ("_case", "fault", "state", "reason"),
    [
        ("try again later", "rcpt 451 4.7.1 greylisted", "queued", ""),
        ("gone before the body", "data drop", "queued", ""),
        ("no such mailbox", "rcpt 550 5.1.1 no such user", "failed", ""),
        ("refused for its looks", "body 554 5.7.1 spam", "failed", ""),
        ("taken, but no word of it", "taken drop", "unknown", ""),
    ],
)
def test_each_fault_has_its_end(_case, fault, state, reason, smtp):
    queue()
    smtp.faults.append(fault)
    send_due(DUE)
    message = Message.objects.get()
    assert message.state == state, message.reason
    assert message.reason != ""
    assert Decision.objects.filter(message=message, verdict={"queued": "retry"}.get(state, state)).count() == 1


def test_a_mailbox_that_does_not_exist_is_suppressed_and_one_that_dislikes_us_is_not(smtp):
    queue(2)
    smtp.faults.extend(["rcpt 550 5.1.1 no such user", "body 554 5.7.1 spam"])
    send_due(DUE)
    assert [s.reason for s in Suppression.objects.all()] == ["bounce"]


def test_a_transient_failure_is_tried_again_until_it_works(smtp):
    queue()
    smtp.faults.append("rcpt 451 4.7.1 greylisted")
    send_due(DUE)
    again = Message.objects.get().due_at
    assert 20 < (again - DUE).total_seconds() < 40
    send_due(again)
    assert (Message.objects.get().state, Message.objects.get().attempts, smtp.taken) == ("sent", 2, 1)


def test_an_ambiguous_send_is_never_repeated(smtp):
    queue()
    smtp.faults.append("taken drop")
    for hours in (0, 1, 2):
        send_due(DUE.replace(hour=DUE.hour + hours)), rescue(DUE.replace(hour=DUE.hour + hours))
    assert (Message.objects.get().state, smtp.taken) == ("unknown", 1)


def test_a_server_that_is_down_pauses_the_provider_and_is_tried_again_after(smtp, settings):
    settings.SENDING_THREADS = 1
    queue(8)
    smtp.faults.extend(["greeting 421 4.3.2 busy"] * 20)
    send_due(DUE)
    pause = ProviderPause.objects.get()
    assert (pause.channel, pause.store, pause.lifted_at) == ("email", None, None)
    assert Message.objects.filter(reason="provider_paused").exists()
    smtp.faults.clear()
    assert pause.until
    send_due(pause.until)
    assert Message.objects.filter(state="sent").exists()


def test_who_stands_in_line_when_the_provider_is_given_up_is_not_tried(smtp, settings):
    settings.SENDING_THREADS = 1
    queue(12)
    smtp.faults.extend(["rcpt 451 4.7.1 busy"] * 20)
    send_due(DUE)
    assert Counter(Message.objects.values_list("attempts", flat=True)) == {1: 5, 0: 7}
    assert set(Message.objects.values_list("state", flat=True)) == {"queued"}


def test_wrong_settings_pause_the_provider_at_once_and_say_so(smtp, settings):
    smtp.users = {"shop": "hunter1"}
    settings.EMAIL_URL = f"smtp://shop:hunter2@127.0.0.1:{smtp.port}"
    queue()
    send_due(DUE)
    assert (Message.objects.get().state, ProviderPause.objects.count()) == ("queued", 1)
    assert "hunter2" not in ProviderPause.objects.get().detail


def test_a_store_with_a_mail_server_of_its_own_uses_it_and_pauses_alone(smtp, settings):
    store = queue()
    with SmtpStandin() as own:
        store.set_email_url(f"smtp://127.0.0.1:{own.port}")
        store.save(update_fields=["email_url"])
        send_due(DUE)
        assert (own.taken, smtp.taken) == (1, 0)


def test_what_a_dead_worker_left_rests_as_unknown_after_its_lease():
    queue()
    Message.objects.update(state="sending", sent_at=NOW)
    assert rescue(after(seconds=299)) == 0
    assert rescue(after(seconds=301)) == 1
    assert (Message.objects.get().state, Message.objects.get().reason) == ("unknown", "worker_died")


def test_a_broken_template_skips_the_message_and_says_what_to_mend(smtp):
    from recovery.models import TemplateText

    queue()
    TemplateText.objects.update(compiled_text="{% if %}")
    send_due(DUE)
    assert (Message.objects.get().state, Message.objects.get().reason, smtp.taken) == ("skipped", "template_broken", 0)
    assert Message.objects.get().detail
