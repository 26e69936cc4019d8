"""What the editor's script asks for: how the text looks, the store's carts, and a test to oneself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from carts.models import Cart
from customers.access import may
from recovery.admin.mailview import framed
from recovery.admin.template_editor import Editor
from recovery.admin.template_form import BadForm, written_in
from recovery.channels.lint import Finding
from recovery.models import MessageTemplate, Offer
from recovery.outbox.sample import sample
from recovery.reports.words import money
from recovery.writing.fields import AnyTexts, texts_of
from recovery.writing.look import Look, look
from recovery.writing.trial import NotSent, send_test

_MOST_CARTS = 12


class Workshop(Editor):
    """The editor with its three answers. Each takes what stands in the fields; none of them keeps anything."""

    def look_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The message as the shopper of a cart would get it, and what is wrong with it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        template: Any = self.found(request, object_id)
        try:
            texts, layout = _written(request, template)
        except BadForm as error:
            return JsonResponse({"findings": [_told(Finding(str(error)))]})
        seen = look(template.store, texts, layout, self._context(request, template, texts.locale))
        return JsonResponse(_answer(seen, pictures=request.POST.get("pictures") == "1"))

    def carts_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The store's newest carts, or those of a number, an e-mail address or a last name."""
        template: Any = self.found(request, object_id)
        if not may(request.user, "carts.view_cart", template.store):
            return JsonResponse({"carts": []})
        rows = Cart.objects.filter(store=template.store, quantity__gt=0).filter(_sought(request.GET.get("q", "")))
        newest = rows.select_related("customer", "store").order_by("-last_activity_at")[:_MOST_CARTS]
        return JsonResponse({"carts": [_cart_told(cart) for cart in newest]})

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send what stands in the fields to whoever is named."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        template: Any = self.found(request, object_id)
        if not self.has_change_permission(request, template):
            raise PermissionDenied
        try:
            texts, layout = _written(request, template)
            context = self._context(request, template, texts.locale)
            to, who = request.POST.get("to", "").strip()[:254], int(request.user.pk or 0)
            said = send_test(template.store, texts, layout, context, to, who=who, now=timezone.now())
        except (BadForm, NotSent) as error:
            return JsonResponse({"sent": False, "said": str(error)})
        self.log_change(request, template, f"Sent a test to {to}")
        return JsonResponse({"sent": True, "said": said})

    def _context(self, request: HttpRequest, template: MessageTemplate, locale: str) -> dict[str, Any]:
        """Of the cart and the offer that were chosen; the coupon is shown as it would be, and nobody can use it."""
        number = request.POST.get("offer", "")
        rows = Offer.objects.filter(store=template.store)
        offer = get_object_or_404(rows, pk=int(number)) if number.isdecimal() and len(number) < 19 else None
        cart = self._cart(request, template)
        return sample(template.store, cart, offer=offer, locale=locale, now=timezone.now())

    def _cart(self, request: HttpRequest, template: MessageTemplate) -> Cart | None:
        """The cart that was chosen: one of the template's own store, which the user may see. Raises Http404."""
        number = request.POST.get("cart", "")
        if not number:
            return None
        if not (number.isdecimal() and len(number) < 19 and may(request.user, "carts.view_cart", template.store)):
            raise Http404
        cart = Cart.objects.filter(store=template.store, pk=int(number)).select_related("customer").first()
        if cart is None:
            raise Http404
        return cart


def _written(request: HttpRequest, template: MessageTemplate) -> tuple[AnyTexts, str]:
    texts, layout = written_in(request.POST, template.channel)
    if len(texts) != 1:
        raise BadForm("Choose one language.")
    ((locale, written),) = texts.items()
    return texts_of(template.channel, locale, written), layout


def _answer(seen: Look, *, pictures: bool) -> dict[str, Any]:
    return {
        "subject": seen.subject,
        "preheader": seen.preheader,
        "html": framed(seen.html, pictures=pictures) if seen.html else "",
        "text": seen.text,
        "buttons": list(seen.buttons),
        "size": seen.size,
        "units": seen.units,
        "segments": seen.segments,
        "left": seen.left,
        "encoding": seen.encoding,
        "findings": [_told(finding) for finding in seen.findings],
    }


def _told(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("what", "field", "line", "fatal", "old", "new")}


def _sought(query: str) -> Q:
    """By cart number (c12), whole e-mail address, or the beginning of a last name; nothing: all of them."""
    query = query.strip()
    if not query:
        return Q(is_test=False)
    number = query.lower().removeprefix("c")
    if number.isdecimal() and len(number) < 19:
        return Q(pk=int(number))
    return Q(customer__email__iexact=query) if "@" in query else Q(customer__last_name__istartswith=query)


def _cart_told(cart: Cart) -> dict[str, Any]:
    items = f"{cart.quantity} product{'' if cart.quantity == 1 else 's'}"
    who = str(cart.customer) if cart.customer else "nobody known"
    total = money(cart.total, cart.currency)
    seen = cart.last_activity_at.astimezone(cart.store.zone)
    return {"id": cart.pk, "name": f"{cart} · {who}", "detail": f"{items}, {total}, {seen:%d %b %H:%M}"}
