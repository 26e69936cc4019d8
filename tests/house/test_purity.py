"""Sources and providers turn one thing into another; they neither ask the database nor the clock of the house."""

from __future__ import annotations

import tomllib

from config.env import ROOT
from tests.house.source import imported, modules, named


def test_sources_and_providers_do_not_touch_the_database() -> None:
    found = [
        (named(path), name)
        for path in modules("carts/sources", "recovery/providers")
        for name in imported(path)
        if name.startswith("django.db") or ".models" in name
    ]
    assert found == []


def test_rooms_never_import_tasks() -> None:
    found = [(named(path), name) for path in modules() for name in imported(path) if ".tasks" in name]
    assert [entry for entry in found if not entry[0].startswith("config/")] == []


def test_every_shop_and_every_provider_is_under_the_law_of_independence() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lawful = {name for contract in contracts if contract["type"] == "independence" for name in contract["modules"]}
    folders = [path.parent for path in modules("carts/sources", "recovery/providers") if path.name == "__init__.py"]
    names = {named(folder).replace("/", ".") for folder in folders if len(folder.relative_to(ROOT).parts) == 3}
    assert names == lawful
