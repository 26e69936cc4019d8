"""Who may do what in which store. Every page takes its stores, and every row, through here.

A person's rights are their memberships and nothing else: Django's groups and single permissions are not asked.
Superusers run the installation and may do everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model, QuerySet
from django.http import Http404

from customers.models import Membership, Role, Store

_Row = TypeVar("_Row", bound=Model)

_LOOK = (
    "carts.view_*",
    "recovery.view_*",
    "customers.view_store",
    "customers.view_customer",
    "customers.view_suppression",
    "customers.view_privacyrequest",
)
#: What each role may do, as "app.codename" with * for any. Nobody but a superuser does what no pattern names.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    Role.ANALYST: _LOOK,
    Role.SUPPORT: (
        *_LOOK,
        "carts.change_*",
        "customers.change_customer",
        "customers.export_customer",
        "customers.*_suppression",
        "customers.*_privacyrequest",
        "recovery.change_message",
        "recovery.change_enrolment",
        "recovery.change_providerevent",
        "recovery.*_reply",
    ),
    Role.MARKETER: (
        *_LOOK,
        "carts.change_*",
        "customers.change_customer",
        "customers.export_customer",
        "customers.*_suppression",
        "customers.view_loggedchange",
        "recovery.*",
    ),
    Role.OWNER: ("carts.*", "customers.*", "recovery.*"),
}
#: Stores are opened and closed by who runs the installation.
_SUPERUSERS_ONLY = frozenset({"customers.add_store", "customers.delete_store"})


@lru_cache(maxsize=4096)
def _allows(patterns: tuple[str, ...], perm: str) -> bool:
    return perm not in _SUPERUSERS_ONLY and any(fnmatchcase(perm, pattern) for pattern in patterns)


def allows(role: str, perm: str) -> bool:
    """Whether the role has the permission, "recovery.change_flow"."""
    return _allows(PERMISSIONS[role], perm)


def roles_of(user: Any) -> dict[int, str]:
    """Store id → role. Read once for each user object, which is once a request."""
    if not user.is_active or user.pk is None:
        return {}
    known: dict[int, str] | None = getattr(user, "_cartback_roles", None)
    if known is None:
        known = dict(Membership.objects.filter(user_id=user.pk).values_list("store_id", "role"))
        user._cartback_roles = known
    return known


def stores_for(user: Any, *perms: str) -> QuerySet[Store]:
    """The stores that somebody may see; with `perms`, those in which they have at least one of them."""
    if _is_superuser(user):
        return Store.objects.all()
    return Store.objects.filter(pk__in=_store_ids(user, perms))


def _store_ids(user: Any, perms: tuple[str, ...]) -> list[int]:
    roles = roles_of(user)
    return [pk for pk, role in roles.items() if not perms or any(allows(role, perm) for perm in perms)]


def may(user: Any, perm: str, store: Store) -> bool:
    """Whether somebody has the permission, such as "recovery.change_flow", in this store."""
    return _may(user, perm, store.pk)


def own_store(user: Any, slug: str, perm: str = "customers.view_store") -> Store:
    """The store of this name, for a view. Raises Http404 for one that is not theirs, as for one that is not."""
    found = stores_for(user, perm).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def own(user: Any, rows: QuerySet[_Row], *perms: str) -> QuerySet[_Row]:
    """Of the rows those of somebody's own stores, as `stores_for`. Rows that belong to no store: superusers only."""
    if _is_superuser(user):
        return rows
    path = store_path(rows.model)
    if path is None:
        return rows.none()
    # The ids themselves, not a subquery: the planner then knows that it is one store, and reads its index in order.
    ids = _store_ids(user, perms)
    return rows.filter(**({path: ids[0]} if len(ids) == 1 else {f"{path}__in": ids}))


def _is_superuser(user: Any) -> bool:
    return bool(user.is_active and user.is_superuser)


def _may(user: Any, perm: str, store_id: int | None) -> bool:
    if _is_superuser(user):
        return True
    role = roles_of(user).get(store_id or 0)
    return role is not None and allows(role, perm)


# -- which store a row belongs to


@cache
def store_path(model: type[Model]) -> str | None:
    """The lookup that leads from a row to its store's id; None for what belongs to no store.

    Its own `store`, else the path of what it hangs on: its first foreign key that must be filled and leads to one.
    """
    if model is Store:
        return "pk"
    try:
        model._meta.get_field("store")
        return "store"
    except FieldDoesNotExist:
        pass
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and not field.null:
            beyond = store_path(field.related_model)
            if beyond:
                return field.name if beyond == "pk" else f"{field.name}__{beyond}"
    return None


def store_id_of(row: Model) -> int | None:
    """The id of the store that a row belongs to; None where it belongs to none."""
    path = store_path(type(row))
    if path is None or isinstance(row, Store):
        return row.pk if isinstance(row, Store) else None
    found: Any = row
    *steps, last = path.split("__")
    for name in steps:
        found = getattr(found, name)
    store_id: int | None = getattr(found, f"{last}_id")
    return store_id


class Memberships(ModelBackend):
    """Django's question `user.has_perm(perm, row)`, answered from memberships. Without a row: in any store."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if obj is None:
            return any(allows(role, perm) for role in roles_of(user_obj).values())
        return _may(user_obj, perm, store_id_of(obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        patterns: Iterable[str] = (one for role in roles_of(user_obj).values() for one in PERMISSIONS[role])
        return any(pattern.split(".")[0] == app_label for pattern in patterns)

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()
