"""The URL map, on one page."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import health
from recovery.callbacks.mailbox import mailbox_reply

urlpatterns = [
    path("healthz", health.healthz),
    path("metrics", health.metrics),
    path("webhooks/", include("carts.urls")),
    path("", include("recovery.urls")),
    path("", include("customers.urls")),
    path("api/v1/", include("recovery.api.urls")),
    path("admin/", include("recovery.admin.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEVELOPMENT:
    urlpatterns += [
        path("demo/mailbox/<str:name>/reply/", mailbox_reply, name="mailbox_reply"),
        path("demo/", include("config.demo.urls")),
    ]

_pages = "recovery.links.pages"
handler400 = f"{_pages}.bad_request"
handler403 = f"{_pages}.forbidden"
handler404 = f"{_pages}.not_found"
handler500 = f"{_pages}.server_error"
