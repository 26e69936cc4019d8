"""Rights are memberships: per store, by role, and nothing beside them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.http import Http404

from customers.access import PERMISSIONS, allows, may, own, own_store, store_id_of, store_path, stores_for
from customers.models import Membership, Role, Store, StoreSecret
from recovery.models import Flow, FlowStep, ProviderPause, StepFallback, TemplateText
from tests.factories import NOW, make_flow, make_store

pytestmark = pytest.mark.django_db


def member(**roles: str) -> tuple[User, dict[str, Store]]:
    """Somebody with these roles by the names of stores; the stores."""
    user = User.objects.create_user("mia", is_staff=True)
    stores = {name: make_store(slug=name) for name in ("a", "b", "c")}
    for name, role in roles.items():
        Membership.objects.create(user=user, store=stores[name], role=role)
    return user, stores


def test_a_member_sees_their_stores_alone():
    user, _ = member(a="marketer", b="analyst")
    assert {store.slug for store in stores_for(user)} == {"a", "b"}
    assert {store.slug for store in stores_for(user, "recovery.change_flow")} == {"a"}


def test_a_role_counts_in_its_store_alone():
    user, stores = member(a="marketer", b="analyst")
    assert [may(user, "recovery.change_flow", stores[name]) for name in "abc"] == [True, False, False]
    assert [may(user, "recovery.view_flow", stores[name]) for name in "abc"] == [True, True, False]


def test_a_superuser_sees_and_may_do_everything():
    boss = User.objects.create_superuser("boss")
    store = make_store()
    assert list(stores_for(boss)) == [store] and may(boss, "customers.delete_store", store)


@pytest.mark.parametrize("who", [AnonymousUser(), User(username="x", is_active=False, is_superuser=True)])
def test_strangers_and_closed_accounts_have_nothing(who):
    store = make_store()
    assert list(stores_for(who)) == [] and not may(who, "carts.view_cart", store)


def test_djangos_own_permissions_give_nothing():
    user, _ = member(a="analyst")
    user.user_permissions.set(Permission.objects.all())
    user = User.objects.get(pk=user.pk)
    assert user.has_perm("recovery.view_flow") and not user.has_perm("recovery.change_flow")
    assert not user.has_perm("auth.view_user")


def test_has_perm_with_a_row_asks_for_its_store():
    user, stores = member(a="marketer", b="analyst")
    flows = {name: make_flow(stores[name]) for name in "abc"}
    assert [user.has_perm("recovery.change_flow", flows[name]) for name in "abc"] == [True, False, False]


def test_a_strange_store_is_not_there():
    user, _ = member(a="marketer", b="analyst")
    assert own_store(user, "a").slug == "a"
    for slug in ("c", "nowhere"):
        with pytest.raises(Http404):
            own_store(user, slug)


@pytest.mark.parametrize(
    ("model", "path"),
    [(Store, "pk"), (Flow, "store"), (FlowStep, "version__flow__store"), (StoreSecret, "store"),
     (StepFallback, "step__version__flow__store"), (TemplateText, "template__store"), (User, None)],
)  # fmt: skip
def test_a_row_leads_to_its_store(model, path):
    assert store_path(model) == path


def test_a_row_tells_its_store():
    store = make_store()
    flow = make_flow(store)
    step = FlowStep.objects.filter(version__flow=flow)[0]
    assert [store_id_of(row) for row in (store, flow, step)] == [store.pk] * 3


def test_what_belongs_to_no_store_is_for_superusers():
    user, _ = member(a="owner")
    pause = ProviderPause.objects.create(channel="email", provider="smtp", code="auth", detail="535", began_at=NOW)
    assert not own(user, ProviderPause.objects.all()).exists()
    assert not own(user, User.objects.all()).exists()
    assert not user.has_perm("recovery.view_providerpause", pause)


def test_an_analyst_only_looks():
    assert {pattern.split(".")[1].split("_")[0] for pattern in PERMISSIONS[Role.ANALYST]} == {"view"}


@pytest.mark.parametrize("role", Role.values)
def test_nobody_but_a_superuser_opens_stores_or_touches_accounts(role):
    strange = ["customers.add_store", "customers.delete_store", "auth.change_user", "admin.view_logentry"]
    assert [perm for perm in strange if allows(role, perm)] == []


def test_only_owners_see_to_members_and_settings():
    perms = ["customers.change_store", "customers.add_membership", "customers.view_membership"]
    assert {role for role in Role.values for perm in perms if allows(role, perm)} == {"owner"}


def test_owners_may_all_that_anybody_else_in_the_store_may():
    perms = {
        pattern.replace("*", word) for role in Role.values for pattern in PERMISSIONS[role] for word in ("view", "x")
    }
    assert [
        perm for perm in perms if any(allows(role, perm) for role in Role.values) and not allows("owner", perm)
    ] == []
