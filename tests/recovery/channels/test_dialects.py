"""A template pasted from elsewhere works, or is told word by word what to change."""

from __future__ import annotations

import pytest

from recovery.channels.dialects import Change, translated
from recovery.channels.email import compile_texts, shape
from recovery.channels.lint import lint_mail, lint_source, mended
from recovery.channels.texts import Texts
from tests.recovery.channels.samples import SENDER, cart, context, item

TEXTS = Texts("en", "Your cart", "Hello", "Go")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        ("{{ first_name|default:'there' }}", "{{ customer.first_name|default:'there' }}"),
        ("{{ person.first_name|title }}", "{{ customer.first_name | capitalize }}"),
        ("{{ person|lookup:'first_name' }}", "{{ customer.first_name }}"),
        ("{% unsubscribe %}", "{{ unsubscribe_url }}"),
        ("{% manage_preferences_link %}", "{{ preferences_url }}"),
        ("{{ event.extra.checkout_url }}", "{{ recovery_url }}"),
        ("{{ event|lookup:'$value'|floatformat:2 }}", "{{ cart.total | money }}"),
        ("{% currency_format event|lookup:'$value' %}", "{{ cart.total | money }}"),
        ("{{ event.extra.line_items.0.product.title }}", "{{ cart.items[0].title }}"),
        ("{% if event.extra.line_items|length > 1 %}x{% endif %}", "{% if cart.items.size > 1 %}x{% endif %}"),
        ("{% if not person.first_name %}a{% elif email %}b{% endif %}",
         "{% if customer.first_name == blank %}a{% elsif customer.email %}b{% endif %}"),
        ("{% coupon_code 'WELCOME' %}", "{{ discount.code }}"),
        ("{{ organization.full_address }}", "{{ store.postal_address }}"),
        ("{% web_view %}", ""),
        ("{{ shop.name }}, {{ abandoned_checkout_url }}", "{{ store.name }}, {{ recovery_url }}"),
        ("{{ subtotal_price | money_with_currency }}", "{{ cart.total | money }}"),
        ("{{ unsubscribe_link }}", "{{ unsubscribe_url }}"),
    ],
)  # fmt: skip
def test_a_foreign_word_has_one_of_ours(foreign: str, ours: str) -> None:
    assert translated(foreign)[0] == ours
    assert lint_source("body", ours) == []


def test_a_loop_over_the_cart_is_translated_with_its_items() -> None:
    klaviyo = "{% for p in event.extra.line_items %}{{ p.product.title }} {{ p.product.images.0.src }}{% endfor %}"
    assert translated(klaviyo)[0] == "{% for p in cart.items %}{{ p.title }} {{ p.image }}{% endfor %}"
    shopify = "{% for line in line_items %}{{ line | img_url: 'small' }}{{ line.line_price | money }}{% endfor %}"
    assert (
        translated(shopify)[0]
        == "{% for line in cart.items %}{{ line.image }}{{ line.line_total | money }}{% endfor %}"
    )


def test_what_is_ours_and_what_the_template_made_itself_stays() -> None:
    ours = "{{ customer.first_name | default: 'you' }} {{ cart.total | money }} {% assign url = 'x' %}{{ url }}"
    assert translated(ours) == (ours, [])


def test_each_foreign_tag_is_named_once_with_its_line_and_its_mending() -> None:
    source = "Hi {{ first_name }}\n{{ first_name }}\n{% unsubscribe %}"
    told = lint_source("body", source)
    assert [(one.line, one.old, one.new) for one in told] == [
        (1, "{{ first_name }}", "{{ customer.first_name }}"),
        (3, "{% unsubscribe %}", "{{ unsubscribe_url }}"),
    ]
    assert told[0].what == "{{ first_name }} is another tool's: write {{ customer.first_name }}."
    assert lint_source("body", mended(source)) == []


def test_lines_stay_where_they_are() -> None:
    assert translated("a\n\n{{ first_name }}")[1] == [Change("{{ first_name }}", "{{ customer.first_name }}", 3)]


KLAVIYO = """<!DOCTYPE html><html><head><title>Cart</title></head><body>
<h1>Hi {{ first_name|default:'there' }}</h1>
<table>{% for item in event.extra.line_items %}<tr><td><img src="{{ item.product.images.0.src }}" alt=""></td>
<td>{{ item.quantity|floatformat:0 }} x {{ item.product.title }} {{ item.line_price|floatformat:2 }}</td></tr>
{% endfor %}
</table>
<a href="{{ event.extra.checkout_url }}">Return to your cart</a> {% unsubscribe 'No more of this' %}
<p>{{ organization.name }}, {{ organization.full_address }}</p></body></html>"""


def test_a_whole_mail_from_klaviyo_works_once_it_is_changed() -> None:
    assert all(one.new for one in lint_mail(TEXTS, KLAVIYO) if one.fatal)
    layout = mended(KLAVIYO, html=True)
    assert [one for one in lint_mail(TEXTS, layout) if one.fatal] == []
    seen = context(cart=cart(item("Mug"), item("Lamp")))
    html = shape(compile_texts(TEXTS, layout), seen, SENDER, send_id="m", to="anna@shopper.example").html
    assert "<h1>Hi Anna</h1>" in html and "1 x Lamp €89.90" in html
    assert '<a href="https://go.shop.example/u/abc">No more of this</a>' in html
