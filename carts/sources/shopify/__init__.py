"""Shopify: admin webhooks of the online store, and the mandatory privacy topics."""
