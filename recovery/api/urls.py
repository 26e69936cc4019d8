from __future__ import annotations

from django.urls import URLPattern, path

from recovery.api import views

urlpatterns: list[URLPattern] = [
    path("openapi.json", views.openapi, name="api_openapi"),
    path("report", views.report, name="api_report"),
    path("daily", views.daily, name="api_daily"),
    path("surveys", views.surveys, name="api_surveys"),
    path("pages/<str:name>", views.page, name="api_page"),
    path("carts", views.carts, name="api_carts"),
    path("messages", views.messages, name="api_messages"),
    path("orders", views.orders, name="api_orders"),
    path("experiments", views.experiments, name="api_experiments"),
    path("experiments/<int:pk>", views.experiment, name="api_experiment"),
    path("<path:rest>", views.unknown),
    path("", views.unknown),
]
