"""Postmark and Resend as far as sending goes, over real HTTP, with a memory and with faults on demand.

Alone in a process: `python -m tests.standins.esp --port 8026 --latency 50`. `GET /standin/count` and
`POST /standin/faults` (a JSON list) then steer it. Shapes: Postmark docs "Send a single email" and its error codes;
Resend docs "Send Email", "Idempotency keys".
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from typing import Any
from uuid import uuid4

from tests.standins.wire import Answer, HttpStandin, Request


class EspStandin(HttpStandin):
    """Faults, each used once by the next send: a status ("429", "500"), "429 7" (with Retry-After), "drop_before" (not
    taken), "drop_after" (taken, no answer), "hang", "garbage" (taken, an answer nobody can read)."""

    def __init__(self, port: int = 0, *, token: str = "", latency: float = 0.0, keep: int = 10_000) -> None:
        super().__init__(port)
        self.token = token  # any is right when empty
        self.latency = latency
        self.faults: deque[str] = deque()
        self.suppressed: set[str] = set()
        self.mails: deque[dict[str, Any]] = deque(maxlen=keep)
        self.requests: deque[Request] = deque(maxlen=keep)
        self.taken = 0
        self._answers: dict[str, tuple[str, Answer]] = {}

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"

    async def answer(self, request: Request) -> Answer | None:
        if request.path.startswith("/standin/"):
            return self._steered(request)
        if self.latency:
            await asyncio.sleep(self.latency)
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else ""
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault in ("drop_before", "drop_after"):
            if fault == "drop_after":
                self._send(request)
            return None
        if fault == "garbage":
            self._send(request)
            return Answer(200, b"<html>a proxy was here</html>")
        return _failed(fault) if fault else self._send(request)

    def _steered(self, request: Request) -> Answer:
        if request.path == "/standin/faults" and request.method == "POST":
            self.faults.extend(request.json())
        return Answer(200, {"taken": self.taken, "faults": list(self.faults)})

    def _send(self, request: Request) -> Answer:
        mail = request.json()
        if not isinstance(mail, dict):
            return Answer(422, {"name": "validation_error", "message": "not an object"})
        speaks = self._postmark if request.path == "/email" else self._resend
        return speaks(request, mail)

    def _postmark(self, request: Request, mail: dict[str, Any]) -> Answer:
        if self.token and request.headers.get("x-postmark-server-token") != self.token:
            return Answer(401, {"ErrorCode": 10, "Message": "Request does not contain a valid Server token."})
        to = _address(mail["To"])
        if "@" not in to:
            return Answer(422, {"ErrorCode": 300, "Message": f"Invalid 'To' address: '{to}'."})
        if to in self.suppressed:
            words = "You tried to send to a recipient that has been marked as inactive.\n"
            words += f"Found inactive addresses: {to}.\nInactive recipients are ones that have bounced."
            return Answer(422, {"ErrorCode": 406, "Message": words})
        return Answer(200, {"To": mail["To"], "MessageID": self._take(mail), "ErrorCode": 0, "Message": "OK"})

    def _resend(self, request: Request, mail: dict[str, Any]) -> Answer:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"statusCode": 401, "name": "validation_error", "message": "API key is invalid"})
        key, text = request.headers.get("idempotency-key", ""), json.dumps(mail, sort_keys=True)
        if key not in self._answers:
            answer = Answer(200, {"id": self._take(mail)})
            if not key:
                return answer
            self._answers[key] = (text, answer)
        first, answer = self._answers[key]
        if first != text:
            message = "Same idempotency key used with a different request payload"
            return Answer(409, {"statusCode": 409, "name": "invalid_idempotent_request", "message": message})
        return answer

    def _take(self, mail: dict[str, Any]) -> str:
        self.mails.append(mail)
        self.taken += 1
        return str(uuid4())


def _failed(fault: str) -> Answer:
    """A fault like "429 7" is status 429 with Retry-After: 7."""
    status, _, wait = fault.partition(" ")
    body = {"ErrorCode": 1, "Message": "as asked", "name": "as_asked", "message": "as asked"}
    return Answer(int(status), body, {"Retry-After": wait} if wait else None)


def _address(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip(">").lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8026)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--keep", type=int, default=1000, help="how many of the last mails to hold in memory")
    chosen = parser.parse_args()
    EspStandin(chosen.port, latency=chosen.latency / 1000, keep=chosen.keep).run("ESP stand-in on")


if __name__ == "__main__":
    main()
