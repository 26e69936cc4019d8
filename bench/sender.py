"""One of several processes that send side by side, as a worker's do: `python -m bench.sender DATABASE SETTINGS`.

For each moment on a line of its own it sends what is due then, and answers with how many that were. SETTINGS is JSON.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime


def main(database: str, settings: dict[str, object]) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.test import override_settings

    from bench.ground import Ground
    from config.lib.garbage import set_aside
    from recovery.outbox.send import send_due

    Ground.turn_to(database)
    set_aside()
    with override_settings(**settings):
        print("ready", flush=True)
        for moment in sys.stdin:
            print(send_due(datetime.fromisoformat(moment.strip())), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
