"""One line in the log for each hand-over, in words that a machine can split: `drain count=500 ms=83`."""

from __future__ import annotations

import logging


def handed(log: logging.Logger, hand_over: str, **facts: object) -> None:
    """Log one hand-over. Facts are counts, milliseconds and short ids; never an address, a token or a secret."""
    words = (f"{name}={_short(value)}" for name, value in facts.items())
    log.info("%s %s", hand_over, " ".join(words))


def _short(value: object) -> str:
    """One word: a name with a line break in it must not look like a line of its own."""
    if isinstance(value, float):
        return f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return ",".join(_short(part) for part in value)
    return "_".join(str(value).split())
