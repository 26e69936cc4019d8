"""The outgoing door against a real server on the loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.lib import http


class Shop(BaseHTTPRequestHandler):
    """Answers by path, and remembers what came in."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes, dict[str, str]]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, body, dict(self.headers)))
        getattr(self, self.path.partition("?")[0].strip("/") or "fine")()

    do_POST = do_GET

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fine(self) -> None:
        self.answer(200, b'{"id": 7}', Set_Cookie="shop=1")

    def no(self) -> None:
        self.answer(422, b"no such phone")

    def busy(self) -> None:
        self.answer(429, b"slow down", Retry_After="17")

    def broken(self) -> None:
        self.answer(503, b"oops", Retry_After="3")

    def elsewhere(self) -> None:
        self.answer(302, b"", Location="/fine")

    def inward(self) -> None:
        self.answer(302, b"", Location="http://169.254.169.254/latest/")

    def large(self) -> None:
        self.answer(200, b"x" * 5000)

    def bomb(self) -> None:
        self.answer(200, gzip.compress(b"0" * 3_000_000), Content_Encoding="gzip")

    def hang(self) -> None:
        time.sleep(1)

    def drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b"x" * 20_000)
            time.sleep(0.05)

    def hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def shop() -> Iterator[str]:
    Shop.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_brings_the_answer(shop: str) -> None:
    answer = http.post(f"{shop}/fine", form={"To": "+358401234567"}, auth=("id", "token"), loopback=True)
    assert (answer.status, answer.json()) == (200, {"id": 7})
    method, path, body, headers = Shop.seen[0]
    assert (method, path, body) == ("POST", "/fine", b"To=%2B358401234567")
    assert headers["Authorization"] == "Basic aWQ6dG9rZW4="


def test_it_sends_json(shop: str) -> None:
    http.post(f"{shop}/fine", json={"ä": 1}, loopback=True)
    assert Shop.seen[0][2] == '{"ä":1}'.encode()
    assert Shop.seen[0][3]["Content-Type"] == "application/json"


def test_a_refusal_brings_its_status_and_body(shop: str) -> None:
    with pytest.raises(http.Refused) as caught:
        http.post(f"{shop}/no", loopback=True)
    assert (caught.value.status, caught.value.body, caught.value.retry_after) == (422, b"no such phone", None)


def test_it_hears_when_to_come_again(shop: str) -> None:
    with pytest.raises(http.Refused) as caught:
        http.post(f"{shop}/busy", loopback=True)
    assert (caught.value.status, caught.value.retry_after) == (429, 17.0)


def test_a_broken_server_is_ambiguous_and_not_asked_twice(shop: str) -> None:
    with pytest.raises(http.Ambiguous) as caught:
        http.post(f"{shop}/broken", loopback=True)
    assert (caught.value.status, caught.value.retry_after) == (503, 3.0)
    assert len(Shop.seen) == 1


def test_no_answer_in_time_is_ambiguous(shop: str) -> None:
    with pytest.raises(http.Ambiguous, match="127.0.0.1 did not answer in time"):
        http.post(f"{shop}/hang", seconds=0.2, loopback=True)


def test_an_answer_that_drips_on_is_cut_off(shop: str) -> None:
    started = time.monotonic()
    with pytest.raises(http.Ambiguous, match="did not finish its answer in time"):
        http.get(f"{shop}/drip", seconds=0.3, loopback=True)
    assert time.monotonic() - started < 1


def test_a_connection_that_breaks_off_is_ambiguous(shop: str) -> None:
    with pytest.raises(http.Ambiguous, match="broke off"):
        http.post(f"{shop}/hang_up", loopback=True)
    assert len(Shop.seen) == 1


def test_a_port_where_nobody_listens_is_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(http.NotSent, match="127.0.0.1 cannot be reached"):
        http.post(f"http://127.0.0.1:{port}/", loopback=True)


def test_a_certificate_problem_is_not_sent(shop: str) -> None:
    with pytest.raises(http.NotSent):
        http.post(shop.replace("http:", "https:"), loopback=True)
    assert Shop.seen == []


def test_an_unknown_name_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(http.NotSent, match="nowhere.example cannot be reached"):
        http.get("https://nowhere.example/?token=secret")


def test_the_loopback_is_refused_unless_allowed(shop: str) -> None:
    with pytest.raises(http.Forbidden, match="private address"):
        http.get(f"{shop}/fine", loopback=False)
    assert Shop.seen == []


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: found)
    with pytest.raises(http.Forbidden, match="rebind.example is at a private address"):
        http.get("http://rebind.example/", loopback=True)


def test_redirects_are_refused(shop: str) -> None:
    with pytest.raises(http.Refused) as caught:
        http.get(f"{shop}/elsewhere", loopback=True)
    assert caught.value.status == 302
    assert len(Shop.seen) == 1


def test_redirects_are_followed_when_asked(shop: str) -> None:
    assert http.get(f"{shop}/elsewhere", follow=True, loopback=True).json() == {"id": 7}


def test_a_redirect_inward_is_refused(shop: str) -> None:
    with pytest.raises(http.Forbidden):
        http.get(f"{shop}/inward", follow=True, loopback=True)


def test_an_answer_has_a_limit(shop: str) -> None:
    with pytest.raises(http.Ambiguous, match="more than 4999 bytes"):
        http.get(f"{shop}/large", limit=4999, loopback=True)
    assert len(http.get(f"{shop}/large", limit=5000, loopback=True).body) == 5000


def test_a_packed_answer_has_its_limit_unpacked(shop: str) -> None:
    with pytest.raises(http.Ambiguous, match="more than 1048576 bytes"):
        http.get(f"{shop}/bomb", loopback=True)


def test_no_cookie_is_kept(shop: str) -> None:
    http.get(f"{shop}/fine", loopback=True)
    http.get(f"{shop}/fine", loopback=True)
    assert "Cookie" not in Shop.seen[1][3]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x", "ftp://shop.example/", "shop.example"])
def test_only_web_addresses_are_called(url: str) -> None:
    with pytest.raises(http.Forbidden):
        http.get(url)


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1 fd00::1 "
    "::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: 64:ff9b::a00:1 fe80::1%eth0".split(),
)
def test_it_knows_a_private_address(address: str) -> None:
    assert http.is_public(address) is False


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::6810:84e5", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_it_knows_a_public_address(address: str) -> None:
    assert http.is_public(address) is True


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("999999999", 86400.0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_it_reads_retry_after(value: str, seconds: float | None) -> None:
    assert http.retry_after(value, datetime(2026, 3, 1, 12, tzinfo=UTC)) == seconds
