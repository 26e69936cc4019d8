"""Whether the world will believe mail from a domain: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), in plain words.

Gmail and Yahoo ask bulk senders for all three (Google: "Email sender guidelines"). Nothing here decides anything: a
store may send without, and is told what it costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from config.lib.dns import NoAnswer

#: What a service asks to be put into the domain's SPF record, and the selectors under which its DKIM keys stand.
_INCLUDES = {
    "mailgun": "include:mailgun.org", "sendgrid": "include:sendgrid.net", "amazon_ses": "include:amazonses.com",
    "brevo": "include:spf.brevo.com", "mailjet": "include:spf.mailjet.com", "postmark": "include:spf.mtasv.net",
    "sparkpost": "include:sparkpostmail.com", "mandrill": "include:spf.mandrillapp.com",
}  # fmt: skip
#: A selector cannot be listed, only tried: these are what the larger services and mail servers use.
SELECTORS = (
    "default", "dkim", "mail", "s1", "s2", "k1", "k2", "k3", "google", "selector1", "selector2", "resend", "mx", "pm",
    "brevo1", "mailjet", "mandrill", "scph", "mta", "smtp",
)  # fmt: skip

LookUp = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One of the three. `tone`: good | warn | bad. `mend` says what to do, `record` what to put into the DNS, or ""."""

    what: str
    tone: str
    found: str
    mend: str = ""
    record: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def findings(domain: str, look_up: LookUp, *, service: str = "", selector: str = "") -> list[Finding]:
    """SPF, DKIM and DMARC of a domain. `service` is the e-mail service by anymail's name, `selector` one's own."""
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("SPF", lambda: spf(domain, look_up, service)),
        ("DKIM", lambda: dkim(domain, look_up, selector)),
        ("DMARC", lambda: dmarc(domain, look_up)),
    ]
    return [_asked(what, check) for what, check in checks]


def _asked(what: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except NoAnswer as error:
        return Finding(what, "warn", f"Not known: {error}.", "Look again in a minute.")


def spf(domain: str, look_up: LookUp, service: str = "") -> Finding:
    """Which servers may send for the domain."""
    records = [text for text in look_up(domain) if text.lower().split(" ")[0] == "v=spf1"]
    include = _INCLUDES.get(service, "")
    wanted = f"v=spf1 {include or 'a:<your mail server>'} ~all"
    if not records:
        return Finding("SPF", "bad", "There is no SPF record: any server may claim to be you.",
                       f"Add a TXT record at {domain} that names the servers that send for you.", wanted)  # fmt: skip
    if len(records) > 1:
        return Finding("SPF", "bad", f"There are {len(records)} SPF records, and two count as none (RFC 7208 §4.5).",
                       f"Join them into one TXT record at {domain}.", records[0])  # fmt: skip
    return _one_spf(records[0], include)


def _one_spf(record: str, include: str) -> Finding:
    words = record.lower().split()
    if words[-1] in ("+all", "all"):
        return Finding("SPF", "bad", "The record allows every server in the world to send for you.",
                       "Change its end to ~all.", f"{' '.join(record.split()[:-1])} ~all")  # fmt: skip
    if include and include not in words:
        joined = record.replace("v=spf1", f"v=spf1 {include}", 1)
        return Finding("SPF", "warn", "The record does not name your e-mail service. That is right only where it "
                       "bounces by a domain of its own.", "If unsure, add it.", joined)  # fmt: skip
    ends = words[-1] in ("-all", "~all") or any(word.startswith("redirect=") for word in words)
    if not ends:
        return Finding("SPF", "warn", "The record says nothing about servers that it does not name.",
                       "End it with ~all.", f"{record.replace('?all', '').strip()} ~all")  # fmt: skip
    return Finding("SPF", "good", "The record names who may send for you, and nobody else.")


def dkim(domain: str, look_up: LookUp, selector: str = "") -> Finding:
    """The key that the mail is signed with."""
    for name in [selector] if selector else SELECTORS:
        for text in look_up(f"{name}._domainkey.{domain}"):
            key = _tag(text, "p")
            if key is None:
                continue
            if not key:
                return Finding("DKIM", "bad", f"The key “{name}” was withdrawn: its record is empty.",
                               "Ask your e-mail service for its new record.")  # fmt: skip
            return Finding("DKIM", "good", f"The key “{name}” stands in the DNS; mail signed with it cannot be forged.")
    mend = "Your e-mail service or mail server shows a record to add. Its name begins with the selector."
    if selector:
        return Finding("DKIM", "bad", f"There is no key at {selector}._domainkey.{domain}.", mend)
    return Finding("DKIM", "warn", "No key stands under any of the usual names.",
                   f"{mend} If you have one already, enter its selector above.")  # fmt: skip


def dmarc(domain: str, look_up: LookUp) -> Finding:
    """What others shall do with mail that only claims to be from the domain."""
    records = _dmarc_records(f"_dmarc.{domain}", look_up)
    parent = domain.partition(".")[2]
    if not records and parent.count(".") >= 1:
        records = _dmarc_records(f"_dmarc.{parent}", look_up)
    policy = (_tag(records[0], "p") or "").lower() if len(records) == 1 else ""
    if not records:
        return Finding("DMARC", "bad", "There is no DMARC record. Gmail and Yahoo put such mail aside.",
                       f"Add a TXT record at _dmarc.{domain}. This one only watches, and breaks nothing.",
                       f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")  # fmt: skip
    if policy not in ("none", "quarantine", "reject"):
        return Finding("DMARC", "bad", "The DMARC record cannot be read: there must be one, with p=none, quarantine or "
                       "reject.", f"Mend the TXT record at _dmarc.{domain}.",
                       f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")  # fmt: skip
    if policy == "none":
        return Finding("DMARC", "good", "There is a record that watches and stops nothing (p=none): enough to begin. "
                       "Tighten it to p=quarantine once the reports are clean.")  # fmt: skip
    return Finding("DMARC", "good", f"Forged mail in your name is turned away (p={policy}).")


def _dmarc_records(name: str, look_up: LookUp) -> list[str]:
    return [text for text in look_up(name) if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]


def _tag(record: str, name: str) -> str | None:
    """The value of name=value in a list separated by semicolons; None where it is not there."""
    for part in record.split(";"):
        key, found, value = part.partition("=")
        if found and key.strip().lower() == name:
            return re.sub(r"\s+", "", value)
    return None
