"""The template workshop: what is typed is seen at once, kept as a draft, and sent only when it was published."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from carts.models import Cart
from customers.admin.base import address
from customers.models import Channel, Membership, Role
from recovery.flows.standard import install_template
from recovery.models import MessageTemplate
from recovery.writing.versions import current, mark_of, publish
from tests.factories import NOW, abandoned_cart, make_offer, make_store, person

pytestmark = pytest.mark.django_db
_NO_FIELDS = ("cart", "layout", "offer")


@pytest.fixture
def template(store: Any) -> MessageTemplate:
    return MessageTemplate.objects.get(name="Reminder", store=store)


def posted(template: MessageTemplate, locale: str = "en", **fields: str) -> dict[str, Any]:
    """What the page posts: every language as it is, with these fields of one changed."""
    version = current(template)
    words = {f"{tag}.{name}": text for tag, texts in version.texts.items() for name, text in texts.items()}
    words |= {f"{locale}.{name}": text for name, text in fields.items()}
    return {"name": template.name, "locale": list(version.texts), "layout": version.layout, **words}


def seen(client: Client, template: MessageTemplate, locale: str = "en", **more: str) -> Any:
    """The preview's answer for one language, with these fields changed."""
    words = {f"{locale}.{name}": text for name, text in current(template).texts[locale].items()}
    words |= {f"{locale}.{name}": text for name, text in more.items() if name not in _NO_FIELDS}
    rest = {name: text for name, text in more.items() if name in _NO_FIELDS}
    return client.post(place("look", template), {"locale": locale, **words, **rest})


def place(name: str, *args: Any) -> str:
    found = [one.pk if isinstance(one, MessageTemplate) else one for one in args]
    return reverse(f"admin:recovery_messagetemplate_{name}", args=found)


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# -- drafts and versions


def test_saving_makes_a_draft_and_changes_nothing_that_is_sent(boss, template):
    answer = boss.post(address(template), posted(template, subject="Still thinking?"))
    assert said(answer) == ["The draft is saved. Shoppers get it when you publish."]
    assert current(template).texts["en"]["subject"] == "Still thinking?"
    assert template.texts.get(locale="en").subject.startswith("{% if cart.count == 1 %}")


def test_publishing_puts_every_language_live(boss, template):
    boss.post(address(template), posted(template, "fi", body="Hei {{ store.name }}") | {"_publish": "1"})
    text = template.texts.get(locale="fi")
    assert "Hei {{ store.name }}" in text.compiled_html and "Hei {{ store.name }}" in text.compiled_text
    assert [(v.number, v.author) for v in template.versions.all()] == [(2, "boss"), (1, "")]


def test_an_error_keeps_it_from_being_published_but_not_from_being_kept(boss, template):
    answer = boss.post(address(template), posted(template, body="Hi {{ shop.nmae }}") | {"_publish": "1"})
    assert said(answer) == ["Not published. en: body: Nothing is called “shop.nmae”."]
    assert current(template).texts["en"]["body"] == "Hi {{ shop.nmae }}"
    assert template.texts.get(locale="en").body.startswith("{{ greeting }}")
    assert "1 to mend before it can be published" in boss.get(address(template)).content.decode()


def test_a_warning_lets_it_pass(boss, store):
    store.sms_max_segments = 1
    store.save()
    template = install_template(store, "reminder", Channel.SMS, now=NOW)
    dear = "🛒 {{ store.name }}: {{ recovery_url }} is waiting for you and for nobody else in the whole wide world"
    boss.post(address(template), posted(template, body=dear) | {"_publish": "1"})
    assert template.texts.get(locale="en").body == dear


def test_what_a_colleague_saved_meanwhile_is_not_written_over(boss, template):
    mark = mark_of(current(template))
    boss.post(address(template), posted(template, subject="Hers"))
    answer = boss.post(address(template), posted(template, subject="Mine") | {"mark": mark})
    assert "Meanwhile boss saved this template." in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    assert current(template).texts["en"]["subject"] == "Hers"


def test_what_is_no_change_leaves_no_draft(boss, template):
    answer = boss.post(address(template), posted(template))
    assert said(answer) == ["Saved. It is the same as what is live, so there is no draft."]
    assert template.versions.count() == 1


def test_an_earlier_version_is_shown_and_restored(boss, template):
    boss.post(address(template), posted(template, subject="Second thoughts") | {"_publish": "1"})
    page = boss.get(place("version", template, 1)).content.decode()
    assert "<ins>Second thoughts</ins>" in page
    boss.post(place("restore", template, 1))
    assert template.texts.get(locale="en").subject == "Second thoughts"
    publish(template, now=NOW)
    assert template.texts.get(locale="en").subject.startswith("{% if cart.count == 1 %}")
    assert [version.number for version in template.versions.all()] == [3, 2, 1]


def test_a_draft_is_thrown_away(boss, template):
    boss.post(address(template), posted(template, subject="No"))
    boss.post(reverse("admin:recovery_messagetemplate_deed", args=[template.pk, "discard"]))
    assert current(template).published_at and template.versions.count() == 1


def test_a_new_template_begins_with_words(boss, store):
    made = {"name": "Third", "store": str(store.pk), "channel": "email"}
    boss.post(reverse("admin:recovery_messagetemplate_add"), made)
    template = MessageTemplate.objects.get(name="Third")
    assert current(template).texts["en"]["button"] == "Return to your cart"
    assert template.texts.count() == 0


# -- languages


def test_a_language_is_added_from_another_and_taken_out_again(boss, template):
    boss.post(address(template), posted(template) | {"_add": "1", "new_locale": "PT-br", "start_from": "en"})
    assert current(template).texts["pt-BR"] == current(template).texts["en"]
    boss.post(address(template), posted(template) | {"_remove": "pt-BR", "_publish": "1"})
    boss.post(address(template), posted(template) | {"_remove": "sv", "_publish": "1"})
    assert [text.locale for text in template.texts.order_by("locale")] == ["de", "en", "fi", "fr", "nb"]


@pytest.mark.parametrize("tag", ["", "english", "../x", "<b>"])
def test_what_is_no_language_is_refused(boss, template, tag):
    answer = boss.post(address(template), posted(template) | {"_add": "1", "new_locale": tag})
    assert f"“{tag}” is no language code" in said(answer)[0]
    assert template.versions.count() == 1


def test_who_gets_another_language_than_their_own_is_told(boss, template, store):
    abandoned_cart(store, person=person(locale="et"))
    page = boss.get(address(template)).content.decode()
    assert "en, for want of et" in page


# -- the preview


def test_the_preview_shows_what_was_typed_and_keeps_nothing(boss, template):
    answer = seen(boss, template, subject="Hi {{ customer.first_name }}").json()
    assert answer["subject"] == "Hi Anna"
    assert "Linen shirt" in answer["html"] and "Linen shirt" in answer["text"]
    assert (answer["findings"], template.versions.count()) == ([], 1)


def test_the_preview_runs_nothing_and_asks_nobody(boss, template):
    html = seen(boss, template).json()["html"]
    head = html[: html.index("<html")]
    assert "default-src 'none'" in head and "https:" not in head.split("img-src")[1]


def test_a_real_cart_of_the_store_is_shown_with_its_shopper(boss, template, store):
    cart = abandoned_cart(store, person=person(first_name="Aino", last_name="Berg"))
    found = boss.get(place("carts", template), {"q": "berg"}).json()["carts"]
    assert [one["id"] for one in found] == [cart.pk]
    answer = seen(boss, template, cart=str(cart.pk)).json()
    assert "Hello Aino," in answer["text"] and "Lamp" in answer["text"]


def test_findings_come_with_field_and_line(boss, template):
    (told,) = seen(boss, template, body="Hello\n{{ first_name }}").json()["findings"]
    assert (told["field"], told["line"], told["fatal"], told["new"]) == ("body", 2, True, "{{ customer.first_name }}")


def test_an_sms_tells_what_it_costs(boss, store):
    template = install_template(store, "reminder", Channel.SMS, now=NOW)
    answer = seen(boss, template, body="{{ store.name }}: {{ recovery_url }} ").json()
    assert (answer["segments"], answer["encoding"], answer["left"]) == (1, "GSM-7", 160 - answer["units"])


def test_whatsapp_shows_its_buttons(boss, store):
    template = install_template(store, "reminder", Channel.WHATSAPP, now=NOW)
    assert seen(boss, template, question="Ask us", stop="").json()["buttons"] == ["Ask us"]


HOSTILE = {
    "endless": "{% for i in (1..999) %}{% assign x = i | times: 3 %}{% endfor %}" * 150,
    "huge": "{% assign x = 'aaaaaaaa' %}{% for i in (1..100) %}{% assign x = x | append: x %}{% endfor %}",
    "long": "{% for i in (1..1000) %}" + "x" * 900 + "{% endfor %}",
    "range": "{% if (1..1000000000) contains 'x' %}y{% endif %}",
    "glue": "{% assign a = '" + "a" * 3000 + "' %}{% assign b = a | split: '' %}{{ b | join: a }}",
    "number": "{% assign x = 9 %}" + "{% assign x = x | times: x %}" * 40,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_stopped_with_a_message(boss, template, source):
    answer = seen(boss, template, body=source).json()
    assert [finding["fatal"] for finding in answer["findings"]] == [True]
    assert (answer["html"], answer["text"]) == ("", "")


@pytest.mark.parametrize("source", ["{{ store.__class__ }}", "{{ settings.SECRET_KEY }}", "{{ cart.items.__init__ }}"])
def test_a_text_reaches_nothing_but_the_message(boss, template, source):
    answer = seen(boss, template, body=f"[{source}]").json()
    assert "<p>[]</p>" in answer["html"] and answer["findings"][0]["fatal"]


# -- a test to oneself


def test_a_test_goes_by_the_stores_own_way_and_is_marked(boss, template, settings, tmp_path):
    from recovery.models import Message
    from recovery.providers.console.provider import read_mailbox, read_message

    settings.MAILBOX_DIR = tmp_path / "box"
    words = posted(template, subject="Come back") | {"locale": "en", "to": "me@shop.example"}
    answer = boss.post(place("test", template), words).json()
    assert answer == {"sent": True, "said": "It lies in the mailbox for me@shop.example."}
    (sent,) = read_mailbox(tmp_path / "box")
    mail = read_message(tmp_path / "box", sent.name)
    assert mail and (mail.subject, mail.to) == ("[Test] Come back", "me@shop.example")
    assert "Test: no shopper got this." in mail.html and mail.text.startswith("Test: no shopper got this.")
    assert Message.objects.count() == 0


@pytest.mark.parametrize("to", ["", "nobody", "+358401234567"])
def test_a_test_wants_an_address(boss, template, to):
    answer = boss.post(place("test", template), posted(template) | {"locale": "en", "to": to}).json()
    assert answer == {"sent": False, "said": f"“{to}” is not an e-mail address."}


def test_many_tests_in_a_row_have_to_wait(boss, template, settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path / "box"
    words = posted(template) | {"locale": "en", "to": "me@shop.example"}
    answers = [boss.post(place("test", template), words).json() for _ in range(6)]
    assert [answer["sent"] for answer in answers] == [True] * 5 + [False]
    assert answers[-1]["said"].startswith("Those were many tests: wait ")


# -- whose it is


def test_nothing_of_another_store_is_within_reach(template, store):
    other = make_store()
    cart = abandoned_cart(other)
    client = Client()
    client.force_login(User.objects.create_user("marketer", is_staff=True))
    Membership.objects.create(user=User.objects.get(), store=other, role=Role.MARKETER)
    places = [address(template), place("carts", template), place("version", template, 1)]
    assert [client.get(where).status_code for where in places] == [404] * 3
    assert [seen(client, template).status_code, client.post(place("test", template)).status_code] == [404, 404]
    own = install_template(other, "reminder", now=NOW)
    assert seen(client, own, cart=str(cart.pk)).status_code == 200
    theirs = abandoned_cart(store, "C2")
    assert seen(client, own, cart=str(theirs.pk)).status_code == 404
    assert Cart.objects.count() == 2


def test_who_may_only_look_sees_the_preview_and_changes_nothing(clerk, template):
    client = clerk("recovery.view_messagetemplate")
    assert b"_publish" not in client.get(address(template)).content
    assert seen(client, template).status_code == 200
    refused = [address(template), place("test", template), place("restore", template, 1)]
    assert [client.post(where, posted(template)).status_code for where in refused] == [403] * 3
    assert client.get(place("carts", template)).json() == {"carts": []}


def test_the_preview_shows_the_coupon_of_an_offer(boss, template):
    offer = make_offer(template.store)
    assert "BACK10" not in seen(boss, template).json()["text"]
    assert "BACK10" in seen(boss, template, offer=str(offer.pk)).json()["text"]


def test_the_preview_keeps_to_the_offers_of_its_store(boss, template):
    assert seen(boss, template, offer=str(make_offer(make_store()).pk)).status_code == 404


def test_an_sms_tells_the_code_after_the_link(boss, store):
    template = install_template(store, "reminder", Channel.SMS, now=NOW)
    told = seen(boss, template, offer=str(make_offer(store).pk)).json()["text"]
    assert "Your code: BACK10 (-10%)" in told
