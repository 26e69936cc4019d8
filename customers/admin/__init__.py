"""The admin of the ground floor: accounts, the stop list, privacy requests. `base` is shared by every floor's pages."""

from customers.admin import accounts, members, people

__all__ = ["accounts", "members", "people"]
