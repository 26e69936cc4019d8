"""The house's own source, for the laws that are kept by tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from config.env import ROOT

PACKAGES = ("config", "customers", "carts", "recovery")


def modules(*places: str) -> list[Path]:
    """The Python files under the places (of the four packages, if none is named), without migrations."""
    paths = (path for place in places or PACKAGES for path in sorted((ROOT / place).rglob("*.py")))
    return [path for path in paths if "migrations" not in path.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def imported(path: Path) -> Iterator[str]:
    """Every module that is imported, as a dotted name; `from a import b` gives a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))
