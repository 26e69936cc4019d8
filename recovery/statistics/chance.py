"""The chance that one arm's rate is the higher one, for those who think in such terms. No verdict rests on it."""

from __future__ import annotations


def chance_better(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """P(B's rate > A's), both flat before the data: Beta(1+hits, 1+misses). Closed form (E. Miller, 2014).

    A sum of as many terms as the arm with fewer hits has: a hundred thousand take some hundredths of a second. Terms
    too small for a float are too small for the sum.
    """
    if hits_b > hits_a:
        return 1.0 - chance_better(hits_b, n_b, hits_a, n_a)
    import numpy as np
    from scipy.special import betaln

    a, b = hits_a + 1, n_a - hits_a + 1
    c, d = hits_b + 1, n_b - hits_b + 1
    i = np.arange(c)
    logs = betaln(a + i, b + d) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)
    return min(1.0, float(np.exp(logs).sum()))
