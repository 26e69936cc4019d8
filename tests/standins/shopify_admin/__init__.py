"""A stand-in for Shopify's Admin GraphQL API, as far as discounts go."""

from tests.standins.shopify_admin.server import TOKEN, ShopifyStandin

__all__ = ["TOKEN", "ShopifyStandin"]
