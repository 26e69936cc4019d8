"""What a source reads out of a webhook: plain frozen facts, with nothing of the platform's dialect left in them.

Every time is aware and in UTC. Every amount is a Decimal in major units. Text that the store left out is "".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Stage(StrEnum):
    """How far a shopper got, furthest last. The order of the members is the order of the funnel."""

    CART = "cart"
    CHECKOUT = "checkout"
    CONTACT = "contact"
    SHIPPING = "shipping"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Consent:
    """One statement about one channel. `at` None means: at the time of the event that carried it."""

    channel: str  # email | sms | whatsapp
    granted: bool
    at: datetime | None = None
    source: str = ""
    words: str = ""
    address: str = ""  # the e-mail or phone that it was given for, when the store names it apart


@dataclass(frozen=True, slots=True)
class Person:
    """Who the event is about, as far as it tells. E-mail and phone are as the store wrote them."""

    external_id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""  # BCP 47, as "fi" or "nb-NO"
    country: str = ""  # ISO 3166-1 alpha-2, from the shipping address first
    region: str = ""  # state or province of the same address, as the store writes it
    postal_code: str = ""
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart or order. `price` is for one unit, before line discounts where the store tells."""

    product_id: str
    variant_id: str
    title: str
    quantity: int
    price: Decimal
    sku: str = ""
    variant_title: str = ""
    image_url: str = ""
    url: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class CartSnapshot:
    """A cart or a checkout as it stood at `updated_at`.

    `tokens` tie it to other events of the same cart: "cart:<token>", "checkout:<token>", "checkout-id:<id>".
    The first one names the object itself. `lines` None means that the event does not tell the contents;
    () means that the cart is empty. `deleted` means that the store dropped the object.
    """

    kind: str  # cart | checkout
    tokens: tuple[str, ...]
    updated_at: datetime
    created_at: datetime | None = None
    completed_at: datetime | None = None
    person: Person = field(default_factory=Person)
    lines: tuple[Line, ...] | None = None
    currency: str = ""
    total: Decimal | None = None
    stage: Stage = Stage.CART
    restore_url: str = ""
    discount_codes: tuple[str, ...] = ()
    user_agent: str = ""
    device: str = ""  # desktop | mobile | tablet, where the store tells
    referrer: str = ""
    landing_page: str = ""
    payment_failed: bool = False
    is_test: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order as it stood at `updated_at`. `total` is what the buyer pays, tax and shipping within."""

    external_id: str
    tokens: tuple[str, ...]
    placed_at: datetime
    updated_at: datetime
    person: Person = field(default_factory=Person)
    number: str = ""
    cancelled_at: datetime | None = None
    paid: bool = True  # False while the store waits for the money; it stops messages all the same
    lines: tuple[Line, ...] | None = None
    currency: str = ""
    total: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    discount_codes: tuple[str, ...] = ()
    channel: str = ""  # web | pos | draft | … as the store says
    user_agent: str = ""
    refunds: tuple[RefundSnapshot, ...] = ()
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class OrderDeleted:
    """The store removed the order from its books."""

    external_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """Money given back on an order; `amount` is positive."""

    external_id: str
    order_external_id: str
    amount: Decimal
    at: datetime
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSnapshot:
    """A customer record of the store as it stood at `updated_at`."""

    person: Person
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerMerged:
    """The store says that two of its customer records are one person."""

    kept_external_id: str
    gone_external_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """A request under privacy law. `person` is empty where it is about the whole shop."""

    kind: str  # access | erase | erase_shop
    at: datetime
    person: Person = field(default_factory=Person)
    order_external_ids: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """The store removed the app: nothing is sent for it any more."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """Read and left aside on purpose."""

    reason: str


Snapshot = (
    CartSnapshot
    | OrderSnapshot
    | OrderDeleted
    | RefundSnapshot
    | CustomerSnapshot
    | CustomerMerged
    | PrivacyRequest
    | Uninstalled
    | Ignored
)
