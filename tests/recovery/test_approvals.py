"""WhatsApp templates on their way through Meta's review, against the stand-in for Twilio."""

from __future__ import annotations

import pytest
from django.urls import reverse

from customers.admin.base import address
from customers.models import Channel
from recovery import approvals
from recovery.approvals import NotPossible
from recovery.channels.whatsapp import WhatsAppTexts
from recovery.flows.standard import install_template
from recovery.models import TemplateText
from recovery.writing.versions import publish_texts
from tests.factories import NOW, after, make_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def text() -> TemplateText:
    """The standard reminder in English, and no other language."""
    template = install_template(make_store(slug="puro"), "reminder", Channel.WHATSAPP, now=NOW)
    template.texts.exclude(locale="en").delete()
    return template.texts.select_related("template__store").get()


def kept(text: TemplateText) -> tuple[str, str]:
    text.refresh_from_db()
    return text.approval, text.rejection_reason


def test_what_is_submitted_has_samples_a_name_and_its_buttons(twilio, text):
    approvals.submit(text, NOW)
    (made,) = twilio.account.templates.values()
    assert (kept(text), text.content_sid) == (("received", ""), made.sid)
    assert (made.submitted_as, made.category) == ("puro_reminder_whatsapp_en_260310120000", "MARKETING")
    assert made.variables and all(made.variables.values())
    titles = [action["id"] for action in made.types["twilio/quick-reply"]["actions"]]
    assert (titles, twilio.account.violations) == (["question", "stop"], [])


@pytest.mark.parametrize(
    ("word", "reason"), [("approved", ""), ("rejected", "It promises too much."), ("paused", ""), ("disabled", "")]
)
def test_metas_word_is_kept(twilio, text, word, reason):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, word, reason)
    assert approvals.refresh_waiting(after(minutes=10)) == 1
    assert kept(text) == (word, reason)


def test_a_review_is_asked_about_soon_and_then_ever_seldomer(twilio, text):
    approvals.submit(text, NOW)
    asked = []
    for minutes in range(0, 120, 2):
        before = len(twilio.requests)
        approvals.refresh_waiting(after(minutes=minutes))
        asked += [minutes] * (len(twilio.requests) > before)
    assert asked == [4, 8, 12, 18, 28, 42, 64, 96]


def test_what_is_approved_is_asked_about_daily_and_may_be_taken_back(twilio, text):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, "approved")
    assert approvals.refresh_waiting(after(minutes=4)) == 1
    twilio.account.decide(text.content_sid, "paused")
    assert (approvals.refresh_waiting(after(hours=24)), kept(text)) == (0, ("approved", ""))
    assert (approvals.refresh_waiting(after(hours=24, minutes=4)), kept(text)) == (1, ("paused", ""))


def test_what_is_rejected_is_not_asked_about_again(twilio, text):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, "rejected", "No.")
    approvals.refresh_waiting(after(minutes=4))
    asked = len(twilio.requests)
    assert (approvals.refresh_waiting(after(days=9)), len(twilio.requests)) == (0, asked)


def test_an_account_that_cannot_be_asked_waits_a_quarter_of_an_hour(twilio, text, settings):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, "approved")
    settings.TWILIO_AUTH_TOKEN = "wrong"
    assert approvals.refresh_waiting(after(minutes=4)) == 0
    settings.TWILIO_AUTH_TOKEN = twilio.account.token
    assert [approvals.refresh_waiting(after(minutes=minutes)) for minutes in (18, 19)] == [0, 1]


@pytest.mark.parametrize("word", ["rejected", "paused", "disabled"])
def test_metas_no_is_something_to_do(twilio, text, word, admin_client):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, word, "It promises too much.")
    assert "of Puro: " not in admin_client.get(reverse("admin:index")).content.decode()
    approvals.refresh_waiting(after(minutes=4))
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert f"“{text.template}” of Puro: {word.capitalize()}" in page


def test_a_text_with_buttons_is_made_for_sessions_before_it_is_submitted(twilio, text):
    assert [approvals.make_for_sessions(NOW), approvals.make_for_sessions(NOW)] == [1, 0]
    (made,) = twilio.account.templates.values()
    assert (kept(text), text.content_sid, made.status) == (("unsubmitted", ""), made.sid, "unsubmitted")
    approvals.submit(text, after(minutes=1))
    assert (list(twilio.account.templates), kept(text)) == ([made.sid], ("received", ""))


def test_without_whatsapp_or_buttons_nothing_is_made(twilio, text, settings):
    settings.TWILIO_WHATSAPP_FROM = ""
    assert approvals.make_for_sessions(NOW) == 0
    settings.TWILIO_WHATSAPP_FROM = "+14155238886"
    TemplateText.objects.update(buttons=[])
    assert (approvals.make_for_sessions(NOW), len(twilio.requests)) == (0, 0)


def test_an_account_that_makes_none_is_asked_again_after_a_quarter_of_an_hour(twilio, text, settings):
    settings.TWILIO_AUTH_TOKEN = "wrong"
    assert approvals.make_for_sessions(NOW) == 0
    settings.TWILIO_AUTH_TOKEN = twilio.account.token
    assert [approvals.make_for_sessions(after(minutes=minutes)) for minutes in (14, 15)] == [0, 1]


def test_a_rejected_text_is_submitted_anew_under_another_name(twilio, text):
    approvals.submit(text, NOW)
    twilio.account.decide(text.content_sid, "rejected", "No.")
    approvals.refresh(text, NOW)
    approvals.submit(text, after(hours=1))
    first, second = twilio.account.templates.values()
    assert (kept(text), text.content_sid) == (("received", ""), second.sid)
    assert first.submitted_as != second.submitted_as


def test_what_is_with_meta_is_not_submitted_twice(twilio, text):
    approvals.submit(text, NOW)
    with pytest.raises(NotPossible, match="with Meta already"):
        approvals.submit(text, NOW)
    assert len(twilio.account.templates) == 1


def test_other_words_need_another_approval(twilio, text):
    approvals.submit(text, NOW)
    words = WhatsAppTexts("en", "Hello from {{ store.name }}: {{ recovery_url }} is yours")
    publish_texts(text.template, [words], now=NOW)
    assert kept(text) == ("", "")
    assert text.content_sid == ""


def test_a_text_that_was_changed_meanwhile_keeps_nothing_of_the_answer(twilio, text):
    stale = TemplateText.objects.select_related("template__store").get()
    TemplateText.objects.update(body=f"{text.body} Bye")
    with pytest.raises(NotPossible, match="just now"):
        approvals.submit(stale, NOW)
    assert kept(text) == ("", "") and text.content_sid == ""


def test_without_an_account_it_says_so(text):
    with pytest.raises(NotPossible, match="No Twilio account"):
        approvals.submit(text, NOW)


def test_what_reviewers_would_refuse_is_not_sent_to_them(twilio, text):
    text.body = "{{ recovery_url }}"
    with pytest.raises(NotPossible, match="Mend the text first"):
        approvals.submit(text, NOW)
    assert not twilio.requests


def deed(text: TemplateText, name: str) -> str:
    return reverse("admin:recovery_messagetemplate_deed", args=[text.template_id, name])


def test_the_admin_submits_and_shows_how_it_stands(twilio, text, admin_client):
    page = admin_client.post(deed(text, "submit"), follow=True).content.decode()
    assert "en: Waiting for approval." in page
    twilio.account.decide(TemplateText.objects.get().content_sid, "rejected", "It promises too much.")
    page = admin_client.post(deed(text, "refresh"), follow=True).content.decode()
    assert "Rejected: It promises too much." in page


def test_a_refusal_is_told_in_a_sentence(text, admin_client):
    page = admin_client.post(deed(text, "submit"), follow=True).content.decode()
    assert "en: No Twilio account is set up for this store" in page


def test_submitting_is_a_post_by_who_may_change_templates(twilio, text, client, django_user_model):
    clerk = django_user_model.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert (client.get(deed(text, "submit")).status_code, client.post(deed(text, "submit")).status_code) == (405, 404)
    assert not twilio.requests


def test_other_channels_need_no_approval(text, admin_client):
    sms = install_template(text.template.store, "reminder", Channel.SMS, now=NOW)
    assert "Submit for approval" not in admin_client.get(address(sms)).content.decode()
