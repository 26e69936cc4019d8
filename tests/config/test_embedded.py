"""The embedded servers, for real: each test starts its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A path that has all that goes wrong with paths: a space, an accent, and more length than a socket may have."""
    path = tmp_path / "a dätä dir" / ("long" * 25)
    yield path
    if path.exists():
        embedded.start(path, durable=False).stop()


def run_python(code: str, data_dir: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(data_dir)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_both_servers_answer_where_they_say(data_dir: Path) -> None:
    servers = embedded.start(data_dir, durable=False)
    database_url, redis_url = embedded.addresses(data_dir) or ("", "")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT lower('ÄÖ'), current_database()").fetchone() == ("äö", "cartback")
    assert redis.Redis.from_url(redis_url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    servers.stop()
    assert embedded.addresses(data_dir) is None


def test_nothing_listens_on_a_port(data_dir: Path) -> None:
    servers = embedded.start(data_dir, durable=False)
    with psycopg.connect(embedded.postgres_url(data_dir) or "") as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert redis.Redis.from_url(embedded.redis_url(data_dir) or "").config_get("port") == {"port": "0"}
    assert Postgres(data_dir).directory.stat().st_mode & 0o077 == 0
    assert Valkey(data_dir).directory.stat().st_mode & 0o077 == 0
    servers.stop()


def test_the_last_one_out_turns_them_off(data_dir: Path) -> None:
    first = embedded.start(data_dir, durable=False)
    second = embedded.start(data_dir, durable=False)
    first.stop()
    assert embedded.addresses(data_dir) is not None
    second.stop()
    second.stop()
    assert embedded.addresses(data_dir) is None


def test_a_user_that_was_killed_does_not_keep_them_on(data_dir: Path) -> None:
    ours = embedded.start(data_dir, durable=False)
    code = (
        "import sys, pathlib; from config import embedded; embedded.start(pathlib.Path(sys.argv[1])); print(1); input()"
    )
    other = run_python(code, data_dir)
    assert other.stdout is not None and other.stdout.readline() == "1\n"
    other.kill()
    other.wait()
    ours.stop()
    assert embedded.addresses(data_dir) is None


def test_they_come_back_with_their_data_after_both_were_killed(data_dir: Path) -> None:
    servers = embedded.start(data_dir)
    with psycopg.connect(embedded.postgres_url(data_dir) or "") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    redis.Redis.from_url(embedded.redis_url(data_dir) or "").lpush("kept", "a", "b")
    time.sleep(1.1)  # the append-only file is written every second
    before = embedded.addresses(data_dir)
    for server in (Postgres(data_dir), Valkey(data_dir)):
        os.kill(server.pid(), signal.SIGKILL)
    wait_until(lambda: not Postgres(data_dir).alive() and not Valkey(data_dir).ready())
    assert sorted(servers.revive()) == ["postgres", "valkey"]
    assert embedded.addresses(data_dir) == before
    with psycopg.connect(embedded.postgres_url(data_dir) or "") as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    assert redis.Redis.from_url(embedded.redis_url(data_dir) or "").llen("kept") == 2
    servers.stop()


def test_a_server_that_is_silent_for_a_while_gets_no_second_one_beside_it(data_dir: Path) -> None:
    servers, valkey = embedded.start(data_dir, postgres=False), Valkey(data_dir)
    before = valkey.pid()
    os.kill(before, signal.SIGSTOP)
    try:
        assert not valkey.ready()
        assert servers.revive() == []
    finally:
        os.kill(before, signal.SIGCONT)
    assert (valkey.pid(), valkey.ready()) == (before, True)
    servers.stop()


def test_a_pid_file_that_names_a_stranger_does_not_keep_postgres_from_starting(data_dir: Path) -> None:
    embedded.start(data_dir, durable=False).stop()
    strangers = f"{os.getpid()}\n{data_dir}\n0\n5432\n/nowhere\n\n0 0\nready   \n"
    (data_dir / "postgres" / "postmaster.pid").write_text(strangers)
    (data_dir / "valkey" / "valkey.pid").write_text(str(os.getpid()))
    servers = embedded.start(data_dir, durable=False)
    assert embedded.addresses(data_dir) is not None
    servers.stop()
    os.kill(os.getpid(), 0)


def test_an_interrupted_first_run_leaves_nothing_in_the_way(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18")
    servers = embedded.start(data_dir, durable=False)
    assert embedded.addresses(data_dir) is not None
    servers.stop()


def test_only_the_missing_server_is_started(data_dir: Path) -> None:
    servers = embedded.start(data_dir, postgres=False)
    assert embedded.redis_url(data_dir) is not None
    assert embedded.postgres_url(data_dir) is None
    servers.stop()
    assert not (data_dir / "postgres").exists()


def test_data_of_another_postgres_version_is_left_alone_with_a_sentence(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(embedded.EmbeddedError, match="was written by PostgreSQL 15, this is 18: move it away, or set"):
        embedded.start(data_dir)
    (data_dir / "postgres" / "PG_VERSION").unlink()


def test_a_process_that_gets_sigterm_gives_its_servers_back(data_dir: Path) -> None:
    code = (
        "import sys, pathlib, time; from config import embedded as e; e.ensure(pathlib.Path(sys.argv[1])); "
        "print(1, flush=True); [time.sleep(0.05) for _ in range(600)]"
    )
    process = run_python(code, data_dir)
    assert process.stdout is not None and process.stdout.readline() == "1\n"
    process.terminate()
    assert process.wait(30) == 143
    assert embedded.addresses(data_dir) is None


def test_two_that_start_at_once_share_one_pair(data_dir: Path) -> None:
    code = (
        "import sys, pathlib; from config import embedded as e; p = pathlib.Path(sys.argv[1]); e.ensure(p); "
        "print(e.addresses(p)); input()"
    )
    processes = [run_python(code, data_dir) for _ in range(2)]
    told = {process.stdout.readline() for process in processes if process.stdout}
    assert len(told) == 1 and "postgresql://" in told.pop()
    for process in processes:
        process.communicate("\n")
    assert embedded.addresses(data_dir) is None
