"""Tasks are woken by name, so a name that nobody answers to would be silence. Here it is an error."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from celery import current_app

from config.celery import BEAT, QUEUES
from tests.house.source import modules, named, tree


def woken() -> Iterator[tuple[str, str]]:
    """(file, task) of every wake("…")."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "wake":
                yield named(path), node.args[0].value if isinstance(node.args[0], ast.Constant) else "?"  # type: ignore[misc]


def test_every_bell_that_is_rung_has_somebody_to_answer() -> None:
    current_app.loader.import_default_modules()
    assert [bell for bell in woken() if bell[1] not in current_app.tasks] == []


def test_every_beat_has_somebody_to_answer() -> None:
    current_app.loader.import_default_modules()
    assert sorted({*BEAT, *QUEUES} - set(current_app.tasks)) == []


def test_every_task_of_ours_has_a_queue_and_the_worker_listens_to_it() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if name.startswith(("carts.", "recovery.", "customers."))}
    assert sorted(ours - set(QUEUES)) == []
    assert set(QUEUES.values()) <= {"inbox", "flows", "send", "upkeep"}
