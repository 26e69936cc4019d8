"""What is kept is what judging every cart again gives, to the last digit, whatever came late, twice or corrected."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import date, datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carts.abandonment import sweep
from carts.models import Order
from carts.snapshots import CustomerSnapshot, OrderDeleted, RefundSnapshot, Snapshot
from customers.models import Store
from recovery.attribution import recredit
from recovery.models import Click, Flow, Message, RolledDay, TouchedDay
from recovery.reports import cells, sending
from recovery.reports.asked import Asked
from recovery.reports.kept import kept_days
from recovery.reports.orders import ordered
from recovery.reports.period import Period
from recovery.reports.rollup import cells_of, roll_up
from recovery.reports.sending import steps_of
from tests.factories import NOW, abandoned_cart, after, checkout, make_flow, make_store, order, person, put
from tests.recovery.reports.story import click, enter_another_flow, message, silent

pytestmark = pytest.mark.django_db

HEARD = after(days=40)
MOMENTS = [after(minutes=10), after(hours=2), after(days=3), after(days=15), after(days=41)]
_CART = checkout("C1", NOW)
_ORDER = order("O1", after(days=2), "C1", total=Decimal("96.10"))
SNAPSHOTS: list[Snapshot] = [
    _CART,
    checkout("C1", after(hours=1), total=Decimal("120.55"), payment_failed=True),
    checkout("C2", after(days=1), created_at=after(days=1), person=person(2), device="mobile"),
    replace(checkout("C3", after(hours=3), person=person(3)), tokens=("checkout:C3", "checkout:C2")),
    _ORDER,
    replace(_ORDER, updated_at=after(days=4), total=Decimal("80.05"), paid=False),
    replace(_ORDER, updated_at=after(days=5), total=Decimal("90.33")),
    replace(_ORDER, updated_at=after(days=20), cancelled_at=after(days=20)),
    order("O2", after(days=3), "C2", person=person(2), currency="SEK"),
    RefundSnapshot("R1", "O1", Decimal("10.01"), after(days=16), "EUR"),
    RefundSnapshot("R1", "O1", Decimal("12.02"), after(days=16), "EUR"),
    RefundSnapshot("R2", "O1", Decimal("3.30"), after(days=2), "SEK"),
    RefundSnapshot("R3", "O3", Decimal("4.04"), after(days=50), "EUR"),
    order("O3", after(days=2, hours=3), "", person=person(2), total=Decimal("40.40")),
    OrderDeleted("O2", after(days=30)),
    CustomerSnapshot(person(2, consents=("email", "sms")), after(hours=5)),
]  # fmt: skip
Event = Callable[[Store], None]


def heard(n: int) -> Event:
    return lambda store: put(store, SNAPSHOTS[n], at=HEARD)


def swept(at: datetime) -> Event:
    def sweep_all(store: Store) -> None:
        while sweep(at):
            pass

    return sweep_all


def written(store: Store) -> None:
    for cart in store.carts.exclude(customer=None).filter(messages=None).order_by("started_at")[:1]:
        message(cart, sent_at=after(hours=2), planned_at=after(hours=1))


def texted(store: Store) -> None:
    for sent in Message.objects.filter(store=store, channel="email").order_by("cart__started_at")[:1]:
        message(sent.cart, channel="sms", sent_at=after(hours=26), planned_at=after(hours=25))


def entered(store: Store) -> None:
    for cart in store.carts.exclude(customer=None).order_by("started_at")[1:]:
        enter_another_flow(cart, after(hours=3))


def bounced(store: Store) -> None:
    Message.objects.filter(store=store).update(state="failed", reason="bounce", ended_at=after(hours=4))


def clicked(store: Store) -> None:
    for sent in Message.objects.filter(store=store, clicks=None):
        click(sent, after(hours=30))
    recredit(store)


def found_out(store: Store) -> None:
    Click.objects.filter(store=store).update(machine_reason="several_links")


def moved(store: Store, external_id: str = "O3") -> None:
    Order.objects.filter(store=store, external_id=external_id).update(placed_at=after(days=-1))


def dropped(store: Store) -> None:
    Order.objects.filter(store=store, external_id="O3").delete()


def rolled(at: datetime) -> Event:
    def roll(store: Store) -> None:
        roll_up(at)

    return roll


EVENTS: list[Event] = [
    *(heard(n) for n in range(len(SNAPSHOTS))),
    *(swept(at) for at in MOMENTS[1:3]),
    *(rolled(at) for at in MOMENTS),
    written, texted, entered, bounced, clicked, found_out, moved, dropped,
]  # fmt: skip


def keyed(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """By what they are about, so that 0 and 0.000 are one amount."""
    names = [*sending.KEY, "facet", "value"]
    return {str([row[name] for name in names if name in row]): row for row in rows}


FILTERS = st.fixed_dictionaries({}, optional={
    "currency": st.sampled_from(["EUR", "SEK"]), "device": st.sampled_from(["mobile", "desktop"]),
    "segment": st.sampled_from(["new", "returning", "unknown"]), "channel": st.sampled_from(["email", "sms"]),
    "flow": st.sampled_from(["Abandoned cart", "Win back"]),
})  # fmt: skip


def said(which: Asked, kept: Set[date] | None = None) -> list[Any]:
    """Everything that pages read, of each facet all that is counted of it."""
    whole, spread = (cells_of(which, facets, kept=kept) for facets in (sorted(cells.WHOLE), cells.SPREAD))
    return [*(keyed(rows) for rows in (whole, spread, steps_of(which, kept))), ordered(which, kept)]


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(EVENTS), min_size=4, max_size=24), FILTERS)
def test_what_is_kept_is_what_judging_again_would_give(events, filters):
    with transaction.atomic():
        store = make_store()
        make_flow(store)
        for event in events:
            event(store)
        flow = Flow.objects.filter(store=store, name=filters.get("flow", "")).first()
        chosen = filters | {"flow": flow.pk if flow else 0}
        days = Period(NOW.date() - td(days=1), NOW.date() + td(days=3), store.zone)
        judged = {at: said(Asked(store, days, at, **chosen), kept=frozenset()) for at in MOMENTS}
        for now in MOMENTS[1::2]:
            assert said(Asked(store, days, now, **chosen)) == judged[now]
            roll_up(now)
            assert not TouchedDay.objects.exists()
            for at in MOMENTS:
                assert said(Asked(store, days, at, **chosen)) == judged[at]
        transaction.set_rollback(True)


def asked(store: Store, at: datetime = HEARD) -> Asked:
    return Asked(store, Period(NOW.date(), NOW.date(), store.zone), at)


def test_a_day_is_kept_once_and_not_summed_again_until_it_is_touched():
    store = make_store()
    silent(store, 1)
    assert roll_up(HEARD) == 1
    assert roll_up(HEARD) == 0
    assert kept_days(asked(store)) == {NOW.date()}
    silent(store, 2)
    assert kept_days(asked(store)) == set()
    assert cells_of(asked(store), [""])[0]["started"] == 2


def test_open_figures_end_when_the_clock_settles_them():
    store = make_store()
    silent(store, 1)
    roll_up(after(days=1))
    assert RolledDay.objects.get().valid_until == after(days=14)
    assert kept_days(asked(store, after(days=13))) == {NOW.date()}
    assert kept_days(asked(store, after(days=14))) == set()
    assert roll_up(after(days=14)) == 1
    assert RolledDay.objects.get().valid_until is None


def test_carts_settle_at_the_quarter_of_an_hour_so_that_figures_hold_for_as_long():
    store = make_store()
    abandoned_cart(store, "C1", after(minutes=1), person=person(1))
    roll_up(after(days=1))
    assert RolledDay.objects.get().valid_until == after(days=14, minutes=15)
    assert [cells_of(asked(store, after(days=14, minutes=at)), [""])[0]["settled"] for at in (1, 14, 15)] == [0, 0, 1]


def test_other_settings_make_the_kept_figures_worthless():
    store = make_store()
    silent(store, 1)
    roll_up(HEARD)
    store.abandon_after = td(days=20)
    store.save()
    assert cells_of(asked(store), [""])[0]["silent"] == 1
    assert roll_up(HEARD) == 1


def test_a_report_of_an_earlier_moment_never_takes_what_was_kept_later():
    store = make_store()
    silent(store, 1)
    put(store, order("O1", after(days=2), "C1", person=person(1)), at=after(days=2))
    roll_up(HEARD)
    assert kept_days(asked(store, after(days=1))) == set()
    assert cells_of(asked(store, after(days=1)), [""])[0]["open_returned"] == 0


def test_a_report_of_an_earlier_moment_takes_what_has_not_changed_since_then():
    store = make_store()
    silent(store, 1)
    put(store, order("O1", after(days=2), "C1", person=person(1)), at=after(days=2))
    roll_up(HEARD)
    assert RolledDay.objects.get(day=NOW.date()).valid_from == after(days=14)
    assert kept_days(asked(store, after(days=14))) == {NOW.date()}
    assert kept_days(asked(store, after(days=14, seconds=-1))) == set()


def test_two_writers_leave_a_mark_each_and_never_wait_for_one_another():
    store = make_store()
    silent(store, 1)
    before = TouchedDay.objects.count()
    silent(store, 2)
    assert TouchedDay.objects.count() > before


def given_back(store: Store, day: int, at: datetime = HEARD) -> list[tuple[int, Decimal]]:
    """Of the orders placed that many days after NOW, out of kept figures: how many, and how much was given back."""
    that = NOW.date() + td(days=day)
    of = Asked(store, Period(that, that, store.zone), at)
    assert kept_days(of) == {that}
    return [(one.orders, one.refunded) for one in ordered(of)]


def test_an_order_without_a_cart_and_what_is_given_back_of_it_touch_the_day_it_was_placed_on():
    store = make_store()
    put(store, RefundSnapshot("R1", "O1", Decimal("3.00"), after(days=2), "EUR"), at=HEARD)
    assert roll_up(HEARD) == 0
    put(store, order("O1", after(days=1), ""), at=HEARD)
    assert (roll_up(HEARD), given_back(store, 1)) == (1, [(1, Decimal(3))])
    put(store, RefundSnapshot("R2", "O1", Decimal("4.50"), after(days=3), "EUR"), at=HEARD)
    assert (roll_up(HEARD), given_back(store, 1)) == (1, [(1, Decimal("7.50"))])
    moved(store, "O1")
    assert (roll_up(HEARD), given_back(store, 1), given_back(store, -1)) == (2, [], [(1, Decimal("7.50"))])
    Order.objects.all().delete()
    assert (roll_up(HEARD), given_back(store, -1)) == (1, [])


def test_sums_of_orders_end_when_the_time_of_one_of_their_changes_comes():
    store = make_store()
    put(store, order("O1", NOW, ""), RefundSnapshot("R1", "O1", Decimal(3), after(days=5), "EUR"), at=HEARD)
    put(store, order("O1", NOW, "", updated_at=after(days=9), cancelled_at=after(days=9)), at=HEARD)
    assert (roll_up(after(days=1)), given_back(store, 0, after(days=1))) == (1, [(1, Decimal(0))])
    assert RolledDay.objects.get().valid_until == after(days=5)
    assert (roll_up(after(days=5)), given_back(store, 0, after(days=5))) == (1, [(1, Decimal(3))])
    assert RolledDay.objects.get().valid_until == after(days=9)
    assert (roll_up(after(days=9)), given_back(store, 0, after(days=9))) == (1, [])
