"""Calling commands as a person does, and reading what they print."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.core.management import call_command


def printed(*words: str, **options: Any) -> str:
    """What the command wrote to standard output."""
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def printed_json(*words: str) -> Any:
    """The one JSON object that the command printed."""
    return json.loads(printed(*words, "--json"))
