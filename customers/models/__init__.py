"""Stores, the people who shop there, and what they allowed. Import from here; inside, imports run one way."""

from customers.models.access import ApiToken, LoggedChange, Membership, Role, SecondFactor
from customers.models.consent import Channel, Consent, ConsentEvent
from customers.models.people import Customer, Identity
from customers.models.privacy import PrivacyRequest
from customers.models.stores import AfterOrder, Platform, Store, StoreSecret
from customers.models.suppression import Suppression

__all__ = [
    "AfterOrder",
    "ApiToken",
    "Channel",
    "Consent",
    "ConsentEvent",
    "Customer",
    "Identity",
    "LoggedChange",
    "Membership",
    "Platform",
    "PrivacyRequest",
    "Role",
    "SecondFactor",
    "Store",
    "StoreSecret",
    "Suppression",
]
