from __future__ import annotations

from django.urls import path

from customers.admin.welcome import Welcome

urlpatterns = [path("welcome/<uidb64>/<token>/", Welcome.as_view(), name="admin_welcome")]
