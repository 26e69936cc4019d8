"""Twilio's Messaging and Content APIs over real HTTP, with a memory, signed callbacks, and faults on demand.

Alone in a process: `python -m tests.standins.twilio --port 8027 --latency 50`. `GET /standin/count` and POSTs to
/standin/faults, /standin/fates, /standin/templates and /standin/inbound then steer it.
"""

from tests.standins.twilio.account import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID, WHATSAPP_NUMBER
from tests.standins.twilio.callbacks import Callback
from tests.standins.twilio.server import Automatic, TwilioStandin

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "NUMBER",
    "SERVICE_SID",
    "WHATSAPP_NUMBER",
    "Automatic",
    "Callback",
    "TwilioStandin",
]
