"""Who a Shopify event is about, and what they allowed."""

from __future__ import annotations

from carts.snapshots import (
    Consent,
    CustomerMerged,
    CustomerSnapshot,
    Ignored,
    Person,
    PrivacyRequest,
    Snapshot,
    Uninstalled,
)
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.shopify.samples import is_sample
from config.lib.wild import Wild, WildError

#: what a consent's state says; "not_subscribed", "pending" and "invalid" are no word of the person
_STATES = {"subscribed": True, "unsubscribed": False, "redacted": False}

_SAMPLE = Ignored("Shopify's own sample data")


def buyer(body: Wild) -> Person:
    """The buyer of a checkout or order. `customer` is absent or null for guests and drafts, an address may be []."""
    customer, shipping, billing = body.get("customer"), body.get("shipping_address"), body.get("billing_address")
    home = customer.get("default_address")
    numbers = [holder.get("phone") for holder in (customer, shipping, billing)]
    return Person(
        external_id=parts.external_id(customer.get("id")),
        email=parts.email(body.get("email"), body.get("contact_email"), customer.get("email")),
        phone=parts.phone(body.get("phone"), body.get("sms_marketing_phone"), *numbers),
        first_name=parts.name(customer.get("first_name"), billing.get("first_name"), shipping.get("first_name")),
        last_name=parts.name(customer.get("last_name"), billing.get("last_name"), shipping.get("last_name")),
        locale=parts.locale(body.get("customer_locale")),
        country=parts.country(shipping.get("country_code"), billing.get("country_code"), home.get("country_code")),
        region=parts.first_short(60, shipping.get("province_code"), billing.get("province_code")),
        postal_code=parts.first_short(16, shipping.get("zip"), billing.get("zip")),
        consents=_consents_at_checkout(body),
    )


def _consents_at_checkout(body: Wild) -> tuple[Consent, ...]:
    """What the boxes of the checkout say, and the customer's standing, which comes along up to API version 2024-10.

    A ticked box beats the standing, the standing beats a box left unticked: that is no yes, but the shop's default also
    for subscribers. A box is dated back to when the checkout began: each later update repeats it, and must not outdo a
    "no" that came between.
    """
    customer = body.get("customer")
    number = parts.phone(body.get("sms_marketing_phone"))
    by_email = _box(body, "email", "buyer_accepts_marketing")
    by_sms = _box(body, "sms", "buyer_accepts_sms_marketing", number)
    said = (
        _stronger(by_email, _consent("email", customer.get("email_marketing_consent"))),
        _stronger(by_sms, _consent("sms", customer.get("sms_marketing_consent"))),
    )
    return tuple(consent for consent in said if consent)


def _stronger(box: Consent | None, standing: Consent | None) -> Consent | None:
    return box if box and box.granted else standing or box


def _box(body: Wild, channel: str, field: str, address: str = "") -> Consent | None:
    ticked = body.get(field).flag()
    if ticked is None:
        return None
    return Consent(channel, ticked, body.get("created_at").moment_or_none(), "checkout", address=address)


def _consent(channel: str, box: Wild, address: str = "") -> Consent | None:
    """The standing consent of a customer record; None where the person never said anything."""
    granted = _STATES.get(box.get("state").text(20).lower())
    if granted is None:
        return None
    at = box.get("consent_updated_at").moment_or_none()
    return Consent(channel, granted, at, "customer", address=address)


def _customer(body: Wild) -> Person:
    home = body.get("default_address")
    consents = (
        _consent("email", body.get("email_marketing_consent")),
        _consent("sms", body.get("sms_marketing_consent")),
    )
    return Person(
        external_id=parts.external_id(body["id"]),
        email=parts.email(body.get("email")),
        phone=parts.phone(body.get("phone"), home.get("phone")),
        first_name=parts.name(body.get("first_name"), home.get("first_name")),
        last_name=parts.name(body.get("last_name"), home.get("last_name")),
        locale=parts.locale(body.get("locale")),
        country=parts.country(home.get("country_code")),
        consents=tuple(consent for consent in consents if consent),
    )


def customer(event: Event) -> Snapshot:
    """customers/create, customers/update."""
    if is_sample(event):
        return _SAMPLE
    body = event.body
    return CustomerSnapshot(_customer(body), event.first_moment(body.get("updated_at")))


def customer_deleted(event: Event) -> Snapshot:
    """customers/delete: what the store no longer holds about a person, nobody else should hold for it."""
    if is_sample(event):
        return _SAMPLE
    return PrivacyRequest("erase", event.told_at, Person(external_id=parts.external_id(event.body["id"])))


def customer_merged(event: Event) -> Snapshot:
    """customers/merge comes for attempts too; only a completed one says that two are one."""
    body = event.body
    kept = _gid(body["admin_graphql_api_customer_kept_id"])
    gone = _gid(body["admin_graphql_api_customer_deleted_id"])
    status = body["status"].text(20)
    if status != "completed":
        return Ignored(f"the merge is {status}, not completed")
    return CustomerMerged(kept_external_id=kept, gone_external_id=gone, at=event.told_at)


def _gid(box: Wild) -> str:
    """The number of "gid://shopify/Customer/1", which the other topics send as `id`."""
    return box.identifier().rpartition("/")[2]


def email_consent(event: Event) -> Snapshot:
    """customers_email_marketing_consent/update."""
    body = event.body
    address = parts.email(body.get("email_address"))
    consent = _consent("email", body["email_marketing_consent"], address)
    return _stated(event, Person(external_id=parts.external_id(body["customer_id"]), email=address), consent)


def sms_consent(event: Event) -> Snapshot:
    """customers_marketing_consent/update, which is about SMS alone."""
    body = event.body
    number = parts.phone(body.get("phone"))
    consent = _consent("sms", body["sms_marketing_consent"], number)
    return _stated(event, Person(external_id=parts.external_id(body["id"]), phone=number), consent)


def _stated(event: Event, person: Person, consent: Consent | None) -> Snapshot:
    if is_sample(event):
        return _SAMPLE
    if consent is None:
        return Ignored("the customer said neither yes nor no")
    known = Person(person.external_id, person.email, person.phone, consents=(consent,))
    return CustomerSnapshot(known, consent.at or event.told_at)


def data_request(event: Event) -> Snapshot:
    """customers/data_request: the shopper wants to see what is known of them."""
    return _privacy(event, "access", event.body.get("orders_requested"))


def redact(event: Event) -> Snapshot:
    """customers/redact."""
    return _privacy(event, "erase", event.body.get("orders_to_redact"))


def _privacy(event: Event, kind: str, orders: Wild) -> Snapshot:
    if is_sample(event):
        return _SAMPLE
    customer = event.body["customer"]
    who = Person(
        external_id=parts.external_id(customer.get("id")),
        email=parts.email(customer.get("email")),
        phone=parts.phone(customer.get("phone")),
    )
    reference = event.body.get("data_request").get("id").identifier()
    return PrivacyRequest(kind, event.told_at, who, tuple(order.identifier() for order in orders.items()), reference)


def shop_redact(event: Event) -> Snapshot:
    """shop/redact, two days after the app was removed.

    Nothing signs the topic, so the body must say by itself that it is about a whole shop.
    """
    if is_sample(event):
        return _SAMPLE
    event.body["shop_domain"].text()
    if "customer" in event.body:
        raise WildError("customer stands in an event about the whole shop")
    return PrivacyRequest("erase_shop", event.told_at)


def uninstalled(event: Event) -> Snapshot:
    """app/uninstalled carries the shop itself."""
    if is_sample(event):
        return _SAMPLE
    event.body["myshopify_domain"].text()
    return Uninstalled(event.told_at)
