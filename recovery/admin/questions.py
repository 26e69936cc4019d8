"""The condition builder: what a step may ask of a cart, as rows of question, operator and value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from recovery.conditions import BadConditions, Conditions

AMOUNT, TEXTS, CHOICE = "amount", "texts", "choice"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Each operator is a key of the stored conditions, with its words between label and value."""

    name: str
    label: str
    kind: str
    operators: Mapping[str, str]
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> list[tuple[str, str]]:
        """The operators. (In a template, `operators.items` would look for a key of that name.)"""
        return list(self.operators.items())

    @property
    def answers(self) -> list[tuple[str, str]]:
        return list(self.choices.items())

    @property
    def first(self) -> str:
        return next(iter(self.operators))


QUESTIONS = (
    Question("total", "Cart value", AMOUNT, {"min_total": "is at least", "max_total": "is at most"}),
    Question("shopper", "Customer", CHOICE, {"shopper": "is"}, choices={"new": "new", "returning": "returning"}),
    Question("countries", "Country", TEXTS, {"countries": "is one of"}, "Two letters each, such as FI, SE"),
    Question("items", "Cart", TEXTS, {"items": "holds one of"}, "Product ids or SKUs, separated by commas"),
)
_BY_NAME = {question.name: question for question in QUESTIONS}
_BY_KEY = {key: question for question in QUESTIONS for key in question.operators}


@dataclass(slots=True)
class Row:
    """One condition in the builder. `id` names its fields in the form; it means nothing else."""

    id: str
    question: Question
    key: str
    value: str | list[str] = ""
    error: str = ""

    @property
    def stored(self) -> Any:
        """The value as the conditions keep it."""
        if self.question.kind != TEXTS:
            return self.value
        parts = [part.strip() for part in str(self.value).split(",")]
        return [part.upper() if self.question.name == "countries" else part for part in parts if part]


class Rows:
    """The conditions of one step, while they are edited. Rows are added and removed with or without JavaScript."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = list(rows)
        self.error = ""

    @classmethod
    def of(cls, raw: Any) -> Rows:
        """Of a step's stored conditions."""
        known = raw.items() if isinstance(raw, dict) else ()
        asked = [(key, value) for key, value in known if key in _BY_KEY]
        return cls(Row(f"c{n}", _BY_KEY[key], key, _written(value)) for n, (key, value) in enumerate(asked))

    @classmethod
    def posted(cls, data: QueryDict) -> Rows:
        return cls(_posted(data))

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def add(self, name: str) -> None:
        """One more row, for a question by its name; an unknown one adds nothing."""
        question = _BY_NAME.get(name)
        if question:
            used = {row.key for row in self.rows}
            key = next((key for key in question.operators if key not in used), question.first)
            taken = {row.id for row in self.rows}
            fresh = next(f"c{n}" for n in range(len(taken) + 1) if f"c{n}" not in taken)
            self.rows.append(Row(fresh, question, key))

    def remove(self, row_id: str) -> None:
        self.rows = [row for row in self.rows if row.id != row_id]

    def is_valid(self) -> bool:
        """Says beside each row what is wrong with it."""
        seen: set[str] = set()
        for row in self.rows:
            if not row.stored:
                row.error = "Choose a value, or remove this condition."
            elif row.key in seen:
                row.error = f"“{row.question.label} {row.question.operators[row.key]}” is asked twice: keep one."
            seen.add(row.key)
            row.error = row.error or _wrong({row.key: row.stored})
        alone = any(row.error for row in self.rows)
        self.error = "" if alone else _wrong(self.raw())
        return not alone and not self.error

    def raw(self) -> dict[str, Any]:
        """As they are stored; see recovery.conditions.Conditions."""
        return {row.key: row.stored for row in self.rows}


def _posted(data: QueryDict) -> Iterator[Row]:
    for row_id in data.getlist("condition"):
        question = _BY_NAME.get(data.get(f"{row_id}-question", ""))
        if question:
            key = data.get(f"{row_id}-key", "")
            value = data.get(f"{row_id}-value", "").strip()
            yield Row(row_id, question, key if key in question.operators else question.first, value)


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _wrong(raw: dict[str, Any]) -> str:
    try:
        Conditions.parse(raw)
    except BadConditions as error:
        return str(error)
    return ""


def in_words(raw: Any, currency: str) -> list[str]:
    """Each condition as a sentence: Cart value is at least 50 EUR."""
    return [_sentence(row, currency) for row in Rows.of(raw)]


def _sentence(row: Row, currency: str) -> str:
    value = row.question.choices.get(str(row.value), str(row.value))
    unit = f" {currency}" if row.question.kind == AMOUNT else ""
    return f"{row.question.label} {row.question.operators[row.key]} {value}{unit}"
