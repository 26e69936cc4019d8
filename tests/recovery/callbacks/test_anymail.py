"""What e-mail services tell, as they post it."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from customers.models import Consent, ConsentEvent, Suppression
from recovery.callbacks.process import take_events
from recovery.models import Message, ProviderEvent
from recovery.outbox.compose import send_id
from tests.recovery.callbacks.posting import DUE, on_their_way

pytestmark = pytest.mark.django_db(transaction=True)

POSTMARK = "/callbacks/anymail/postmark/tracking/"


@pytest.fixture(autouse=True)
def postmark(settings):
    settings.ANYMAIL_ESP, settings.ANYMAIL = "postmark", {"server_token": "x"}
    settings.ANYMAIL_WEBHOOK_SECRET = ["hook:secret", "hook:older"]


def basic(words: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(words.encode()).decode()}


def post(path: str, body: object, headers: dict[str, str], kind: str = "application/json") -> int:
    data = body if isinstance(body, str) else json.dumps(body)
    return Client().post(path, data, content_type=kind, headers=headers).status_code


def told(message: Message, record: str, **fields: object) -> int:
    """Postmark's webhook of a record type, as its docs show it."""
    body = {
        "RecordType": record,
        "MessageID": f"id-{message.pk}",
        "Recipient": message.to,
        "Metadata": {"send_id": send_id(message)},
        "Tag": "cart-recovery",
    } | fields
    return post(POSTMARK, body, basic("hook:secret"))


def standing(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason


def suppressed() -> list[tuple[str, str]]:
    return list(Suppression.objects.order_by("pk").values_list("channel", "reason"))


def test_delivered_mail_is_delivered_and_keeps_the_services_id():
    (mail,) = on_their_way(1, "email")
    assert told(mail, "Delivery", DeliveredAt="2026-03-10T12:40:00Z") == 200
    assert told(mail, "Delivery", DeliveredAt="2026-03-10T12:40:00Z") == 200
    assert (take_events(DUE), standing(mail), mail.provider_id) == (1, ("delivered", ""), f"id-{mail.pk}")


def test_it_is_found_by_the_services_id_where_our_own_name_is_missing():
    (mail,) = on_their_way(1, "email", provider_id="id-7")
    assert told(mail, "Delivery", MessageID="id-7", Metadata={}) == 200
    take_events(DUE)
    assert standing(mail) == ("delivered", "")


@pytest.mark.parametrize("name", ["m{pk}.20200101000000", "m999999.20260310120000", "m-1", "x"])
def test_another_installations_name_touches_nothing(name):
    (mail,) = on_their_way(1, "email")
    told(mail, "Delivery", MessageID="else", Metadata={"send_id": name.format(pk=mail.pk)})
    assert (take_events(DUE), standing(mail)) == (1, ("sending", ""))
    assert ProviderEvent.objects.get().reason == "no message of ours"


def test_a_hard_bounce_is_the_end_of_the_address():
    (mail,) = on_their_way(1, "email", state="sent")
    told(mail, "Bounce", Type="HardBounce", ID=42, Email=mail.to, Details="550 5.1.1 no such user")
    take_events(DUE)
    assert (standing(mail), mail.detail) == (("failed", "bounced"), "550 5.1.1 no such user")
    assert suppressed() == [("email", "bounce")]


@pytest.mark.parametrize("kind", ["SoftBounce", "Transient", "DnsError"])
def test_a_soft_bounce_is_only_kept(kind):
    (mail,) = on_their_way(1, "email", state="sent")
    told(mail, "Bounce", Type=kind, ID=42, Email=mail.to)
    take_events(DUE)
    assert (standing(mail), suppressed()) == (("sent", ""), [])
    assert ProviderEvent.objects.get(message=mail).state == "ignored"


def test_opens_and_clicks_decide_nothing():
    (mail,) = on_their_way(1, "email", state="sent")
    told(mail, "Open", FirstOpen=True), told(mail, "Click", OriginalLink="https://shop.example/")
    assert (take_events(DUE), standing(mail)) == (2, ("sent", ""))


def test_a_spam_report_stops_mail_and_cancels_what_waits():
    (mail,) = on_their_way(1, "email", state="delivered")
    waiting = Message.objects.create(**later(mail))
    told(mail, "SpamComplaint", Type="SpamComplaint", ID=1, Email=mail.to)
    take_events(DUE)
    assert (standing(waiting), suppressed()) == (("cancelled", "complaint"), [("email", "complaint")])


def test_an_unsubscribe_in_the_mail_program_is_a_no_with_its_proof():
    (mail,) = on_their_way(1, "email", state="sent")
    waiting = Message.objects.create(**later(mail))
    told(mail, "SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression")
    take_events(DUE)
    assert Consent.objects.get(customer=mail.customer, channel="email").state == "revoked"
    assert ConsentEvent.objects.filter(state="revoked").get().source == "unsubscribed at postmark"
    assert (standing(mail), standing(waiting)) == (("delivered", ""), ("cancelled", "unsubscribed"))


def later(mail: Message) -> dict[str, object]:
    same = ("store", "enrolment", "step", "cart", "customer", "channel", "planned_at", "expires_at")
    return {name: getattr(mail, name) for name in same} | {"due_at": DUE, "fallback_of": mail}


def test_a_late_bounce_of_delivered_mail_stops_the_address_all_the_same():
    (mail,) = on_their_way(1, "email", state="delivered")
    told(mail, "Bounce", Type="HardBounce", ID=1, Email=mail.to)
    take_events(DUE)
    assert (standing(mail), suppressed()) == (("delivered", ""), [("email", "bounce")])


REFUSED = [
    ("wrong secret", basic("hook:wrong"), 403),
    ("no secret", {}, 401),
    ("garbage", {"Authorization": "Basic ä"}, 403),
    ("a bearer", {"Authorization": "Bearer hook:secret"}, 403),
]


@pytest.mark.parametrize(("_case", "headers", "status"), REFUSED, ids=[case for case, *_ in REFUSED])
def test_without_the_secret_nothing_is_kept(_case, headers, status):
    assert post(POSTMARK, {"RecordType": "Delivery"}, headers) == status
    assert not ProviderEvent.objects.exists()


def test_the_older_secret_counts_while_it_is_being_changed():
    assert post(POSTMARK, {"RecordType": "Delivery"}, basic("hook:older")) == 200


def test_where_no_secret_is_set_nobody_gets_in(settings):
    settings.ANYMAIL_WEBHOOK_SECRET = []
    assert post(POSTMARK, {"RecordType": "Delivery"}, basic(":")) == 403
    assert not ProviderEvent.objects.exists()


def test_another_service_wrong_method_and_large_body_are_told_apart(settings):
    assert post(POSTMARK.replace("postmark", "mailgun"), {}, {}) == 404
    assert (Client().get(POSTMARK).status_code, Client().head(POSTMARK).status_code) == (405, 200)
    settings.WEBHOOK_BODY_LIMIT = 10
    assert post(POSTMARK, {"RecordType": "Delivery"}, basic("hook:secret")) == 413
    assert not ProviderEvent.objects.exists()


def sparkpost(**event: object) -> dict[str, object]:
    return {"msys": {"message_event": event}}


def test_one_bad_event_loses_none_of_its_batch(settings):
    """SparkPost posts many at once."""
    settings.ANYMAIL_ESP, settings.ANYMAIL = "sparkpost", {}
    mails = on_their_way(3, "email", state="sent")
    good = [sparkpost(type="delivery", event_id=f"e{m.pk}", rcpt_meta={"send_id": send_id(m)}) for m in mails]
    bad = [sparkpost(no="type"), "nonsense", {"msys": 7}, sparkpost(type=["delivery"], a="\0\ud800")]
    batch = [bad[0], good[0], bad[1], good[1], bad[2], good[2], bad[3]]
    assert post("/callbacks/anymail/sparkpost/tracking/", batch, basic("hook:secret")) == 200
    assert take_events(DUE) == 7
    assert [standing(mail)[0] for mail in mails] == ["delivered"] * 3
    assert ProviderEvent.objects.filter(state="dead").count() == 4


def test_a_body_that_is_no_json_is_kept_as_a_dead_letter():
    assert post(POSTMARK, "not json", basic("hook:secret")) == 200
    take_events(DUE)
    assert (ProviderEvent.objects.get().state, ProviderEvent.objects.get().payload["raw"]) == ("dead", "not json")


# -- services that sign


def mailgun(mail: Message, key: str, event: str = "failed", **more: object) -> int:
    stamp, token = "1773144000", f"token-{event}"
    signature = hmac.digest(key.encode(), f"{stamp}{token}".encode(), "sha256").hex()
    headers = {"message-id": "x@mg.example"}
    data = {"event": event, "recipient": mail.to, "timestamp": 1773144000.5, "message": {"headers": headers}, **more}
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": data | {"user-variables": {"send_id": send_id(mail)}},
    }
    return post("/callbacks/anymail/mailgun/tracking/", body, {})


def test_mailgun_signs_and_tells_soft_from_hard(settings):
    settings.ANYMAIL_ESP, settings.ANYMAIL = "mailgun", {"webhook_signing_key": "key", "api_key": "k"}
    settings.ANYMAIL_WEBHOOK_SECRET = []
    soft, hard = on_their_way(2, "email", state="sent")
    assert mailgun(soft, "forged", severity="temporary") == 403
    assert not ProviderEvent.objects.exists()
    assert mailgun(soft, "key", severity="temporary") == 200
    take_events(DUE)
    assert (standing(soft), suppressed()) == (("sent", ""), [])
    ProviderEvent.objects.all().delete()
    assert mailgun(hard, "key", severity="permanent", reason="bounce") == 200
    take_events(DUE)
    assert (standing(hard), suppressed()) == (("failed", "bounced"), [("email", "bounce")])


def resend(mail: Message, secret: str, kind: str, **data: object) -> int:
    """Signed as Svix signs: HMAC-SHA256 over id, time and body under the decoded secret."""
    metadata = {"name": "X-Metadata", "value": json.dumps({"send_id": send_id(mail)})}
    data = {"email_id": "r-1", "to": [mail.to], "headers": [metadata], **data}
    body = json.dumps({"type": kind, "created_at": "2026-03-10T12:40:00Z", "data": data})
    stamp = str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"msg_1.{stamp}.{body}".encode(), "sha256")).decode()
    headers = {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": f"v1,{signature}"}
    return post("/callbacks/anymail/resend/tracking/", body, headers)


def test_resend_signs_by_svix(settings):
    good, forged = "whsec_" + "QUJD" * 8, "whsec_" + "WFla" * 8
    settings.ANYMAIL_ESP, settings.ANYMAIL = "resend", {"signing_secret": good, "api_key": "k"}
    settings.ANYMAIL_WEBHOOK_SECRET = []
    (mail,) = on_their_way(1, "email", state="sent")
    bounce = {"message": "a bounce message", "type": "Permanent"}
    assert resend(mail, forged, "email.bounced", bounce=bounce) == 403
    assert not ProviderEvent.objects.exists()
    assert resend(mail, good, "email.bounced", bounce=bounce) == 200
    take_events(DUE)
    assert (standing(mail), suppressed()) == (("failed", "bounced"), [("email", "bounce")])


# anymail warns that it no longer looks after SendGrid; shops that send by it are heard for as long as it has the code.
@pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid")
def test_a_service_whose_key_is_not_set_is_refused(settings):
    settings.ANYMAIL_WEBHOOK_SECRET = []
    for esp in ("resend", "sendgrid", "mandrill", "postal", "mailersend", "unisender_go", "mailgun", "nonsense"):
        settings.ANYMAIL_ESP, settings.ANYMAIL = esp, {}
        assert post(f"/callbacks/anymail/{esp}/tracking/", [{"event": "delivered"}], {}) in (401, 403), esp
    assert not ProviderEvent.objects.exists()
