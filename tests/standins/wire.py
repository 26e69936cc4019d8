"""HTTP/1.1 by hand, as much of it as a stand-in needs to answer hundreds of requests a second."""

from __future__ import annotations

import asyncio
import json
import socket
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins.loop import Standin, cut

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
_REASONS |= {409: "Conflict", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: Any = None
    headers: Mapping[str, str] | None = None

    def raw(self) -> bytes:
        content = self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        content = b"" if self.status == 204 else content
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Status')}", f"Content-Length: {len(content)}"]
        lines += [
            "Content-Type: application/json",
            *(f"{name}: {value}" for name, value in (self.headers or {}).items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content


class HttpStandin(Standin):
    """One request after the other, on each connection."""

    @property
    def host_and_port(self) -> str:
        return f"{self.host}:{self.port}"

    @abstractmethod
    async def answer(self, request: Request) -> Answer | None:
        """None: hang up without a word."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while request := await read(reader):
            answer = await self.answer(request)
            if answer is None:
                cut(writer)
                return
            writer.write(answer.raw())
            await writer.drain()


async def read(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None when the other side has hung up."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method, parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post to http on this machine and return the status; 0 when nobody answered."""
    parts = urlsplit(url)
    target = f"{parts.path}{parts.query and '?' + parts.query}"
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except OSError:
        return 0
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        return int((await asyncio.wait_for(reader.readline(), 15)).split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0
    finally:
        writer.close()
