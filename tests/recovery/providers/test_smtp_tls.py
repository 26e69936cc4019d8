from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from recovery.providers.anymail.smtp import Connection, SmtpProvider, SmtpServer
from recovery.providers.base import Misconfigured
from tests.recovery.providers.envelopes import envelope
from tests.standins.certificate import self_signed
from tests.standins.smtp import SmtpStandin


@pytest.fixture
def secret_smtp(tmp_path: Path) -> Iterator[SmtpStandin]:
    with SmtpStandin(tls=self_signed(tmp_path)) as server:
        yield server


@pytest.mark.parametrize("scheme", ["smtp", "smtp+tls"])
def test_it_takes_starttls_where_it_is_offered(secret_smtp: SmtpStandin, scheme: str) -> None:
    provider = SmtpProvider(SmtpServer(scheme, "127.0.0.1", secret_smtp.port, timeout=2))
    provider.send(envelope())
    provider.send(envelope())
    assert (secret_smtp.connections, secret_smtp.secret_mails) == (1, 2)
    provider.close()


def test_a_certificate_that_nobody_signed_stops_the_provider(secret_smtp: SmtpStandin) -> None:
    with pytest.raises(Misconfigured) as caught:
        Connection(SmtpServer("smtp", "127.0.0.1", secret_smtp.port, timeout=2), ssl.create_default_context())
    assert caught.value.code == "certificate"


def test_a_trusted_certificate_is_taken(secret_smtp: SmtpStandin, tmp_path: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    connection = Connection(SmtpServer("smtp+tls", "127.0.0.1", secret_smtp.port, timeout=2), trusting)
    connection.start("hello@shop.example")
    connection.close()


def test_only_a_server_on_this_machine_may_go_unverified() -> None:
    assert SmtpServer.from_url("smtp://127.0.0.1:25").is_local
    assert not SmtpServer.from_url("smtp://mail.shop.example").is_local
    assert not SmtpServer.from_url("smtp://127.shop.example").is_local
