"""Of the to-do list: what keeps messages from going out or webhooks from coming in, and what mailbox providers and Meta
hold against a sender."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Exists, OuterRef, Q

from carts.inbox import refusals
from carts.models import Delivery
from config.lib.sealing import Unsealable
from customers.access import may, own
from customers.admin.base import address
from customers.models import Channel, Store
from recovery.admin.jobs import Job, fresh, listed
from recovery.admin.wording import channel_in_words, clock, standing
from recovery.models import (
    FlowStatus,
    FlowStep,
    FlowVersion,
    ProviderPause,
    StepFallback,
    StepVariant,
    TemplateText,
)
from recovery.outbox.carriers import twilio_account
from recovery.reports import health

#: Fewer webhooks than these are a stray, or somebody who tries the door.
_FEWEST_REFUSED = 3
#: Meta answers within minutes, sometimes a day; what waits for longer is told.
_PATIENCE = td(days=1)
_AT_META = ["received", "pending"]
_TAKEN_BACK = ["rejected", "paused", "disabled"]


def pauses(user: Any, now: datetime) -> list[Job]:
    """Providers that are left alone for a while."""
    standing = own(user, ProviderPause.objects.standing(now), "recovery.view_providerpause")
    found = [
        Job(f"{pause_in_words(pause, now)}: {pause.detail or pause.code}", address(pause), "Mend", "bad")
        for pause in standing.select_related("store")[:5]
    ]
    if not user.is_superuser and ProviderPause.objects.standing(now).filter(store=None).exists():
        # Its detail may speak of other stores: that is for who runs the installation.
        words = "The provider that all stores share is paused; who runs this installation is told why"
        found.append(Job(words, listed("recovery_message"), "See what waits", "bad"))
    return found


def pause_in_words(pause: ProviderPause, now: datetime) -> str:
    """SMS of Puro waits until 16:30"""
    until = clock(pause.until, pause.store, now) if pause.until else "somebody lifts the pause"
    return f"{channel_in_words(pause.channel)} of {pause.store or 'all stores that share a sender'} waits until {until}"


def turned_away(user: Any, stores: list[Store], now: datetime) -> list[Job]:
    """Stores whose webhooks are refused for their signature. One line each, however many are posted."""
    rows = refusals.rows([store.pk for store in stores])
    told = [store for store in stores if store.pk in rows and rows[store.pk].count >= _FEWEST_REFUSED]
    return [_turned_away(user, store, rows[store.pk], now) for store in told[:5]]


def _turned_away(user: Any, store: Store, row: refusals.Row, now: datetime) -> Job:
    newest = Delivery.objects.filter(store=store).order_by("-id").values_list("received_at", flat=True).first()
    others = newest is not None and newest > row.since
    text = (
        f"{store}: {row.count} webhooks were turned away since {clock(row.since, store, now)}, "
        f"{'while others were accepted' if others else 'and none was accepted'} (why: {row.newest.why}). "
        "Anybody may post to the address: see first whether the shop itself reports failures"
    )
    link = address(store, "secret") if may(user, "customers.change_store", store) else address(store)
    return Job(text, link, "Check the secret", "warn" if others else "bad")


def taken(stores: list[Store], now: datetime) -> list[Job]:
    """What mailbox providers hold against a sender, while it can still be mended."""
    found: list[Job] = []
    for one in fresh("taken", stores, lambda: health.taken(stores, now)):
        of = f"of {one.sent} e-mails of the last {one.days} days"
        mine = {"store__id__exact": str(one.store.pk)}
        if (one.complaint_rate or 0) >= health.COMPLAINT_WARNING:
            bad = (one.complaint_rate or 0) >= health.COMPLAINT_LIMIT
            text = (
                f"{one.store}: {one.reported} {of} {_were(one.reported)} reported as spam, {one.complaint_rate:.2%}; "
                f"Gmail and Yahoo turn senders away at {health.COMPLAINT_LIMIT:.1%}"
            )
            link = listed("customers_suppression", reason__exact="complaint", **mine)
            found.append(Job(text, link, "What to do", "bad" if bad else "warn"))
        if (one.bounce_rate or 0) >= health.BOUNCE_LIMIT:
            text = (
                f"{one.store}: {one.bounced} {of} bounced, {one.bounce_rate:.1%}; "
                f"above {health.BOUNCE_LIMIT:.0%} mailbox providers trust a sender less"
            )
            link = listed("customers_suppression", reason__exact="bounce", **mine)
            found.append(Job(text, link, "What to do", "bad"))
    return _once_each(found)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _once_each(jobs: list[Job]) -> list[Job]:
    """Of the same store and trouble the shorter period says it all."""
    return list({job.link: job for job in reversed(jobs)}.values())[::-1]


def whatsapp_texts(stores: list[Store], now: datetime) -> list[Job]:
    """Templates that Meta has said no to, and those of live flows that wait for a yes: shoppers get the step's next
    channel meanwhile. One line a template."""
    asking = [store for store in stores if _asks_meta(store)]
    late = Q(approval__in=_AT_META) & (Q(approval_since=None) | Q(approval_since__lte=now - _PATIENCE))
    waiting = Q(Q(approval__in=["", "unsubmitted"]) | late, template__in=_of_live_flows(asking))
    told = TemplateText.objects.filter(
        Q(approval__in=_TAKEN_BACK) | waiting, template__store__in=asking, template__channel=Channel.WHATSAPP
    )
    by_template: dict[int, list[TemplateText]] = {}
    for text in told.select_related("template__store").order_by("template_id", "locale")[:100]:
        by_template.setdefault(text.template_id, []).append(text)
    return [_told(texts) for texts in list(by_template.values())[:5]]


def _asks_meta(store: Store) -> bool:
    """Without a Twilio account all ends in the mailbox, which takes anything."""
    try:
        return bool(twilio_account(store))
    except Unsealable:
        return False  # said elsewhere


def _of_live_flows(stores: list[Store]) -> set[int]:
    """The ids of the templates that new shoppers would get."""
    newer = FlowVersion.objects.filter(
        flow=OuterRef("version__flow"), published_at__isnull=False, number__gt=OuterRef("version__number")
    )
    steps = FlowStep.objects.filter(
        ~Exists(newer),
        version__flow__store__in=stores,
        version__flow__status=FlowStatus.LIVE,
        version__published_at__isnull=False,
    )
    parts = (StepFallback.objects.filter(step__in=steps), StepVariant.objects.filter(step__in=steps))
    return {pk for rows in (steps, *parts) for pk in rows.values_list("template_id", flat=True) if pk}


def _told(texts: Iterable[TemplateText]) -> Job:
    """“Help” of Puro: Rejected: too long (de); Not submitted (fi, sv). …"""
    by_standing: dict[str, list[str]] = {}
    for text in texts:
        by_standing.setdefault(standing(text), []).append(text.locale)
    told = "; ".join(f"{words} ({', '.join(locales)})" for words, locales in by_standing.items())
    words = f"WhatsApp “{text.template}” of {text.template.store}: {told}. Its shoppers get the step's next channel"
    return Job(words, address(text.template), "Mend")
