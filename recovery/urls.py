from __future__ import annotations

from django.urls import URLPattern, path

from recovery.links import views as links

urlpatterns: list[URLPattern] = [
    path("r/<str:token>/", links.recover, name="recover"),
    path("u/<str:token>/", links.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>/", links.preferences, name="preferences"),
]
