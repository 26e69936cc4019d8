from __future__ import annotations

from django.contrib import admin
from django.urls import path

from customers.admin.second_step import second_step, two_factor_page
from customers.admin.welcome import Welcome

urlpatterns = [
    path("welcome/<uidb64>/<token>/", Welcome.as_view(), name="admin_welcome"),
    path("admin/second-step/", second_step, name="admin_second_step"),
    path("admin/two-factor/", admin.site.admin_view(two_factor_page), name="admin_two_factor"),
]
