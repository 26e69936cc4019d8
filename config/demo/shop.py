"""The demo shop's pages. Every step that a real shop would tell Cartback of goes out as a webhook."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.demo import courier, memory
from config.demo.backstage import backstage
from config.demo.catalogue import BY_SLUG, FREE_SHIPPING_FROM, PRODUCTS
from config.demo.events import cart_event, order_event
from config.demo.forms import CheckoutForm
from config.demo.memory import MOST, Cart, Shopper, cart_of, keep_cart, keep_shopper, shopper_of
from config.demo.till import priced


@never_cache
@require_GET
def shelf(request: HttpRequest) -> HttpResponse:
    """Everything for sale."""
    return _page(request, "shelf", {"products": PRODUCTS, "free_from": FREE_SHIPPING_FROM})


@never_cache
@require_GET
def product(request: HttpRequest, slug: str) -> HttpResponse:
    found = BY_SLUG.get(slug)
    if found is None:
        raise Http404
    others = sorted((p for p in PRODUCTS if p != found), key=lambda p: p.category != found.category)
    return _page(request, "product", {"product": found, "others": others[:3], "free_from": FREE_SHIPPING_FROM})


@never_cache
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    return _page(request, "cart", {"most": MOST})


@require_POST
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Add one of a product, or set how many there are of it."""
    if slug not in BY_SLUG:
        raise Http404
    shopper = shopper_of(request)
    held = cart_of(shopper)
    wanted = _number(request.POST.get("quantity", ""), held.quantities.get(slug, 0) + 1)
    held.quantities = {**held.quantities, slug: min(wanted, MOST)}
    if not wanted:
        del held.quantities[slug]
    return _tell_cart(request, shopper, held, redirect("demo:cart"))


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """A discount code, typed in; nothing takes it off again."""
    shopper = shopper_of(request)
    held = cart_of(shopper)
    if not held.count:
        return redirect("demo:cart")
    held.discount_code = request.POST.get("code", "").strip()[:40]
    return _tell_cart(request, shopper, held, redirect("demo:cart"))


@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Who are you? With the answer the cart becomes a checkout."""
    shopper = shopper_of(request)
    held = cart_of(shopper)
    if not held.count:
        return redirect("demo:cart")
    form = CheckoutForm(request.POST or None, initial=shopper.contact or {"country": "FI", "locale": "en"})
    if request.method == "POST" and form.is_valid():
        shopper.contact = form.contact(timezone.now())
        held.checkout_id = held.checkout_id or f"k-{secrets.token_hex(6)}"
        return _tell_cart(request, shopper, held, redirect("demo:payment"))
    return _page(request, "checkout", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_GET
def payment(request: HttpRequest) -> HttpResponse:
    """The last step, where carts are left."""
    shopper = shopper_of(request)
    if not (cart_of(shopper).count and shopper.contact):
        return redirect("demo:checkout")
    return _page(request, "payment", {"failed": "failed" in request.GET})


@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    """Pretend that the card was taken, or refused."""
    shopper = shopper_of(request)
    held = cart_of(shopper)
    if not (held.count and shopper.contact):
        return redirect("demo:checkout")
    if request.POST.get("outcome") == "failed":
        return _tell_cart(request, shopper, held, redirect("/demo/checkout/payment/?failed"), payment_failed=True)
    priced(held).order_number = str(1000 + secrets.randbelow(9000))
    keep_cart(held, shopper)
    courier.post(shopper.id, *order_event(held, shopper, _user_agent(request)))
    return keep_shopper(shopper, redirect("demo:thanks"))


@never_cache
@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    shopper = shopper_of(request)
    bought = memory.bought_cart(shopper)
    return _page(request, "thanks", {"bought": bought}) if bought else redirect("demo:shelf")


@never_cache
@require_GET
def restore(request: HttpRequest, token: str) -> HttpResponse:
    """The way back into a cart, in any browser. Nobody is logged in and nobody's data is shown."""
    held = memory.cart_behind(token)
    shopper = shopper_of(request)
    if held is None or held.order_number:
        return _page(request, "gone", {"was_bought": held is not None}, status=404 if held is None else 200)
    memory.take_over(held, shopper, request.GET.get("discount", "")[:40])
    return keep_shopper(shopper, redirect("demo:cart"))


@require_POST
def start_over(request: HttpRequest) -> HttpResponse:
    """Become somebody new: an empty cart, and nothing remembered of this browser."""
    response = HttpResponseRedirect("/demo/")
    response.delete_cookie(memory.COOKIE, path="/demo/")
    return response


@never_cache
@require_GET
def happened(request: HttpRequest) -> HttpResponse:
    """The panel beside the shop, alone: for the script that keeps it up to date."""
    return render(request, "demo/backstage.html", _common(shopper_of(request)))


def _tell_cart(
    request: HttpRequest, shopper: Shopper, held: Cart, response: HttpResponse, *, payment_failed: bool = False
) -> HttpResponse:
    keep_cart(priced(held), shopper)
    courier.post(shopper.id, *cart_event(held, shopper, _user_agent(request), payment_failed=payment_failed))
    return keep_shopper(shopper, response)


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    courier.start()
    return render(request, f"demo/{name}.html", _common(shopper_of(request)) | context, status=status)


def _common(shopper: Shopper) -> dict[str, Any]:
    held = priced(cart_of(shopper))
    return {"shopper": shopper, "cart": held, "backstage": backstage(shopper, held)}


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else otherwise


def _user_agent(request: HttpRequest) -> str:
    """Whoever tries the demo out by a program plays the shopper: carts of programs are left out of the reports."""
    return request.headers.get("User-Agent", "")[:400].replace("HeadlessChrome", "Chrome")
