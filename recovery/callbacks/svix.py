"""Resend's webhooks, which Svix signs: the scheme of Standard Webhooks under header names of its own (docs.svix.com,
"Verifying webhooks manually"). anymail asks for the svix library for that; the one that reads stores' webhooks will do.
"""

from __future__ import annotations

from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.resend import ResendTrackingWebhookView, SvixWebhookValidationMixin
from django.http import HttpRequest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class SignedResendView(ResendTrackingWebhookView):
    """Signed by `signing_secret`; without it, basic authentication has to do."""

    def __init__(self, **kwargs: Any) -> None:
        self._secret = kwargs.pop("signing_secret", "")
        self._svix_webhook = None
        self.warn_if_no_basic_auth = not self._secret
        super(SvixWebhookValidationMixin, self).__init__(**kwargs)

    def validate_request(self, request: HttpRequest) -> None:
        if not self._secret:
            return
        headers = {
            f"webhook-{name}": request.headers.get(f"svix-{name}", "") for name in ("id", "timestamp", "signature")
        }
        try:
            Webhook(self._secret).verify(request.body, headers)
        except (WebhookVerificationError, ValueError) as error:
            raise AnymailWebhookValidationFailure("the signature does not fit") from error
