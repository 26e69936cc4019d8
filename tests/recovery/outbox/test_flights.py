"""What a dead sender had marked and not begun was not sent, and is queued again; the rest stays unknown."""

from __future__ import annotations

import fcntl
import os
from datetime import timedelta as td

import pytest

from recovery.models import Message
from recovery.outbox import flights
from recovery.outbox.flights import FlightLog, LeftBehind, left_behind
from recovery.outbox.prepare import prepare
from recovery.outbox.send import rescue, send_due
from tests.recovery.outbox.test_outcomes import DUE, queue


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "flights"


def killed(log: FlightLog) -> None:
    """What the system does to the files of a killed process."""
    assert log._file
    log._file.memory.close()
    os.close(log._file.descriptor)


def flown(*, marked: list[int], begun: list[int], taken: list[int] | None = None) -> FlightLog:
    log = FlightLog(10)
    log.marked(marked)
    for pk in begun:
        log.begins(pk)
    for pk in taken or []:
        log.taken(pk, f"SM {pk}\n")
    return log


def test_what_a_dead_sender_had_not_begun_with_is_told_once() -> None:
    killed(flown(marked=[1, 2, 30], begun=[2]))
    assert left_behind().not_begun == {1, 30}
    assert left_behind() == LeftBehind()


def test_what_the_provider_took_is_told_with_its_id() -> None:
    killed(flown(marked=[1, 2], begun=[1, 2], taken=[2]))
    assert left_behind() == LeftBehind(set(), {2: "SM 2"})


def test_a_living_sender_is_left_alone() -> None:
    log = flown(marked=[1], begun=[])
    assert left_behind() == LeftBehind()
    killed(log)
    assert left_behind().not_begun == {1}


def test_a_sender_that_ended_well_leaves_nothing(folder) -> None:
    flown(marked=[1], begun=[1]).close()
    assert list(folder.iterdir()) == []


def test_after_a_new_start_of_the_machine_no_file_is_believed(folder) -> None:
    killed(flown(marked=[1], begun=[]))
    [file] = folder.iterdir()
    file.rename(folder / "another-boot.1")
    assert left_behind() == LeftBehind()
    assert list(folder.iterdir()) == []


def test_without_anything_to_send_there_is_no_file(folder) -> None:
    log = flown(marked=[], begun=[])
    assert not folder.exists()
    log.close()


def test_where_no_file_can_be_made_sending_goes_on_without(folder) -> None:
    folder.write_text("in the way")
    log = flown(marked=[1], begun=[1], taken=[1])
    log.close()
    assert folder.read_text() == "in the way"


def test_where_the_machine_has_no_name_for_its_start_nothing_is_written(folder, monkeypatch) -> None:
    monkeypatch.setattr(flights, "_boot", lambda: "")
    flown(marked=[1], begun=[1], taken=[1]).close()
    assert (folder.exists(), left_behind()) == (False, LeftBehind())


def test_two_who_look_at_once_are_not_both_told(folder, monkeypatch) -> None:
    killed(flown(marked=[1], begun=[]))
    others: list[LeftBehind | None] = []
    lock = fcntl.flock

    def slow(file, how):
        if not others:  # it is open here already, and another is quicker
            others.append(None)
            others[0] = left_behind()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    assert (left_behind(), others) == (LeftBehind(), [LeftBehind({1}, {})])


def test_half_a_line_says_nothing(folder) -> None:
    killed(flown(marked=[1, 23], begun=[]))
    [file] = folder.iterdir()
    written = file.read_bytes()
    file.write_bytes(written[:256] + b"\0" + b"2" + written[258:])
    assert left_behind().not_begun == {1}


def test_of_a_message_tried_twice_the_later_try_counts() -> None:
    log = flown(marked=[1, 2, 3], begun=[1, 2], taken=[2])
    log.marked([1, 2])
    log.begins(2)
    killed(log)
    assert left_behind() == LeftBehind({1, 3}, {})


def test_a_long_id_of_the_provider_is_cut_and_spoils_no_other_line() -> None:
    log = flown(marked=[1, 2], begun=[1, 2])
    log.taken(1, "x" * 1000)
    killed(log)
    assert left_behind().taken == {1: "x" * 233}


@pytest.mark.django_db
def test_the_next_sender_sends_what_was_not_begun_and_no_more(smtp) -> None:
    queue(4)
    first, second, *others = [one.message.pk for one in prepare(DUE, 10)[0]]
    killed(flown(marked=[first, second, *others], begun=[first, second], taken=[second]))
    assert rescue(DUE) == 3
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {first: "sending", second: "sent", **dict.fromkeys(others, "queued")}
    send_due(DUE + td(seconds=1))
    assert smtp.taken == 2
    assert rescue(DUE + td(hours=1)) == 1
    assert Message.objects.get(pk=first).state == "unknown"
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}
