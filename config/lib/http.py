"""The one door to the outside world: a deadline always, no private addresses, and errors that say what is known.

What matters after a failure is whether the other side may have acted. So there are three errors: `NotSent` (it never
heard of us: repeat freely), `Refused` (it answered no), `Ambiguous` (it may have acted: never repeat blindly).
"""

from __future__ import annotations

import functools
import ipaddress
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
ANSWER_BYTES = 1024 * 1024
_POOL = 64
_LONGEST_WAIT = 86_400.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class HttpError(Exception):
    """The request did not succeed. The message names the host only: paths and queries can hold secrets."""


class NotSent(HttpError):
    """No byte of the request reached the other side: unknown name, refused or slow connect, bad certificate."""


class Forbidden(NotSent):
    """The address is private, or is no address we may call. Trying again is of no use."""


class Ambiguous(HttpError):
    """It may have been acted on: no answer, half an answer, or a 5xx."""

    def __init__(self, message: str, status: int | None = None, body: bytes = b"", retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after = retry_after


class Refused(HttpError):
    """The other side said no: 3xx or 4xx. `retry_after` is in seconds where it told us when to come again."""

    def __init__(self, message: str, status: int, body: bytes = b"", retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, read to its end."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return orjson.loads(self.body)


def get(url: str, **options: Any) -> Answer:
    """`request("GET", …)`"""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Answer:
    """`request("POST", …)`"""
    return request("POST", url, **options)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    form: Mapping[str, Any] | None = None,
    json: Any = None,
    body: bytes | None = None,
    auth: tuple[str, str] | None = None,
    seconds: float = READ_SECONDS,
    limit: int = ANSWER_BYTES,
    follow: bool = False,
    loopback: bool | None = None,
) -> Answer:
    """One request, one answer of 2xx; raises NotSent, Refused or Ambiguous otherwise.

    `seconds` is for the whole answer, however slowly it drips. `limit` is the answer's size in bytes, unpacked.
    Redirects are refused unless `follow`. `loopback` allows this machine's own addresses, for a stand-in; None asks
    the setting OUTGOING_LOOPBACK. Other private addresses are never called.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise Forbidden("only http and https are called")
    if json is not None:
        body, headers = orjson.dumps(json), {"Content-Type": "application/json", **(headers or {})}
    deadline = time.monotonic() + seconds
    allowed = settings.OUTGOING_LOOPBACK if loopback is None else loopback
    try:
        with _session(bool(allowed), os.getpid()).request(
            method,
            url,
            headers=dict(headers or {}),
            params=params,
            data=body if form is None else form,
            auth=auth,
            timeout=(CONNECT_SECONDS, seconds),
            allow_redirects=follow,
            stream=True,
        ) as response:
            return _judge(response, _read(response, limit, deadline))
    except requests.RequestException as error:
        raise _named(error, _host(url)) from error


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait, a day at most, from a Retry-After (RFC 9110 10.2.3: seconds or a date); None if unreadable."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), _LONGEST_WAIT)


def is_public(address: str) -> bool:
    """Whether an IP address is out in the world, also when it wraps another one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if inner:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


def _judge(response: requests.Response, body: bytes) -> Answer:
    status, host = response.status_code, _host(response.url)
    wait = retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
    if 200 <= status < 300:
        return Answer(status, body, response.headers)
    if status >= 500:
        raise Ambiguous(f"{host} answered {status}", status, body, wait)
    raise Refused(f"{host} answered {status}", status, body, wait)


def _read(response: requests.Response, limit: int, deadline: float) -> bytes:
    host, parts, size = _host(response.url), [], 0
    for part in response.iter_content(16 * 1024):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise Ambiguous(f"{host} answered with more than {limit} bytes", response.status_code)
        if time.monotonic() > deadline:
            raise Ambiguous(f"{host} did not finish its answer in time", response.status_code)
    return b"".join(parts)


def _named(error: requests.RequestException, host: str) -> HttpError:
    """The library's error as one of ours. What is not known to have failed before sending is ambiguous."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, _PrivateAddress):
        return Forbidden(f"{host} is at a private address")
    if isinstance(reason, (NewConnectionError, ConnectTimeoutError)):
        return NotSent(f"{host} cannot be reached")
    if isinstance(error, requests.exceptions.SSLError):
        return NotSent(f"{host} has no certificate that we trust")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return Forbidden(f"the request to {host} makes no sense")
    if isinstance(error, requests.exceptions.Timeout):
        return Ambiguous(f"{host} did not answer in time")
    return Ambiguous(f"{host} broke off ({type(error).__name__})")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"


@functools.cache
def _session(loopback: bool, pid: int) -> requests.Session:
    """One pool per process (a fork must not share its parent's connections) and per allowance.

    The environment's proxies and .netrc are left out: a proxy would see to the address itself and undo the guard.
    """
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 3
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "Cartback"
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(loopback))
    return session


class _PrivateAddress(NewConnectionError):
    """The name leads to an address that is not public."""


def _checked_connection(connection: HTTPConnection, loopback: bool) -> socket.socket:
    """Resolve once, refuse the name if any of its addresses is private, and connect to what was checked.

    Checking the name first and letting the library resolve it again would leave a gap for a changing answer.
    """
    host, port, timeout = connection.host, connection.port or 0, connection.timeout
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(is_public(ip) or (loopback and ipaddress.ip_address(ip).is_loopback) for ip in addresses):
        raise _PrivateAddress(connection, "private address")
    failure: OSError = OSError("no address")
    for ip in addresses:
        try:
            return socket.create_connection((ip, port), float(timeout or CONNECT_SECONDS))
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "connect timed out") from failure
    raise NewConnectionError(connection, "connect failed") from failure


def _pools(loopback: bool) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _checked_connection(self, loopback)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _checked_connection(self, loopback)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Adapter(HTTPAdapter):
    """requests' adapter with pools whose connections look at the address first. No retries: callers decide."""

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback
        super().__init__(pool_connections=16, pool_maxsize=_POOL, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._loopback)
