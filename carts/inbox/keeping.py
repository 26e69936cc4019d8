"""Webhooks that come in together share a statement and its commit; each is answered only after that commit.

Decision: whoever finds nobody writing writes at once, for all who wait by then; the first of those who came meanwhile
writes after that. No thread and no timer: a lone webhook is not held up, and whoever writes uses the connection
it has. A row that PostgreSQL refuses costs its own request an error, never its neighbours.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.db import connection

log = logging.getLogger("cartback.inbox")

_MOST_ROWS = 64
_MOST_BYTES = 1_000_000

_ROW = "(%s, %s, %s, %s, %s, %s, 'pending', '')"
_KEEP = """
    INSERT INTO carts_delivery (store_id, topic, dedupe_key, headers, body, received_at, state, reason)
    VALUES {rows} ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it is kept; `headers` is JSON."""

    store_id: int
    topic: str
    dedupe_key: str
    headers: str
    body: bytes
    received_at: datetime

    def values(self) -> tuple[int | str | bytes | datetime, ...]:
        return self.store_id, self.topic, self.dedupe_key, self.headers, self.body, self.received_at


def _shut() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Slip:
    """A row and the request that waits for it at the lock `turn`."""

    row: Row
    turn: Lock = field(default_factory=_shut)
    done: bool = False  # somebody has tried
    kept: bool = False
    error: Exception | None = None


class Keeper:
    """The rows that wait in this process."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._waiting: deque[_Slip] = deque()
        self._busy = False

    def keep(self, row: Row) -> None:
        """Returns when the row, or an earlier one of its key, is committed. Raises what its own statement raised."""
        slip = _Slip(row)
        if self._must_wait(slip):
            slip.turn.acquire()
        if not slip.done:
            self._write()
        if not slip.kept:
            raise slip.error or RuntimeError("the request that should have kept it was broken off")

    def _must_wait(self, slip: _Slip) -> bool:
        with self._mutex:
            self._waiting.append(slip)
            busy, self._busy = self._busy, True
        return busy

    def _write(self) -> None:
        slips = self._take()
        try:
            _insert_each(slips)
        finally:
            self._hand_on(slips)

    def _take(self) -> list[_Slip]:
        """The first of those who wait, our own slip before all."""
        taken, size = [self._waiting.popleft()], 0
        while self._waiting and len(taken) < _MOST_ROWS and size < _MOST_BYTES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1].row.body)
        return taken

    def _hand_on(self, slips: Sequence[_Slip]) -> None:
        """Ask the next to write, and let go of those whose rows are dealt with."""
        with self._mutex:
            following = self._waiting[0] if self._waiting else None
            self._busy = following is not None
        if following:
            following.turn.release()
        for slip in slips:
            slip.done = True
            slip.turn.release()


def _insert_each(slips: Sequence[_Slip]) -> None:
    """All in one statement; one by one where that fails."""
    try:
        _insert([slip.row for slip in slips])
        for slip in slips:
            slip.kept = True
    except Exception as error:
        if len(slips) == 1:
            slips[0].error = error
            return
        log.warning("%d webhooks are kept one by one: %s", len(slips), type(error).__name__)
        for slip in slips:
            _insert_each([slip])


def _insert(rows: Sequence[Row]) -> None:
    """In the order of their keys: two processes that keep the same repeated webhooks must not wait for each other."""
    ordered = sorted(rows, key=lambda row: (row.store_id, row.dedupe_key))
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP.format(rows=", ".join([_ROW] * len(ordered))), [value for row in ordered for value in row.values()]
        )
