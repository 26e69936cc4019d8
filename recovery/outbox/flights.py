"""How far a sender had come with the messages that it marked, for whoever comes after its death.

A sender writes down the rows that it marks, each again just before its call, and once more when the provider took it,
in a file of its own, locked for as long as it lives. The file outlives the process: what a dead sender marked and did
not begin was certainly not sent, and what was taken is known.

Decision: nothing waits for the disk, so the file is believed only until the machine starts anew. Without it (a power
cut, another machine, another system than Linux) the rows rest as unknown, as those do whose call had begun.
"""

from __future__ import annotations

import fcntl
import logging
import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from mmap import mmap
from pathlib import Path

from django.conf import settings

log = logging.getLogger("cartback.send")

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LINE = 256  # bytes for a message: a sign, its number, and the provider's id for it
_WIDEST = 21  # bytes that the sign and the number may take
_SIGNS = ("+", "-", "=")


class FlightLog:
    """Of one sender, for one run of so many messages at most. Threads may write to it at once: each message has a line
    of its own, written in memory that is the file's, which costs no call of the system."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._file: _File | None = None  # there is none until there is something to write
        self._lines: dict[int, int] = {}  # where the line of each message begins
        self._end = 0

    def marked(self, ids: Sequence[int]) -> None:
        """These rows are `sending` from now on. Where no file can be made, sending goes on without: after a death they
        are unknown then."""
        try:
            self._file = self._file or (_File(self._most * _LINE) if ids and _boot() else None)
        except OSError as error:
            log.warning("no flight log: %s", error)
            return
        if self._file:
            for pk in ids:
                self._mark(pk, self._file.memory)

    def begins(self, pk: int) -> None:
        """Whether this one is sent, only the provider knows from here on."""
        if self._file and pk in self._lines:
            self._file.memory[self._lines[pk]] = ord("-")

    def taken(self, pk: int, provider_id: str) -> None:
        """The provider said yes."""
        if self._file and pk in self._lines:
            at, memory = self._lines[pk], self._file.memory
            known = f" {' '.join(provider_id.split())}".encode()[: _LINE - _WIDEST - 1]
            memory[at + _WIDEST : at + _WIDEST + len(known)] = known
            memory[at] = ord("=")

    def close(self) -> None:
        """All have landed."""
        if self._file:
            self._file.close()

    def _mark(self, pk: int, memory: mmap) -> None:
        """The sign comes last, as everywhere here: with it, the line is whole."""
        at, self._end = self._end, self._end + _LINE
        memory[at : at + _LINE] = b"\0" + str(pk).ljust(_LINE - 2).encode() + b"\n"
        memory[at] = ord("+")
        self._lines[pk] = at


class _File:
    """Locked for as long as its process lives; `memory` is its content."""

    def __init__(self, size: int) -> None:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{_boot()}.{uuid.uuid4().hex}"
        self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(self.descriptor, 0, size)  # a full disk is told here, and not by a signal later
            self.memory = mmap(self.descriptor, size)
        except OSError:
            os.close(self.descriptor)
            self._path.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self.memory.close()
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Messages of dead senders, by their ids: not begun with, or taken by the provider under its own id."""

    not_begun: set[int] = field(default_factory=set)
    taken: dict[int, str] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """One file. A message that was tried twice has two lines, of which the later says more."""
        for line in text.splitlines():
            sign, (pk, _, provider_id) = line[:1], line[1:].strip().partition(" ")
            if sign in _SIGNS and pk:
                self.not_begun.discard(int(pk))
                self.taken.pop(int(pk), None)
            if sign == "+":
                self.not_begun.add(int(pk))
            elif sign == "=":
                self.taken[int(pk)] = provider_id.strip()


def left_behind() -> LeftBehind:
    """What dead senders on this machine left. Their files are gone then."""
    found = LeftBehind()
    for path in _folder().glob("*.*"):
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:  # it ended just now; it lives
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(file.fileno()).st_nlink:
                continue  # its sender ended well, or somebody else was quicker: what it says is no longer so
            if path.name.startswith(f"{_boot()}."):
                found.add(file.read().decode(errors="replace"))
            path.unlink()
    return found


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "flights"


@cache
def _boot() -> str:
    """One name for all that happens until the machine is started again; "" where it has none (elsewhere than on Linux),
    and no file could be believed."""
    return _BOOT.read_text().strip() if _BOOT.exists() else ""
