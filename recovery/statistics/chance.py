"""The chance that one arm's rate is the higher one, for those who think in such terms. No verdict rests on it."""

from __future__ import annotations

from math import exp


def chance_better(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """P(B's rate > A's), both flat before the data: Beta(1+hits, 1+misses). Closed form (E. Miller, 2014)."""
    import numpy as np
    from scipy.special import betaln

    a, b = hits_a + 1, n_a - hits_a + 1
    c, d = hits_b + 1, n_b - hits_b + 1
    i = np.arange(c)
    logs = betaln(a + i, b + d) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)
    return float(sum(exp(value) for value in logs))
