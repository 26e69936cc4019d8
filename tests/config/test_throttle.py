from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from config.lib.throttle import Limit, take, take_all

# So slow that a test never sees a token come back by itself.
SLOW = 0.001


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client
        for key in client.scan_iter("throttle-test:*"):
            client.delete(key)


def test_it_gives_what_is_there_and_then_says_how_long(valkey: redis.Redis) -> None:
    taken = [take(valkey, "throttle-test:a", 1, 0.5, 3) for _ in range(4)]
    assert taken[:3] == [0, 0, 0]
    assert taken[3] == pytest.approx(2, abs=0.2)


def test_it_fills_up_again(valkey: redis.Redis) -> None:
    assert take(valkey, "throttle-test:a", 1, 20, 1) == 0
    wait = take(valkey, "throttle-test:a", 1, 20, 1)
    time.sleep(wait + 0.005)
    assert 0 < wait <= 0.05
    assert take(valkey, "throttle-test:a", 1, 20, 1) == 0


def test_a_refusal_takes_nothing(valkey: redis.Redis) -> None:
    assert take(valkey, "throttle-test:a", 2, SLOW, 3) == 0
    assert all(take(valkey, "throttle-test:a", 2, SLOW, 3) == pytest.approx(1000, abs=2) for _ in range(5))
    assert take(valkey, "throttle-test:a", 1, SLOW, 3) == 0


def test_more_than_a_bucket_holds_is_given_when_it_is_full(valkey: redis.Redis) -> None:
    assert take(valkey, "throttle-test:a", 3, 1, 1) == 0
    assert take(valkey, "throttle-test:a", 1, 1, 1) == pytest.approx(3, abs=0.2)


def test_all_buckets_give_or_none_does(valkey: redis.Redis) -> None:
    sender, pair = Limit("throttle-test:s", 1, SLOW, 5), Limit("throttle-test:p", 1, SLOW, 1)
    assert take_all(valkey, [sender, pair]) == 0
    assert take_all(valkey, [sender, pair]) == pytest.approx(1000, abs=2)
    assert [take_all(valkey, [sender]) for _ in range(4)] == [0, 0, 0, 0]
    assert take_all(valkey, [sender]) > 0
    assert take_all(valkey, []) == 0


def test_an_idle_bucket_is_forgotten(valkey: redis.Redis) -> None:
    take(valkey, "throttle-test:a", 1, 10, 10)
    assert 100 < int(valkey.pttl("throttle-test:a")) <= 1100


def test_it_works_after_the_scripts_were_flushed(valkey: redis.Redis) -> None:
    valkey.script_flush()
    assert take(valkey, "throttle-test:a", 1, SLOW, 1) == 0


def test_threads_share_a_bucket(valkey: redis.Redis) -> None:
    gate = threading.Barrier(8)

    def grab(_: int) -> int:
        gate.wait()
        return sum(take(valkey, "throttle-test:a", 1, SLOW, 50) == 0 for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(grab, range(8))) == 50


_GRAB = """
import sys, redis
from config.lib.throttle import take
with redis.Redis.from_url(sys.argv[1]) as client:
    print(sum(take(client, "throttle-test:a", 1, 0.001, 50) == 0 for _ in range(40)))
"""


def test_processes_share_a_bucket(valkey: redis.Redis) -> None:
    command = [sys.executable, "-c", _GRAB, settings.REDIS_URL]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(process.communicate(timeout=30)[0]) for process in processes) == 50
