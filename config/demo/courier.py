"""Carries the demo shop's webhooks to Cartback, as any shop should: signed, from a queue, again until they arrive.

A page never waits for it. The shop and Cartback are one web process here, and a page that waited for an answer from
its own process would wait for ever once all threads did the same.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis
from django.conf import settings
from django.utils import timezone

from config.demo.memory import store
from config.lib import http
from config.lib.signing import sha256_base64

log = logging.getLogger("cartback.demo")

_DUE = "demo:due"
_KEPT_SECONDS = 86_400
_SHOWN = 12  # of each shopper
_WAITS = [2, 5, 15, 60, 300, 1800]  # seconds after the first, second … failed try
_LEASE = 30  # seconds after which a webhook is taken up again when its courier died
_NAP = 1.0
_lock = threading.Lock()
_threads: dict[int, threading.Thread] = {}
_bell = threading.Event()
_over = threading.Event()


@dataclass
class Webhook:
    """One webhook and what became of it. `status` is 0 while no answer came."""

    id: str
    type: str
    body: str
    at: str
    tries: int = 0
    status: int = 0
    answer: str = ""
    milliseconds: int = 0
    given_up: bool = False

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300

    @property
    def waiting(self) -> bool:
        return not (self.arrived or self.given_up)

    @property
    def pretty(self) -> str:
        return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)


class NotSetUp(Exception):
    """The shop does not know where Cartback is."""


def post(shopper_id: str, kind: str, data: Any) -> Webhook:
    """Put an event into the queue; a thread of this process carries it."""
    moment = timezone.now().isoformat()
    body = json.dumps({"type": kind, "timestamp": moment, "data": data}, ensure_ascii=False)
    webhook = Webhook(f"msg_{secrets.token_urlsafe(18)}", kind, body, moment)
    _keep(webhook)
    sent = f"demo:sent:{shopper_id}"
    with store().pipeline() as pipe:
        pipe.lpush(sent, webhook.id)
        pipe.ltrim(sent, 0, _SHOWN - 1)
        pipe.expire(sent, _KEPT_SECONDS)
        pipe.zadd(_DUE, {webhook.id: time.time()})
        pipe.execute()
    start()
    _bell.set()
    return webhook


def sent_by(shopper_id: str) -> list[Webhook]:
    """The shopper's last webhooks, newest first."""
    ids = store().lrange(f"demo:sent:{shopper_id}", 0, -1)
    return [webhook for name in ids if (webhook := _load(str(name)))]


def start() -> None:
    """See that this process has a courier, which also takes up what was left by one that died."""
    with _lock:
        thread = _threads.get(os.getpid())
        if thread is None or not thread.is_alive():
            _over.clear()
            _threads[os.getpid()] = thread = threading.Thread(target=_work, name="demo-courier", daemon=True)
            thread.start()


def stop() -> None:
    """Let this process's courier finish what it carries. What is not carried yet stays in the queue."""
    with _lock:
        thread = _threads.pop(os.getpid(), None)
    if thread:
        _over.set()
        _bell.set()
        thread.join(20)


def signed(webhook: Webhook, secret: str, now: float) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0.0. The id stays the same at every try, the time does not."""
    stamp = str(int(now))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{webhook.id}.{stamp}.{webhook.body}".encode()
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{sha256_base64(key, message)}",
    }


def connection() -> tuple[str, str]:
    """Cartback's address and our secret, as the first run left them for us. Raises NotSetUp."""
    try:
        kept = json.loads((settings.DATA_DIR / "demo-store.json").read_text())
        return str(kept["webhook_url"]), str(kept["secret"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotSetUp("The demo shop is not connected: run manage.py first_run.") from error


def carry(webhook: Webhook, now: float) -> Webhook:
    """Try once, and write down what was answered."""
    began = time.perf_counter()
    webhook.tries += 1
    try:
        url, secret = connection()
        # No idle connection is kept: it would hold one of the few threads that answer us.
        headers = signed(webhook, secret, now) | {"Connection": "close"}
        answer = http.post(url, body=webhook.body.encode(), headers=headers, seconds=10, loopback=True)
        webhook.status, webhook.answer = answer.status, ""
    except http.Refused as error:
        webhook.status, webhook.answer = error.status, error.body.decode(errors="replace").strip()[:300]
    except http.Ambiguous as error:
        webhook.status, webhook.answer = error.status or 0, str(error)[:300]
    except (http.HttpError, NotSetUp) as error:
        webhook.status, webhook.answer = 0, str(error)[:300]
    webhook.milliseconds = round((time.perf_counter() - began) * 1000)
    webhook.given_up = not webhook.arrived and webhook.tries > len(_WAITS)
    return webhook


def deliver_due() -> int:
    """Carry what is due, oldest first; returns how many were tried."""
    tried = 0
    for name in map(str, store().zrangebyscore(_DUE, 0, time.time())):
        if not store().zrem(_DUE, name):
            continue  # another process has it
        store().zadd(_DUE, {name: time.time() + _LEASE})
        webhook = _load(name)
        if webhook:
            _keep(carry(webhook, time.time()))
            tried += 1
        if webhook and webhook.waiting:
            store().zadd(_DUE, {name: time.time() + _WAITS[webhook.tries - 1]})
        else:
            store().zrem(_DUE, name)
    return tried


def _work() -> None:
    """Until the process ends. Whatever goes wrong with Redis or a webhook, the next round begins afresh."""
    while not _over.is_set():
        _bell.wait(_NAP)
        _bell.clear()
        try:
            deliver_due()
        except (redis.RedisError, OSError, ValueError) as error:
            log.warning("the demo shop's courier stumbled: %s", type(error).__name__)
            _over.wait(_NAP)


def _keep(webhook: Webhook) -> None:
    store().set(f"demo:webhook:{webhook.id}", json.dumps(asdict(webhook)), ex=_KEPT_SECONDS)


def _load(name: str) -> Webhook | None:
    text = store().get(f"demo:webhook:{name}")
    return Webhook(**json.loads(str(text))) if text else None
