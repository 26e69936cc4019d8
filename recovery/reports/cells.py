"""Judged carts summed into cells: one for each day, facet and filter. What a cell counts is written here and nowhere
else: the rollup keeps the cells of a day, and what is not rolled up is summed by the same statement when asked for.

A facet is one way to look at the carts: all of them (""), by their stage, device, hour, source, page, product …. Only
the facet "" and "money" keep every filter apart; the others keep currency and device, or they would hold a row a cart.
"""

from __future__ import annotations

from recovery.reports.judged import JUDGED

#: What is counted, and of which carts. All but `started` and `open_…` are of settled ones.
MEASURES = {
    "started": "true",
    "settled": "settled",
    "silent": "settled AND silent",
    "unordered": "settled AND NOT in_time",
    "returned": "settled AND silent AND in_time",
    "checkouts": "settled AND at_checkout",
    "checkouts_unordered": "settled AND at_checkout AND NOT in_time",
    "reachable": "settled AND reachable",
    "messaged": "settled AND messaged",
    "attributed": "settled AND attributed",
    "open_silent": "NOT settled AND silent",
    "open_returned": "NOT settled AND silent AND in_time",
    "open_attributed": "NOT settled AND attributed",
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
#: Facets that keep every filter apart.
WHOLE = frozenset({"", "money", "left_out"})
PRODUCTS = frozenset({"product", "category"})
FACETS = (
    "",
    "left_out",
    "money",
    "device",
    "stage",
    "failed",
    "hour",
    "source",
    "page",
    "delay",
    "product",
    "category",
)
#: The ends of the spans in which the facet "delay" counts who came back, in hours after the silence began.
DELAYS = (1, 3, 6, 12, 24, 48, 72, 168)

_COLUMNS = [*MEASURES, *WORTHS, *MONEY]
COLUMNS = ("day", "facet", "value", "label", *DIMENSIONS, *_COLUMNS)

FILTERED = """filtered AS (
    SELECT * FROM judged
    WHERE (%(cart_currency)s = '' OR currency = %(cart_currency)s) AND (%(device)s = '' OR device = %(device)s)
      AND (%(segment)s = '' OR segment = %(segment)s) AND (%(channel)s = '' OR %(channel)s = ANY(channels))
      AND (%(flow)s = 0 OR %(flow)s = ANY(flows))
)"""

_SOURCE = """CASE WHEN landing_page ~* '[?&]utm_source=[^&#]' THEN lower(substring(landing_page from
                       '[?&]utm_source=([^&#]{1,60})'))
                  WHEN referrer = '' AND landing_page <> '' THEN 'direct'
                  WHEN substring(referrer from '^[a-z]+://(?:www[.])?([^/:?#]+)') = ANY(%(hosts)s) THEN 'direct'
                  ELSE coalesce(lower(substring(referrer from '^[a-z]+://(?:www[.])?([^/:?#]{1,60})')), '') END"""
_PAGE = "coalesce(left(substring(landing_page from '^[a-z]+://[^/?#]+(/[^?#]*)'), 120), '')"
_HOUR = """to_char(last_activity_at AT TIME ZONE %(zone)s, 'ID-HH24')"""
_DELAY = f"""CASE WHEN silent AND in_time THEN width_bucket(
    greatest(extract(epoch FROM ordered_at - silent_since), 0) / 3600, ARRAY{list(DELAYS)}::numeric[])::text END"""


def _sums(worth: str) -> str:
    counts = [f"count(*) FILTER (WHERE {which}) AS {name}" for name, which in MEASURES.items()]
    amounts = [
        f"coalesce(sum({what.format(worth=worth)}) FILTER (WHERE {which}), 0) AS {name}"
        for name, (what, which) in WORTHS.items()
    ]
    return ", ".join([*counts, *amounts])


_CARTS = f"""
    SELECT day, f.facet, f.value, '' AS label, currency, device,
        CASE WHEN f.facet IN ('', 'left_out') THEN segment ELSE '' END AS segment,
        CASE WHEN f.facet IN ('', 'left_out') THEN channels ELSE '{{}}' END AS channels,
        CASE WHEN f.facet IN ('', 'left_out') THEN flows ELSE '{{}}' END AS flows,
        {_sums("total")},
        {", ".join(f"0 AS {name}" for name in MONEY)}
    FROM filtered CROSS JOIN LATERAL (VALUES
        ('', CASE WHEN left_out = '' THEN '' END), ('left_out', nullif(left_out, '')),
        ('stage', stage), ('failed', CASE WHEN payment_failed THEN 'yes' ELSE 'no' END), ('device', device),
        ('hour', {_HOUR}), ('source', {_SOURCE}), ('page', {_PAGE}), ('delay', {_DELAY})
    ) f(facet, value)
    WHERE f.facet = ANY(%(facets)s) AND f.value IS NOT NULL AND (left_out = '' OR f.facet = 'left_out')
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""

# A product counts once a cart, however many lines it has there; its worth is what those lines come to.
_PRODUCTS = f"""
    SELECT day, f.facet, f.value, max(f.label) AS label, currency, device, '' AS segment, '{{}}'::text[] AS channels,
        '{{}}'::bigint[] AS flows,
        {_sums("f.worth")},
        {", ".join(f"0 AS {name}" for name in MONEY)}
    FROM filtered CROSS JOIN LATERAL (
        SELECT k.facet, k.value, max(k.label) AS label, sum((l->>'price')::numeric * (l->>'quantity')::int) AS worth
        FROM jsonb_array_elements(lines) l CROSS JOIN LATERAL (VALUES
            ('product', left(coalesce(nullif(l->>'product_id', ''), l->>'variant_id', ''), 120), left(l->>'title', 99)),
            ('category', left(l->>'category', 120), '')
        ) k(facet, value, label)
        WHERE k.facet = ANY(%(facets)s) AND coalesce(k.value, '') <> ''
        GROUP BY 1, 2
    ) f
    WHERE left_out = ''
    GROUP BY 1, 2, 3, 5, 6
"""

# What an order brought: its total less tax, shipping and refunds, never below zero. `value` says why it is here.
_MONEY = f"""
    SELECT e.day, 'money', e.why, '', o.currency, e.device, e.segment, e.channels, e.flows,
        {", ".join("0" for _ in [*MEASURES, *WORTHS])},
        count(*) FILTER (WHERE NOT back.unclear),
        coalesce(sum(net.amount) FILTER (WHERE NOT back.unclear), 0),
        coalesce(sum(net.amount * net.amount) FILTER (WHERE NOT back.unclear), 0),
        coalesce(sum(o.discount) FILTER (WHERE NOT back.unclear), 0),
        count(*) FILTER (WHERE back.unclear)
    FROM (
        SELECT day, CASE WHEN settled THEN 'returned' ELSE 'open_returned' END AS why, order_id, device, segment,
            channels, flows FROM filtered WHERE left_out = '' AND silent AND in_time AND order_id IS NOT NULL
        UNION ALL
        SELECT day, 'ordered', order_id, device, segment, channels, flows
        FROM filtered WHERE left_out = '' AND settled AND in_time AND order_id IS NOT NULL
        UNION ALL
        SELECT f.day, CASE WHEN f.settled THEN 'attributed' ELSE 'open_attributed' END, k.order_id, f.device, f.segment,
            f.channels, f.flows FROM filtered f JOIN credited k ON k.id = f.id
    ) e
    JOIN carts_order o ON o.id = e.order_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS amount, coalesce(bool_or(r.currency <> o.currency), false) AS unclear
        FROM carts_refund r
        WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.at <= %(as_of)s
    ) back
    CROSS JOIN LATERAL (SELECT greatest(0, o.total - o.tax - o.shipping - back.amount) AS amount) net
    WHERE 'money' = ANY(%(facets)s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""


def cells_sql(facets: list[str]) -> str:
    """The statement that sums judged carts into cells of these facets."""
    parts = [_CARTS] if set(facets) - PRODUCTS - {"money"} else []
    parts += [_PRODUCTS] if set(facets) & PRODUCTS else []
    parts += [_MONEY] if "money" in facets else []
    made = f"{JUDGED}, {FILTERED} {' UNION ALL '.join(parts)}"
    return f"SELECT * FROM ({made}) AS made ({', '.join(COLUMNS)})"
