"""Make what a new installation needs to be looked at. Safe to run again: what is there is left alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make the admin user of a new installation; its password is kept in DATA_DIR/admin-password."

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        if not users.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            keep(Path(settings.DATA_DIR) / "admin-password", password)
            users.create_superuser("admin", password=password)
            self.stdout.write("Made the user admin")


def keep(path: Path, secret: str) -> None:
    """Write a secret for its owner's eyes only, also where the file was there before."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")
