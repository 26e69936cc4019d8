"""WooCommerce's way of saying that it could not read what it should have sent."""

from __future__ import annotations

from carts.snapshots import Ignored
from config.lib.wild import Wild, WildError


def rest_error(body: Wild) -> Ignored | None:
    """WordPress posts its REST error as the body when it may not, or cannot, read the object.

    Gone before it was sent (404) is nothing to worry about. Anything else means that the user who made the webhook
    lost the right to see orders, and that every event is lost until somebody mends that: it must be seen.
    """
    if "code" not in body or "id" in body:
        return None
    status = body.get("data").get("status").text(10)
    if status == "404":
        return Ignored("the object was gone before the webhook was sent")
    code = body.get("code").text(80)
    raise WildError(f"WordPress sent an error instead of the object: {code} ({status or 'no status'})")
