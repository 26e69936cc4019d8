"""Every address of the admin, found in the URL map, with the keys of a store's rows filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from customers.access import store_path
from customers.models import Store
from tests.rights.world import ECHO, of_stores, rows

#: Ends the session, or is nobody's page.
_LEFT_OUT = {"logout", "login", "jsi18n"}


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """Each pattern below /admin/ with its name as `reverse` takes it; "" where it has none."""
    yield from _below(get_resolver().url_patterns, "", "")


def _below(found: list[Any], route: str, space: str) -> Iterator[tuple[str, URLPattern]]:
    for one in found:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _below(one.url_patterns, here, f"{one.namespace}:" if one.namespace else space)
        elif here.startswith("admin/") and one.name and one.name not in _LEFT_OUT:
            yield space + one.name, one


def addresses(store: Store, own: Store) -> list[str]:
    """Every page of the admin, once for each of the store's rows that it can be about."""
    found: dict[str, None] = {}
    for name, pattern in patterns():
        for given in _filled(name, pattern, store, own):
            found.setdefault(reverse(name, kwargs=given))
    return list(found)


def _filled(name: str, pattern: URLPattern, store: Store, own: Store) -> Iterator[dict[str, Any]]:
    """What may stand for the pattern's parts. Below an own row, the strange store's keys are tried as well."""
    wanted = pattern.pattern.converters
    model = _model_of(name)
    if not wanted:
        if not pattern.pattern.regex.groups:
            yield {}
        return
    if model is None or "object_id" not in wanted:
        yield from _by_trying(wanted, store)
        return
    inner = {key: converter for key, converter in wanted.items() if key != "object_id"}
    for row in [*_of(model, store)[:1], *(_of(model, own)[:1] if inner else [])]:
        for rest in _by_trying(inner, store, model):
            yield {"object_id": row.pk, **rest}


def _by_trying(wanted: dict[str, Any], store: Store, model: type[Model] | None = None) -> Iterator[dict[str, Any]]:
    """Every number that is the key of a row of the store; for a word its name, or the deeds of the page."""
    if not wanted:
        yield {}
        return
    numbers = sorted({row.pk for some in of_stores() for row in rows(some, store)[:1]})
    deeds = [deed.name for deed in getattr(admin.site._registry.get(model), "deeds", ())] if model else []
    words = [ECHO, *numbers]
    for n in range(max(len(numbers), len(deeds), 1)):
        yield {
            key: numbers[n % len(numbers)] if isinstance(converter, IntConverter)
            else (deeds or ["none"])[n % len(deeds or [1])] if key == "deed" else words[n % len(words)]
            for key, converter in wanted.items()
        }  # fmt: skip


def _model_of(name: str) -> type[Model] | None:
    label = name.removeprefix("admin:")
    models = [model for model in admin.site._registry if label.startswith(f"{_label(model)}_")]
    return max(models, key=lambda model: len(_label(model)), default=None)


def _label(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def _of(model: type[Model], store: Store) -> Any:
    return rows(model, store) if store_path(model) else model._default_manager.order_by("pk")


def questions(store: Store) -> list[str]:
    """What can be typed behind the address of a list: the strange store by every name, and its rows' keys."""
    return [
        f"?q={ECHO}", f"?store__id__exact={store.pk}", f"?store={ECHO}", f"?store={store.pk}", f"?store__slug={ECHO}",
        f"?cart__store__id={store.pk}", f"?customer__store={store.pk}", f"?id__gte=0&store__name__contains={ECHO}",
        f"?_popup=1&_to_field=id&store__id__exact={store.pk}",
    ]  # fmt: skip


def choices() -> list[str]:
    """The autocomplete of every foreign key."""
    found = []
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey):
                asked = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field.name}"
                found += [f"{reverse('admin:autocomplete')}?{asked}&term={term}" for term in ("", ECHO)]
    return found


def shortcuts(store: Store) -> list[str]:
    """Django's own "view on site" of every row."""
    return [
        reverse("admin:view_on_site", args=[ContentType.objects.get_for_model(model).pk, row.pk])
        for model in of_stores()
        for row in rows(model, store)[:1]
    ]
