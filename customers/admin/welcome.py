"""The page on which somebody who was invited chooses their password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import PasswordResetConfirmView
from django.urls import reverse_lazy


class Welcome(PasswordResetConfirmView):
    """Django's own page for password links: the token moves to the session at once, so that no referrer tells it."""

    template_name = "web/welcome.html"
    success_url = reverse_lazy("admin:login")
    post_reset_login = False

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        response = super().dispatch(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told = {"lang": "en", "title": "Choose your password" if self.validlink else "This link has ended"}
        return super().get_context_data(**kwargs) | {"words": told, "icon": "message" if self.validlink else "lost"}
