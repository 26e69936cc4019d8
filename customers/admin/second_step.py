"""Signing in with two factors: the page that asks for the code, and the page where it is set up.

Who has a second factor gets no page of the admin before the code was given: a middleware stands before all of them, so
that a new page cannot forget to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from unfold.widgets import UnfoldAdminTextInputWidget

from customers import sign_in, two_factor
from customers.login_form import in_words

_FLAG = "second_factor_of"
_OPEN = ("admin:login", "admin:logout", "admin:jsi18n", "admin_second_step")


class SecondStep:
    """Before the admin: leads who still owes a code to the page that asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and self._owes(request):
            return redirect(f"{reverse('admin_second_step')}?{urlencode({'next': request.get_full_path()})}")
        return self.get_response(request)

    def _owes(self, request: HttpRequest) -> bool:
        if request.path in [reverse(name) for name in _OPEN] or not request.user.is_authenticated:
            return False
        return request.session.get(_FLAG) != request.user.pk and two_factor.is_on(request.user)


class CodeForm(forms.Form):
    """A code from the app, or from the paper."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_code(self) -> str:
        """Counted as tries to sign in are: six digits are soon guessed by who may try for ever."""
        user: Any = self.request.user
        seconds = sign_in.wait(self.request, f"code {user.pk}")
        if seconds:
            raise forms.ValidationError(in_words(seconds))
        return str(self.cleaned_data["code"])


@never_cache
@login_required
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code."""
    user: Any = request.user
    form = CodeForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        if two_factor.passes(user, form.cleaned_data["code"], now=timezone.now()):
            sign_in.forgive(request, f"code {user.pk}")
            _remember(request)
            return redirect(_next(request))
        form.add_error("code", "That is not the code of this moment. Take the newest one of your app, or one of the "
                       "codes on paper that was not used yet.")  # fmt: skip
    context = {**admin.site.each_context(request), "title": "One more step", "form": form, "sidebar_navigation": []}
    return TemplateResponse(request, "admin/second_step.html", context)


@never_cache
def two_factor_page(request: HttpRequest) -> HttpResponse:
    """Set it up, get new paper codes, or take it away. Whatever is changed asks for a code of now."""
    user: Any = request.user
    on, codes = two_factor.is_on(user), None
    form = CodeForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        code, wish = form.cleaned_data["code"], request.POST.get("wish", "")
        codes = _confirmed(request, code) if not on else None
        if on and two_factor.passes(user, code, now=timezone.now()):
            if wish == "end":
                two_factor.end(user)
                messages.success(request, "From now on the password alone signs you in.")
                return redirect("admin_two_factor")
            codes = two_factor.new_paper_codes(user.second_factor)
        elif codes is None:
            form.add_error("code", "That is not the code of this moment: take the newest one.")
    factor = None if on or codes else two_factor.begin(user)
    context = {
        **admin.site.each_context(request),
        "title": "Two-factor sign-in",
        "form": form,
        "on": on,
        "codes": codes,
        "key": _grouped(two_factor.key_of(factor)) if factor else "",
        # segno's own drawing: rectangles, no text of anybody
        "picture": mark_safe(two_factor.picture(factor)) if factor else "",
        "left": len(user.second_factor.paper_codes) if on else 0,
    }
    return TemplateResponse(request, "admin/two_factor.html", context)


def _confirmed(request: HttpRequest, code: str) -> list[str] | None:
    codes = two_factor.confirm(two_factor.begin(request.user), code, now=timezone.now())
    if codes:
        _remember(request)
    return codes


def _remember(request: HttpRequest) -> None:
    """This session has given a code. Its key changes, as with every step up in rights."""
    request.session.cycle_key()
    request.session[_FLAG] = request.user.pk


def _next(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("admin:index")


def _grouped(key: str) -> str:
    return " ".join(key[n : n + 4] for n in range(0, len(key), 4))
