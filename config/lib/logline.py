"""One line in the log for each hand-over, in words that a machine can split: `drain count=500 ms=83`."""

from __future__ import annotations

import logging


def handed(log: logging.Logger, hand_over: str, **facts: object) -> None:
    """Log one hand-over. Facts are counts, milliseconds and short ids; never an address, a token or a secret."""
    words = (f"{name}={_short(value)}" for name, value in facts.items())
    log.info("%s %s", hand_over, " ".join(words))


def _short(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else str(value).replace(" ", "_")
