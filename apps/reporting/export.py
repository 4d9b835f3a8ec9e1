"""Stored insights as text, one row per object and day, with Meta's own field names."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from .attribution import WINDOWS
from .models import Insight
from .querysets import InsightQuerySet
from .rows import ID_FIELDS

CHUNK = 2000
_RUN_BY_SPREADSHEETS = {"=", "+", "-", "@", "\t", "\r"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def records(insights: InsightQuerySet, level: str, *, windows: bool = False) -> Iterator[dict[str, Any]]:
    """Rows as Meta names things, in a fixed order: by account, day, object and segment."""
    ordered = insights.select_related("account").order_by("account__meta_id", "day", "object_id", "segment")
    for row in ordered.iterator(CHUNK):
        yield _record(row, level) | (_by_window(row) if windows else {})


def jsonl(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def as_csv(rows: Iterable[dict[str, Any]], names: list[str]) -> Iterator[str]:
    """A header and a line per row. Objects are JSON in their cell; a cell that a spreadsheet would run is quoted."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def columns(level: str, breakdown: str = "", *, windows: bool = False) -> list[str]:
    names = [] if level == "account" else [f"{level}_name"]
    parts = breakdown.split(",") if breakdown else []
    return [
        "account_id", "level", *ID_FIELDS[level], *names, "date_start", *parts, "impressions", "clicks",
        "inline_link_clicks", "spend", "account_currency", "reach", "actions", "action_values",
        "attribution_setting", *(["actions_by_window", "action_values_by_window"] if windows else []),
    ]  # fmt: skip


def _record(row: Insight, level: str) -> dict[str, Any]:
    record: dict[str, Any] = {"account_id": row.account.meta_id, "level": row.level}
    for field in ID_FIELDS[level]:
        record[field] = getattr(row, field)
    if level != "account":
        record[f"{level}_name"] = row.name
    record["date_start"] = row.day.isoformat()
    if row.breakdown:
        parts = row.breakdown.split(",")
        # The last part takes what is left: regions have commas in their names.
        record |= dict(zip(parts, row.segment.split(",", len(parts) - 1), strict=False))
    return record | {
        "impressions": row.impressions,
        "clicks": row.clicks,
        "inline_link_clicks": row.inline_link_clicks,
        "spend": f"{row.spend:f}",
        "account_currency": row.currency,
        "reach": row.reach,
        "actions": row.actions,
        "action_values": row.action_values,
        "attribution_setting": row.attribution_setting,
    }


def _by_window(row: Insight) -> dict[str, Any]:
    return {
        "actions_by_window": _turned(row.action_windows),
        "action_values_by_window": _turned(row.action_value_windows),
    }


def _turned(by_type: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
    """Window to action type to number; None where windows were not asked for."""
    if by_type is None:
        return None
    return {
        window: {kind: numbers[window] for kind, numbers in by_type.items() if window in numbers}
        for window in WINDOWS
    }


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in _RUN_BY_SPREADSHEETS and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
