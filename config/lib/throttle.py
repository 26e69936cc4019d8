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
local wait, full = 0, {}
for i, key in ipairs(KEYS) do
    local tokens, rate, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    full[i] = math.max(tonumber(redis.call('GET', key) or 0), now) + tokens / rate
    wait = math.max(wait, full[i] - math.max(burst, tokens) / rate - now)
end
if wait > 0.0000005 then return string.format('%.6f', wait) end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.6f', full[i]), 'PX', math.ceil((full[i] - now) * 1000) + 1000)
end
return '0'
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
    if not limits:
        return 0.0
    numbers = [number for limit in limits for number in (limit.tokens, limit.rate, limit.burst)]
    arguments: list[Any] = [len(limits), *(limit.key for limit in limits), *numbers]
    try:
        answer: Any = client.evalsha(_SHA, *arguments)
    except redis.exceptions.NoScriptError:
        answer = client.eval(_SCRIPT, *arguments)
    return float(answer)
