"""The first run of a store: a page a step, each saying what is missing. One may stop anywhere and come back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from customers import changes
from customers.access import own_store
from customers.admin.base import address, local
from customers.models import Store
from recovery.admin.first_run_forms import FlowForm, RulesForm, SenderForm, TestForm
from recovery.admin.gallery import shelf
from recovery.first_steps import (
    STEPS,
    Standing,
    ask_domain,
    choose_flow,
    heard,
    next_step,
    standings,
    switch_on,
    try_message,
    turned_away,
)
from recovery.flows.ready_made import READY_MADE
from recovery.models import FirstRun, Flow
from recovery.opening import webhook_url
from recovery.writing.trial import NotSent

_CHANGE = "customers.change_store"
_NAMES = [name for name, _ in STEPS]


def first_run(request: HttpRequest, slug: str, step: str = "") -> HttpResponse:
    """GET shows the step, or leads to the first unfinished one; POST does it."""
    store = own_store(request.user, slug, _CHANGE)
    run, _ = FirstRun.objects.get_or_create(store=store)
    if not step:
        return redirect(_at(store, next_step(standings(store, run))))
    if step not in _NAMES:
        raise Http404
    form = _form(step, request, store, run)
    if request.method == "POST" and (form is None or form.is_valid()) and _DEEDS[step](request, store, run, form):
        return redirect(_at(store, _after(step)))
    return _page(request, store, run, step, form)


def arrived(request: HttpRequest, slug: str) -> HttpResponse:
    """{"heard": false, "what": "", "refused": "…"}: asked by the page until the light is green."""
    store = own_store(request.user, slug, _CHANGE)
    first = heard(store)
    refused = "" if first else turned_away(store)
    response = JsonResponse({"heard": first is not None, "what": first.topic if first else "", "refused": refused})
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, store: Store, run: FirstRun, step: str, form: Any) -> HttpResponse:
    found = standings(store, run)
    here = next(one for one in found if one.name == step)
    context = {
        **admin.site.each_context(request),
        "title": f"First steps of {store}",
        "store": store,
        "run": run,
        "here": here,
        "rail": [_rail(store, one, step) for one in found],
        "number": _NAMES.index(step) + 1,
        "form": form,
        "part": f"admin/first_run/{step}.html",
        "back": _at(store, _before(step)) if step != _NAMES[0] else "",
        "onwards": _at(store, _after(step)) if step != _NAMES[-1] else "",
        "store_url": address(store),
        **_FACTS.get(step, lambda *_: {})(store, run, found),
    }
    return TemplateResponse(request, "admin/first_run.html", context)


def _rail(store: Store, one: Standing, here: str) -> dict[str, Any]:
    return {"title": one.title, "url": _at(store, one.name), "done": one.done, "here": one.name == here}


def _at(store: Store, step: str) -> str:
    return reverse("admin_first_run_step", args=[store.slug, step])


def _after(step: str) -> str:
    return _NAMES[min(_NAMES.index(step) + 1, len(_NAMES) - 1)]


def _before(step: str) -> str:
    return _NAMES[max(_NAMES.index(step) - 1, 0)]


def _form(step: str, request: HttpRequest, store: Store, run: FirstRun) -> Any:
    data = request.POST if request.method == "POST" else None
    if step == "sender":
        return SenderForm(data, instance=store, initial={"selector": run.selector})
    if step == "rules":
        return RulesForm(data, instance=store)
    if step == "flow":
        return None if Flow.objects.filter(store=store).exists() else FlowForm(data)
    user: Any = request.user
    return TestForm(data, initial={"to": run.tested_to or user.email}) if step == "test" else None


# -- what each step shows besides its form


def _connect_facts(store: Store, run: FirstRun, found: list[Standing]) -> dict[str, Any]:
    first = heard(store)
    return {
        "webhook_url": webhook_url(store),
        "first": first,
        "refused": "" if first else turned_away(store),
        "first_at": local(first.received_at, store) if first else "",
        "poll_url": reverse("admin_first_run_arrived", args=[store.slug]),
        "secret_url": address(store, "secret"),
        "has_secret": store.secrets.exists(),
    }


def _flow_facts(store: Store, run: FirstRun, found: list[Standing]) -> dict[str, Any]:
    return {"flows": [(flow, address(flow)) for flow in Flow.objects.filter(store=store)], "shelf": shelf(store)}


def _on_facts(store: Store, run: FirstRun, found: list[Standing]) -> dict[str, Any]:
    before = [one for one in found if one.name != "on"]
    return {
        "checks": [(one, _at(store, one.name)) for one in before],
        "ready": all(one.done for one in before if one.name in ("sender", "flow")),
    }


_FACTS = {"connect": _connect_facts, "flow": _flow_facts, "on": _on_facts}

# -- what each step does: True leads on to the next


def _connected(request: HttpRequest, store: Store, run: FirstRun, form: Any) -> bool:
    return True


def _sender(request: HttpRequest, store: Store, run: FirstRun, form: SenderForm) -> bool:
    """Save, look into the DNS, and stay: what was found is to be read."""
    _save(request, store, form)
    run.selector = form.cleaned_data["selector"]
    ask_domain(store, run, now=timezone.now())
    messages.success(request, "Saved. Below is what the DNS says of your domain.")
    return False


def _rules(request: HttpRequest, store: Store, run: FirstRun, form: RulesForm) -> bool:
    _save(request, store, form)
    FirstRun.objects.filter(pk=run.pk).update(rules_at=timezone.now())
    return True


def _save(request: HttpRequest, store: Store, form: Any) -> None:
    """Only what the form names, and a line in the log."""
    if form.changed_data:
        Store.objects.filter(pk=store.pk).update(**{name: form.cleaned_data[name] for name in form.Meta.fields})
        changes.log_form(request.user, store, form)


def _flow(request: HttpRequest, store: Store, run: FirstRun, form: FlowForm | None) -> bool:
    if form is not None:
        ready = next(one for one in READY_MADE if one.key == form.cleaned_data["kind"])
        flow = choose_flow(store, ready, now=timezone.now())
        changes.log(request.user, flow, "Installed in the first steps; it waits to be switched on")
    return True


def _test(request: HttpRequest, store: Store, run: FirstRun, form: TestForm) -> bool:
    to = form.cleaned_data["to"]
    try:
        said = try_message(store, to, who=int(request.user.pk or 0), now=timezone.now())
    except NotSent as error:
        form.add_error("to", str(error))
        return False
    FirstRun.objects.filter(pk=run.pk).update(tested_at=timezone.now(), tested_to=to)
    messages.success(request, f"{said} Look at it on a phone too, and in the spam folder.")
    return True


def _on(request: HttpRequest, store: Store, run: FirstRun, form: None) -> bool:
    if not all(one.done for one in standings(store, run) if one.name in ("sender", "flow")):
        messages.error(request, "Not yet: a sender and a flow are needed first.")
        return True
    switch_on(store, run, now=timezone.now())
    changes.log(request.user, store, "Switched on at the end of the first steps")
    messages.success(request, "It is on. From now on every cart that goes silent gets its messages.")
    return True


_DEEDS: dict[str, Any] = {
    "connect": _connected, "sender": _sender, "rules": _rules, "flow": _flow, "test": _test, "on": _on
}  # fmt: skip
