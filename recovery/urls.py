from __future__ import annotations

from django.urls import URLPattern, path

from recovery.callbacks import views as callbacks
from recovery.links import survey
from recovery.links import views as links

urlpatterns: list[URLPattern] = [
    path("r/<str:token>/", links.recover, name="recover"),
    path("u/<str:token>/", links.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>/", links.preferences, name="preferences"),
    path("survey/<str:token>/", survey.survey, name="survey"),
    path("callbacks/twilio/status/<str:token>/", callbacks.twilio_status, name="twilio_status"),
    path("callbacks/twilio/inbound/<slug:slug>/", callbacks.twilio_inbound, name="twilio_inbound"),
    path("callbacks/anymail/<slug:esp>/tracking/", callbacks.anymail_tracking, name="anymail_tracking"),
    path("callbacks/anymail/<slug:esp>/inbound/", callbacks.anymail_inbound, name="anymail_inbound"),
]
