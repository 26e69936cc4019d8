#!/usr/bin/env python
"""Django's command line, with the embedded servers found, or started for the command's own time."""

from __future__ import annotations

import os
import sys

# Commands that only print, or touch files alone.
_SERVERLESS = {"help", "version", "--version", "collectstatic"}


def main(argv: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    import config.celery  # noqa: F401  (bells are rung through it)
    from config import embedded, env

    try:
        if needs_servers(argv):
            embedded.ensure(env.data_dir(), **env.embedded_wanted())
        execute_from_command_line(argv)
    except (env.EnvError, embedded.EmbeddedError) as error:
        sys.exit(f"Cartback cannot start: {error}")


def needs_servers(argv: list[str]) -> bool:
    return len(argv) > 1 and argv[1] not in _SERVERLESS and not {"-h", "--help"} & set(argv)


if __name__ == "__main__":
    main(sys.argv)
