"""An envelope as a mail: raw for SMTP and the mailbox, Django's message for anymail's backends."""

from __future__ import annotations

import re
from binascii import b2a_qp
from email.header import Header
from email.utils import formataddr, formatdate

from django.core.mail import EmailMultiAlternatives

from recovery.providers.base import Envelope, Permanent

# RFC 2045 §6.7 proposes it: "=_" cannot occur in a quoted-printable body, so the boundary is never found inside one.
_BOUNDARY = "=_alternative_"
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def mail_bytes(envelope: Envelope) -> bytes:
    """The whole mail, seven bits wide, with CRLF line ends. Raises Permanent for a control character in a header.

    Written by hand because Django's message costs ten times as much, more than all the rest of the sending.
    """
    head = "".join(f"{name}: {_header(name, value)}\r\n" for name, value in _headers(envelope) if value)
    text = _part("plain", envelope.text)
    if not envelope.html:
        return head.encode() + text + b"\r\n"
    kind = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
    line = f"\r\n--{_BOUNDARY}".encode()
    parts = (line + b"\r\n" + part for part in (text, _part("html", envelope.html)))
    return (head + kind).encode() + b"".join(parts) + line + b"--\r\n"


def as_message(envelope: Envelope) -> EmailMultiAlternatives:
    """Django's message, without a Message-ID: some services refuse a mail that brings its own."""
    message = EmailMultiAlternatives(
        subject=envelope.subject,
        body=envelope.text,
        from_email=formataddr((envelope.sender_name, envelope.sender)),
        to=[formataddr((envelope.to_name, envelope.to))],
        reply_to=[envelope.reply_to] if envelope.reply_to else None,
        headers=dict(envelope.headers),
    )
    if envelope.html:
        message.attach_alternative(envelope.html, "text/html")
    return message


def _headers(envelope: Envelope) -> list[tuple[str, str]]:
    return [
        ("From", _mailbox(envelope.sender_name, envelope.sender)),
        ("To", _mailbox(envelope.to_name, envelope.to)),
        ("Reply-To", envelope.reply_to),
        ("Subject", envelope.subject),
        ("Date", formatdate()),  # the hand-over's own, so the clock is read here
        ("Message-ID", envelope.message_id),
        *envelope.headers.items(),
        ("MIME-Version", "1.0"),
    ]


def _mailbox(name: str, address: str) -> str:
    """`"Name" <address>`, the name quoted or encoded as it needs, or the bare address."""
    return formataddr((name, address)) if name and address.isascii() else address


def _header(name: str, value: str) -> str:
    if _CONTROL.search(value) or _CONTROL.search(name):
        raise Permanent("invalid_message", f"a control character in {name!r}")
    return value if value.isascii() else Header(value, "utf-8", header_name=name).encode(linesep="\r\n")


def _part(kind: str, content: str) -> bytes:
    """Quoted-printable: readable to filters, and safe with relays that cannot take eight bits or long lines."""
    body = b2a_qp(_LINE_END.sub("\r\n", content).encode(), istext=True)
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + body
