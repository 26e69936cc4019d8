"""The stand-in's HTTP side: routes, credentials, faults, and what can be asked of it from outside."""

from __future__ import annotations

import asyncio
import base64
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from tests.standins.twilio.account import ACCOUNT_SID, AUTH_TOKEN, Account
from tests.standins.twilio.callbacks import Callback, callback, inbound_form, status_form
from tests.standins.twilio.resources import API_VERSION, Message
from tests.standins.twilio.rules import Refused, one
from tests.standins.wire import Answer, HttpStandin, Request, post

_MESSAGES = re.compile(rf"/{API_VERSION}/Accounts/(?P<account>\w+)/Messages(?:/(?P<sid>\w+))?\.json")
_CONTENT = re.compile(r"/v1/Content(?:/(?P<sid>\w+)(?P<approval>/ApprovalRequests(?:/whatsapp)?)?)?")
_TAKEN_ANYWAY = ("drop_after", "garbage")
_USUAL_CODES = {"401": 20003, "404": 20404, "429": 20429, "500": 20500, "503": 20503}
_POSTED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Automatic:
    """Callbacks by themselves, `pause` seconds before each; `shuffle` and `double` are the shares late and twice."""

    pause: float = 0.1
    shuffle: float = 0.0
    double: float = 0.0


class TwilioStandin(HttpStandin):
    """Faults, each used once by the next message: a status with options ("429 retry=7", "400 code=21610", "500
    code=20500", "400 code=21211 problem" for RFC 9457), "drop_before" (not taken), "drop_after" (taken, no answer),
    "hang", "garbage" (taken, an answer nobody can read).

    Callbacks are posted when `deliver()` says so, or by themselves with `automatic`.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        latency: float = 0.0,
        keep: int = 10_000,
        automatic: Automatic | None = None,
        chance: int = 1,
    ) -> None:
        super().__init__(port)
        self.account = Account(account_sid, auth_token, keep)
        self.latency = latency
        self.automatic = automatic
        self.inbound_url = ""
        self.faults: deque[str] = deque()
        self.requests: deque[Request] = deque(maxlen=1000)
        self.answered: dict[int, int] = {}  # how our callbacks were answered: status -> how often
        self._chance = random.Random(chance)
        self._tasks: set[asyncio.Task[None]] = set()
        self._posting = asyncio.Semaphore(_POSTED_AT_ONCE)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def messages(self) -> list[Message]:
        """What it took, the oldest first."""
        return list(self.account.messages.values())

    # -- what a test does with it

    def callbacks(self) -> list[Callback]:
        """Let every message come to its end; returns the callbacks of that, in order and not yet posted."""
        made = []
        for message in self.messages:
            while step := self.account.step(message):
                if message.callback_url:
                    made.append(callback(self.account, message.callback_url, status_form(message, *step)))
        return made

    def deliver(
        self, *, shuffle: bool = False, double: bool = False, post: Callable[[Callback], int] | None = None
    ) -> list[int]:
        """Post every callback that is due; returns how each was answered. `post` takes the place of HTTP."""
        made = self.callbacks() * (2 if double else 1)
        if shuffle:
            self._chance.shuffle(made)
        return [(post or _posted)(ready) for ready in made]

    def receive(self, person: str, to: str, body: str, url: str = "", **extra: str) -> Callback:
        """A person writes: the window opens, keywords count, and this is what would be posted to `inbound_url`."""
        return callback(self.account, url or self.inbound_url, inbound_form(self.account, person, to, body, extra))

    # -- HTTP

    async def answer(self, request: Request) -> Answer | None:
        if request.path.startswith("/standin/"):
            return await self._steered(request)
        if self.latency:
            await asyncio.sleep(self.latency)
        self.requests.append(request)
        is_send = request.method == "POST" and request.path.endswith("/Messages.json")
        fault = self.faults.popleft() if self.faults and is_send else ""
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "drop_before":
            return None
        if fault and fault not in _TAKEN_ANYWAY:
            return _failure(fault)
        answer = self._routed(request)
        if fault == "drop_after":
            return None
        return Answer(201, b"<html>a proxy was here</html>") if fault else answer

    def _routed(self, request: Request) -> Answer:
        try:
            self._check_credentials(request)
            if match := _MESSAGES.fullmatch(request.path):
                if match["account"] != self.account.sid:
                    raise Refused(404, 20404, "The requested resource was not found")
                return self._message(request, match["sid"])
            if match := _CONTENT.fullmatch(request.path):
                return self._content(request, match["sid"], match["approval"])
            raise Refused(404, 20404, f"The requested resource {request.path} was not found")
        except Refused as refused:
            return _problem(refused.status, refused.code, refused.words)

    def _check_credentials(self, request: Request) -> None:
        expected = base64.b64encode(f"{self.account.sid}:{self.account.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            raise Refused(401, 20003, "Authenticate")

    def _message(self, request: Request, sid: str | None) -> Answer:
        if sid is None:
            return self._listed(request) if request.method == "GET" else self._created(request)
        if request.method == "DELETE":
            self.account.delete(sid)
            return Answer(204)
        if request.method == "GET":
            return Answer(200, self.account.find(sid).resource())
        return Answer(200, self.account.change(sid, request.form()).resource())

    def _created(self, request: Request) -> Answer:
        message = self.account.create(request.form())
        answer = Answer(201, message.resource())
        if self.automatic and not message.send_at:
            task = asyncio.get_running_loop().create_task(self._unfold(message, self.automatic))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return answer

    def _listed(self, request: Request) -> Answer:
        size, page = _whole(request, "PageSize", 50), _whole(request, "Page", 0)
        if not 1 <= size <= 1000:
            raise Refused(400, 20001, "PageSize is out of range")
        rows = self._filtered(request)
        shown = rows[page * size : (page + 1) * size]
        kept = {name: values[0] for name, values in request.query.items()}
        more = {**kept, "Page": page + 1, "PageToken": f"PA{shown[-1].sid}"} if len(rows) > (page + 1) * size else None
        content: dict[str, Any] = {"messages": [message.resource() for message in shown]}
        content |= {"page": page, "page_size": size, "uri": f"{request.path}?{urlencode(kept)}"}
        content |= {"first_page_uri": f"{request.path}?{urlencode({**kept, 'Page': 0})}", "previous_page_uri": None}
        content |= {"next_page_uri": f"{request.path}?{urlencode(more)}" if more else None}
        content |= {"start": page * size, "end": page * size + max(len(shown) - 1, 0)}
        return Answer(200, content)

    def _filtered(self, request: Request) -> list[Message]:
        rows = self.account.listed(one(request.query, "To"), one(request.query, "From"))
        for name, keeps in (("DateSent", str.__eq__), ("DateSent<", str.__le__), ("DateSent>", str.__ge__)):
            if day := one(request.query, name)[:10]:
                rows = [row for row in rows if row.sent_at and keeps(row.sent_at.date().isoformat(), day)]
        return rows

    def _content(self, request: Request, sid: str | None, approval: str | None) -> Answer:
        if sid is None:
            if request.method == "POST":
                return Answer(201, self.account.make_template(request.json()).resource())
            return Answer(200, {"contents": [made.resource() for made in self.account.templates.values()], "meta": {}})
        if approval and request.method == "POST":
            return Answer(201, self.account.submit_template(sid, request.json()).approval())
        template = self.account.template(sid)
        if request.method == "DELETE":
            del self.account.templates[sid]
            return Answer(204)
        if approval:
            shown = {"sid": sid, "account_sid": self.account.sid, "whatsapp": template.approval()}
            return Answer(200, {**shown, "url": f"https://content.twilio.com/v1/Content/{sid}/ApprovalRequests"})
        return Answer(200, template.resource())

    # -- callbacks by themselves

    async def _unfold(self, message: Message, how: Automatic) -> None:
        late: list[Callback] = []
        while True:
            await asyncio.sleep(how.pause)
            if not (step := self.account.step(message)):
                break
            if message.callback_url:
                made = callback(self.account, message.callback_url, status_form(message, *step))
                if self._chance.random() < how.shuffle:
                    late.append(made)
                else:
                    await self._post(made, how)
        for made in late:
            await self._post(made, how)

    async def _post(self, made: Callback, how: Automatic) -> None:
        for _ in range(1 + (self._chance.random() < how.double)):
            async with self._posting:
                status = await post(made.url, made.body, made.headers)
            self.answered[status] = self.answered.get(status, 0) + 1

    # -- steering from outside

    async def _steered(self, request: Request) -> Answer:
        """GET /standin/count; POST /standin/faults [..], /fates {number: fate}, /templates {sid, status, reason},
        /inbound {from, to, body, ..more form fields}."""
        wish = request.json()
        match request.path.removeprefix("/standin/"):
            case "faults":
                self.faults.extend(wish)
            case "fates":
                self.account.fates.update(wish)
            case "templates":
                self.account.decide(wish["sid"], wish["status"], wish.get("reason", ""))
            case "inbound":
                made = self.receive(wish.pop("from"), wish.pop("to"), wish.pop("body"), wish.pop("url", ""), **wish)
                return Answer(200, {"answered": await post(made.url, made.body, made.headers)})
        counts = {"taken": self.account.taken, "faults": list(self.faults), "answered": self.answered}
        return Answer(200, {**counts, "violations": self.account.violations[:20]})


def _failure(fault: str) -> Answer:
    status, *options = fault.split()
    named = dict(option.partition("=")[::2] for option in options)
    code = int(named.get("code", 0)) or _USUAL_CODES.get(status, 0)
    headers = {"Retry-After": named["retry"]} if "retry" in named else {}
    if status == "429":
        headers["Twilio-Concurrent-Requests"] = "101"
    if "problem" in named:
        content = {"type": f"https://www.twilio.com/docs/errors/{code}", "title": "As asked", "detail": "as asked"}
        return Answer(int(status), {**content, "status": int(status), "code": code}, headers)
    return Answer(int(status), _problem(int(status), code, "as asked").content, headers)


def _problem(status: int, code: int, words: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Answer(status, {"code": code, "message": words, "more_info": more, "status": status})


def _whole(request: Request, name: str, default: int) -> int:
    text = one(request.query, name)
    if not text:
        return default
    if not text.isdigit():
        raise Refused(400, 20001, f"{name} is not a number")
    return int(text)


def _posted(made: Callback) -> int:
    return requests.post(made.url, data=made.body, headers=dict(made.headers), timeout=15).status_code
