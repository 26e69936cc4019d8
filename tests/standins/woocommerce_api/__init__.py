"""A stand-in for WooCommerce's REST API, as far as coupons go."""

from tests.standins.woocommerce_api.server import KEY, SECRET, WooCommerceStandin

__all__ = ["KEY", "SECRET", "WooCommerceStandin"]
