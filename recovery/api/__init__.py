"""The read-only JSON API: one store's numbers and rows, for who has a token of that store."""
