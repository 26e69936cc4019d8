"""Rooms stay small enough to be read at one sitting."""

from __future__ import annotations

from tests.house.source import functions, modules, named


def test_no_file_is_longer_than_400_lines() -> None:
    files = modules() + modules("tests", "bench")
    assert {named(path): n for path in files if (n := path.read_text().count("\n")) > 400} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{named(path)}:{function.name}": length
        for path in modules() + modules("tests", "bench")
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > 60
    }
    assert long == {}


def test_modules_are_named_for_what_they_hold() -> None:
    vague = {"utils", "helpers", "services", "managers", "misc", "common", "util"}
    assert [named(path) for path in modules() if path.stem in vague] == []
