"""A lean client for load: requests made beforehand go out over kept connections, one at a time on each.

A process of its own, so that its CPU is not ours: `python -m bench.replay PLATFORM PATH PORT CONNECTIONS COUNT`. Each
line of standard input is a number of seconds to load for; each answer is a line of JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.parcels import requests_of
from bench.results import percentile


@dataclass
class Tally:
    """What one load brought in."""

    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    def as_json(self) -> str:
        milliseconds = {f"p{share}": percentile(self.latencies, share / 100) * 1000 for share in (50, 99)}
        facts = {"answers": len(self.latencies), "refused": self.refused, "seconds": self.seconds, "cpu": self.cpu}
        return json.dumps(facts | milliseconds)


class Replay:
    """The connections. Requests are taken one after another and never sent twice."""

    def __init__(self, port: int, connections: int, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._sockets = [_connected(port) for _ in range(connections)]
        self._poll = selectors.DefaultSelector()
        for one in self._sockets:
            self._poll.register(one, selectors.EVENT_READ)

    def load(self, seconds: float) -> Tally:
        """Keep every connection busy for so long, then wait for the last answers."""
        tally, began, spent = Tally(), time.perf_counter(), time.process_time()
        sent = {one: self._send(one) for one in self._sockets}
        deadline = began + seconds
        while sent:
            for key, _ in self._poll.select(30):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                tally.refused += not _answer(one).startswith(b"HTTP/1.1 200")
                now = time.perf_counter()
                tally.latencies.append(now - sent.pop(one))
                if now < deadline:
                    sent[one] = self._send(one)
        tally.seconds, tally.cpu = time.perf_counter() - began, time.process_time() - spent
        return tally

    def _send(self, one: socket.socket) -> float:
        request = next(self._requests)  # raises StopIteration when too few were made
        began = time.perf_counter()
        one.sendall(request)
        return began


def _connected(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def _answer(one: socket.socket) -> bytes:
    """The answer to its end. Answers are small: they come in one piece but for bad luck."""
    got = one.recv(65536)
    while not _whole(got):
        more = one.recv(65536)
        if not more:
            raise ConnectionError(f"the server hung up after {got[:200]!r}")
        got += more
    return got


def _whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.split(b"\r\n", 1)[0]) if length else body.endswith(b"0\r\n\r\n")


def main() -> None:
    platform, path, port, connections, count = sys.argv[1:]
    requests = iter(requests_of(platform, path, int(count)))
    replay = Replay(int(port), int(connections), requests)
    print("ready", flush=True)
    for line in sys.stdin:
        print(replay.load(float(line)).as_json(), flush=True)


if __name__ == "__main__":
    main()
