"""The first steps of a store, in order: what each still lacks, and how to mend it. Rows tell, not ticks: whoever does
a step elsewhere in the admin, or by the command line, has done it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from carts.models import Delivery
from config.lib import dns
from customers.models import Channel, Store
from recovery.channels import email
from recovery.channels.liquid import TemplateBroken
from recovery.flows.publish import pause, resume
from recovery.flows.standard import install_standard_flow
from recovery.models import FirstRun, Flow, FlowStatus, FlowStep, TemplateText
from recovery.outbox.carriers import carrier_for
from recovery.outbox.sample import sample
from recovery.sending_domain import Finding, findings

#: Name in the address, title.
STEPS = (
    ("connect", "Connect"),
    ("sender", "Sender"),
    ("rules", "Consent and hours"),
    ("flow", "Flow"),
    ("test", "Test message"),
    ("on", "Switch on"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One step: what it lacks, in sentences; nothing when it is done."""

    name: str
    title: str
    lacks: list[str]

    @property
    def done(self) -> bool:
        return not self.lacks


def standings(store: Store, run: FirstRun) -> list[Standing]:
    """Every step, in order."""
    ask = {"connect": _connect, "sender": _sender, "rules": _rules, "flow": _flow, "test": _test, "on": _on}
    return [Standing(name, title, ask[name](store, run)) for name, title in STEPS]


def next_step(found: list[Standing]) -> str:
    """The first that lacks something, else the last."""
    return next((one.name for one in found if not one.done), found[-1].name)


def _connect(store: Store, run: FirstRun) -> list[str]:
    lacks = [] if store.is_active else ["The store is off: its webhooks are refused. Switch it on in its settings."]
    if not heard(store):
        lacks.append("No webhook has arrived yet: paste the address and the secret into your shop.")
    return lacks


def heard(store: Store) -> Delivery | None:
    """The first webhook that arrived, or None."""
    return Delivery.objects.filter(store=store).defer("body", "headers").order_by("id").first()


def _sender(store: Store, run: FirstRun) -> list[str]:
    lacks = []
    if not store.sender_email:
        lacks.append("There is no sender address: without one, messages come from the installation's own.")
    if not store.postal_address.strip():
        lacks.append("There is no postal address: the law asks for one in every e-mail.")
    if run.domain_asked_at is None:
        lacks.append("Nobody has looked yet whether the world will believe mail from your domain.")
    return lacks


def _rules(store: Store, run: FirstRun) -> list[str]:
    return [] if run.rules_at else ["Nobody has said yet whom you may write to, and at what hours."]


def _flow(store: Store, run: FirstRun) -> list[str]:
    if Flow.objects.filter(store=store, versions__published_at__isnull=False).exists():
        return []
    return ["There is no flow: nothing would be sent."]


def _test(store: Store, run: FirstRun) -> list[str]:
    return [] if run.tested_at else ["No test message was sent: look at one before a shopper does."]


def _on(store: Store, run: FirstRun) -> list[str]:
    live = Flow.objects.filter(store=store, status=FlowStatus.LIVE).exists()
    return [] if live and store.sends else ["No flow is live: shoppers get nothing yet."]


# -- doing them


def ask_domain(store: Store, run: FirstRun, *, now: datetime) -> list[Finding]:
    """Look up SPF, DKIM and DMARC of the sender's domain, and keep what was found."""
    domain = store.sender_email.rpartition("@")[2].lower()
    service = settings.ANYMAIL_ESP if not store.email_url else ""
    found = findings(domain, lambda name: dns.texts(name, settings.DNS_SERVERS), service=service, selector=run.selector)
    run.domain, run.domain_asked_at = [one.as_dict() for one in found], now
    run.save(update_fields=["domain", "domain_asked_at", "selector"])
    return found


def choose_flow(store: Store, *, phone_first: bool, now: datetime) -> Flow:
    """Install a ready-made flow that waits for the switch: a published one that is paused enrols nobody."""
    there = Flow.objects.filter(store=store).exists()
    flow = install_standard_flow(store, now=now, phone_first=phone_first)
    if not there:
        pause(flow)
    return flow


class CannotTest(Exception):
    """No test message can be sent; the text says what to mend."""


def send_test(store: Store, to: str, *, now: datetime) -> None:
    """The first e-mail of the store's flow with a made-up cart. Raises CannotTest, SendError, Unsealable."""
    text = _first_text(store)
    if text is None:
        raise CannotTest("The flow has no e-mail with a text: write one first.")
    carrier = carrier_for(store, Channel.EMAIL)
    compiled = email.Compiled(text.subject, text.compiled_html, text.compiled_text, text.locale)
    try:
        name = f"test{store.pk}.{now:%Y%m%d%H%M%S%f}"
        envelope = email.shape(compiled, sample(store), carrier.sender, send_id=name, to=to)
    except TemplateBroken as error:
        raise CannotTest(f"The template cannot be shown: {error.reason}") from error
    carrier.provider.send(envelope)


def _first_text(store: Store) -> TemplateText | None:
    steps = FlowStep.objects.filter(version__flow__store=store, template__channel=Channel.EMAIL)
    step = steps.order_by("-version__published_at", "position").first()
    if step is None:
        return None
    texts = {text.locale: text for text in TemplateText.objects.filter(template=step.template_id)}
    return texts.get(store.locale) or texts.get("en") or next(iter(texts.values()), None)


def switch_on(store: Store, run: FirstRun, *, now: datetime) -> None:
    """Make every flow that waits live."""
    for flow in Flow.objects.filter(store=store, status=FlowStatus.PAUSED):
        resume(flow, now=now)
    run.done_at = now
    run.save(update_fields=["done_at"])
