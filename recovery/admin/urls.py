from __future__ import annotations

from django.contrib import admin
from django.urls import path

from recovery.admin.report_page import report_page

urlpatterns = [path("report/", admin.site.admin_view(report_page), name="admin_report")]
