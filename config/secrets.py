"""The installation's own secret: given in production, made on the first run in development."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from config import env

_MIN_LENGTH = 32


def secret_keys(data_dir: Path, *, development: bool) -> list[str]:
    """SECRET_KEY first, then the older ones of SECRET_KEY_FALLBACKS, which still open what they sealed."""
    given = env.text("SECRET_KEY")
    if not given and not development:
        raise env.EnvError(
            "SECRET_KEY is not set, and PUBLIC_URL says that this is no development machine. Set it to at least "
            f"{_MIN_LENGTH} random characters and keep it: it seals the stores' secrets."
        )
    if given and len(given) < _MIN_LENGTH:
        raise env.EnvError(f"SECRET_KEY has fewer than {_MIN_LENGTH} characters: make it longer and random.")
    return [given or _kept(data_dir / "secret-key"), *env.names("SECRET_KEY_FALLBACKS")]


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()
