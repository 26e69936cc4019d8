"""The second factor at sign-in: codes that change every half minute (RFC 6238), and ten on paper that work once each.

Decision: `cryptography`, which seals our secrets already, computes the codes. A package for two-factor sign-in would
keep the shared keys and the paper codes readable in the database; here the first are sealed and the second hashed.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from typing import Any

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from config.lib import sealing
from customers.models import SecondFactor

_STEP = 30
_KEY_BYTES = 20
_PAPER = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def is_on(user: Any) -> bool:
    """Whether somebody is asked for a code."""
    return SecondFactor.objects.filter(user_id=user.pk, confirmed_at__isnull=False).exists()


def begin(user: Any) -> SecondFactor:
    """The factor that waits to be confirmed, with the same key as long as it waits."""
    sealed = sealing.seal(base64.b32encode(secrets.token_bytes(_KEY_BYTES)).decode(), settings.SEALING_SECRETS)
    factor, _ = SecondFactor.objects.get_or_create(user=user, defaults={"sealed": sealed})
    return factor


def key_of(factor: SecondFactor) -> str:
    """The shared key as apps take it by hand: base32. Raises Unsealable."""
    return sealing.unseal(factor.sealed, settings.SEALING_SECRETS)


def picture(factor: SecondFactor) -> str:
    """The key as a QR code, an SVG without any outside part."""
    uri = _totp(factor).get_provisioning_uri(factor.user.get_username(), "Cartback")
    return str(segno.make(uri, error="m").svg_inline(scale=4, border=0, omitsize=True))


def confirm(factor: SecondFactor, code: str, *, now: datetime) -> list[str] | None:
    """Switch it on by a first code. Returns the paper codes, which are shown this once; None for a wrong code."""
    if not _by_clock(factor, code, now):
        return None
    SecondFactor.objects.filter(pk=factor.pk, confirmed_at=None).update(confirmed_at=now)
    return new_paper_codes(factor)


def new_paper_codes(factor: SecondFactor) -> list[str]:
    """Ten new ones; the old ones end."""
    codes = ["-".join(_word() for _ in range(2)) for _ in range(_PAPER)]
    SecondFactor.objects.filter(pk=factor.pk).update(paper_codes=[_hashed(code) for code in codes])
    return codes


def passes(user: Any, code: str, *, now: datetime) -> bool:
    """Whether the code is somebody's, and was not used before. It is used up by asking."""
    factor = SecondFactor.objects.filter(user_id=user.pk, confirmed_at__isnull=False).first()
    return factor is not None and (_by_clock(factor, code, now) or _by_paper(factor, code))


def end(user: Any) -> bool:
    """Take the second factor away. True when there was one."""
    return bool(SecondFactor.objects.filter(user_id=user.pk).delete()[0])


def _by_clock(factor: SecondFactor, code: str, now: datetime) -> bool:
    """A code of this half minute or of its neighbours (RFC 6238 §5.2), and newer than any that was used."""
    digits = "".join(code.split())
    counter = int(now.timestamp()) // _STEP
    totp = _totp(factor)
    for one in (counter - 1, counter, counter + 1):
        if hmac.compare_digest(totp.generate(one * _STEP), digits.encode()):
            fresh = SecondFactor.objects.filter(pk=factor.pk, last_counter__lt=one)
            return bool(fresh.update(last_counter=one))
    return False


def _by_paper(factor: SecondFactor, code: str) -> bool:
    hashed = _hashed(code)
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().get(pk=factor.pk)
        left = [one for one in row.paper_codes if not hmac.compare_digest(one, hashed)]
        if len(left) == len(row.paper_codes):
            return False
        SecondFactor.objects.filter(pk=factor.pk).update(paper_codes=left)
    return True


def _totp(factor: SecondFactor) -> TOTP:
    return TOTP(base64.b32decode(key_of(factor)), 6, SHA1(), _STEP)


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def _hashed(code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return salted_hmac("cartback.paper-code", plain, algorithm="sha256").hexdigest()
