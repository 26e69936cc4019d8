"""The names that people type and scripts rely on."""

from __future__ import annotations

import re

import pytest

from config.env import ROOT
from config.version import version
from tests.house.source import modules, named

README = ROOT / "README.md"


@pytest.fixture
def readme() -> str:
    return README.read_text()


def variables() -> set[str]:
    """Every variable that config reads from the environment by name."""
    text = "\n".join(path.read_text() for path in modules("config") if "lib" not in path.parts)
    return set(re.findall(r'(?:text|flag|number|names|url|origin)\(\s*"([A-Z][A-Z0-9_]+)"', text))


def test_make_knows_the_four_words() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"run", "test", "lint", "bench"} <= targets


def test_the_readme_names_the_four_words(readme: str) -> None:
    assert [word for word in ("make run", "make test", "make lint", "make bench") if word not in readme] == []


def test_every_variable_is_in_the_readme(readme: str) -> None:
    assert sorted(name for name in variables() if f"`{name}`" not in readme) == []


def test_the_variables_are_found_at_all() -> None:
    assert {"DATABASE_URL", "REDIS_URL", "DATA_DIR", "HOST", "PORT", "PUBLIC_URL", "METRICS_TOKEN"} <= variables()


def test_the_version_is_the_changelogs_first_heading() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version())
    first = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("#"))
    assert first == f"# {version()}"


def test_ci_runs_what_people_run() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make lint" in script and "make test" in script


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
    assert [named(path) for path in modules() + modules("tests") if words.search(path.read_text())] == []
