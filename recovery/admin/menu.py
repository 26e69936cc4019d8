"""The sidebar, in a marketer's order of work. An entry is shown to who may see its page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

#: Title, icon, name of the page, permission ("" for everybody who may enter).
_Item = tuple[str, str, str, str]
_GROUPS: list[tuple[str, list[_Item]]] = [
    (
        "",
        [
            ("Overview", "home", "admin:index", ""),
            ("Recovery report", "monitoring", "admin_report", "customers.view_store"),
            ("Experiments", "science", "admin_experiments", "recovery.view_experiment"),
        ],
    ),
    (
        "Recover",
        [
            ("Carts", "shopping_cart", "admin:carts_cart_changelist", "carts.view_cart"),
            ("Flows", "account_tree", "admin:recovery_flow_changelist", "recovery.view_flow"),
            ("Offers", "sell", "admin:recovery_offer_changelist", "recovery.view_offer"),
            ("Templates", "drafts", "admin:recovery_messagetemplate_changelist", "recovery.view_messagetemplate"),
            ("Messages", "send", "admin:recovery_message_changelist", "recovery.view_message"),
            ("Replies", "chat", "admin:recovery_reply_changelist", "recovery.view_reply"),
            ("Answers", "reply", "admin:recovery_notice_changelist", "recovery.view_notice"),
            ("Decisions", "rule", "admin:recovery_decision_changelist", "recovery.view_decision"),
        ],
    ),
    (
        "People",
        [
            ("Customers", "group", "admin:customers_customer_changelist", "customers.view_customer"),
            ("Orders", "shopping_bag", "admin:carts_order_changelist", "carts.view_order"),
            ("Stop list", "do_not_disturb_on", "admin:customers_suppression_changelist", "customers.view_suppression"),
            (
                "Privacy requests",
                "shield_person",
                "admin:customers_privacyrequest_changelist",
                "customers.view_privacyrequest",
            ),
        ],
    ),
    (
        "Set up",
        [
            ("Stores", "storefront", "admin:customers_store_changelist", "customers.view_store"),
            ("Webhooks", "webhook", "admin:carts_delivery_changelist", "carts.view_delivery"),
            (
                "Provider events",
                "sync_alt",
                "admin:recovery_providerevent_changelist",
                "recovery.view_providerevent",
            ),
            (
                "Provider pauses",
                "pause_circle",
                "admin:recovery_providerpause_changelist",
                "recovery.view_providerpause",
            ),
            ("Prices", "payments", "admin:recovery_messageprice_changelist", "recovery.view_messageprice"),
            ("Members", "badge", "admin:customers_membership_changelist", "customers.view_membership"),
            ("API tokens", "key", "admin:customers_apitoken_changelist", "customers.view_apitoken"),
            ("Change log", "history", "admin:customers_loggedchange_changelist", "customers.view_loggedchange"),
            ("Users", "person", "admin:auth_user_changelist", "auth.view_user"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups as Unfold takes them."""
    groups = [(title, [_entry(item, request) for item in items]) for title, items in _GROUPS]
    return [
        {"title": title, "separator": bool(title), "items": [entry for entry in entries if entry]}
        for title, entries in groups
        if any(entries)
    ]


def _entry(item: _Item, request: HttpRequest) -> dict[str, Any] | None:
    title, icon, name, permission = item
    user: Any = request.user
    if permission and not user.has_perm(permission):
        return None
    link = reverse(name)
    here = request.path == link if name == "admin:index" else request.path.startswith(link)
    return {"title": title, "icon": icon, "link": link, "active": here}


def stylesheet(request: HttpRequest) -> str:
    """Our own parts of the admin."""
    return static("cartback/admin.css")


def icon(request: HttpRequest) -> str:
    """For the browser's tab."""
    return static("cartback/icon.svg")
