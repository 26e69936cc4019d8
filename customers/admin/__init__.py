"""The admin of the ground floor: accounts, the stop list, privacy requests. `base` is shared by every floor's pages."""

from customers.admin import accounts, change_log, members, people

__all__ = ["accounts", "change_log", "members", "people"]
