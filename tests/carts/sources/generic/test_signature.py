"""Standard Webhooks 1.0.0, with several secrets and our own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from carts.sources.base import BadSignature, Parcel
from carts.sources.generic.adapter import Generic
from tests.carts.sources.signing import NOW, generic_headers, parcel

GENERIC = Generic()
BODY = b'{"type":"cart.updated","data":{"id":1}}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_published_vector_is_accepted(secret: str) -> None:
    GENERIC.verify(parcel(VECTOR, VECTOR_BODY, VECTOR_AT), [secret])


def test_the_published_bad_signature_is_refused() -> None:
    bad = VECTOR | {"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="}
    with pytest.raises(BadSignature):
        GENERIC.verify(parcel(bad, VECTOR_BODY, VECTOR_AT), [SECRET])


def test_one_good_signature_among_others_is_enough() -> None:
    several = VECTOR | {"webhook-signature": f"v1a,xyz v2,abc garbage v1,bad= {VECTOR['webhook-signature']}"}
    GENERIC.verify(parcel(several, VECTOR_BODY, VECTOR_AT), ["other", SECRET])


def test_a_plain_secret_signs_too() -> None:
    for secret in ("hush", "not base64 at all!", "å"):
        GENERIC.verify(parcel(generic_headers(BODY, secret), BODY), ["old", secret])


@pytest.mark.parametrize("off", [301, -301, 86_400])
def test_more_than_five_minutes_either_way_are_refused(off: int) -> None:
    late = parcel(generic_headers(BODY, SECRET), BODY, NOW + timedelta(seconds=off))
    with pytest.raises(BadSignature, match="more than five minutes off"):
        GENERIC.verify(late, [SECRET])


@pytest.mark.parametrize("off", [300, -300])
def test_five_minutes_are_forgiven(off: int) -> None:
    GENERIC.verify(parcel(generic_headers(BODY, SECRET), BODY, NOW + timedelta(seconds=off)), [SECRET])


@pytest.mark.parametrize(
    "bad",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "garbage"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,é\ud800 \x00"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "1614265330.5"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": ""},
        {"webhook-id": ""},
        {"webhook-id": "msg_other"},
        {"webhook-id": "\ud800"},
    ],
)
def test_a_malformed_header_is_a_bad_signature_and_nothing_else(bad: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        GENERIC.verify(parcel(VECTOR | bad, VECTOR_BODY, VECTOR_AT), [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_!!!"], ["whsec_é"]])
def test_a_store_without_a_usable_secret_accepts_nothing(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        GENERIC.verify(parcel(generic_headers(BODY, ""), BODY), secrets)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(BadSignature, match="no v1 signature"):
        GENERIC.verify(parcel(generic_headers(BODY, SECRET), BODY + b" "), [SECRET])


def test_a_retry_is_the_same_delivery() -> None:
    first = GENERIC.label(parcel(generic_headers(BODY, SECRET), BODY))
    again = GENERIC.label(parcel(generic_headers(BODY, SECRET, at=NOW + timedelta(hours=2)), BODY))
    assert first == again
    assert (first.topic, first.dedupe_key, first.is_ping) == ("cart.updated", "id:msg_1", False)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"type": 5}', b'{"type": null}', b'{"type": "a b"}', b'{"type": []}']
)
def test_a_body_without_a_usable_type_has_no_topic_but_a_key(body: bytes) -> None:
    label = GENERIC.label(Parcel({}, body, NOW))
    assert label.dedupe_key.startswith("id:") and len(label.dedupe_key) == 43
    assert label.topic in ("", "5")
