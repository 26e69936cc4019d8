"""`python -m bench [name…]`: run the measurements and print one table."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from bench.ground import ground
from bench.options import Options
from bench.results import Result, table

NAMES = ["ingest", "drain", "sweep", "sending", "lateness", "reports", "preview", "lists"]


def main() -> int:
    chosen = _arguments()
    options = Options(chosen.repeats, chosen.seconds, chosen.profile, chosen.size, chosen.keep)
    results: list[Result] = []
    began = time.monotonic()
    with ground(options.keep) as place:
        for name in chosen.names or NAMES:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            results += importlib.import_module(f"bench.{name}").run(place, options)
    print(f"\n{table(results)}\n\n{time.monotonic() - began:.0f} s on {_machine()}")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps([result.as_json() for result in results], indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the hand-overs on this machine.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="name", help=f"one of: {', '.join(NAMES)}")
    parser.add_argument("--repeats", type=int, default=3, help="of each pair of ours and bare (3)")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each that runs by the clock (4)")
    parser.add_argument("--size", type=int, default=1_000_000, help="carts in the larger table of the sweep (1000000)")
    parser.add_argument("--profile", action="store_true", help="also tell in which functions the time goes")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the large databases there for the next run, today"
    )
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured there, too")
    return parser.parse_args()


def _machine() -> str:
    import os
    import platform

    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}{load}"


if __name__ == "__main__":
    sys.exit(main())
