"""The first page: what wants doing, and how each store does."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from typing import Any
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
from recovery.admin.jobs import FRESH_SECONDS, Job, fresh, listed, s
from recovery.admin.rate_card import Card
from recovery.admin.sender_health import pauses, taken, turned_away, whatsapp_texts
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
    Reply,
)
from recovery.providers.twilio.codes import CODES, Kind
from recovery.reports import definitions, health
from recovery.reports.figures import Figures, figures
from recovery.reports.period import period
from recovery.reports.words import money

#: More stores than these are found by the list of stores.
_MOST_STORES = 8
_UNKNOWN_FOR = td(days=7)
_ANSWERED_WITHIN = td(days=7)


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
    found = [
        *pauses(user, now),
        *turned_away(user, stores, now),
        *taken(stores, now),
        *_waiting_shoppers(user, now),
        *_refused(user, now),
        *_dead_letters(user),
        *_dead_events(user),
        *_only_the_demo(user, stores),
        *_unfinished(user, stores),
        *_silent_stores(stores),
        *_nameless_stores(stores),
        *_flows(stores),
        *whatsapp_texts(stores, now),
        *_lopsided(user, stores),
        *_unknown(user, now),
        *_privacy(user),
    ]
    return sorted(found, key=lambda job: job.tone != "bad")


def _lopsided(user: Any, stores: list[Store]) -> list[Job]:
    if not user.has_perm("recovery.view_experiment"):
        return []
    return [
        Job(
            f"An experiment of {one.flow or one.store} drew other shares than planned: its results mean nothing",
            reverse("admin_experiment", args=[one.pk]), "Look", "bad",
        )
        for one in fresh("lopsided", stores, lambda: health.lopsided(stores))[:5]
    ]  # fmt: skip


def _dead_letters(user: Any) -> list[Job]:
    rows = (
        own(user, Delivery.objects.dead(), "carts.view_delivery")
        .order_by()
        .values_list("store_id", "store__name")
        .annotate(count=Count("pk"))
    )
    return [
        Job(
            f"{count} webhook{s(count)} of {name} could not be read",
            listed("carts_delivery", state__exact=DeliveryState.DEAD, store__id__exact=str(pk)),
            "Read and put back", "bad",
        )
        for pk, name, count in rows.order_by("-count")[:5]
    ]  # fmt: skip


def _dead_events(user: Any) -> list[Job]:
    count = own(user, ProviderEvent.objects.dead(), "recovery.view_providerevent")[:1_000].count()
    if not count:
        return []
    link = listed("recovery_providerevent", state__exact=EventState.DEAD)
    return [Job(f"{count} provider event{s(count)} could not be applied", link, "Read and apply again", "bad")]


def _waiting_shoppers(user: Any, now: datetime) -> list[Job]:
    """Who wrote and was not answered: their reminders have stopped, so nobody else will write to them."""
    asked = Reply.objects.filter(intent="", answered_at=None, at__gte=now - _ANSWERED_WITHIN)
    count = own(user, asked, "recovery.view_reply")[:1_000].count()
    if not count:
        return []
    return [Job(f"{count} repl{'y waits' if count == 1 else 'ies wait'} for an answer",
                listed("recovery_reply", intent="none"), "Answer", "bad")]  # fmt: skip


def _refused(user: Any, now: datetime) -> list[Job]:
    """What carriers refused for its text, template or route: the next one would fare the same."""
    wrong = {f"twilio_{code}": action for code, action in CODES.items() if action.kind is Kind.MESSAGE}
    failed = Message.objects.filter(state=MessageState.FAILED, reason__in=wrong, planned_at__gte=now - _UNKNOWN_FOR)
    rows = own(user, failed, "recovery.view_message").order_by().values_list("reason").annotate(Count("pk"))
    return [
        Job(
            f"{count} message{s(count)} of the last 7 days failed: {wrong[reason].meaning} ({wrong[reason].code})",
            listed("recovery_message", reason=reason), "Look", "bad",
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


def _unknown(user: Any, now: datetime) -> list[Job]:
    asked = Q(state=MessageState.UNKNOWN, planned_at__gte=now - _UNKNOWN_FOR)
    count = own(user, Message.objects.filter(asked), "recovery.view_message")[:1_000].count()
    if not count:
        return []
    text = f"{count} message{s(count)} of the last 7 days may or may not have been sent; none is repeated"
    return [Job(text, listed("recovery_message", state__exact=MessageState.UNKNOWN), "Look")]


def _privacy(user: Any) -> list[Job]:
    asked = PrivacyRequest.objects.filter(kind=PrivacyKind.ACCESS, done_at=None)
    count = own(user, asked, "customers.change_privacyrequest").count()
    text = f"{count} {'person asks' if count == 1 else 'people ask'} for their data"
    return [Job(text, reverse("admin:customers_privacyrequest_changelist"), "Answer")] if count else []


def _shop(store: Store, now: datetime) -> dict[str, Any]:
    """A store's headline numbers of the last 30 days."""
    found: Any = cache.get_or_set(
        f"headline.{store.pk}.{settings.VERSION}",
        lambda: figures(store, period(None, None, as_of=now, zone=store.zone), as_of=now),
        FRESH_SECONDS,
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
