from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OURS = ("customers", "carts", "recovery")


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.django_db
@pytest.mark.parametrize("app", OURS)
def test_migrations_follow_one_line(app: str) -> None:
    graph = MigrationLoader(connection).graph
    assert len(graph.leaf_nodes(app)) == 1
    nodes = [node for node in graph.node_map.values() if node.key[0] == app]
    assert max(sum(child.key[0] == app for child in node.children) for node in nodes) <= 1


@pytest.mark.django_db
@pytest.mark.parametrize("app", OURS)
def test_migrations_say_in_their_name_what_they_do(app: str) -> None:
    names = [name for label, name in MigrationLoader(connection).disk_migrations if label == app]
    assert [name for name in names if "_auto_" in name or "alter_" in name.split("_", 1)[1][:6]] == []


@pytest.mark.django_db
def test_no_extension_is_needed() -> None:
    """The embedded PostgreSQL has none but plpgsql and vector."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension ORDER BY 1")
        assert cursor.fetchall() == [("plpgsql",)]
