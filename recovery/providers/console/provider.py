"""The development mailbox: messages are written to a directory instead of being sent, for a person to look at."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

from recovery.providers.base import Accepted, Envelope
from recovery.providers.mail import mail_bytes

KEPT = 500  # messages; older ones are thrown away
_EVERY = 25  # messages between two looks at how many there are
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}\.(?:eml|json)")


@dataclass(frozen=True, slots=True)
class Captured:
    """One message of the mailbox. `name` is its file; bodies are empty in a listing of e-mail."""

    name: str
    channel: str
    to: str
    sender: str
    subject: str
    at: datetime
    text: str = ""
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class MailboxProvider:
    """Keeps every channel's messages. The same send written twice is one file, as it would be one message."""

    name = "mailbox"

    def __init__(self, directory: Path | str, *, kept: int = KEPT) -> None:
        self._directory = Path(directory)
        self._kept = kept
        self._written = count(1)

    def send(self, envelope: Envelope) -> Accepted:
        """Written atomically: a reader sees the whole message or none."""
        stem = re.sub(r"[^A-Za-z0-9_-]", "-", f"{envelope.channel}-{envelope.send_id}")[:120]
        if envelope.channel == "email":
            _write(self._directory / f"{stem}.eml", mail_bytes(envelope))
        else:
            _write(self._directory / f"{stem}.json", _as_json(envelope))
        if next(self._written) % _EVERY == 0:
            _throw_away(self._directory, self._kept)
        return Accepted(f"mailbox-{envelope.send_id}")

    def close(self) -> None:
        """Nothing is open."""


def read_mailbox(directory: Path | str, limit: int = 50) -> list[Captured]:
    """The newest messages, newest first."""
    found = (_read(path, bodies=False) for path in _newest_first(Path(directory))[:limit])
    return [message for message in found if message]


def read_message(directory: Path | str, name: str) -> Captured | None:
    """One message with its bodies, or None: no such message, or a name that is none of ours."""
    return _read(Path(directory) / name, bodies=True) if _NAME.fullmatch(name) else None


def _as_json(envelope: Envelope) -> bytes:
    values = {each.name: getattr(envelope, each.name) for each in fields(Envelope)}
    return json.dumps(values, ensure_ascii=False, default=dict).encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def _newest_first(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    ours = (entry for entry in os.scandir(directory) if _NAME.fullmatch(entry.name) and not entry.is_symlink())
    return [Path(entry.path) for entry in sorted(ours, key=_age, reverse=True)]


def _age(entry: os.DirEntry[str]) -> tuple[int, str]:
    try:
        return entry.stat().st_mtime_ns, entry.name
    except FileNotFoundError:  # another process is throwing away
        return 0, entry.name


def _throw_away(directory: Path, kept: int) -> None:
    for path in _newest_first(directory)[kept:]:
        path.unlink(missing_ok=True)


def _read(path: Path, *, bodies: bool) -> Captured | None:
    if path.is_symlink():
        return None
    try:
        content, at = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (FileNotFoundError, IsADirectoryError):
        return None
    if path.suffix == ".json":
        return _from_json(path.name, at, json.loads(content))
    return _from_mail(path.name, at, message_from_bytes(content, policy=policy.default), bodies)


def _from_json(name: str, at: datetime, kept: dict[str, Any]) -> Captured:
    return Captured(name, kept["channel"], kept["to"], kept["sender"], kept["subject"], at, kept["text"], kept["html"])


def _from_mail(name: str, at: datetime, mail: Any, bodies: bool) -> Captured:
    headers = {key: str(value) for key, value in mail.items()}
    text, html = (_part(mail, "plain"), _part(mail, "html")) if bodies else ("", "")
    subject, to, sender = (str(mail.get(key, "")) for key in ("Subject", "To", "From"))
    return Captured(name, "email", to, sender, subject, at, text, html, headers)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
