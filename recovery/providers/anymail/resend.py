"""Resend takes each Idempotency-Key once in 24 hours (Resend docs: Idempotency keys). anymail does not set it."""

from __future__ import annotations

from typing import Any

from anymail.backends.resend import EmailBackend as ResendBackend
from anymail.backends.resend import ResendPayload


class EmailBackend(ResendBackend):
    """anymail's backend, with the key of each message in the request."""

    def build_message_payload(self, message: Any, defaults: dict[str, Any]) -> OnceOnlyPayload:
        return OnceOnlyPayload(message, defaults, self)


class OnceOnlyPayload(ResendPayload):
    def get_request_params(self, api_url: str) -> dict[str, Any]:
        params: dict[str, Any] = super().get_request_params(api_url)
        params["headers"] = {**params["headers"], "Idempotency-Key": self.message.idempotency_key}
        return params
