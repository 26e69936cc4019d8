from __future__ import annotations

from django.contrib import admin
from django.urls import path

from recovery.admin.experiments import experiment_page, experiments_page, hold_out
from recovery.admin.report_page import report_page

urlpatterns = [
    path("report/", admin.site.admin_view(report_page), name="admin_report"),
    path("report/<slug:name>/", admin.site.admin_view(report_page), name="admin_report_page"),
    path("experiments/", admin.site.admin_view(experiments_page), name="admin_experiments"),
    path("experiments/<int:pk>/", admin.site.admin_view(experiment_page), name="admin_experiment"),
    path("experiments/<slug:slug>/hold-out/", admin.site.admin_view(hold_out), name="admin_hold_out"),
]
