"""How fast a thing may be done, across threads, processes and machines: token buckets in Redis.

Each bucket is one number, the time at which it would be full again, so that a bucket costs one key and one script
(the generic cell rate algorithm, as in ATM networks). The clock is the Redis server's: workers' clocks differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local waits, key, filled = {}, 0, {}
for group = 1, tonumber(ARGV[1]) do
    local size = tonumber(ARGV[group + 1])
    local wait, full, first = 0, {}, KEYS[key + 1]
    for i = 1, size do
        local at = 1 + ARGV[1] + 3 * (key + i) - 2
        local tokens, rate, burst = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
        full[i] = math.max(tonumber(redis.call('GET', KEYS[key + i]) or 0), now) + tokens / rate
        wait = math.max(wait, full[i] - math.max(burst, tokens) / rate - now)
    end
    if filled[first] then
        waits[group] = '-1'
    elseif wait > 0.0000005 then
        filled[first], waits[group] = true, string.format('%.6f', wait)
    else
        for i = 1, size do
            local left = math.ceil((full[i] - now) * 1000) + 1000
            redis.call('SET', KEYS[key + i], string.format('%.6f', full[i]), 'PX', left)
        end
        waits[group] = '0'
    end
    key = key + size
end
return waits
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Limit:
    """`tokens` out of the bucket `key`, which gains `rate` a second and holds `burst`."""

    key: str
    tokens: float
    rate: float
    burst: float


def take(client: redis.Redis, key: str, tokens: float, rate: float, burst: float) -> float:
    """Take `tokens` out of one bucket. Returns 0 when they were there, else how many seconds until they are."""
    return take_all(client, [Limit(key, tokens, rate, burst)])


def take_all(client: redis.Redis, limits: Sequence[Limit]) -> float:
    """Take from every bucket or from none. Returns 0 when that went well, else the seconds to wait.

    Nothing is reserved for those who wait: they ask again, and may find that others were there first. More tokens
    than a bucket holds are given when it is full.
    """
    return take_each(client, [limits])[0] if limits else 0.0


def take_each(client: redis.Redis, groups: Sequence[Sequence[Limit]]) -> list[float]:
    """As `take_all`, for one group of buckets after the other, at the price of one question.

    Once a group has to wait, those behind it that begin with the same bucket get nothing, and -1 for an answer: nobody
    jumps the queue because they want less.
    """
    if not groups:
        return []
    limits = [limit for group in groups for limit in group]
    numbers = [number for limit in limits for number in (limit.tokens, limit.rate, limit.burst)]
    keys = [limit.key for limit in limits]
    arguments: list[Any] = [len(keys), *keys, len(groups), *map(len, groups), *numbers]
    try:
        answer: Any = client.evalsha(_SHA, *arguments)
    except redis.exceptions.NoScriptError:
        answer = client.eval(_SCRIPT, *arguments)
    return [float(wait) for wait in answer]
