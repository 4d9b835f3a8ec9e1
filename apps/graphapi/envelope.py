"""Meta's error object, read into our tree.

Source: the Graph API page "Handle Errors". `error_data` comes as JSON text or as an object; the subcode is
often absent or null; negative codes are internal.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from apps.graphapi.catalogue import classify
from apps.graphapi.errors import BY_CATEGORY, GraphError
from apps.graphapi.scrub import tidy

_TRACE = re.compile(r"(?!EAA)[\w-]{1,64}", re.ASCII)
_LARGEST = 10**10


def meta_error(error: Any, context: Mapping[str, Any], secrets: tuple[str, ...] = ()) -> GraphError:
    """The error for the value under `error`. `context`: arguments of `GraphError` known from elsewhere."""
    if not isinstance(error, dict):
        error = {"message": error}
    code, subcode = number(error.get("code")), number(error.get("error_subcode")) or None
    flag = error.get("is_transient")
    words: dict[str, Any] = {
        "message": tidy(error.get("message"), secrets=secrets),
        "type": tidy(error.get("type"), secrets=secrets, longest=64),
        "is_transient": flag if isinstance(flag, bool) else None,
    }
    entry = classify(code, subcode, status=context.get("status"), **words)
    trace = error.get("fbtrace_id")
    known = isinstance(trace, str) and _TRACE.fullmatch(trace) and trace not in secrets
    return BY_CATEGORY[entry.category](
        entry=entry,
        code=code,
        subcode=subcode,
        user_title=tidy(error.get("error_user_title"), secrets=secrets),
        user_msg=tidy(error.get("error_user_msg"), secrets=secrets),
        error_data=_as_text(error.get("error_data"), secrets),
        blame_fields=_blame(error.get("error_data"), secrets),
        **{**context, **words, "fbtrace_id": trace if known else context.get("fbtrace_id", "")},
    )


def number(value: Any) -> int | None:
    """A whole number from a number or its text; anything else, or absurdly large, is None."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,10}", value, re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) < _LARGEST else None


def _as_text(data: Any, secrets: tuple[str, ...]) -> str:
    if data in (None, "", [], {}):
        return ""
    if not isinstance(data, str):
        try:
            data = json.dumps(data, separators=(",", ":"))
        except RecursionError:
            return ""
    return tidy(data, secrets=secrets, longest=4000)


def _blame(data: Any, secrets: tuple[str, ...]) -> tuple[str, ...]:
    """`{"blame_field_specs": [["targeting", "age_min"]]}` → `("targeting.age_min",)`."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return ()
    specs = data.get("blame_field_specs") if isinstance(data, dict) else None
    paths = [
        spec if isinstance(spec, list) else [spec] for spec in (specs if isinstance(specs, list) else [])
    ]
    dotted = (".".join(str(step) for step in path if isinstance(step, str | int)) for path in paths[:50])
    return tuple(tidy(text, secrets=secrets, longest=200) for text in dotted if text)
