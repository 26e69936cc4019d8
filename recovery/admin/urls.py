from __future__ import annotations

from django.contrib import admin
from django.urls import path

from recovery.admin.experiments import experiment_page, experiments_page, hold_out
from recovery.admin.first_run import arrived, first_run
from recovery.admin.report_page import report_page

urlpatterns = [
    path("first-run/<slug:slug>/", admin.site.admin_view(first_run), name="admin_first_run"),
    path("first-run/<slug:slug>/arrived/", admin.site.admin_view(arrived), name="admin_first_run_arrived"),
    path("first-run/<slug:slug>/<slug:step>/", admin.site.admin_view(first_run), name="admin_first_run_step"),
    path("report/", admin.site.admin_view(report_page), name="admin_report"),
    path("report/<slug:name>/", admin.site.admin_view(report_page), name="admin_report_page"),
    path("experiments/", admin.site.admin_view(experiments_page), name="admin_experiments"),
    path("experiments/<int:pk>/", admin.site.admin_view(experiment_page), name="admin_experiment"),
    path("experiments/<slug:slug>/hold-out/", admin.site.admin_view(hold_out), name="admin_hold_out"),
]
