"""Choices in Python do not constrain the table: a constraint does."""

from __future__ import annotations

from django.db import models


def in_choices(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """A CheckConstraint named after the table and the field that allows the choices' values only."""
    return models.CheckConstraint(
        name=f"%(app_label)s_%(class)s_{field}_is_known", condition=models.Q(**{f"{field}__in": choices.values})
    )
