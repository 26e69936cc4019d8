"""People in the generic format. The same `customer` object stands in carts, orders, consents and privacy requests."""

from __future__ import annotations

from carts.snapshots import Consent, CustomerMerged, CustomerSnapshot, Person, PrivacyRequest, Uninstalled
from carts.sources import parts
from carts.sources.event import Event
from config.lib.wild import Wild, WildError

_CHANNELS = {"email", "sms", "whatsapp"}


def person(box: Wild) -> Person:
    """A `customer` object; an absent or null one is nobody."""
    return Person(
        external_id=box.get("id").identifier(),
        email=parts.email(box.get("email")),
        phone=parts.phone(box.get("phone")),
        first_name=parts.name(box.get("first_name")),
        last_name=parts.name(box.get("last_name")),
        locale=parts.locale(box.get("locale")),
        country=parts.country(box.get("country")),
        region=parts.first_short(60, box.get("region")),
        postal_code=parts.first_short(16, box.get("postal_code")),
        consents=tuple(_consent(entry) for entry in box.get("consents").items(20)),
    )


def _somebody(box: Wild) -> Person:
    found = person(box)
    if not (found.external_id or found.email or found.phone):
        raise WildError(f"{box.path or 'data'} should have an id, email or phone")
    return found


def _consent(box: Wild) -> Consent:
    channel, granted = box["channel"].text(20), box["granted"].flag()
    if channel not in _CHANNELS:
        raise WildError(f"{box['channel'].path} should be email, sms or whatsapp")
    return Consent(
        channel=channel,
        granted=bool(granted),
        at=box.get("at").moment_or_none(),
        source=box.get("source").text(60) or "store",
        words=box.get("words").text(),
        address=box.get("address").short(254),
    )


def customer(event: Event) -> CustomerSnapshot:
    """customer.updated: `data` is the customer."""
    return CustomerSnapshot(_somebody(event.body), event.first_moment(event.body.get("updated_at")))


def customer_deleted(event: Event) -> PrivacyRequest:
    """customer.deleted: what the store no longer holds about a person, nobody else should hold for it."""
    return PrivacyRequest("erase", event.told_at, Person(external_id=event.body["id"].identifier()))


def customer_merged(event: Event) -> CustomerMerged:
    """customer.merged."""
    kept, gone = event.body["kept_id"].identifier(), event.body["gone_id"].identifier()
    return CustomerMerged(kept_external_id=kept, gone_external_id=gone, at=event.told_at)


def consent(event: Event) -> CustomerSnapshot:
    """consent.updated: one statement about one channel."""
    said = _consent(event.body)
    known = _somebody(event.body["customer"])
    return CustomerSnapshot(
        Person(known.external_id, known.email, known.phone, consents=(said,)), updated_at=said.at or event.told_at
    )


def access(event: Event) -> PrivacyRequest:
    """privacy.access."""
    return _privacy(event, "access")


def erase(event: Event) -> PrivacyRequest:
    """privacy.erase."""
    return _privacy(event, "erase")


def _privacy(event: Event, kind: str) -> PrivacyRequest:
    body = event.body
    orders = tuple(order.identifier() for order in body.get("order_ids").items())
    return PrivacyRequest(kind, event.told_at, _somebody(body["customer"]), orders, body.get("reference").identifier())


def erase_shop(event: Event) -> PrivacyRequest:
    """privacy.erase_shop."""
    return PrivacyRequest("erase_shop", event.told_at)


def uninstalled(event: Event) -> Uninstalled:
    """store.uninstalled."""
    return Uninstalled(event.told_at)
