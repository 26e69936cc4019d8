from __future__ import annotations

import os
from pathlib import Path

import pytest

from recovery.providers.anymail.provider import MailConfig
from recovery.providers.base import Accepted
from recovery.providers.console.provider import MailboxProvider, read_mailbox, read_message
from recovery.providers.registry import build
from tests.recovery.providers.envelopes import envelope


def test_a_mail_is_kept_as_it_would_be_sent(tmp_path: Path) -> None:
    assert build(MailConfig("mailbox", str(tmp_path))).send(envelope()) == Accepted("mailbox-m-1")
    message = read_message(tmp_path, "email-m-1.eml")
    assert message is not None
    assert (message.channel, message.to, message.subject) == (
        "email",
        "Anna <anna@shopper.example>",
        "Ostoskorisi on tallessa – tervetuloa",
    )
    assert message.html.strip() == "<p>Hei ä</p>\n."
    assert message.headers["List-Unsubscribe"] == "<https://go.shop.example/u/x>"


def test_a_text_message_is_kept_too(tmp_path: Path) -> None:
    MailboxProvider(tmp_path).send(envelope(channel="sms", to="+358401234567", sender="SHOP", html="", subject=""))
    (message,) = read_mailbox(tmp_path)
    assert (message.name, message.channel, message.to) == ("sms-m-1.json", "sms", "+358401234567")
    assert message.text == "Hei!\n.\n..piste\n"


def test_the_newest_come_first_up_to_the_limit(tmp_path: Path) -> None:
    for number in range(4):
        MailboxProvider(tmp_path).send(envelope(send_id=f"m-{number}"))
        os.utime(tmp_path / f"email-m-{number}.eml", (number, number))
    assert [message.name for message in read_mailbox(tmp_path, 2)] == ["email-m-3.eml", "email-m-2.eml"]


def test_the_same_send_is_one_file(tmp_path: Path) -> None:
    provider = MailboxProvider(tmp_path)
    provider.send(envelope())
    provider.send(envelope(subject="again"))
    assert [message.subject for message in read_mailbox(tmp_path)] == ["again"]
    assert [path.name for path in tmp_path.iterdir()] == ["email-m-1.eml"]


def test_it_throws_the_oldest_away(tmp_path: Path) -> None:
    provider = MailboxProvider(tmp_path, kept=10)
    for number in range(50):
        provider.send(envelope(send_id=f"m-{number}"))
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize("name", ["../secret.eml", "/etc/passwd", "a/../../x.eml", ".x.eml", "x.txt", "", "link.eml"])
def test_no_name_leads_out_of_the_mailbox(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.eml").write_text("Subject: secret\n\nx")
    box = tmp_path / "box"
    box.mkdir()
    (box / "link.eml").symlink_to(tmp_path / "secret.eml")
    assert read_message(box, name) is None
    assert read_mailbox(box) == []


def test_a_send_id_from_outside_stays_inside(tmp_path: Path) -> None:
    MailboxProvider(tmp_path / "box").send(envelope(send_id="../../etc/passwd", message_id=""))
    assert [path.name for path in (tmp_path / "box").iterdir()] == ["email-------etc-passwd.eml"]


def test_an_empty_or_missing_mailbox_is_no_error(tmp_path: Path) -> None:
    assert read_mailbox(tmp_path / "nowhere") == []
