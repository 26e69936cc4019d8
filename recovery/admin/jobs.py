"""A line of the front page's to-do list, and what makes one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from customers.models import Store

#: Counts are this old at most.
FRESH_SECONDS = 60

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do. `tone`: bad for what loses messages or orders now, warn for what will."""

    text: str
    link: str
    action: str
    tone: str = "warn"


def fresh(what: str, stores: list[Store], ask: Callable[[], list[_T]]) -> list[_T]:
    """Counting takes its time, so the answer for these stores is kept for a minute."""
    whose = ".".join(str(store.pk) for store in stores)
    name = hashlib.sha256(whose.encode()).hexdigest()[:20]
    found: list[_T] = cache.get_or_set(f"{what}.{name}.{settings.VERSION}", ask, FRESH_SECONDS) or []
    return found


def listed(model: str, **asked: str) -> str:
    """The address of a model's list, filtered."""
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(asked)}"


def s(count: int) -> str:
    """The s of a plural."""
    return "" if count == 1 else "s"
