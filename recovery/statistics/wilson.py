"""Wilson's score interval for a share: honest for small samples, never below 0 or above 1."""

from __future__ import annotations

from math import sqrt

#: The 97.5 % point of the normal distribution: 95 % lie between this and its negative.
Z95 = 1.959963984540054


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The interval for `hits` out of `n` (E. B. Wilson 1927; method 3 of R. G. Newcombe 1998). Raises ValueError."""
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} is no share")
    p, zz = hits / n, z * z
    centre = (p + zz / (2 * n)) / (1 + zz / n)
    half = z / (1 + zz / n) * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    # At the ends the two terms are equal, and rounding may leave a hair on the wrong side.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return low, high
