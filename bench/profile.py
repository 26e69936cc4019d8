"""In which functions the time goes."""

from __future__ import annotations

import cProfile
import io
import pstats
from collections.abc import Callable


def profiled(work: Callable[[], object], lines: int = 45) -> str:
    """Run the work under cProfile; gives the functions by the time spent in them alone."""
    profile = cProfile.Profile()
    profile.runcall(work)
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(lines)
    return text.getvalue()
