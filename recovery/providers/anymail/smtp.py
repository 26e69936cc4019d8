"""SMTP over kept connections, with the phase of every failure known.

Django's own backend sends through `smtplib.SMTP.sendmail`, which tells neither whether the body had left when the
connection broke nor which reply belonged to what; and that is the one thing an honest outbox has to know.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.core.mail.utils import DNS_NAME

from recovery.providers.anymail.pool import Pool
from recovery.providers.anymail.refusals import refusal
from recovery.providers.base import Accepted, Ambiguous, Envelope, Misconfigured, Permanent, SendError, Transient
from recovery.providers.mail import mail_bytes

_T = TypeVar("_T")
_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_TIMEOUT = 30.0
_IDLE = 60.0  # seconds after which a kept connection is not trusted any more; servers hang up from 60 s on
_MAILS_PER_CONNECTION = 100


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how. smtp+tls insists on STARTTLS, smtp takes it when it is offered, smtps is TLS from the start."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = _TIMEOUT

    @classmethod
    def from_url(cls, url: str) -> SmtpServer:
        """smtp://user:password@host:port?timeout=30. Raises ValueError in words, without the password."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("an e-mail address of a server reads smtp://user:password@host:587")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        port = parts.port or (587 if user and parts.scheme == "smtp" else _PORTS[parts.scheme])
        return cls(parts.scheme, parts.hostname, port, user, password, _timeout(parts))

    @property
    def is_local(self) -> bool:
        return self.host in ("localhost", "::1", "127.0.0.1")


def _timeout(parts: SplitResult) -> float:
    return float(parse_qs(parts.query).get("timeout", [_TIMEOUT])[0])


class SmtpProvider:
    """Carries e-mail over SMTP. Threads share nothing at the same time; a dead connection is replaced unseen."""

    name = "smtp"

    def __init__(self, server: SmtpServer) -> None:
        tls = ssl.create_default_context()
        if server.is_local:  # a relay on this machine rarely has a certificate that anyone signed
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        self._pool = Pool(lambda: Connection(server, tls))

    def send(self, envelope: Envelope) -> Accepted:
        """Raises a SendError subclass. The id is the Message-ID: the one thing that a later bounce mail names."""
        sender, recipient = _ascii_address(envelope.sender), _ascii_address(envelope.to)
        mail = mail_bytes(envelope)
        connection = self._started(sender)
        try:
            connection.deliver(recipient, mail)
        finally:
            if connection.is_clean:
                self._pool.keep(connection)
            else:
                connection.hang_up()
        return Accepted(envelope.message_id or envelope.send_id)

    def close(self) -> None:
        """Say good-bye on every idle connection."""
        self._pool.close()

    def _started(self, sender: str) -> Connection:
        """A connection that has taken MAIL FROM. A kept one may have died unseen: then, and only then, once more."""
        kept = self._pool.kept()
        if kept:
            try:
                kept.start(sender)
                return kept
            except Transient:
                pass  # nothing was handed over yet
        fresh = self._pool.new()
        fresh.start(sender)
        return fresh


class Connection:
    """One SMTP session. Every method raises SendError and nothing else."""

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext) -> None:
        self.is_clean = False  # fit for another mail
        self._mails = 0
        self._used = time.monotonic()
        self._smtp = _opened(server, tls)

    @property
    def is_fresh(self) -> bool:
        return self._mails < _MAILS_PER_CONNECTION and time.monotonic() - self._used < _IDLE

    def start(self, sender: str) -> None:
        """MAIL FROM. A connection that fails here is given up."""
        self.is_clean = False
        try:
            code, reply = self._before_body("sender", lambda: self._smtp.mail(sender))
            if code != 250:
                raise refusal("sender", code, reply)
        except SendError:
            self.hang_up()
            raise

    def deliver(self, recipient: str, mail: bytes) -> None:
        """RCPT TO, DATA and the mail. Returns when the server has taken it over."""
        code, reply = self._before_body("recipient", lambda: self._smtp.rcpt(recipient))
        if code not in (250, 251, 252):
            self._reset()
            raise refusal("recipient", code, reply)
        code, reply = self._before_body("data", lambda: self._smtp.docmd("DATA"))
        if code != 354:
            self._reset()
            raise refusal("data", code, reply)
        self._hand_over(mail)

    def _hand_over(self, mail: bytes) -> None:
        """From the first byte of the body on, a silence does not tell whether the server has taken the mail."""
        try:
            self._smtp.send(_dotted(mail))
            code, reply = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Ambiguous("no_reply", f"no answer after the body: {error}") from error
        if code // 100 not in (2, 4, 5):
            raise Ambiguous("garbled_reply", f"an answer to the body that is none: {code}")
        self._mails += 1
        self._used = time.monotonic()
        self.is_clean = code != 421
        if code // 100 != 2:
            raise refusal("body", code, reply)

    def _reset(self) -> None:
        """After a refusal the session goes on, if the server agrees."""
        try:
            self.is_clean = self._smtp.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            self.is_clean = False

    def _before_body(self, phase: str, step: Callable[[], _T]) -> _T:
        try:
            return step()
        except (OSError, smtplib.SMTPException) as error:
            raise Transient("connection_lost", f"{phase}: {error}") from error

    def close(self) -> None:
        """Good-bye, politely."""
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.hang_up()

    def hang_up(self) -> None:
        """Close the socket without a word."""
        self._smtp.close()


def _opened(server: SmtpServer, tls: ssl.SSLContext) -> smtplib.SMTP:
    try:
        smtp = _greeted(server, tls)
    except smtplib.SMTPConnectError as error:
        raise refusal("greeting", error.smtp_code, error.smtp_error) from error
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured("certificate", f"{server.host}: {error.verify_message}") from error
    except (OSError, smtplib.SMTPException) as error:  # refused, unknown name, too slow, TLS broken off
        raise Transient("no_connection", f"{server.host}:{server.port}: {error}") from error
    try:
        _introduced(smtp, server, tls)
    except SendError:
        smtp.close()
        raise
    return smtp


def _greeted(server: SmtpServer, tls: ssl.SSLContext) -> smtplib.SMTP:
    own_name = str(DNS_NAME.get_fqdn())  # asked of DNS once, not at every EHLO
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=server.timeout, context=tls)
    return smtplib.SMTP(server.host, server.port, own_name, timeout=server.timeout)


def _introduced(smtp: smtplib.SMTP, server: SmtpServer, tls: ssl.SSLContext) -> None:
    """EHLO, TLS as the scheme wants it, and the log-in."""
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.scheme == "smtp+tls" or (server.scheme == "smtp" and smtp.has_extn("starttls")):
            smtp.starttls(context=tls)
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        raise refusal("auth", error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Misconfigured("not_supported", str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured("certificate", f"{server.host}: {error.verify_message}") from error
    except smtplib.SMTPResponseException as error:
        raise refusal("ehlo", error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Transient("connection_lost", f"before the mail: {error}") from error


def _ascii_address(address: str) -> str:
    """The address as SMTP without SMTPUTF8 can say it: the domain in punycode. Raises Permanent for what it cannot."""
    local, at, domain = address.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Permanent("invalid_address", f"not a mail domain: {domain!r}", suppress="invalid") from error
    if not local or not plain.isascii() or any(sign in plain for sign in "\r\n\0 <>"):
        raise Permanent("invalid_address", "not an address that this server can be told", suppress="invalid")
    return plain


def _dotted(mail: bytes) -> bytes:
    """Dot-stuffed, with the end mark (RFC 5321 §4.5.2). The mail has CRLF line ends already."""
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
