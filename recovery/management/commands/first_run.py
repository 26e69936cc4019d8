"""manage.py first_run: the first rows. Repeating it changes nothing but what depends on this run's address."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from recovery.demo import NotOurs, open_demo, write_private
from recovery.management.printing import Printing

ADMIN = "admin"


class Command(Printing):
    help = (
        "Prepare a fresh installation. In development: the demo store and an administrator with a random password. "
        "In production: only says how to make an administrator."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        facts, lines = _development() if settings.DEVELOPMENT else _production()
        if options["verbosity"]:
            self.show(facts, "\n".join(lines), as_json=options["json"])


def _production() -> tuple[dict[str, Any], list[str]]:
    admins = get_user_model()._default_manager.filter(is_superuser=True, is_active=True).count()
    url = f"{settings.PUBLIC_URL}/admin/"
    lines = [f"The admin is at {url}"]
    if not admins:
        lines.append("There is no administrator yet. Make one: manage.py createsuperuser")
    return {"admin_url": url, "administrators": admins}, lines


def _development() -> tuple[dict[str, Any], list[str]]:
    path = settings.DATA_DIR / "admin-password"
    password = _admin_password(path)
    url = settings.PUBLIC_URL
    lines = [f"The admin is at {url}/admin/    user {ADMIN}, password {password or 'the one you have set'}"]
    facts: dict[str, Any] = {"admin_url": f"{url}/admin/", "user": ADMIN}
    facts["password_file"] = str(path) if password else ""
    try:
        store, made = open_demo(settings.DATA_DIR, now=timezone.now())
    except NotOurs as error:
        return facts | {"demo_store": ""}, [*lines, str(error)]
    lines.append(f"The demo shop is at {url}/demo/ and its mailbox at {url}/demo/mailbox/")
    return facts | {"demo_store": store.slug, "made": made, "demo_url": f"{url}/demo/"}, lines


def _admin_password(path: Path) -> str:
    """The administrator's first password, as long as it is still the one; "" when a person has set another."""
    users = get_user_model()._default_manager
    user = users.filter(username=ADMIN).first()
    kept = path.read_text().strip() if path.exists() else ""
    if user is None and not users.filter(is_superuser=True).exists():
        kept = kept or secrets.token_urlsafe(12)
        get_user_model().objects.create_superuser(ADMIN, "", kept)
        write_private(path, kept + "\n")
        return kept
    if kept and not (user and user.check_password(kept)):
        path.unlink()
        return ""
    return kept
