"""What discounts were given, what was used of them, and what they cost."""

from __future__ import annotations

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.reports.sheet import Amount, Section, Table

_CODES = """
    SELECT f.name, d.currency, count(*) AS given,
        count(*) FILTER (WHERE d.given_at + f.valid_for <= %(as_of)s OR d.redeemed_at <= %(as_of)s) AS over,
        count(*) FILTER (WHERE d.redeemed_at <= %(as_of)s) AS redeemed,
        coalesce(sum(d.amount_redeemed) FILTER (WHERE d.redeemed_at <= %(as_of)s), 0) AS cost
    FROM recovery_discountcode d JOIN recovery_offer f ON f.id = d.offer_id
    WHERE d.store_id = %(store)s AND d.given_at >= %(from)s AND d.given_at < %(to)s AND d.given_at <= %(as_of)s
      AND (%(currency)s = '' OR d.currency = %(currency)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def discounts(asked: Asked, before: Asked | None) -> list[Section]:
    """By offer, of the codes that were given in the period."""
    told = asked.parameters([]) | {"from": asked.period.since, "to": asked.period.until}
    found = fetch(_CODES, told)
    rows = [
        (name, given, given - over, Rate.of(redeemed, over), Amount(cost, currency))
        for name, currency, given, over, redeemed, cost in found
    ]
    table = Table("offers", ("Offer", "Given", "Still valid", "Redeemed, of those over", "Taken off orders"), rows)
    return [
        Section(
            "Codes given in these days",
            definitions.CODES,
            tables=[table],
            note="Whether a discount earns more than it gives away is a question for an experiment: a step with the "
            "offer against the same step without. The page “Experiments” has its net margin and verdict.",
            empty="" if rows else "No code was given in these days.",
        )
    ]
