"""An SMTP server that keeps what it takes, and fails on demand.

Alone in a process: `python -m tests.standins.smtp --port 2525 --latency 50`. The extra commands `XCOUNT` (how many
mails it took) and `XFAULT <fault>` then steer it over an ordinary connection.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import socket
import ssl
from collections import deque
from dataclasses import dataclass

from tests.standins.loop import Standin, cut

#: A fault is a phase and what happens there, once: an SMTP reply, `drop` (hang up) or `hang` (never answer).
#: Phases: greeting, auth, mail, rcpt, data (before the body), body (after it, not taken), taken (after taking it).
PHASES = ("greeting", "auth", "mail", "rcpt", "data", "body", "taken")


@dataclass(frozen=True, slots=True)
class Mail:
    sender: str
    recipient: str
    content: bytes


class SmtpStandin(Standin):
    """`faults.append("rcpt 550 5.1.1 no such user")` or `"taken drop"`: each is used once, at its phase.

    `users` maps names to passwords; with any, AUTH is asked for. `latency` is seconds before each mail is taken.
    """

    def __init__(
        self, port: int = 0, *, latency: float = 0.0, keep: int = 10_000, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(port)
        self.tls = tls  # offered as STARTTLS
        self.latency = latency
        self.faults: deque[str] = deque()
        self.users: dict[str, str] = {}
        self.secret_mails = 0  # those that came over TLS
        self.mails: deque[Mail] = deque(maxlen=keep)
        self.taken = 0
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await Session(self, reader, writer).talk()

    def fault(self, phase: str) -> str:
        """The next fault, if it is for this phase."""
        if self.faults and self.faults[0].partition(" ")[0] == phase:
            return self.faults.popleft().partition(" ")[2]
        return ""

    def take(self, mail: Mail) -> None:
        self.mails.append(mail)
        self.taken += 1


class HungUp(ConnectionError):
    """The stand-in itself ended the session."""


class Session:
    def __init__(self, server: SmtpStandin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.known = not server.users
        self.is_secret = False
        self.sender = self.recipient = ""

    async def talk(self) -> None:
        await self.answer("greeting", "220 stand-in ESMTP")
        while line := (await self.reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            word, _, rest = line.partition(" ")
            command = getattr(self, f"on_{word.lower()}", None)
            await (command(rest) if command else self.say("502 5.5.2 not known here"))

    async def answer(self, phase: str, usual: str) -> bool:
        """Say the usual, or do what the fault of the phase wants. True: the usual was said."""
        fault = self.server.fault(phase)
        if fault == "drop":
            cut(self.writer)
            raise HungUp
        if fault == "hang":
            await asyncio.sleep(3600)
        await self.say(fault or usual)
        if fault.startswith("421") or (fault and phase == "greeting"):
            raise HungUp  # such a reply ends the session
        return not fault

    async def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def on_ehlo(self, _: str) -> None:
        auth = "250-AUTH PLAIN\r\n" if self.server.users else ""
        tls = "250-STARTTLS\r\n" if self.server.tls and not self.is_secret else ""
        await self.say(f"250-stand-in\r\n{auth}{tls}250-8BITMIME\r\n250 SIZE 10000000")

    async def on_starttls(self, _: str) -> None:
        await self.say("220 2.0.0 go ahead")
        assert self.server.tls
        await self.writer.start_tls(self.server.tls)
        self.is_secret = True

    async def on_auth(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        self.known = self.server.users.get(user) == password
        await self.answer("auth", "235 2.7.0 welcome" if self.known else "535 5.7.8 wrong name or password")

    async def on_mail(self, rest: str) -> None:
        self.sender = rest.partition(":")[2].split()[0].strip("<>")
        await self.answer("mail", "250 2.1.0 ok" if self.known else "530 5.7.0 log in first")

    async def on_rcpt(self, rest: str) -> None:
        self.recipient = rest.partition(":")[2].split()[0].strip("<>")
        await self.answer("rcpt", "250 2.1.5 ok")

    async def on_data(self, _: str) -> None:
        if not await self.answer("data", "354 go ahead"):
            return
        content = (await self.reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        if self.server.latency:
            await asyncio.sleep(self.server.latency)
        if self.server.faults and self.server.faults[0].startswith("body "):
            await self.answer("body", "")
            return
        self.server.take(Mail(self.sender, self.recipient, content))
        self.server.secret_mails += self.is_secret
        await self.answer("taken", f"250 2.0.0 taken as {self.server.taken}")

    async def on_rset(self, _: str) -> None:
        await self.say("250 2.0.0 forgotten")

    async def on_quit(self, _: str) -> None:
        await self.say("221 2.0.0 bye")
        raise HungUp

    async def on_xcount(self, _: str) -> None:
        await self.say(f"250 {self.server.taken}")

    async def on_xfault(self, rest: str) -> None:
        self.server.faults.append(rest)
        await self.say("250 noted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each mail is taken")
    parser.add_argument("--keep", type=int, default=1000, help="how many of the last mails to hold in memory")
    chosen = parser.parse_args()
    SmtpStandin(chosen.port, latency=chosen.latency / 1000, keep=chosen.keep).run("SMTP stand-in on")


if __name__ == "__main__":
    main()
