"""The first steps of a store, in order: what each still lacks, and how to mend it. Rows tell, not ticks: whoever does
a step elsewhere in the admin, or by the command line, has done it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from carts.inbox import refusals
from carts.models import Delivery
from config.lib import dns
from customers.models import Channel, Store
from recovery.flows.publish import pause, publish, resume
from recovery.flows.ready_made import ReadyMade, install
from recovery.models import FirstRun, Flow, FlowStatus, FlowStep, MessageTemplate
from recovery.outbox.sample import sample
from recovery.sending_domain import Finding, findings
from recovery.writing.fields import texts_of
from recovery.writing.trial import NotSent, send_test
from recovery.writing.versions import live

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


def turned_away(store: Store) -> str:
    """A sentence about the newest webhook whose signature did not fit; "" when there was none this week."""
    refused = refusals.newest(store.pk)
    if refused is None:
        return ""
    when = refused.at.astimezone(store.zone)
    return f"A webhook came on {when:%d %b at %H:%M} and was turned away: {refused.why}. Check the secret."


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
    if Flow.objects.filter(store=store).exists():
        return ["The flow is a draft: open it, look at it, and publish it."]
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


def choose_flow(store: Store, ready: ReadyMade, *, now: datetime) -> Flow:
    """Install a ready-made flow that waits for the switch: a published one that is paused enrols nobody."""
    with transaction.atomic():
        flow = install(store, ready, now=now)
        publish(flow, now=now)
        pause(flow)
        return flow


def try_message(store: Store, to: str, *, who: int, now: datetime) -> str:
    """The first e-mail of the store's flow with a made-up cart; returns where it went. Raises NotSent.

    `who` is the id of the user, whose tests are counted."""
    template = _first_mail(store)
    version = live(template) if template else None
    if version is None or not version.texts:
        raise NotSent("The flow has no e-mail with a text: write one first.")
    locale = next((one for one in (store.locale, "en") if one in version.texts), min(version.texts))
    texts = texts_of(Channel.EMAIL, locale, version.texts[locale])
    return send_test(store, texts, version.layout, sample(store, locale=locale), to, who=who, now=now)


def _first_mail(store: Store) -> MessageTemplate | None:
    """Of the first step that may go by e-mail, in the newest published version."""
    by_mail = Q(template__channel=Channel.EMAIL) | Q(fallbacks__channel=Channel.EMAIL)
    steps = FlowStep.objects.filter(by_mail, version__flow__store=store, version__published_at__isnull=False)
    step = steps.select_related("template").order_by("-version__published_at", "position").first()
    if step is None or step.template.channel == Channel.EMAIL:
        return step.template if step else None
    return step.fallbacks.select_related("template").get(channel=Channel.EMAIL).template


def switch_on(store: Store, run: FirstRun, *, now: datetime) -> None:
    """Make every flow that waits live."""
    for flow in Flow.objects.filter(store=store, status=FlowStatus.PAUSED):
        resume(flow, now=now)
    run.done_at = now
    run.save(update_fields=["done_at"])
