"""Who gets in: only what is signed, by whichever token of the store or of the installation."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from recovery.callbacks import doors
from recovery.models import ProviderEvent
from tests.factories import make_store
from tests.recovery.callbacks.posting import (
    FORM,
    inbound_form,
    on_their_way,
    post,
    signature_of,
    status_form,
    tell,
    token_of,
    write,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["status", "inbound"])
def door(request) -> tuple[str, dict[str, str]]:
    """(path, form) of each endpoint."""
    if request.param == "status":
        return f"/callbacks/twilio/status/{token_of(on_their_way(1)[0])}/", status_form(1, "sent")
    return f"/callbacks/twilio/inbound/{make_store().slug}/", inbound_form(1, "hello")


def test_a_signed_post_is_kept_once_and_nothing_else_happens(door):
    path, form = door
    for _ in range(3):
        assert post(path, form) in (200, 204)
    kept = ProviderEvent.objects.get()
    assert (kept.provider, kept.state) == ("twilio", "pending")
    assert kept.payload["form"]["MessageSid"] == [form["MessageSid"]]


FORGED = [
    ("another's token", {"token": "not-the-token"}),
    ("no signature", {"headers": {"X-Twilio-Signature": ""}}),
    ("garbage", {"headers": {"X-Twilio-Signature": "ä"}}),
    ("unknown algorithm", {"headers": {"X-Twilio-Webhooks-Signature-Settings": "algorithm=NONE"}}),
]


@pytest.mark.parametrize(("_case", "how"), FORGED, ids=[case for case, _ in FORGED])
def test_a_forged_post_is_403_and_nothing_is_kept(_case, how, door):
    path, form = door
    assert post(path, form, **how) == 403
    assert not ProviderEvent.objects.exists()


def test_one_that_was_changed_on_the_way_is_403(door):
    path, form = door
    signed = signature_of(path, form)
    assert post(path + "?x=1", form) in (200, 204)
    for place, body in ((path, {**form, "Body": "STOP"}), (path + "?x=2", form), (path, dict(list(form.items())[1:]))):
        answer = Client().post(place, urlencode(body), content_type=FORM, headers={"X-Twilio-Signature": signed})
        assert (answer.status_code, ProviderEvent.objects.count()) == (403, 1), (place, body)


@pytest.mark.parametrize("token", ["", "x"])
def test_without_a_token_of_ours_nobody_gets_in(door, settings, token):
    path, form = door
    settings.TWILIO_AUTH_TOKEN = ""
    assert post(path, form, token) == 403
    assert not ProviderEvent.objects.exists()


def test_host_does_not_count_and_the_public_address_does(door, settings):
    settings.ALLOWED_HOSTS = ["*"]
    path, form = door
    assert post(path, form, headers={"Host": "evil.example"}) in (200, 204)
    settings.PUBLIC_URL = "https://other.example"
    assert Client().post(path, urlencode(form), content_type=FORM).status_code == 403


def test_the_old_token_counts_while_it_is_being_changed(door, settings):
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_AUTH_TOKEN_OLD = "the-new-one", settings.TWILIO_AUTH_TOKEN
    path, form = door
    assert post(path, form, "the-new-one") in (200, 204)
    assert post(path, form, settings.TWILIO_AUTH_TOKEN_OLD) in (200, 204)


def test_a_stores_own_tokens_open_its_own_door_only():
    mine, other = make_store(), make_store()
    mine.set_twilio({"account_sid": "AC1", "auth_token": "own", "old_auth_token": "own-old"})
    mine.save(update_fields=["twilio"])
    doors.forget()
    answers = [
        post(f"/callbacks/twilio/inbound/{store.slug}/", inbound_form(n, "hi"), token=token)
        for n, (store, token) in enumerate([(mine, "own"), (mine, "own-old"), (other, "own"), (other, "own-old")], 1)
    ]
    assert answers == [200, 200, 403, 403]
    assert set(ProviderEvent.objects.values_list("store_id", flat=True)) == {mine.pk}


def test_a_made_up_token_in_the_address_is_403():
    (message,) = on_their_way(1)
    good = token_of(message)
    for token in ("m1", "abc", f"m9{good[2:]}", good[:-1] + ("a" if good[-1] != "a" else "b")):
        assert post(f"/callbacks/twilio/status/{token}/", status_form(1, "sent")) == 403
    assert not ProviderEvent.objects.exists()


def test_unknown_store_wrong_method_and_large_body_are_told_apart(settings, door):
    assert post("/callbacks/twilio/inbound/nobody/", inbound_form(1, "hi")) == 404
    assert Client().get(door[0]).status_code == 405
    settings.WEBHOOK_BODY_LIMIT = 50
    assert post(door[0], door[1]) == 413
    assert not ProviderEvent.objects.exists()


def test_a_shopper_gets_an_empty_twiml_and_a_status_gets_nothing():
    store = make_store()
    path = f"/callbacks/twilio/inbound/{store.slug}/"
    (message,) = on_their_way(1)
    assert tell(message, 1, "sent") == 204
    store.is_active = False
    store.save(update_fields=["is_active"])
    assert write(store, 2, "STOP") == 200, path
    assert [event.kind for event in ProviderEvent.objects.order_by("pk")] == ["status", "inbound"]
