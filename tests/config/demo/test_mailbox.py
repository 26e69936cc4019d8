"""The development mailbox."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from recovery.providers.base import Envelope
from recovery.providers.console.provider import MailboxProvider

HTML = (
    "<html><head><title>x</title></head><body><a href='https://shop.example/'>Back</a><script>1</script></body></html>"
)


def envelope(**changed: Any) -> Envelope:
    fields = {
        "send_id": "m1",
        "channel": "email",
        "to": "anna@mail.example",
        "sender": "hello@puro.example",
        "subject": "You left <things>",
        "text": "Come back: http://127.0.0.1:8000/r/abc/",
        "html": HTML,
        "headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    }
    return Envelope(**(fields | changed))


@pytest.fixture
def catch(settings: Any) -> Any:
    """`catch(send_id="m2")` puts a message into the mailbox that is ten seconds old; gives its name."""

    def caught(*, seconds_old: float = 10, **changed: Any) -> str:
        folder = Path(settings.MAILBOX_DIR)
        before = set(folder.iterdir()) if folder.exists() else set()
        MailboxProvider(folder).send(envelope(**changed))
        (path,) = set(folder.iterdir()) - before
        os.utime(path, (time.time() - seconds_old,) * 2)
        return path.name

    return caught


def test_an_empty_mailbox_says_what_to_do():
    page = Client().get("/demo/mailbox/").content
    assert b"No messages yet" in page and b"walk away" in page


def test_with_a_real_mail_server_it_says_where_mail_goes(settings):
    settings.EMAIL_URL = "smtp://mail.example:587"
    assert b"Mail goes out for real" in Client().get("/demo/mailbox/").content


def test_it_lists_messages_newest_first_and_shows_the_newest(catch):
    catch(send_id="m1", to="old@mail.example", seconds_old=60)
    newest = catch(send_id="m2", to="new@mail.example")
    page = Client().get("/demo/mailbox/").content.decode()
    assert page.index("new@mail.example") < page.index("old@mail.example")
    assert f'src="/demo/mailbox/{newest}/html/"' in page
    assert "You left &lt;things&gt;" in page


def test_a_message_is_on_its_way_for_some_seconds(catch):
    name = catch(seconds_old=1)
    assert b"No messages yet" in Client().get("/demo/mailbox/list/").content
    assert Client().get(f"/demo/mailbox/{name}/").status_code == 200


def test_a_message_shows_its_text_and_headers(catch):
    page = Client().get(f"/demo/mailbox/{catch()}/").content
    assert b'<a href="http://127.0.0.1:8000/r/abc/"' in page
    assert b"List-Unsubscribe-Post" in page and b"one-click unsubscribe" in page


def test_the_mail_itself_runs_no_script_and_reaches_nobody(catch):
    answer = Client().get(f"/demo/mailbox/{catch()}/html/")
    policy = answer.headers["Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"]
    assert "script-src" not in rules
    assert "allow-scripts" not in rules["sandbox"] and "allow-same-origin" not in rules["sandbox"]
    assert rules["frame-ancestors"] == ["'self'"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<head><base target="_blank">' in answer.content


def test_the_page_around_it_may_frame_only_this_site(catch):
    policy = Client().get(f"/demo/mailbox/{catch()}/").headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_text_message_is_shown_as_one(catch, channel: str):
    name = catch(channel=channel, to="+358401234567", text="Puro: http://127.0.0.1:8000/r/abc/", html="", headers={})
    page = Client().get(f"/demo/mailbox/{name}/").content
    assert f'class="handset {channel}"'.encode() in page
    assert b"bubble" in page and b'href="http://127.0.0.1:8000/r/abc/"' in page


@pytest.mark.parametrize("name", ["nothing.eml", "../admin-password", "..%2fadmin-password", "email-m1.json"])
def test_other_names_are_not_found(catch, name: str):
    catch()
    assert Client().get(f"/demo/mailbox/{name}/").status_code == 404
