"""What the pretend Meta says and what is stored, cell by cell. Plain requests and plain SQL: no code of ours."""

import json
from datetime import date
from decimal import Decimal

import requests

# The sets that an ad account keeps by default, as Meta spells them.
SETS = [
    ("account", ""),
    ("campaign", ""),
    ("adset", ""),
    ("ad", ""),
    ("campaign", "age,gender"),
    ("campaign", "country"),
    ("campaign", "publisher_platform,platform_position"),
    ("campaign", "device_platform"),
]
_COUNTS = ["impressions", "clicks", "inline_link_clicks", "reach"]
_SUMS = ["spend", "frequency"]
_LISTS = ["actions", "action_values"]


def told(sandbox, act, since, until, sets=SETS):
    """Every row of these days, by (act, level, breakdown, day, object, segment)."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {sandbox.token('system')}"
    found = {}
    for level, breakdown in sets:
        params = {
            "level": level,
            "fields": ",".join(["campaign_id", "adset_id", "ad_id", *_COUNTS, *_SUMS, *_LISTS]),
            "time_range": json.dumps({"since": str(since), "until": str(until)}),
            "time_increment": "1",
            "limit": "5000",
        }
        if breakdown:
            params["breakdowns"] = breakdown
        for row in _pages(session, f"{sandbox.url}/v26.0/{act}/insights", params):
            key = (
                act,
                level,
                breakdown,
                date.fromisoformat(row["date_start"]),
                *_place(act, level, breakdown, row),
            )
            assert key not in found
            found[key] = _values(row)
    return found


def _pages(session, url, params):
    while True:
        answer = session.get(url, params=params, timeout=60)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield from body["data"]
        if "next" not in body.get("paging", {}):
            return
        params = params | {"after": body["paging"]["cursors"]["after"]}


def _place(act, level, breakdown, row):
    segment = ",".join(row[part] for part in breakdown.split(",")) if breakdown else ""
    return (act.removeprefix("act_") if level == "account" else row[f"{level}_id"]), segment


def _values(row):
    return (
        *(int(row[name]) if name in row else None for name in _COUNTS),
        *(Decimal(row[name]) if name in row else None for name in _SUMS),
        *({one["action_type"]: Decimal(one["value"]) for one in row.get(name, [])} for name in _LISTS),
    )


def stored(cursor, *acts):
    """The same of what is stored. The database's own rows, so that a double would show."""
    cursor.execute(
        "SELECT 'act_' || account.meta_id, level, breakdown, day, object_id, segment, "
        f"{', '.join([*_COUNTS, *_SUMS])}, actions::text, action_values::text "
        "FROM reporting_insight JOIN connections_adaccount AS account ON account.id = account_id "
        "WHERE 'act_' || account.meta_id = ANY(%s)",
        [list(acts)],
    )
    found = {}
    for row in cursor.fetchall():
        key, values = row[:6], row[6:]
        assert key not in found
        found[key] = (
            *values[:-2],
            *(json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in values[-2:]),
        )
    return found


def differences(ours, theirs):
    """Cells that are not the same in both."""
    return {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
