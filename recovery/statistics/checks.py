"""Whether a verdict may be given at all: were the arms filled as planned, and how many questions were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import erfc, exp, lgamma, log, sqrt

#: Below this, the shares of the arms are not the planned ones, and no verdict is given until that is explained.
MISMATCH = 0.001


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """How often chance alone would fill the arms as unevenly as this: the chi-squared test's p.

    `counts` has the assigned of each arm, `weights` the planned shares on any scale. Raises ValueError where an arm
    was filled that was never planned, or nobody was assigned.
    """
    total = sum(counts.values())
    strange = [arm for arm in counts if counts[arm] and not weights.get(arm)]
    if strange or not total:
        raise ValueError(f"assigned to an arm that was not planned: {', '.join(strange)}" if strange else "no units")
    arms = [arm for arm, weight in weights.items() if weight]
    if len(arms) < 2:
        raise ValueError("a ratio needs two arms")
    scale = total / sum(weights[arm] for arm in arms)
    expected = {arm: weights[arm] * scale for arm in arms}
    return _tail(sum((counts.get(arm, 0) - expected[arm]) ** 2 / expected[arm] for arm in arms), len(arms) - 1)


def _tail(square: float, freedom: int) -> float:
    """How often a chi-squared of that many degrees of freedom is larger: the closed form, from one degree (or two) up
    in steps of two. By hand, because the libraries take a second to come."""
    half, degrees = square / 2, 2 - freedom % 2
    found = exp(-half) if degrees == 2 else erfc(sqrt(half))
    while degrees < freedom:
        found += exp(degrees / 2 * log(half) - half - lgamma(degrees / 2 + 1)) if half else 0.0
        degrees += 2
    return found


def holm(ps: Sequence[float]) -> list[float]:
    """The p of each of several questions asked at once, adjusted (S. Holm 1979), in the order given: the smallest times
    how many there are, the next times one less …, and none below the one before it."""
    found, least = [0.0] * len(ps), 0.0
    for nth, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        least = found[place] = max(least, min(1.0, (len(ps) - nth) * ps[place]))
    return found
