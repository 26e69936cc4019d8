"""What keeps messages or webhooks from passing stands on the front page, leads to where it is mended, and goes."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from carts.inbox import refusals
from carts.models import Delivery
from customers.models import Store
from recovery.admin import front_page
from recovery.admin.jobs import Job
from recovery.flows.publish import publish
from recovery.flows.ready_made import READY_MADE, install
from recovery.models import ProviderPause, TemplateText
from tests.factories import NOW, ago, make_store
from tests.recovery.admin.test_deeds import deed
from tests.recovery.reports.story import message, silent
from tests.servers import empty_redis

pytestmark = pytest.mark.django_db

ACCOUNT = {"account_sid": "AC" + "1" * 32, "auth_token": "t", "whatsapp_from": "+358401234567"}


def jobs(store: Store, now: Any = NOW) -> list[Job]:
    boss = User.objects.filter(username="boss").first() or User.objects.create_superuser("boss")
    return front_page.jobs(boss, [store], now)


def paused(store: Store | None, channel: str = "sms", **fields: Any) -> ProviderPause:
    told: dict[str, Any] = {
        "provider": "twilio",
        "code": "twilio_20003",
        "detail": "Twilio does not accept the account SID and token",
        "until": timezone.now() + td(minutes=15),
    }
    return ProviderPause.objects.create(store=store, channel=channel, began_at=ago(minutes=1), **(told | fields))


def test_a_pause_is_told_in_words_and_its_page_says_where_to_mend(boss, store):
    pause = paused(store, until=None)
    told = jobs(store)[0]
    said = "SMS of Puro waits until somebody lifts the pause: Twilio does not accept the account SID and token"
    assert (told.text, told.tone) == (said, "bad")
    page = boss.get(told.link).content.decode()
    assert f"/admin/customers/store/{store.pk}/change/" in page and "mend it in the settings of Puro" in page
    pause.store = None
    pause.save()
    assert "TWILIO_…" in boss.get(told.link).content.decode()


def test_lifting_a_pause_sends_what_waits_at_once(boss, store):
    waits = message(
        silent(store, 1), state="queued", reason="provider_paused", due_at=timezone.now() + td(minutes=14), sent_at=None
    )
    other = message(silent(store, 2), state="queued", due_at=timezone.now() + td(minutes=14), sent_at=None)
    before = other.due_at
    boss.post(deed(paused(store), "lift"))
    waits.refresh_from_db()
    other.refresh_from_db()
    assert waits.due_at <= timezone.now() and other.due_at == before


def test_new_credentials_lift_the_stores_own_pause(boss, store):
    store.set_twilio(ACCOUNT)
    store.save()
    own, mail, shared = paused(store), paused(store, "email"), paused(None)
    at = f"/admin/customers/store/{store.pk}/change/"
    fields = boss.get(at).context["adminform"].form.initial
    kept = {name: "" if value is None else value for name, value in fields.items() if value is not False}
    kept |= {"abandon_after": "30m", "redirect_hosts": "", "twilio_token": "fresh", "_save": "1"}
    assert boss.post(at, kept).status_code == 302
    standing = ProviderPause.objects.standing(timezone.now()).order_by("pk")
    assert list(standing) == [mail, shared] and own.pk is not None


@pytest.mark.parametrize(("accepted", "tone", "words"), [(False, "bad", "and none was accepted"),
                                                         (True, "warn", "while others were accepted")])  # fmt: skip
def test_refused_webhooks_stand_until_the_secret_is_new(boss, store, accepted, tone, words):
    empty_redis()
    for _ in range(3):
        refusals.forget()
        refusals.note(store.pk, "made with another secret", ago(hours=1))
    if accepted:
        Delivery.objects.create(store=store, topic="cart.updated", dedupe_key="1", body=b"{}", received_at=NOW)
    told = next(job for job in jobs(store) if "turned away" in job.text)
    assert told.tone == tone
    begin = f"Puro: 3 webhooks were turned away since 13:00, {words} (why: made with another secret). Anybody may post"
    assert told.text.startswith(begin)
    assert "made with another secret" in boss.get(told.link).content.decode()
    boss.post(told.link, {"secret": ""})
    assert not [job for job in jobs(store) if "turned away" in job.text]


def test_one_or_two_refused_webhooks_scare_nobody(boss, store):
    empty_redis()
    for _ in range(2):
        refusals.forget()
        refusals.note(store.pk, "made with another secret", NOW)
    assert not [job for job in jobs(store) if "turned away" in job.text]


def test_whatsapp_templates_that_go_nowhere_are_one_line_each(boss):
    store = make_store(name="Nord")
    store.set_twilio(ACCOUNT)
    store.save()
    publish(install(store, next(one for one in READY_MADE if one.key == "whatsapp"), now=ago(days=3)), now=ago(days=3))
    TemplateText.objects.filter(template__store=store).update(approval="approved")
    texts = TemplateText.objects.filter(template__store=store, template__name="Help (WhatsApp)")
    texts.filter(locale__in=["fi", "sv"]).update(approval="rejected", rejection_reason="too vague")
    texts.filter(locale="de").update(approval="")
    texts.filter(locale="fr").update(approval="pending", approval_since=ago(hours=3))
    said = (
        "WhatsApp “Help (WhatsApp)” of Nord: Not submitted (de); Rejected: too vague (fi, sv). "
        "Its shoppers get the step's next channel"
    )
    assert [job.text for job in jobs(store) if "WhatsApp “" in job.text] == [said]


def test_dead_letters_are_listed_by_store(boss, store):
    other = make_store(name="Nord")
    for one in (store, store, other):
        key = f"{one.pk}{Delivery.objects.count()}"
        Delivery.objects.create(store=one, topic="t", dedupe_key=key, body=b"{}", state="dead", reason="odd")
    told = [job for job in jobs(store) if "could not be read" in job.text]
    assert [job.text for job in told] == ["2 webhooks of Puro could not be read", "1 webhook of Nord could not be read"]
    assert [boss.get(job.link).context["cl"].result_list.count() for job in told] == [2, 1]


def test_the_stop_list_says_what_to_do_about_bounces(boss, store):
    page = boss.get("/admin/customers/suppression/?reason__exact=bounce").content.decode()
    assert "These mailboxes do not exist" in page


def test_each_list_says_what_it_holds_once_it_holds_something(boss, store):
    at = "/admin/carts/delivery/"
    assert "What the shops posted to us" not in boss.get(at).content.decode()
    Delivery.objects.create(store=store, topic="t", dedupe_key="1", body=b"{}")
    page = boss.get(at).content.decode()
    assert "What the shops posted to us" in page and "Deliveries" not in page
