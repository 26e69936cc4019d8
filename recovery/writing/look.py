"""How a shopper would get a text, and what is wrong with it: one rendering answers both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.lib.sealing import Unsealable
from customers.models import Store
from recovery.channels import email, liquid, sms, whatsapp
from recovery.channels.lint import Finding, lint_mail, lint_sms, lint_whatsapp
from recovery.channels.liquid import TemplateBroken
from recovery.channels.texts import Texts
from recovery.outbox.carriers import sender_of, twilio_account
from recovery.writing.fields import AnyTexts

_NOBODY = "anna@example.invalid"


@dataclass(frozen=True, slots=True)
class Look:
    """A message as it would go out. What does not apply to its channel is empty, and so is all where it is broken.

    `size` is of the HTML, in bytes. `units` are characters as the SMS network counts them, `left` those that the last
    segment still holds."""

    text: str = ""
    html: str = ""
    subject: str = ""
    preheader: str = ""
    buttons: tuple[str, ...] = ()
    size: int = 0
    units: int = 0
    segments: int = 0
    left: int = 0
    encoding: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> list[Finding]:
        """What stands against publishing."""
        return [finding for finding in self.findings if finding.fatal]


def look(store: Store, texts: AnyTexts, layout: str, context: Mapping[str, Any]) -> Look:
    """The text in this context (see outbox.sample). Never raises for what a marketer wrote."""
    with liquid.in_passing():
        if isinstance(texts, Texts):
            return _mail(store, texts, layout, context)
        return _sms(store, texts, context) if isinstance(texts, sms.SmsTexts) else _whatsapp(texts, context)


def _mail(store: Store, texts: Texts, layout: str, context: Mapping[str, Any]) -> Look:
    found = lint_mail(texts, layout)
    try:
        compiled = email.compile_texts(texts, layout)
        mail = email.shape(compiled, context, sender_of(store), send_id="preview", to=_NOBODY)
        preheader = liquid.render(texts.preheader, {**context, "locale": texts.locale}, html=False)
    except TemplateBroken as broken:
        return Look(findings=_with_reason(found, broken))
    size = len(mail.html.encode())
    return Look(
        text=mail.text,
        html=mail.html,
        subject=mail.subject,
        preheader=preheader,
        size=size,
        findings=(*found, *(_of_rendered(mail.html, size, context) if not found else ())),
    )


def _of_rendered(html: str, size: int, context: Mapping[str, Any]) -> list[Finding]:
    """What only shows once it is rendered: a link inside of a condition, a loop that makes it long."""
    found = []
    if size > email.LARGEST_HTML:
        kept = f"{email.LARGEST_HTML // 1000} kB"
        what = (
            f"The mail has {size // 1000} kB: Gmail cuts at {kept}, and the unsubscribe link with it. Make it shorter."
        )
        found.append(Finding(what))
    for name, what in (("recovery_url", "link back to the cart"), ("unsubscribe_url", "unsubscribe link")):
        if str(context[name]) not in html:
            found.append(Finding(f"With this cart the mail has no {what}: take {name} out of its condition.", "layout"))
    if not context["store"].get("postal_address"):
        what = "The store has no postal address, which the law wants in every mail: write it on the store's page."
        found.append(Finding(what, fatal=False))
    return found


def _sms(store: Store, texts: sms.SmsTexts, context: Mapping[str, Any]) -> Look:
    sender, most, folding = sms_sender(store), store.sms_max_segments, store.sms_fold
    found = lint_sms(texts, context, sender, max_segments=most, folding=folding)
    try:
        shaped = sms.shape_sms(
            sms.compile_sms(texts), context, sender, send_id="preview", to="", max_segments=most, folding=folding
        )
    except TemplateBroken as broken:
        return Look(findings=_with_reason(found, broken))
    count = shaped.measure
    return Look(
        text=shaped.envelope.text,
        units=count.units,
        segments=count.segments,
        left=count.left,
        encoding=count.encoding,
        findings=tuple(found),
    )


def _whatsapp(texts: whatsapp.WhatsAppTexts, context: Mapping[str, Any]) -> Look:
    found = lint_whatsapp(texts, context)
    try:
        compiled = whatsapp.compile_whatsapp(texts)
        envelope = whatsapp.shape_whatsapp(compiled, context, "", send_id="preview", to="", content_sid="preview")
    except TemplateBroken as broken:
        return Look(findings=_with_reason(found, broken))
    buttons = tuple(button.title for button in texts.buttons)
    return Look(text=envelope.text, units=len(compiled.body), buttons=buttons, findings=tuple(found))


def sms_sender(store: Store) -> sms.SmsSender:
    """By whom the store's SMS come; without an account of its own, a number that can be answered."""
    try:
        account = twilio_account(store)
    except Unsealable:
        account = {}
    return sms.SmsSender(account.get("messaging_service_sid") or account.get("from_number") or "+15005550006")


def _with_reason(found: list[Finding], broken: TemplateBroken) -> tuple[Finding, ...]:
    """The findings; where none of them says why it cannot be rendered, the reason itself."""
    if any(finding.fatal for finding in found):
        return tuple(found)
    return (*found, replace(Finding(f"It cannot be shown: {broken.reason}."), what=_tidy(broken.reason)))


def _tidy(reason: str) -> str:
    return reason[:1].upper() + reason[1:].rstrip(".") + "."
