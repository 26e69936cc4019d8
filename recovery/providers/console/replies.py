"""What a person answered in the development mailbox: kept beside its messages, so that a conversation can be shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as it was typed."""

    text: str
    at: datetime


def keep_answer(directory: Path | str, channel: str, number: str, answer: Answer) -> None:
    """Write it at the end of that number's conversation: one line, so that a reader sees the whole answer or none."""
    path = _path(directory, channel, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({"text": answer.text, "at": answer.at.isoformat()}) + "\n")


def read_answers(directory: Path | str, channel: str, number: str) -> list[Answer]:
    """Every answer from the number by that channel, oldest first."""
    try:
        lines = _path(directory, channel, number).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    kept = [json.loads(line) for line in lines]
    return [Answer(one["text"], datetime.fromisoformat(one["at"]).astimezone(UTC)) for one in kept]


def _path(directory: Path | str, channel: str, number: str) -> Path:
    return Path(directory) / "replies" / f"{re.sub('[^a-z]', '', channel)}-{re.sub('[^0-9]', '', number)}.jsonl"
