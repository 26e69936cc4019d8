from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from carts.models import Delivery, DeliveryState
from customers.models import Store
from recovery.models import ProviderEvent
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, checkout, make_flow, make_store, put
from tests.recovery.commands.running import printed, printed_json

pytestmark = pytest.mark.django_db(transaction=True)


def letter(store: Store, key: str, state: str = DeliveryState.DEAD) -> Delivery:
    return Delivery.objects.create(
        store=store, topic="cart.updated", dedupe_key=key, body=b"{}", state=state, reason="why", received_at=NOW
    )


def test_the_pipeline_does_what_is_due_at_the_given_time(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout(at=NOW))
    early = printed_json("pipeline", "--once", "--now", "2026-03-10T12:29:00Z")
    assert early["hand_overs"]["sweep"] == 0
    due = printed_json("pipeline", "--once", "--now", "2026-03-10T13:31:00+01:00")
    assert due["now"] == "2026-03-10T13:31:00+01:00"
    assert {name: due["hand_overs"][name] for name in ("sweep", "intake", "flows", "send")} == {
        "sweep": 1,
        "intake": 1,
        "flows": 1,
        "send": 1,
    }
    assert len(read_mailbox(tmp_path)) == 1


def test_the_pipeline_prints_a_line_for_each_hand_over():
    lines = printed("pipeline", "--once").splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["drain", "sweep", "callbacks", "intake", "flows", "send"]
    assert lines[0].split()[1] == "0"


@pytest.mark.parametrize("words", [[], ["--once", "--now", "noon"], ["--once", "--now", "2026-03-10T12:00:00"]])
def test_the_pipeline_refuses_what_it_does_not_understand(words: list[str]):
    with pytest.raises(CommandError):
        printed("pipeline", *words)


def test_one_dead_letter_is_put_back_by_its_number():
    store = make_store()
    first, second = letter(store, "a"), letter(store, "b")
    assert printed("replay", f"d{first.pk}") == "Back in the inbox: 1\n"
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.reason, second.state) == ("pending", "", "dead")


def test_all_dead_letters_are_put_back():
    store = make_store()
    letter(store, "a"), letter(store, "b"), letter(store, "c", DeliveryState.DONE)
    assert printed_json("replay", "--failed") == {"replayed": 2}
    assert Delivery.objects.pending().count() == 2
    assert printed_json("replay", "--failed") == {"replayed": 0}


def test_only_dead_letters_are_put_back():
    done = letter(make_store(), "a", DeliveryState.DONE)
    with pytest.raises(CommandError, match=f"Delivery d{done.pk} is no dead letter: applied"):
        printed("replay", str(done.pk))
    done.refresh_from_db()
    assert done.state == DeliveryState.DONE


@pytest.mark.parametrize(("number", "sentence"), [("d0", "There is no delivery d0"), ("x", "“x” is no delivery")])
def test_an_unknown_delivery_is_refused(number: str, sentence: str):
    with pytest.raises(CommandError, match=sentence):
        printed("replay", number)


def test_a_callback_that_could_not_be_read_is_put_back_too():
    fields = {"provider": "twilio", "kind": "status", "payload": {}, "state": "dead", "reason": "no status"}
    one, other = (ProviderEvent.objects.create(dedupe_key=key, **fields) for key in "ab")
    assert printed("replay", f"e{one.pk}") == "Back in the inbox: 1\n"
    assert printed_json("replay", "--failed") == {"replayed": 1}
    assert ProviderEvent.objects.pending().count() == 2
    with pytest.raises(CommandError, match=f"Callback e{other.pk} is no dead letter: waiting"):
        printed("replay", f"e{other.pk}")


@pytest.mark.parametrize("words", [[], ["--failed", "12"]])
def test_replay_wants_one_delivery_or_all(words: list[str]):
    with pytest.raises(CommandError):
        printed("replay", *words)
