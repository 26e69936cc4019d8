"""Where a new flow starts: from a ready-made one, or from nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from config.lib.durations import spoken
from customers.access import stores_for
from customers.models import Store
from recovery.flows.ready_made import READY_MADE, Piece, ReadyMade, dear_from, install
from recovery.models import Flow

EMPTY = "empty"


class StartForm(forms.Form):
    """For which store, and from what."""

    store = forms.ModelChoiceField(
        Store.objects.none(), to_field_name="slug", empty_label=None, widget=UnfoldAdminSelectWidget, label="Store"
    )
    kind = forms.ChoiceField(choices=[(EMPTY, EMPTY), *((one.key, one.name) for one in READY_MADE)])

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["store"]
        chosen.queryset = stores


def stores_to_add(request: HttpRequest) -> QuerySet[Store]:
    """Where the user may make flows."""
    return stores_for(request.user, "recovery.add_flow").order_by("is_demo", "name")


def start(form: StartForm, *, now: Any) -> Flow:
    """The new flow, a draft; `form` is valid."""
    store, kind = form.cleaned_data["store"], form.cleaned_data["kind"]
    ready = next((one for one in READY_MADE if one.key == kind), ReadyMade(EMPTY, "New flow", "", ()))
    return install(store, ready, now=now)


def shelf(store: Store | None) -> list[dict[str, Any]]:
    """Every ready-made flow, told for a store."""
    return [{"ready": one, "steps": [_told(piece, one, store) for piece in one.pieces]} for one in READY_MADE]


def _told(piece: Piece, ready: ReadyMade, store: Store | None) -> dict[str, str]:
    delay = piece.delay or (store.abandon_after if store else None)
    also = ["with a discount"] if piece.offer else []
    if ready.dear and store:
        also.append(f"carts from {dear_from(store.currency)} {store.currency}")
    return {
        "after": f"After {spoken(delay)}" if delay else "At once",
        "what": ", else ".join(str(channel.label) for channel in piece.channels),
        "also": ", ".join(also),
    }
