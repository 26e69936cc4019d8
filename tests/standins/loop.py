"""A server on a thread of its own, or alone in a process: what the stand-ins share."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from typing import Any, TypeVar

S = TypeVar("S", bound="Standin")


class Standin(ABC):
    """`with SmtpStandin() as smtp:` listens on a free port of 127.0.0.1 until the block ends."""

    host = "127.0.0.1"

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""

    def __enter__(self: S) -> S:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def run(self, banner: str) -> None:
        """Serve in the foreground until interrupted; for `python -m`."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        print(f"{banner} {self.host}:{self.port}", flush=True)
        try:
            self._loop.run_forever()
        except KeyboardInterrupt:
            pass  # asked to stop

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._one, self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client hung up
        except asyncio.CancelledError:
            pass  # the stand-in is being stopped; streams would print a cancelled task as an accident
        finally:
            writer.close()

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
        others: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def cut(writer: asyncio.StreamWriter) -> None:
    """Reset the connection without another byte."""
    writer.transport.abort()
