"""The newest dry run of a flow, in Redis for an hour, where every web process finds it."""

from __future__ import annotations

import json
import logging
import zlib
from collections import Counter
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

from recovery.dryrun import DryRun, Row, StepSum
from recovery.flows.rehearse import Line
from recovery.models import Flow

log = logging.getLogger("cartback.dry_run")

_KEPT_SECONDS = 3600


def keep(flow: Flow, result: DryRun) -> None:
    """In place of the one before. Redis may be away: then it is run again where it is asked for."""
    packed = zlib.compress(json.dumps(result.as_json()).encode())
    try:
        _redis(settings.REDIS_URL).set(_key(flow), packed, ex=_KEPT_SECONDS)
    except redis.exceptions.RedisError as error:
        log.warning("not kept flow=%s why=%s", flow.pk, type(error).__name__)


def kept(flow: Flow) -> DryRun | None:
    """The result for the flow as it stands now, or None."""
    try:
        packed: Any = _redis(settings.REDIS_URL).get(_key(flow))
    except redis.exceptions.RedisError as error:
        log.warning("not found flow=%s why=%s", flow.pk, type(error).__name__)
        return None
    return _result(json.loads(zlib.decompress(packed))) if packed else None


def _key(flow: Flow) -> str:
    """Of the newest version: an edit writes its steps anew, with other ids. And of this release's shapes."""
    newest = flow.versions.order_by("-number").values_list("pk", "holdout_percent").first()
    steps = flow.versions.order_by("-number")[:1].values_list("steps__pk")
    last = max((pk for (pk,) in steps if pk), default=0)
    return f"dryrun.{settings.VERSION}.{flow.pk}.{newest}.{last}".replace(" ", "")


def _result(told: dict[str, Any]) -> DryRun:
    """Back from `DryRun.as_json`; the sums over all steps are counted anew."""
    own = {name: told[name] for name in ("flow_id", "version", "is_draft", "carts", "carts_there", "entered", "notes")}
    return DryRun(
        **own,
        since=datetime.fromisoformat(told["since"]),
        until=datetime.fromisoformat(told["until"]),
        refused=Counter(told["refused"]),
        steps=[_step(one) for one in told["steps"]],
        rows=[_row(one) for one in told["rows"]],
    )


def _step(told: dict[str, Any]) -> StepSum:
    counted = {name: Counter(told[name]) for name in ("by_channel", "by_variant", "skipped", "shifted")}
    return StepSum(**{**told, **counted, "cost": {name: Decimal(sum_) for name, sum_ in told["cost"].items()}})


def _row(told: dict[str, Any]) -> Row:
    cost, currency = told.pop("cost"), told.pop("currency")
    times = {name: datetime.fromisoformat(told[name]) for name in ("at", "planned_at")}
    line = Line(**{**told, **times, "shifts": tuple(told["shifts"])})
    return Row(line, None if cost is None else Decimal(cost), currency)


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=5)
