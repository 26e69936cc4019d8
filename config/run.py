"""`make run`: the whole product in the foreground. Set up what is missing, start everything, stop it in order."""

from __future__ import annotations

import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from config import embedded, env
from config.supervisor import Supervisor, end_with_parent, read_procfile

_ANNOUNCE_ANYWAY = 30


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        check_port(env.host(), env.port())
        servers = embedded.start(env.data_dir(), **env.embedded_wanted())
        try:
            return _run(servers)
        finally:
            servers.stop()
            print("Stopped.", flush=True)
    except (env.EnvError, embedded.EmbeddedError) as error:
        sys.exit(f"Cartback cannot start: {error}")
    except KeyboardInterrupt:
        return 0


def check_port(host: str, port: int) -> None:
    """Refuse a taken port now and with a sentence, not later in the web process's log."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise env.EnvError(
            f"port {port} at {host} cannot be used ({error.strerror}). "
            f"Another Cartback may be running; else choose another port: make run PORT={port + 1}"
        ) from error


def prepare() -> None:
    """Bring the database, the static files and the first rows up to date."""
    import django
    from django.core.management import call_command
    from django.db import connections

    import config.celery  # noqa: F401  (bells are rung through it)

    django.setup()
    check_servers()
    print("Preparing the database", flush=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("first_run", verbosity=0)  # what it has to say is in the announcement
    connections.close_all()


def check_servers() -> None:
    """Refuse servers that do not answer with a sentence. What was given by the environment can be wrong."""
    import redis
    from django.conf import settings
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise env.EnvError(f"the database at DATABASE_URL does not let us in: {str(error).strip()}") from error
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, retry=None).ping()
    except redis.RedisError as error:
        raise env.EnvError(f"the server at REDIS_URL does not answer: {error}") from error


def _run(servers: embedded.Servers) -> int:
    prepare()
    environment = environment_of_children()
    supervisor = Supervisor(read_procfile(env.ROOT / "Procfile"), environment, env.ROOT)
    announcement = Announcement()
    make = Make()

    def each_second() -> None:
        if make.interrupted():
            os.kill(os.getpid(), signal.SIGINT)
        for name in servers.revive():
            supervisor.say(f"{name} had died and runs again")
        announcement.when_ready()

    return supervisor.run(each_second)


class Make:
    """The `make` that runs us, if one does.

    It keeps to itself a SIGINT that is sent to it alone (a Ctrl-C in a terminal goes to all), and waits for us. All
    that shows is that it no longer catches a second one. And should it be killed, we are told to stop.
    """

    def __init__(self) -> None:
        self._status = Path(f"/proc/{os.getppid()}/status") if os.environ.get("MAKELEVEL") else Path("/nowhere")
        self._catches = self._catches_now()
        if os.environ.get("MAKELEVEL"):
            end_with_parent()

    def interrupted(self) -> bool:
        return self._catches and not self._catches_now()

    def _catches_now(self) -> bool:
        try:
            facts = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        except OSError:
            return False
        return bool(int(facts["SigCgt"], 16) >> (signal.SIGINT - 1) & 1)


def environment_of_children() -> dict[str, str]:
    """What the Procfile's commands find. Addresses are fixed here, so a child can outlive a restart of its server."""
    workers = env.number("WEB_WORKERS", _cores(), 1, 64)
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "DATABASE_URL": env.database_url(),
        "REDIS_URL": env.redis_url(),
        "DATA_DIR": str(env.data_dir()),
        "HOST": env.host(),
        "PORT": str(env.port()),
        "WEB_WORKERS": str(workers),
        # Webhooks share a commit when they wait together, so a few more threads than cores pay. But each thread keeps
        # a connection, and PostgreSQL gives out a hundred.
        "WEB_THREADS": str(env.number("WEB_THREADS", min(8, max(2, 64 // workers)), 1, 64)),
        "PYTHONUNBUFFERED": "1",
        # Celery warns of pickle, which is not accepted here.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Announcement:
    """The block of addresses, printed once: when the web process answers, or when waiting for it makes no sense."""

    def __init__(self) -> None:
        self._seconds = 0
        self._made = False

    def when_ready(self) -> None:
        self._seconds += 1
        if self._made or not (_healthy() or self._seconds > _ANNOUNCE_ANYWAY):
            return
        self._made = True
        print(f"\n{announcement()}\n", flush=True)


def _healthy() -> bool:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(env.host(), env.host())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{shown}:{env.port()}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def announcement() -> str:
    """Where everything is, and how to get in."""
    from django.conf import settings

    url = env.public_url()
    lines = [f"  Cartback runs at  {url}", f"    admin           {url}/admin/     {_way_in(settings.DEVELOPMENT)}"]
    if settings.DEVELOPMENT:
        lines += [f"    demo shop       {url}/demo/", f"    mailbox         {url}/demo/mailbox/"]
    return "\n".join([*lines, f"    health          {url}/healthz", "  Ctrl-C stops everything."])


def _way_in(development: bool) -> str:
    password_file = env.data_dir() / "admin-password"
    if not development:
        return "administrators are made with manage.py createsuperuser"
    password = password_file.read_text().strip() if password_file.exists() else "the one you have set"
    return f"user admin, password {password}"


if __name__ == "__main__":
    sys.exit(main())
