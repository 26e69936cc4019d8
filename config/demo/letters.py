"""What has arrived in the development mailbox."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

from django.conf import settings

from recovery.providers.console.provider import Captured, read_mailbox

#: Mail takes a while. Here it must: a click within five seconds of the sending passes for a mail scanner's, and whoever
#: watches this mailbox would be that fast.
ON_ITS_WAY = td(seconds=6)


def arrived(now: datetime) -> list[Captured]:
    """The newest messages, newest first, without those that are still on their way."""
    return [message for message in read_mailbox(settings.MAILBOX_DIR) if message.at <= now - ON_ITS_WAY]
