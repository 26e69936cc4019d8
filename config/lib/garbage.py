"""Python's garbage collector, told what is not worth its while."""

from __future__ import annotations

import gc


def set_aside() -> None:
    """Once everything is imported: none of it will ever be garbage, so it is not looked at again and again.

    Batches make thousands of objects, each of which brings the next full collection nearer; without this it went
    through all of Django each time, a fifth of what a drained webhook cost.
    """
    gc.collect()
    gc.freeze()
