"""The marketer's desk: stores, carts with their story, flows, templates, messages, the front page and the report."""

from recovery.admin import carts, customers, flows, messages, stores, templates

__all__ = ["carts", "customers", "flows", "messages", "stores", "templates"]
