"""Bringing people into a store. A new person gets a link by which they choose their password, and nobody knows it.

Decision: the link is shown once to who invites, who hands it on. So it works where no mail is set up yet, and the
installation writes to nobody's colleagues.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from customers.access import stores_for
from customers.models import Membership, Role, Store


class AlreadyThere(Exception):
    """The person is a member of the store."""


def invite(email: str, store: Store, role: str) -> Membership:
    """Make somebody a member; who is not known yet gets an account without a password. Raises AlreadyThere."""
    with transaction.atomic():
        user = known(email)
        if user is None:
            user = User.objects.create_user(email.lower(), email.lower(), is_staff=True)
        membership, made = Membership.objects.get_or_create(user=user, store=store, defaults={"role": role})
    if not made:
        raise AlreadyThere
    return membership


def known(email: str) -> User | None:
    """Who signs in by this address, or gave it."""
    return User.objects.filter(Q(username__iexact=email) | Q(email__iexact=email)).order_by("pk").first()


def welcome_link(user: User) -> str:
    """Where somebody chooses a password. It ends with the first use, and by PASSWORD_RESET_TIMEOUT."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("admin_welcome", args=[uid, default_token_generator.make_token(user)])
    return f"{settings.PUBLIC_URL}{path}"


def may_link(actor: Any, user: User) -> bool:
    """Whether `actor` may be shown the link of `user`: who has it becomes them.

    Only for somebody who never had a password, and whose every store is the actor's to manage: else an owner could
    invite a colleague of another store, and walk into that store in their name.
    """
    if user.has_usable_password() or user.is_superuser or not user.is_active:
        return False
    managed = stores_for(actor, "customers.add_membership")
    return not Membership.objects.filter(user=user).exclude(store__in=managed).exists()


def is_last_owner(membership: Membership) -> bool:
    """Without them nobody but a superuser could manage the store."""
    if membership.role != Role.OWNER:
        return False
    others = Membership.objects.filter(store=membership.store_id, role=Role.OWNER, user__is_active=True)
    return not others.exclude(pk=membership.pk).exists()
