"""What a Twilio account needs to be spoken to. Cheap to import: the library itself is loaded with the first message."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """SMS goes through the messaging service where there is one, else from the number; WhatsApp from its own sender.

    `from_number` is in E.164, or an alphanumeric sender id. `whatsapp_from` is a number, with or without `whatsapp:`.
    `api_url` is the origin of a stand-in; "" means Twilio itself.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str = ""
    from_number: str = ""
    whatsapp_from: str = ""
    api_url: str = ""
