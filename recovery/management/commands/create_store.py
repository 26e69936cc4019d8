"""manage.py create_store: a shop and its webhook secret."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from config.lib.durations import in_words
from customers.models import Platform, Store
from recovery.management.printing import Printing, duration_argument
from recovery.opening import CannotOpen, new_secret, open_store, webhook_url

_TOPICS = {
    Platform.SHOPIFY: "Subscribe it to carts/*, checkouts/*, orders/*, refunds/create, customers/* and privacy topics.",
    Platform.WOOCOMMERCE: "Add webhooks of this address for order and customer events, with the same secret.",
    Platform.GENERIC: "Sign each event as Standard Webhooks 1.0.0 says and send it as JSON.",
}


class Command(Printing):
    help = "Make a store that may post webhooks. Prints the address to post them to."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="the store's name in addresses: letters, digits, - and _")
        parser.add_argument("--platform", required=True, choices=Platform.values)
        parser.add_argument(
            "--secret",
            help="the secret that the shop signs its webhooks with; - reads it from standard input; "
            "left out for a generic shop, a new one is made and printed",
        )
        parser.add_argument("--domain", required=True, help="the shop's own host, such as shop.example")
        parser.add_argument("--name", default="", help="what shoppers read; the slug where it is left out")
        parser.add_argument("--currency", default="EUR", help="ISO 4217 code (default: EUR)")
        parser.add_argument("--timezone", default="UTC", help="IANA name, such as Europe/Helsinki (default: UTC)")
        parser.add_argument(
            "--timeout",
            type=duration_argument,
            default="30m",
            help="a cart silent for this long is abandoned: 90s, 30m, 2h, 1d (default: 30m)",
        )
        parser.add_argument(
            "--demo-flow",
            action="store_true",
            help="also make the standard templates and flow, live: e-mail at abandonment, after a day and after three",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        secret, made = _secret(options["secret"], options["platform"])
        store = Store(
            slug=options["slug"],
            name=options["name"] or options["slug"],
            platform=options["platform"],
            domain=options["domain"],
            currency=options["currency"].upper(),
            timezone=options["timezone"],
            abandon_after=options["timeout"],
        )
        try:
            open_store(store, secret, flow=options["demo_flow"], now=timezone.now())
        except CannotOpen as error:
            raise CommandError("\n".join(error.problems)) from error
        shown = secret if made else ""
        self.show(_facts(store, shown, options), _text(store, shown, options), as_json=options["json"])


def _secret(given: str | None, platform: str) -> tuple[str, bool]:
    """The secret, and whether it was made here."""
    if given is None and platform == Platform.GENERIC:
        return new_secret(), True
    if given is None:
        raise CommandError(f"--secret is missing: it is the one that {Platform(platform).label} signs with.")
    return (sys.stdin.readline().strip() if given == "-" else given), False


def _facts(store: Store, made_secret: str, options: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "store": store.slug,
        "platform": store.platform,
        "domain": store.domain,
        "currency": store.currency,
        "timezone": store.timezone,
        "timeout_seconds": int(store.abandon_after.total_seconds()),
        "flow": bool(options["demo_flow"]),
        "webhook_url": webhook_url(store),
    }
    return facts | ({"secret": made_secret} if made_secret else {})


def _text(store: Store, made_secret: str, options: dict[str, Any]) -> str:
    flow = "The standard flow is live." if options["demo_flow"] else "Until a flow is live, nothing is sent."
    lines = [
        f"Store {store.slug} is ready. A cart silent for {in_words(store.abandon_after)} is abandoned. {flow}",
        f"Webhooks go to {webhook_url(store)}",
        _TOPICS[Platform(store.platform)],
    ]
    return "\n".join(lines + ([f"The secret, shown only now: {made_secret}"] if made_secret else []))
