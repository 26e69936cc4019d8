"""What PostgreSQL and Valkey have in common as embedded servers: a socket directory, a child, a wait, a stop."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

import psutil

# A crashed server needs a moment: its children have to notice, the log has to be replayed.
_START_SECONDS = 60
_STOP_SECONDS = 30


class EmbeddedError(RuntimeError):
    """An embedded server could not be used; the message says why and what to do."""


class Server(ABC):
    """One embedded server of one data directory."""

    name: str
    program: str
    #: How to ask it to stop in good order.
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.absolute() / self.name
        self._record = data_dir.absolute() / f"{self.name}.socket"
        self._log = data_dir.absolute() / f"{self.name}.log"

    @abstractmethod
    def url(self) -> str:
        """Where it listens."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it answers at its socket and is past its recovery."""

    @abstractmethod
    def pid(self) -> int:
        """The process id in the server's own pid file, 0 when there is none."""

    @abstractmethod
    def prepare(self) -> None:
        """Make home and socket directory fit for a start; runs before every try."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs it in the foreground."""

    def running(self) -> bool:
        return self.socket_dir() is not None and self.ready()

    def start(self) -> None:
        """Start and wait until it answers. Tries again for a while: after a crash the first tries may be refused."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket_dir() is None:
            self._record.write_text(tempfile.mkdtemp(prefix="cartback-", dir=_short_dir()))
        deadline = time.monotonic() + _START_SECONDS
        while not self._try_start(deadline):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The embedded {self.name} did not start. Its last words:\n{self._last_words()}")
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop in good order and wait for the end; harmless when it does not run."""
        process = self._process()
        if process is not None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(_STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
        directory = self.socket_dir()
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)
        self._record.unlink(missing_ok=True)

    def socket_dir(self) -> Path | None:
        """The short directory that holds the socket, if it is there and ours alone.

        A path inside the checkout could exceed the ~107 bytes that the kernel allows a socket's address.
        """
        try:
            directory = Path(self._record.read_text())
            facts = directory.lstat()
        except (OSError, ValueError):
            return None
        private = stat.S_ISDIR(facts.st_mode) and not facts.st_mode & 0o077
        return directory if private and directory.name.startswith("cartback-") else None

    @property
    def directory(self) -> Path:
        """The socket directory of a server that was started."""
        directory = self.socket_dir()
        if directory is None:
            raise EmbeddedError(f"The embedded {self.name} has no socket directory: it does not run.")
        return directory

    def alive(self) -> bool:
        return self._process() is not None

    def _try_start(self, deadline: float) -> bool:
        self.prepare()
        with open(self._log, "wb") as log:
            child = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,  # a Ctrl-C in the terminal is not for the servers
            )
        while time.monotonic() < deadline:
            if self.ready():
                child.returncode = 0  # it lives on without us; keeps Popen from warning about a child left running
                return True
            if child.poll() is not None:
                return False
            time.sleep(0.03)
        child.kill()
        return False

    def _process(self) -> psutil.Process | None:
        """The living process behind the pid file: after a crash the number may be a zombie's or a stranger's."""
        try:
            process = psutil.Process(self.pid())
            if process.status() == psutil.STATUS_ZOMBIE:
                _bury(process.pid)
                return None
            return process if process.name().startswith(self.program) else None
        except psutil.Error:
            return None

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-8:])


def _bury(pid: int) -> None:
    """Take note of a dead child of ours, so that its number is free; other people's dead are not ours to bury."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _short_dir() -> str | None:
    """/tmp where there is one: TMPDIR can be long, and XDG_RUNTIME_DIR vanishes when its user logs out."""
    return "/tmp" if os.access("/tmp", os.W_OK) else None
