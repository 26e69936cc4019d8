"""Two stores with a row of every model, the strange one marked in every text. New models are found by themselves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta as td
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, models, transaction
from django.db.models import F, Model, QuerySet, Value
from django.db.models.functions import Concat, Left
from django.test import Client

from customers import changes
from customers.access import store_path
from customers.models import Membership, Store
from recovery.models import Flow, FlowStep, FlowVersion, MessageTemplate, TemplateText
from tests.factories import NOW, after, make_store
from tests.recovery.reports.story import bought, click, credit, message, silent

#: Stands in every text of the strange store; what may be echoed is searched for by its other word.
MARK = "zebra"
ECHO = "stripes"
_APPS = ("customers", "carts", "recovery")


@dataclass(frozen=True, slots=True)
class World:
    own: Store
    strange: Store


def make_world() -> World:
    """The strange store first, so that it is what a careless query finds."""
    boss = User.objects.create_superuser("boss")
    strange = _store(f"{MARK.title()} {ECHO}", ECHO, boss)
    _mark(strange)
    assert [model for model in of_stores() if not rows(model, strange).exists()] == []
    return World(_store("Apple", "apple", boss), strange)


def member(world: World, role: str) -> Client:
    """The client of somebody with this role in the own store and none in the strange one."""
    user = User.objects.create_user("mia", "mia@own.example", is_staff=True)
    Membership.objects.create(user=user, store=world.own, role=role)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def of_stores() -> list[type[Model]]:
    """Every model of ours whose rows belong to a store."""
    return [model for app in _APPS for model in apps.get_app_config(app).get_models() if store_path(model)]


def rows(model: type[Model], store: Store) -> QuerySet[Any]:
    return model._default_manager.filter(**{str(store_path(model)): store.pk}).order_by("pk")


def state(store: Store) -> dict[str, str]:
    """What the store holds, by model: the same as long as nobody wrote into it."""
    return {
        model._meta.label: hashlib.sha256(repr(list(rows(model, store).values_list())).encode()).hexdigest()
        for model in of_stores()
    }


def _store(name: str, slug: str, boss: User) -> Store:
    store = make_store(name=name, slug=slug, domain=f"{slug}.example", sender_email=f"us@{slug}.example")
    flow, template = _flow(store)
    cart = silent(store, 1)
    sent = message(cart, body_html=f"<p>{name}</p>", body_text=name, subject=name, to=f"anna@{slug}.example")
    credit(click(sent, after(hours=2)), bought(store, 1, after(hours=3)))
    silent(store, 2)
    # Made-up rows hang on the newest of what is above them: on a draft, since what is published never changes.
    draft = FlowVersion.objects.create(flow=flow, number=9)
    FlowStep.objects.create(version=draft, position=1, delay=td(hours=1), template=template)
    worker = User.objects.create_user(f"worker@{name.split()[0].lower()}.example", is_staff=True)
    Membership.objects.create(user=worker, store=store, role="support")
    changes.log(boss, store, f"{name} was changed")
    for model in of_stores():
        if not rows(model, store).exists():
            _made_up(model, store)
        row = rows(model, store)[0]
        changes.log(boss, row, f"{name} was changed")
    return store


def _flow(store: Store) -> tuple[Flow, MessageTemplate]:
    """A live flow of one e-mail, without the work of compiling the standard one in every language."""
    template = MessageTemplate.objects.create(store=store, name=f"Letter of {store.name}")
    TemplateText.objects.create(
        template=template, locale="en", subject=store.name, body="Hi", compiled_html="<p>Hi</p>"
    )
    flow = Flow.objects.create(store=store, name=f"Flow of {store.name}", status="live")
    version = FlowVersion.objects.create(flow=flow, number=1)
    FlowStep.objects.create(version=version, position=1, delay=td(hours=1), template=template)
    FlowVersion.objects.filter(pk=version.pk).update(published_at=NOW)
    return flow, template


def _made_up(model: type[Model], store: Store) -> Model:
    """A row of a model that no story tells of. Fields with a default or that may be empty keep it."""
    wanted = {field.name: _value(field, store) for field in model._meta.concrete_fields if _is_asked(field)}
    return model._default_manager.create(**wanted)


def _is_asked(field: Any) -> bool:
    if field.name == "store":
        return True
    return not (field.primary_key or field.has_default() or field.null or (field.blank and not field.choices))


def _value(field: Any, store: Store) -> Any:
    if isinstance(field, models.ForeignKey):
        target: Any = field.related_model
        if target is Store or not store_path(target):
            return store if target is Store else target._default_manager.order_by("pk").first()
        return rows(target, store).last() or _made_up(target, store)
    if field.choices:
        return field.choices[0][0]
    kinds: list[tuple[type, Any]] = [
        (models.DateTimeField, NOW), (models.DateField, NOW.date()), (models.DurationField, td(hours=1)),
        (models.JSONField, {}), (ArrayField, []), (models.BinaryField, b"zebra"), (models.BooleanField, False),
        (models.IntegerField, 1), (models.DecimalField, 1), (models.FloatField, 1.0),
    ]  # fmt: skip
    return next((value for kind, value in kinds if isinstance(field, kind)), f"{store.name}"[: field.max_length])


def _mark(store: Store) -> None:
    """The mark before every free text of the store's rows."""
    for model in of_stores():
        texts = {field.name: _marked(field) for field in model._meta.concrete_fields if _is_text(field)}
        try:
            with transaction.atomic():
                rows(model, store).update(**texts)
        except DatabaseError:
            continue  # proofs and published steps never change; their triggers say so


def _is_text(field: Any) -> bool:
    text = isinstance(field, (models.CharField, models.TextField)) and not field.choices
    return text and field.name not in ("slug", "timezone", "locale", "currency") and (field.max_length or 99) >= 10


def _marked(field: Any) -> Any:
    whole = Concat(Value(f"{MARK} "), F(field.name), output_field=models.TextField())
    return Left(whole, field.max_length) if field.max_length else whole
