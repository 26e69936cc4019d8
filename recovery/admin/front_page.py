"""The first page: what wants doing, and how each store does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from carts.models import Delivery, DeliveryState
from customers.access import may, own, stores_for
from customers.admin.base import address
from customers.models import PrivacyRequest, Store
from customers.models.privacy import PrivacyKind
from recovery.admin.rate_card import Card
from recovery.admin.wording import standing
from recovery.first_steps import standings
from recovery.models import (
    EventState,
    FirstRun,
    Flow,
    FlowStatus,
    FlowStep,
    Message,
    MessageState,
    ProviderEvent,
    ProviderPause,
    Reply,
    TemplateText,
)
from recovery.providers.twilio.codes import CODES, Kind
from recovery.reports import definitions, health
from recovery.reports.figures import Figures, figures
from recovery.reports.period import period
from recovery.reports.words import money

#: More stores than these are found by the list of stores.
_MOST_STORES = 8
#: The headline numbers are this old at most.
_FRESH_SECONDS = 60
_UNKNOWN_FOR = td(days=7)
_ANSWERED_WITHIN = td(days=7)


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do. `tone`: bad for what loses messages or orders now, warn for what will."""

    text: str
    link: str
    action: str
    tone: str = "warn"


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook: adds what the page shows, of what the user may see."""
    user: Any = request.user
    now = timezone.now()
    if not user.has_perm("customers.view_store"):
        return context | {"jobs": [], "shops": [], "may_see": False}
    visible = stores_for(user, "customers.view_store")
    stores = list(visible.filter(is_active=True, uninstalled_at=None).order_by("is_demo", "name"))
    return context | {
        "title": "Overview",
        "may_see": True,
        "jobs": jobs(user, stores, now),
        "shops": [_shop(store, now) for store in stores[:_MOST_STORES]],
        "more_stores": max(0, len(stores) - _MOST_STORES),
        "may_add": user.has_perm("customers.add_store"),
    }


def jobs(user: Any, stores: list[Store], now: datetime) -> list[Job]:
    """What wants doing in somebody's own stores, the most pressing first."""
    return [
        *_pauses(user, now),
        *_taken(stores, now),
        *_waiting_shoppers(user, now),
        *_refused(user, now),
        *_dead_letters(user),
        *_dead_events(user),
        *_only_the_demo(user, stores),
        *_unfinished(user, stores),
        *_silent_stores(stores),
        *_nameless_stores(stores),
        *_flows(stores),
        *_whatsapp_texts(stores),
        *_lopsided(user, stores),
        *_unknown(user, now),
        *_privacy(user),
    ]


def _pauses(user: Any, now: datetime) -> list[Job]:
    standing = own(user, ProviderPause.objects.standing(now), "recovery.view_providerpause")
    found = [
        Job(
            f"{pause.provider} is paused for {pause.store or 'all stores that share it'}: {pause.detail or pause.code}",
            address(pause), "Look", "bad",
        )
        for pause in standing.select_related("store")[:5]
    ]  # fmt: skip
    if not user.is_superuser and ProviderPause.objects.standing(now).filter(store=None).exists():
        # Its detail may speak of other stores: that is for who runs the installation.
        words = "The provider that all stores share is paused; who runs this installation is told why"
        found.append(Job(words, _listed("recovery_message"), "See what waits", "bad"))
    return found


def _taken(stores: list[Store], now: datetime) -> list[Job]:
    """What mailbox providers hold against a sender, while it can still be mended."""
    found: list[Job] = []
    for one in _fresh("taken", stores, lambda: health.taken(stores, now)):
        period, listed = f"of the last {one.days} days", {"store__id__exact": str(one.store.pk)}
        if (one.complaint_rate or 0) >= health.COMPLAINT_WARNING:
            bad = (one.complaint_rate or 0) >= health.COMPLAINT_LIMIT
            text = (
                f"{one.store}: {one.complaint_rate:.2%} of the e-mails {period} were reported as spam; "
                f"Gmail and Yahoo turn senders away at {health.COMPLAINT_LIMIT:.1%}"
            )
            link = _listed("customers_suppression", reason__exact="complaint", **listed)
            found.append(Job(text, link, "Look", "bad" if bad else "warn"))
        if (one.bounce_rate or 0) >= health.BOUNCE_LIMIT:
            text = (
                f"{one.store}: {one.bounce_rate:.1%} of the e-mails {period} bounced; "
                f"above {health.BOUNCE_LIMIT:.0%} mailbox providers trust a sender less"
            )
            link = _listed("customers_suppression", reason__exact="bounce", **listed)
            found.append(Job(text, link, "Look", "bad"))
    return _once_each(found)


def _once_each(jobs: list[Job]) -> list[Job]:
    """Of the same store and trouble the shorter period says it all."""
    return list({job.link: job for job in reversed(jobs)}.values())[::-1]


def _lopsided(user: Any, stores: list[Store]) -> list[Job]:
    if not user.has_perm("recovery.view_experiment"):
        return []
    return [
        Job(
            f"An experiment of {one.flow or one.store} drew other shares than planned: its results mean nothing",
            reverse("admin_experiment", args=[one.pk]), "Look", "bad",
        )
        for one in _fresh("lopsided", stores, lambda: health.lopsided(stores))[:5]
    ]  # fmt: skip


def _fresh(what: str, stores: list[Store], ask: Callable[[], list[_T]]) -> list[_T]:
    """Counting takes its time, so the answer for these stores is kept for a minute."""
    whose = ".".join(str(store.pk) for store in stores)
    name = hashlib.sha256(whose.encode()).hexdigest()[:20]
    found: list[_T] = cache.get_or_set(f"{what}.{name}.{settings.VERSION}", ask, _FRESH_SECONDS) or []
    return found


def _dead_letters(user: Any) -> list[Job]:
    rows = (
        own(user, Delivery.objects.dead(), "carts.view_delivery")
        .order_by()
        .values_list("store__name")
        .annotate(count=Count("pk"))
    )
    link = _listed("carts_delivery", state__exact=DeliveryState.DEAD)
    return [
        Job(f"{count} webhook{_s(count)} of {name} could not be read", link, "Read and put back", "bad")
        for name, count in rows.order_by("-count")[:5]
    ]


def _dead_events(user: Any) -> list[Job]:
    count = own(user, ProviderEvent.objects.dead(), "recovery.view_providerevent")[:1_000].count()
    if not count:
        return []
    link = _listed("recovery_providerevent", state__exact=EventState.DEAD)
    return [Job(f"{count} callback{_s(count)} of providers could not be applied", link, "Read and apply again", "bad")]


def _waiting_shoppers(user: Any, now: datetime) -> list[Job]:
    """Who wrote and was not answered: their reminders have stopped, so nobody else will write to them."""
    asked = Reply.objects.filter(intent="", answered_at=None, at__gte=now - _ANSWERED_WITHIN)
    count = own(user, asked, "recovery.view_reply")[:1_000].count()
    if not count:
        return []
    return [Job(f"{count} repl{'y waits' if count == 1 else 'ies wait'} for an answer",
                _listed("recovery_reply", intent="none"), "Answer", "bad")]  # fmt: skip


def _refused(user: Any, now: datetime) -> list[Job]:
    """What carriers refused for its text, template or route: the next one would fare the same."""
    wrong = {f"twilio_{code}": action for code, action in CODES.items() if action.kind is Kind.MESSAGE}
    failed = Message.objects.filter(state=MessageState.FAILED, reason__in=wrong, planned_at__gte=now - _UNKNOWN_FOR)
    rows = own(user, failed, "recovery.view_message").order_by().values_list("reason").annotate(Count("pk"))
    return [
        Job(
            f"{count} message{_s(count)} of the last 7 days failed: {wrong[reason].meaning} ({wrong[reason].code})",
            _listed("recovery_message", reason=reason), "Look", "bad",
        )
        for reason, count in sorted(rows, key=lambda row: -row[1])[:5]
    ]  # fmt: skip


def _only_the_demo(user: Any, stores: list[Store]) -> list[Job]:
    """A first day: there is a shop to play with, and none to earn with."""
    if not stores or not all(store.is_demo for store in stores) or not user.has_perm("customers.add_store"):
        return []
    return [Job("Only the demo shop is here: add your own", reverse("admin:customers_store_add"), "Add a store")]


def _unfinished(user: Any, stores: list[Store]) -> list[Job]:
    """Stores whose first steps were begun and not ended, for those who may go on with them."""
    own_ids = {store.pk for store in stores if may(user, "customers.change_store", store)}
    runs = FirstRun.objects.filter(store_id__in=own_ids, done_at=None).select_related("store")
    found = [(run.store, standings(run.store, run)) for run in runs[:5]]
    return [
        Job(
            f"{store} is not set up yet: {sum(one.done for one in steps)} of {len(steps)} steps are done",
            reverse("admin_first_run", args=[store.slug]), "Go on",
        )
        for store, steps in found
        if not all(one.done for one in steps)
    ]  # fmt: skip


def _silent_stores(stores: list[Store]) -> list[Job]:
    heard = Exists(Delivery.objects.filter(store=OuterRef("pk")))
    silent = Store.objects.filter(pk__in=[store.pk for store in stores], carts=None).exclude(heard)
    return [
        Job(f"No webhook of {store} has arrived yet", address(store), "Connect it")
        for store in silent.distinct()[:5]
        if not store.is_demo
    ]


def _nameless_stores(stores: list[Store]) -> list[Job]:
    found = []
    for store in stores:
        lacks = [] if store.postal_address.strip() else ["postal address"]
        lacks += [] if store.sender_email or store.is_demo else ["sender address"]
        if lacks:
            found.append(Job(f"{store} has no {' and no '.join(lacks)}", address(store), "Fill in"))
    return found[:5]


def _flows(stores: list[Store]) -> list[Job]:
    ids = [store.pk for store in stores]
    live = set(Flow.objects.filter(store_id__in=ids, status=FlowStatus.LIVE).values_list("store_id", flat=True))
    idle = [
        Job(f"{store} has no live flow: nobody is written to", address(store), "Set one up")
        for store in stores
        if store.pk not in live
    ]
    unwritten = FlowStep.objects.filter(
        version__flow__store_id__in=ids, version__flow__status=FlowStatus.LIVE, template__texts=None
    ).select_related("template", "version__flow__store")
    written = {
        step.template_id: Job(
            f"“{step.template}” of {step.version.flow.store} has no text in any language",
            address(step.template), "Write it", "bad",
        )
        for step in unwritten[:20]
    }  # fmt: skip
    return [*list(written.values())[:5], *idle[:5]]


def _whatsapp_texts(stores: list[Store]) -> list[Job]:
    """What Meta has said no to: shoppers get the step's next channel meanwhile."""
    told = TemplateText.objects.filter(approval__in=["rejected", "paused", "disabled"], template__store__in=stores)
    found = told.select_related("template__store").order_by("-approval_since", "-pk")[:5]
    return [Job(_told(text), address(text.template), "Look") for text in found]


def _told(text: TemplateText) -> str:
    return f"“{text.template}” ({text.locale}) of {text.template.store}: {standing(text)}"


def _unknown(user: Any, now: datetime) -> list[Job]:
    asked = Q(state=MessageState.UNKNOWN, planned_at__gte=now - _UNKNOWN_FOR)
    count = own(user, Message.objects.filter(asked), "recovery.view_message")[:1_000].count()
    if not count:
        return []
    text = f"{count} message{_s(count)} of the last 7 days may or may not have been sent; none is repeated"
    return [Job(text, _listed("recovery_message", state__exact=MessageState.UNKNOWN), "Look")]


def _privacy(user: Any) -> list[Job]:
    asked = PrivacyRequest.objects.filter(kind=PrivacyKind.ACCESS, done_at=None)
    count = own(user, asked, "customers.change_privacyrequest").count()
    text = f"{count} {'person asks' if count == 1 else 'people ask'} for their data"
    return [Job(text, reverse("admin:customers_privacyrequest_changelist"), "Answer")] if count else []


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _listed(model: str, **asked: str) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(asked)}"


def _shop(store: Store, now: datetime) -> dict[str, Any]:
    """A store's headline numbers of the last 30 days."""
    found: Any = cache.get_or_set(
        f"headline.{store.pk}.{settings.VERSION}",
        lambda: figures(store, period(None, None, as_of=now, zone=store.zone), as_of=now),
        _FRESH_SECONDS,
    )
    names = ("net_abandonment", "return", "attributed_recovery")
    return {
        "store": store,
        "url": address(store),
        "report_url": f"{reverse('admin_report')}?{urlencode({'store': store.slug})}",
        "found": found,
        "cards": [Card(definitions.RATES[name], found.rates[name]) for name in names],
        "earned": [
            (
                money(sum_of(found, currency, "returned"), currency),
                money(sum_of(found, currency, "attributed"), currency),
            )
            for currency in sorted({*found.revenue, *found.so_far.revenue})
        ],
        "sent": sum(sending.sent for sending in found.messages.values()),
    }


def sum_of(found: Figures, currency: str, what: str) -> Any:
    """Settled and open together, in one currency."""
    return sum(getattr(some[currency], what) for some in (found.revenue, found.so_far.revenue) if currency in some)
