"""Whether a request or an answer is as Twilio publishes it, by `published.json`: cut from Twilio's OpenAPI files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PUBLISHED: dict[str, Any] = json.loads(Path(__file__).with_name("published.json").read_text())
# Twilio's own library sends these, though the published description of April 2026 does not have them yet.
_NEWER = {"create_message": {"MessageIntent"}}
_WORDS = {"boolean": re.compile("true|false"), "integer": re.compile(r"-?\d+"), "number": re.compile(r"-?\d+(\.\d+)?")}


def form_problems(shape: str, form: Mapping[str, list[str]]) -> list[str]:
    """What is wrong with a posted form; [] when nothing is. A name that nobody published is wrong too."""
    schema = PUBLISHED[shape]
    problems = [f"{name} is missing" for name in schema.get("required", ()) if name not in form]
    for name, values in form.items():
        if name in schema["properties"]:
            problems += _field_problems(name, values, schema["properties"][name])
        elif name not in _NEWER.get(shape, ()):
            problems.append(f"{name} is not published")
    return problems


def json_problems(shape: str, value: Any) -> list[str]:
    """What is wrong with a JSON body, by JSON Schema and by names that are not published."""
    problems = [f"{error.json_path}: {error.message}" for error in _validator(shape).iter_errors(value)]
    return problems + _strangers(_resolved(PUBLISHED[shape]), value, "$")


@cache
def _validator(shape: str) -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return Draft202012Validator({**PUBLISHED[shape], "$defs": PUBLISHED["$defs"]})


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = PUBLISHED["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _field_problems(name: str, values: list[str], schema: dict[str, Any]) -> list[str]:
    schema = _resolved(schema)
    if schema.get("type") == "array":
        return [problem for value in values for problem in _field_problems(name, [value], schema["items"])]
    if len(values) > 1:
        return [f"{name} is there {len(values)} times"]
    return [] if _fits(values[0], schema) else [f"{name} is not as published: {values[0]!r}"]


def _fits(value: str, schema: dict[str, Any]) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    words = _WORDS.get(schema["type"]) or (re.compile(schema["pattern"]) if "pattern" in schema else None)
    if words and not words.fullmatch(value):
        return False
    return _has_format(value, schema.get("format", ""))


def _has_format(value: str, name: str) -> bool:
    try:
        if name == "uri":
            return bool(urlsplit(value).scheme and urlsplit(value).hostname)
        if name == "date-time":
            return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
    return True


def _strangers(schema: dict[str, Any], value: Any, path: str) -> list[str]:
    """Names in `value` that the schema does not have."""
    if isinstance(value, list) and "items" in schema:
        return [stranger for one in value for stranger in _strangers(_resolved(schema["items"]), one, f"{path}[]")]
    names = schema.get("properties")
    if not isinstance(value, dict) or not names:
        return []
    found = [f"{path}.{name} is not published" for name in value if name not in names]
    inside = [_strangers(_resolved(names[name]), one, f"{path}.{name}") for name, one in value.items() if name in names]
    return found + [stranger for strangers in inside for stranger in strangers]
