from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy

import pytest

from recovery.providers.anymail.provider import MailConfig, mail_provider
from recovery.providers.anymail.smtp import SmtpProvider, SmtpServer
from recovery.providers.base import Accepted, Ambiguous, Misconfigured, Permanent, SendError, Transient
from tests.recovery.providers.envelopes import envelope
from tests.standins.smtp import SmtpStandin


def test_it_hands_the_mail_over_whole(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    assert carrier.send(envelope()) == Accepted("<m-1@shop.example>")
    (taken,) = smtp.mails
    mail = message_from_bytes(taken.content, policy=policy.default)
    assert (taken.sender, taken.recipient) == ("hello@shop.example", "anna@shopper.example")
    assert mail["From"] == "Nördic <hello@shop.example>"
    assert mail["Subject"] == "Ostoskorisi on tallessa – tervetuloa"
    assert mail["Message-ID"] == "<m-1@shop.example>"
    assert mail["List-Unsubscribe"] == "<https://go.shop.example/u/x>"
    text, html = (part.get_content().splitlines() for part in mail.iter_parts())
    assert (text, html) == (["Hei!", ".", "..piste"], ["<p>Hei ä</p>", "."])
    assert taken.content.isascii()


REFUSALS = [
    ("greeting 421 too many connections", Transient, "smtp_421", ""),
    ("greeting 554 5.7.1 your address is on a list", Misconfigured, "smtp_554", ""),
    ("mail 451 4.3.0 try later", Transient, "smtp_451", ""),
    ("mail 550 5.7.1 sender not allowed", Misconfigured, "smtp_550", ""),
    ("mail 530 5.7.0 log in first", Misconfigured, "smtp_530", ""),
    ("mail 552 5.3.4 too big", Permanent, "smtp_5.3.4", ""),
    ("rcpt 450 4.2.1 too fast", Transient, "smtp_450", ""),
    ("rcpt 452 4.2.2 mailbox full", Transient, "smtp_452", ""),
    ("rcpt 550 5.1.1 no such user", Permanent, "smtp_5.1.1", "bounce"),
    ("rcpt 556 5.1.10 takes no mail", Permanent, "smtp_5.1.10", "bounce"),
    ("rcpt 550 5.1.2 no such domain", Permanent, "smtp_5.1.2", "invalid"),
    ("rcpt 550 5.7.1 looks like spam", Permanent, "smtp_5.7.1", ""),
    ("rcpt 552 5.2.2 mailbox full", Permanent, "smtp_5.2.2", ""),
    ("rcpt 550 no", Permanent, "smtp_550", ""),
    ("data 451 4.3.0 try later", Transient, "smtp_451", ""),
    ("data 554 5.5.1 no recipients", Permanent, "smtp_5.5.1", ""),
    ("body 452 4.3.1 disk full", Transient, "smtp_452", ""),
    ("body 421 4.3.2 going down", Transient, "smtp_421", ""),
    ("body 550 5.7.1 looks like spam", Permanent, "smtp_5.7.1", ""),
    ("body 550 5.1.1 no such user", Permanent, "smtp_5.1.1", "bounce"),
]
BREAKS = [
    ("greeting drop", Transient, "no_connection"),
    ("greeting hang", Transient, "no_connection"),
    ("mail drop", Transient, "connection_lost"),
    ("rcpt drop", Transient, "connection_lost"),
    ("rcpt hang", Transient, "connection_lost"),
    ("data drop", Transient, "connection_lost"),
    ("data hang", Transient, "connection_lost"),
    ("body drop", Ambiguous, "no_reply"),
    ("body hang", Ambiguous, "no_reply"),
    ("body 999 what", Ambiguous, "garbled_reply"),
]


@pytest.mark.parametrize(("fault", "kind", "code", "suppress"), REFUSALS)
def test_it_reads_a_refusal(
    smtp: SmtpStandin, carrier: SmtpProvider, fault: str, kind: type[SendError], code: str, suppress: str
) -> None:
    smtp.faults.append(fault)
    with pytest.raises(kind) as caught:
        carrier.send(envelope())
    assert (type(caught.value), caught.value.code, getattr(caught.value, "suppress", "")) == (kind, code, suppress)
    assert smtp.taken == 0
    assert carrier.send(envelope()) and smtp.taken == 1  # and the next mail gets through


@pytest.mark.parametrize(("fault", "kind", "code"), BREAKS)
def test_it_knows_how_far_it_came(
    smtp: SmtpStandin, carrier: SmtpProvider, fault: str, kind: type[SendError], code: str
) -> None:
    smtp.faults.append(fault)
    with pytest.raises(kind) as caught:
        carrier.send(envelope())
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert smtp.taken == 0


@pytest.mark.parametrize("fault", ["taken drop", "taken hang"])
def test_it_does_not_know_when_a_taken_mail_gets_no_answer(
    smtp: SmtpStandin, carrier: SmtpProvider, fault: str
) -> None:
    smtp.faults.append(fault)
    with pytest.raises(Ambiguous):
        carrier.send(envelope())
    assert smtp.taken == 1


def test_nobody_listening_is_worth_another_try() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Transient) as caught:
        SmtpProvider(SmtpServer("smtp", "127.0.0.1", port)).send(envelope())
    assert caught.value.code == "no_connection"


def test_it_logs_in(smtp: SmtpStandin) -> None:
    smtp.users = {"shop@x": "p/w:1"}
    url = f"smtp://shop%40x:p%2Fw%3A1@127.0.0.1:{smtp.port}"
    assert mail_provider(MailConfig("smtp", url)).send(envelope())
    assert smtp.taken == 1


@pytest.mark.parametrize("fault", ["", "auth 454 4.7.0 try later"])
def test_a_wrong_password_is_for_a_person_and_a_sick_server_is_not(smtp: SmtpStandin, fault: str) -> None:
    smtp.users = {"shop": "right"}
    if fault:
        smtp.faults.append(fault)
    provider = mail_provider(MailConfig("smtp", f"smtp://shop:wrong@127.0.0.1:{smtp.port}"))
    with pytest.raises(Transient if fault else Misconfigured) as caught:
        provider.send(envelope())
    assert caught.value.code == ("smtp_454" if fault else "smtp_535")
    assert "wrong@" not in str(caught.value) and smtp.taken == 0


def test_starttls_that_is_not_offered_stops_the_provider(smtp: SmtpStandin) -> None:
    provider = mail_provider(MailConfig("smtp", f"smtp+tls://127.0.0.1:{smtp.port}"))
    with pytest.raises(Misconfigured) as caught:
        provider.send(envelope())
    assert caught.value.code == "not_supported"


def test_it_keeps_its_connection(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    for _ in range(5):
        carrier.send(envelope())
    assert (smtp.connections, smtp.taken) == (1, 5)


def test_it_keeps_its_connection_over_a_refused_recipient(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    smtp.faults.append("rcpt 550 5.1.1 no such user")
    with pytest.raises(Permanent):
        carrier.send(envelope())
    carrier.send(envelope())
    assert (smtp.connections, smtp.taken) == (1, 1)


def test_it_replaces_a_connection_that_died_while_kept(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    carrier.send(envelope())
    smtp.faults.append("mail drop")
    carrier.send(envelope())
    assert (smtp.connections, smtp.taken) == (2, 2)


def test_it_serves_32_threads_at_once(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    smtp.latency = 0.01
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: carrier.send(envelope(to=f"p{number}@x.example")), range(200)))
    assert len({mail.recipient for mail in smtp.mails}) == 200
    assert smtp.connections <= 32


@pytest.mark.parametrize("to", ["ä@x.example", "no-at", "a@" + "x" * 70 + ".example", "a b@x.example", "a@x\r\nDATA"])
def test_an_address_that_cannot_be_told_is_dead(smtp: SmtpStandin, carrier: SmtpProvider, to: str) -> None:
    with pytest.raises(Permanent) as caught:
        carrier.send(envelope(to=to))
    assert caught.value.suppress == "invalid" and smtp.connections == 0


def test_it_writes_a_foreign_domain_in_punycode(smtp: SmtpStandin, carrier: SmtpProvider) -> None:
    carrier.send(envelope(to="anna@mökki.example"))
    assert smtp.mails[0].recipient == "anna@xn--mkki-5qa.example"


@pytest.mark.parametrize("field", ["subject", "sender_name", "reply_to"])
def test_nothing_starts_a_second_header(smtp: SmtpStandin, carrier: SmtpProvider, field: str) -> None:
    with pytest.raises(Permanent):
        carrier.send(envelope(**{field: "x\r\nBcc: victim@x.example"}))
    assert smtp.taken == 0


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "smtp://u:secret@x:port"])
def test_it_refuses_a_server_address_that_is_none(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        mail_provider(MailConfig("smtp", url))
    assert "secret" not in str(caught.value)
