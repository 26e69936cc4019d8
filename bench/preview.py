"""What a letter typed in the template workshop costs the server: the preview through the whole site, views and all."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from bench.ground import Ground
from bench.options import Options
from bench.results import Result, Spread, percentile
from bench.rows import make_store, put_carts

_TARGET = 100.0  # ms, of the slowest of a hundred
_LETTERS = 150
_NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")


def run(ground: Ground, options: Options) -> list[Result]:
    with ground.database("bench_preview"):
        store_id = make_store("shopify", _NOW)
        put_carts(store_id, [(1, _NOW)])
        client, url, fields = _workshop(store_id)
        return [
            _result(f"preview, {name}", client, url, fields | more, options)
            for name, more in (("our layout", {}), ("a layout of one's own", {"layout": _own_layout()}))
        ]


def _workshop(store_id: int) -> tuple[Any, str, dict[str, str]]:
    """Somebody who may write, the preview's address, and what stands in the fields."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from carts.models import Cart
    from recovery.models import MessageTemplate
    from recovery.writing.versions import current

    template = MessageTemplate.objects.get(store=store_id, name="Reminder")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("writer"))
    fields = {f"en.{name}": text for name, text in current(template).texts["en"].items()}
    cart = Cart.objects.get(store=store_id)
    url = reverse("admin:recovery_messagetemplate_look", args=[template.pk])
    return client, url, {**fields, "locale": "en", "cart": str(cart.pk)}


def _own_layout() -> str:
    from recovery.channels.email import standard_layout

    return standard_layout().replace("<mj-body", "<mj-body ", 1)


def _result(what: str, client: Any, url: str, fields: dict[str, str], options: Options) -> Result:
    middles, slowest, began = [], [], time.process_time()
    for turn in range(options.repeats):
        times = [_one(client, url, {**fields, "en.body": f"Turn {turn}, letter {n}."}) for n in range(_LETTERS)]
        middles.append(percentile(times, 0.5))
        slowest.append(percentile(times, 0.99))
    cpu = (time.process_time() - began) * 1000 / (options.repeats * _LETTERS)
    middle, slow = Spread(middles), Spread(slowest)
    return Result(
        what=what,
        ours=f"p50 {middle.text('.1f')} ms, p99 {slow.text('.1f')} ms, CPU {cpu:.1f} ms",
        target=f"p99 < {_TARGET:.0f} ms",
        met=slow.middle < _TARGET,
        raw={"p50_ms": middles, "p99_ms": slowest, "cpu_ms": cpu},
    )


def _one(client: Any, url: str, fields: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = client.post(url, fields)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200 or answer.json()["findings"]:
        raise RuntimeError(f"the preview answered {answer.status_code}: {answer.content[:200]!r}")
    return took
