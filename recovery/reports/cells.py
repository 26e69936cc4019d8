"""Judged carts summed into cells: one for each day, facet and filter. What a cell counts is written here and nowhere
else: the rollup keeps the cells of a day, and what is not rolled up is summed by the same statement when asked for.

A facet is one way to look at the carts: all of them (""), by their stage, device, hour, source, page, product ….
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recovery.reports.asked import Asked
from recovery.reports.judged import judged

#: What is counted, and of which carts. All but `started` and `open_…` are of settled ones.
MEASURES = {
    "started": "true",
    "settled": "settled",
    "silent": "settled AND silent",
    "unordered": "settled AND NOT in_time",
    "returned": "settled AND silent AND in_time",
    "checkouts": "settled AND at_checkout",
    "checkouts_unordered": "settled AND at_checkout AND NOT in_time",
    "reachable": "settled_contact",
    "messaged": "settled AND channels <> '{}'",
    "attributed": "settled AND credited <> '{}'",
    "open_silent": "NOT settled AND silent",
    "open_returned": "NOT settled AND silent AND in_time",
    "open_attributed": "NOT settled AND credited <> '{}'",
}
#: What is added up: the carts' worth, in the currency of the cell, and its square, for the interval.
WORTHS = {
    "worth": ("{worth}", "settled"),
    "worth_unordered": ("{worth}", "settled AND NOT in_time"),
    "worth_squares": ("{worth} * {worth}", "settled"),
    "worth_unordered_squares": ("{worth} * {worth}", "settled AND NOT in_time"),
}
#: Of the facet "money", in the currency of the orders. `unclear`: refunded in another currency, in no sum.
MONEY = ("orders", "revenue", "squares", "discount", "unclear")
DIMENSIONS = ("currency", "device", "segment", "channels", "flows")
#: Facets that count everything. Of the others, which have many values, only `SPREAD_NUMBERS` are asked for and kept.
WHOLE = frozenset({"", "money", "left_out"})
PRODUCTS = frozenset({"product", "category"})
#: The ends of the spans in which the facet "delay" counts who came back, in hours after the silence began.
DELAYS = (1, 3, 6, 12, 24, 48, 72, 168)

NUMBERS = (*MEASURES, *WORTHS, *MONEY)
SPREAD_NUMBERS = ("settled", "unordered", "returned", "worth_unordered")
COLUMNS = ("day", "facet", "value", "label", *DIMENSIONS, *NUMBERS)


def filtered(asked: Asked) -> str:
    """`filtered AS (…)`: the judged carts that pass the filters that are set."""
    conditions = {
        "currency": "currency = %(currency)s",
        "device": "device = %(device)s",
        "segment": "segment = %(segment)s",
        "channel": "%(channel)s = ANY(channels)",
        "flow": "%(flow)s = ANY(flows)",
    }
    told = asked.parameters([])
    which = [condition for name, condition in conditions.items() if told[name]]
    return f"filtered AS MATERIALIZED (SELECT * FROM judged WHERE {' AND '.join(which) or 'true'})"


_HOST = "substring(referrer from '^[a-z]+://(?:www[.])?([^/:?#]+)')"
_SOURCE = f"""CASE WHEN landing_page ILIKE '%%utm_source=%%' AND landing_page ~* '[?&]utm_source=[^&#]'
                  THEN lower(left(substring(landing_page from '[?&]utm_source=([^&#]+)'), 60))
                  WHEN referrer = '' AND landing_page <> '' THEN 'direct'
                  ELSE (SELECT CASE WHEN host = ANY(%(hosts)s) THEN 'direct'
                               ELSE coalesce(lower(left(host, 60)), '') END
                        FROM (SELECT {_HOST} AS host OFFSET 0) h) END"""
_PAGE = "coalesce(left(substring(landing_page from '^[a-z]+://[^/?#]+(/[^?#]*)'), 120), '')"
_HOUR = """to_char(last_activity_at AT TIME ZONE %(zone)s, 'ID-HH24')"""
_DELAY = f"""CASE WHEN silent AND in_time THEN width_bucket(
    greatest(extract(epoch FROM ordered_at - silent_since), 0) / 3600, ARRAY{list(DELAYS)}::numeric[])::text END"""


#: Each facet's value for a cart; NULL where the cart is none of its.
_VALUES = {
    "": "CASE WHEN left_out = '' THEN '' END",
    "left_out": "nullif(left_out, '')",
    "stage": "stage",
    "failed": "CASE WHEN payment_failed THEN 'yes' ELSE 'no' END",
    "device": "device",
    "hour": _HOUR,
    "source": _SOURCE,
    "page": _PAGE,
    "delay": _DELAY,
}
FACETS = (*_VALUES, "money", *sorted(PRODUCTS))
SPREAD = tuple(name for name in FACETS if name not in WHOLE)


def numbers_of(facets: Iterable[str]) -> Sequence[str]:
    """What is kept of all of these facets."""
    return NUMBERS if set(facets) <= WHOLE else SPREAD_NUMBERS


def added_up(rows: str, names: Sequence[str]) -> str:
    """The statement that adds up cells, of which it is told these names: those of one key, which is all but numbers and
    labels. Counts stay whole numbers."""
    counts = (*MEASURES, "orders", "unclear")
    told = {name: f"sum({name}){'::bigint' if name in counts else ''}" for name in NUMBERS} | {"label": "max(label)"}
    columns = ", ".join(f"{told[name]} AS {name}" if name in told else name for name in names)
    return f"SELECT {columns} FROM ({rows}) cells GROUP BY {', '.join(name for name in names if name not in told)}"


# Rollup and page sum by the statements below. A page asks for some numbers, and keeps no filter apart that it has
# heeded already: what it does not ask for is neither looked up nor summed.


def _filters(apart: bool) -> str:
    return ", ".join(DIMENSIONS[1:]) if apart else "'', '', '{}'::text[], '{}'::bigint[]"


def _sums(worth: str, numbers: Sequence[str]) -> str:
    sums = {name: f"count(*) FILTER (WHERE {which})" for name, which in MEASURES.items()}
    sums |= {
        name: f"coalesce(sum({what.format(worth=worth)}) FILTER (WHERE {which}), 0)"
        for name, (what, which) in WORTHS.items()
    }
    return ", ".join(sums.get(name, "0") if name in numbers else "0" for name in NUMBERS)


def _carts(facets: Sequence[str], numbers: Sequence[str], apart: bool) -> str:
    """Of all facets of `_VALUES`."""
    values = ", ".join(f"('{name}', {_VALUES[name]})" for name in facets)
    return f"""
        SELECT day, f.facet, f.value, '', currency, {_filters(apart)}, {_sums("total", numbers)}
        FROM filtered CROSS JOIN LATERAL (VALUES {values}) f(facet, value)
        WHERE f.value IS NOT NULL AND (left_out = '' OR f.facet = 'left_out')
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    """


# A product counts once a cart, however many lines it has there; its worth is what those lines come to.
_HELD = """
    SELECT k.facet, k.value, max(k.label) AS label, sum((l->>'price')::numeric * (l->>'quantity')::int) AS worth
    FROM jsonb_array_elements(lines) l CROSS JOIN LATERAL (VALUES
        ('product', left(coalesce(nullif(l->>'product_id', ''), l->>'variant_id', ''), 120), left(l->>'title', 99)),
        ('category', left(l->>'category', 120), '')
    ) k(facet, value, label)
    WHERE k.facet = ANY(%(facets)s) AND coalesce(k.value, '') <> ''
    GROUP BY 1, 2
"""


def _products(numbers: Sequence[str], apart: bool) -> str:
    return f"""
        SELECT day, f.facet, f.value, max(f.label), currency, {_filters(apart)}, {_sums("f.worth", numbers)}
        FROM filtered CROSS JOIN LATERAL ({_HELD}) f
        WHERE left_out = ''
        GROUP BY 1, 2, 3, 5, 6, 7, 8, 9
    """


# What an order brought: its total less tax, shipping and refunds, never below zero. `value` says why it is here.
_ORDERS = """
    (SELECT f.*, CASE WHEN settled THEN 'returned' ELSE 'open_returned' END AS why, order_id AS bought
     FROM filtered f WHERE left_out = '' AND silent AND in_time AND order_id IS NOT NULL
     UNION ALL
     SELECT f.*, 'ordered', order_id
     FROM filtered f WHERE left_out = '' AND settled AND in_time AND order_id IS NOT NULL
     UNION ALL
     SELECT f.*, CASE WHEN settled THEN 'attributed' ELSE 'open_attributed' END, unnest(credited) FROM filtered f) e
    CROSS JOIN LATERAL (SELECT * FROM carts_order o WHERE o.id = e.bought OFFSET 0) o
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS amount, coalesce(bool_or(r.currency <> o.currency), false) AS unclear
        FROM carts_refund r
        WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.at <= %(as_of)s
    ) back
    CROSS JOIN LATERAL (SELECT greatest(0, o.total - o.tax - o.shipping - back.amount) AS amount) net
"""


def _money(apart: bool) -> str:
    return f"""
        SELECT e.day, 'money', e.why, '', o.currency, {_filters(apart)}, {", ".join("0" for _ in [*MEASURES, *WORTHS])},
            count(*) FILTER (WHERE NOT back.unclear),
            coalesce(sum(net.amount) FILTER (WHERE NOT back.unclear), 0),
            coalesce(sum(net.amount * net.amount) FILTER (WHERE NOT back.unclear), 0),
            coalesce(sum(o.discount) FILTER (WHERE NOT back.unclear), 0),
            count(*) FILTER (WHERE back.unclear)
        FROM {_ORDERS}
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    """


def cells_sql(asked: Asked, facets: Sequence[str], numbers: Sequence[str] = NUMBERS, *, apart: bool = False) -> str:
    """The statement that sums judged carts into cells of these facets. `apart`: the filters are kept apart."""
    of_carts = [name for name in facets if name in _VALUES]
    parts = [_carts(of_carts, numbers, apart)] if of_carts else []
    parts += [_products(numbers, apart)] if PRODUCTS & set(facets) else []
    parts += [_money(apart)] if "money" in facets else []
    body = f"{filtered(asked)} {' UNION ALL '.join(parts)}"
    return f"SELECT * FROM ({judged(body)}, {body}) AS made ({', '.join(COLUMNS)})"
