"""Deliveries, carts, orders and what became of them. Import from here; inside, imports run one way."""

from carts.models.carts import Cart, CartChange, CartState, CartToken
from carts.models.deliveries import Delivery, DeliveryState
from carts.models.orders import Order, Refund
from carts.models.transitions import CartTransition, TransitionKind

__all__ = [
    "Cart",
    "CartChange",
    "CartState",
    "CartToken",
    "CartTransition",
    "Delivery",
    "DeliveryState",
    "Order",
    "Refund",
    "TransitionKind",
]
