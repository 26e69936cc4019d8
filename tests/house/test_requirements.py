"""What is installed for running is enough for running, and what is installed for testing holds all of it."""

from __future__ import annotations

from config.env import ROOT


def lines(name: str) -> set[str]:
    return set((ROOT / name).read_text().splitlines())


def test_the_test_requirements_hold_the_running_ones() -> None:
    assert lines("requirements.txt") - lines("requirements-dev.txt") == set()


def test_the_broker_transport_has_what_it_imports() -> None:
    assert any(line.startswith("packaging==") for line in lines("requirements.txt"))
