"""Which visits are a machine's. Mail gateways, chat programs and browsers open links that no person has clicked.

Pure: what is known of one visit in, a reason out. A machine is led on like everybody, but its click counts
for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.http import HttpRequest

_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
#: Nobody opens a message, reads it and clicks within this time of its being sent; gateways do.
HASTE = td(seconds=5)
#: Two different links of one message within this time are two hands: a scanner goes through all of them.
SEVERAL_LINKS = td(seconds=2)

_SCANNERS = (
    "barracuda", "bitdefender", "ciscosecureemail", "fireeye", "forcepoint", "google-safety", "mailscanner",
    "messagelabs", "mimecast", "ms-office", "msoffice", "microsoft office", "proofpoint", "safelinks", "symantec",
    "tmes", "trend micro", "trustwave", "urlscan", "virustotal", "zscaler",
)  # fmt: skip
_PREVIEWS = (
    "facebookexternalhit", "facebot", "ggpht", "googleimageproxy", "google web preview", "bingpreview",
    "skypeuripreview", "snap url preview", "yahoomailproxy", "embedly", "iframely", "mastodon/", "microsoftpreview",
)  # fmt: skip
_SCRIPTS = (
    "aiohttp", "apache-httpclient", "axios", "curl/", "dart:io", "go-http-client", "guzzlehttp", "headlesschrome",
    "httpx", "java/", "libwww-perl", "lua-resty", "node-fetch", "okhttp", "phantomjs", "postmanruntime", "powershell",
    "puppeteer", "python-requests", "python-urllib", "python/", "scrapy", "undici", "wget/", "winhttp",
)  # fmt: skip
# A telephone is called Cubot. A browser says more than "Mozilla/5.0"; WhatsApp puts its name first only in previews.
_ROBOT = re.compile(r"(?<!cu)bot(?![a-z])|crawl|spider|slurp|^whatsapp/|^ruby|^mozilla/[45]\.0( \(compatible;?\))?$")


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one visit. `purposes`: the values of Sec-Purpose, Purpose, X-Purpose and X-Moz."""

    method: str
    user_agent: str
    purposes: tuple[str, ...] = ()
    since_sent: td | None = None  # None: not known


def machine_reason(visit: Visit) -> str:
    """Why the visit is a machine's, or "" when it may be a person's.

    head | prefetch | no_user_agent | scanner | preview | script | robot | too_soon. One more, several_links, shows only
    in what follows: see `recovery.links.clicks`.
    """
    if visit.method == "HEAD":
        return "head"
    if any("prefetch" in purpose.lower() or "preview" in purpose.lower() for purpose in visit.purposes):
        return "prefetch"
    return _by_name(visit.user_agent.strip().lower()) or _by_haste(visit.since_sent)


def visitor(request: HttpRequest, sent_at: datetime | None, now: datetime, *, in_demo: bool = False) -> str:
    """The same of a request. `sent_at`: when the message with the link was handed over, where there was one.

    A browser without a window is a person `in_demo`: whoever tries the demo out by a program plays the shopper.
    """
    name = request.headers.get("User-Agent", "")
    purposes = tuple(request.headers[name] for name in _PURPOSES if name in request.headers)
    since_sent = now - sent_at if sent_at else None
    shown = name.replace("HeadlessChrome", "Chrome") if in_demo else name
    return machine_reason(Visit(request.method or "GET", shown, purposes, since_sent))


def _by_name(name: str) -> str:
    if not name:
        return "no_user_agent"
    for reason, words in (("scanner", _SCANNERS), ("preview", _PREVIEWS), ("script", _SCRIPTS)):
        if any(word in name for word in words):
            return reason
    return "robot" if _ROBOT.search(name) else ""


def _by_haste(since_sent: td | None) -> str:
    # The clocks of two machines differ a little, so a click may seem to come before the sending. One that comes long
    # before it tells nothing.
    return "too_soon" if since_sent is not None and -HASTE < since_sent < HASTE else ""
