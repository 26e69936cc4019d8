"""A name server on loopback that knows what a test tells it, over UDP as the real ones (RFC 1035)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """`with NameServer({"shop.example": ["v=spf1 -all"]}) as server:` answers TXT questions at `server.address`.

    Every other name does not exist. `silent=True`: never answers at all.
    """

    def __init__(self, texts: Mapping[str, Sequence[str]], *, silent: bool = False) -> None:
        self.texts = {f"{name}.": list(values) for name, values in texts.items()}
        self.silent = silent
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())  # an empty question ends the thread
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(4096)
            if not question:
                return
            answer = self._answer(dns.message.from_wire(question))
            if not self.silent:
                self._socket.sendto(answer, client)

    def _answer(self, question: dns.message.Message) -> bytes:
        name = question.question[0].name.to_text().lower()
        self.asked.append(name.rstrip("."))
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        texts = self.texts.get(name)
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            quoted = [" ".join(f'"{text[n : n + 255]}"' for n in range(0, len(text), 255)) for text in texts]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *quoted))
        return answer.to_wire()
