"""A law: whoever belongs to one store sees nothing of another and changes nothing in it, by whatever address."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from customers.access import store_path
from customers.admin.base import Page, address
from customers.models import Membership, Role
from tests.rights.addresses import addresses, choices, questions, shortcuts
from tests.rights.world import MARK, World, make_world, member, of_stores, rows, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.MAILBOX_DIR = tmp_path
    return make_world()


def lists() -> list[str]:
    pages = [listed(page) for page in admin.site._registry.values()]
    return [*pages, reverse("admin_report"), reverse("admin:index"), reverse("admin:search")]


def listed(page: Any) -> str:
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")


def leaks(client: Client, paths: list[str], **posted: Any) -> list[tuple[int, str]]:
    """The addresses whose answer tells of the strange store. (A made-up row of one's own may break a page.)"""
    found = []
    for path in paths:
        answer = client.post(path, posted) if posted else client.get(path)
        told = b"".join(answer) if answer.streaming else answer.content
        if MARK in (told.decode(errors="replace") + str(answer.headers)).lower():
            found.append((answer.status_code, path))
    return found


@pytest.mark.parametrize("role", Role.values)
def test_no_address_tells_of_a_strange_store_or_changes_it(world, role):
    client, before = member(world, role), state(world.strange)
    paths = addresses(world.strange, world.own) + lists()
    assert leaks(client, paths) == []
    assert leaks(client, paths, post="yes", store=world.strange.pk, name="x", role="owner") == []
    assert state(world.strange) == before


def test_no_question_and_no_action_reaches_a_strange_store(world):
    """An owner may all that any role may, and which rows there are does not hang on the role."""
    client, before = member(world, Role.OWNER), state(world.strange)
    asked = [page + question for page in lists() for question in questions(world.strange)]
    assert leaks(client, asked + choices() + shortcuts(world.strange)) == []
    chosen = sorted({row.pk for model in of_stores() for row in rows(model, world.strange)})
    for path, action in actions():
        assert leaks(client, [path], action=action, _selected_action=chosen, post="yes") == [], action
    assert state(world.strange) == before


def actions() -> list[tuple[str, str]]:
    pages: list[Any] = list(admin.site._registry.values())
    return [(listed(page), str(name)) for page in pages for _, name, _ in page._get_base_actions()]


def test_an_analyst_changes_nothing_in_their_own_store(world):
    client, before = member(world, Role.ANALYST), state(world.own)
    for path in addresses(world.own, world.own):
        client.post(path, {"post": "yes", "store": world.own.pk, "name": "x"})
    assert state(world.own) == before


def test_a_right_in_one_store_is_none_in_another(world):
    """A marketer here who only looks on there writes nothing there."""
    client = member(world, Role.MARKETER)
    Membership.objects.create(user_id=client.session["_auth_user_id"], store=world.strange, role=Role.ANALYST)
    before = state(world.strange)
    for path in addresses(world.strange, world.strange):
        client.post(path, {"post": "yes", "store": world.strange.pk, "name": "x"})
    assert state(world.strange) == before


def test_members_see_their_own_rows_and_a_strange_one_is_as_one_that_is_not_there(world):
    client = member(world, Role.OWNER)
    for model, page in admin.site._registry.items():
        if getattr(page, "for_superusers", False):
            assert client.get(listed(page)).status_code == 403
        else:
            own, strange = rows(model, world.own)[0], rows(model, world.strange)[0]
            assert (page, client.get(address(own)).status_code) == (page, 200)
            assert (page, client.get(address(strange)).status_code) == (page, 404)


@pytest.mark.parametrize("page", admin.site._registry.values(), ids=str)
def test_every_page_knows_whose_its_rows_are(page):
    for_superusers = getattr(page, "for_superusers", False)
    assert for_superusers or (isinstance(page, Page) and store_path(page.model))


def test_without_signing_in_there_is_only_the_door(world):
    for path in addresses(world.own, world.own):
        answer = Client().get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/admin/login/"), path
