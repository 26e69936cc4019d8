"""The condition builder: what a step may ask of a cart, as rows of question, operator and value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from recovery.conditions import KINDS, BadConditions, Conditions

_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Each operator is a name of `recovery.conditions.KINDS`, with its words after the label."""

    label: str
    operators: Mapping[str, str]
    hint: str = ""
    unit: str = ""

    @property
    def name(self) -> str:
        return next(iter(self.operators))

    @property
    def form(self) -> str:
        """amount | count | texts | choice | choices"""
        return _KINDS[self.name].form

    @property
    def options(self) -> list[tuple[str, str]]:
        """The operators. (In a template, `operators.items` would look for one of that name.)"""
        return list(self.operators.items())

    @property
    def answers(self) -> list[tuple[str, str]]:
        return list(_KINDS[self.name].choices.items())


QUESTIONS = (
    Question("Cart value", {"min_total": "is at least", "max_total": "is at most"}, unit="currency"),
    Question("Pieces in the cart", {"min_items": "at least", "max_items": "at most"}),
    Question("Products in the cart", {"items": "one of"}, "Product ids or SKUs, separated by commas"),
    Question("Categories in the cart", {"categories": "one of"}, "As the shop names them, separated by commas"),
    Question("Country", {"countries": "is one of"}, "Two letters each, such as FI, SE"),
    Question("Language", {"languages": "is one of"}, "Such as fi, sv or pt-BR"),
    Question("Device", {"devices": "is one of"}),
    Question("Customer", {"shopper": "is among"}),
    Question("Earlier orders", {"min_orders": "at least", "max_orders": "at most"}),
    Question(
        "Last order", {"min_days_since_order": "at least so long ago", "max_days_since_order": "within the last"},
        "Who never ordered does not meet it", unit="days",
    ),
    Question("Discount", {"discount": "only"}),
    Question("Said yes to", {"channels": "one of"}),
)  # fmt: skip
_BY_KEY = {key: question for question in QUESTIONS for key in question.operators}


@dataclass(slots=True)
class Row:
    """One condition in the builder. `id` names its fields in the form; it means nothing else."""

    id: str
    question: Question
    key: str
    values: Sequence[str] = ()
    error: str = ""

    @property
    def value(self) -> str:
        """As it stands in a single field."""
        return ", ".join(self.values)

    @property
    def stored(self) -> Any:
        """As the conditions keep it."""
        if self.question.form == "choices":
            return list(self.values)
        if self.question.form != "texts":
            return self.value.strip()
        code = _KINDS[self.key].code
        return [code(part) for part in self.value.split(",") if part.strip()]


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
        return cls(Row(f"c{n}", _BY_KEY[key], key, _listed(value)) for n, (key, value) in enumerate(asked))

    @classmethod
    def posted(cls, data: QueryDict) -> Rows:
        return cls(_posted(data))

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def add(self, name: str) -> None:
        """One more row, for a question by its name; an unknown one adds nothing."""
        question = _BY_KEY.get(name)
        if question:
            used = {row.key for row in self.rows}
            key = next((key for key in question.operators if key not in used), question.name)
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
        question = _BY_KEY.get(data.get(f"{row_id}-question", ""))
        if question:
            key = data.get(f"{row_id}-key", "")
            yield Row(
                row_id, question, key if key in question.operators else question.name, data.getlist(f"{row_id}-value")
            )


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _wrong(raw: dict[str, Any]) -> str:
    try:
        Conditions.parse(raw)
    except BadConditions as error:
        return str(error)
    return ""


def in_words(raw: Any) -> list[str]:
    """To whom a step goes, in short phrases; [] when to everybody."""
    try:
        return Conditions.parse(raw).sentences()
    except BadConditions as error:
        return [f"nobody: its conditions cannot be read ({error})"]
