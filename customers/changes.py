"""Who changed what: Django's log, with the store beside each line."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model

from customers.access import store_id_of
from customers.models import LoggedChange

_LONGEST = 120


def log(user: Any, row: Model, what: str) -> None:
    """Note a change that was made outside a form, in words."""
    entry = LogEntry.objects.log_actions(user.pk, [row], CHANGE, what, single_object=True)
    of_store(entry, store_id_of(row))


def log_form(user: Any, row: Model, form: Any) -> None:
    """Note what a form of ours changed, outside the admin's own pages."""
    names = [str(form.fields[name].label or name) for name in form.changed_data if name in form.fields]
    message = with_values([{"changed": {"fields": names}}], form)
    entry = LogEntry.objects.log_actions(user.pk, [row], CHANGE, message, single_object=True)
    of_store(entry, store_id_of(row))


def of_store(entry: Any, store_id: int | None) -> None:
    """Put a line of the log to its store, where it has one."""
    if store_id and entry is not None:
        LoggedChange.objects.create(entry=entry, store_id=store_id)


def with_values(message: list[dict[str, Any]], form: Any) -> list[dict[str, Any]]:
    """Django's message on a changed form, with each value as it was and as it is. Secrets are never among them."""
    values = {
        str(form.fields[name].label or name): [shown(form.initial.get(name)), shown(form.cleaned_data.get(name))]
        for name in form.changed_data
        if name in form.fields and name in _columns(form) and not _is_secret(form.fields[name])
    }
    for part in message:
        if values and "changed" in part and "name" not in part["changed"]:
            part["changed"]["values"] = values
    return message


def values_of(entry: LogEntry) -> list[tuple[str, str, str]]:
    """(what, as it was, as it is) of a line of the log."""
    return [
        (name, before, now)
        for part in _parts(entry)
        for name, (before, now) in part.get("changed", {}).get("values", {}).items()
    ]


def shown(value: Any) -> str:
    """A value for the log: short, and a dash for nothing."""
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    if value in (None, "", [], ()):
        return "–"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _parts(entry: LogEntry) -> list[dict[str, Any]]:
    try:
        found = json.loads(entry.change_message)
    except ValueError:
        return []  # words, from before or from outside a form
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _columns(form: Any) -> set[str]:
    """Only what is a column of the row: what a form takes beside it is sealed, hashed or passed on."""
    return {field.name for field in form.instance._meta.concrete_fields}


def _is_secret(field: Any) -> bool:
    return getattr(field.widget, "input_type", "") == "password"
