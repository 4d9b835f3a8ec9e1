"""Starting a report run, looking at it, and reading its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from . import fieldnames
from .call import Call
from .errors import invalid, missing_object, report_not_ready
from .fields import parse_fields
from .insights import Node, answer, estimated_rows, is_poisoned
from .objects import Account
from .query import read_query
from .reports import FAILED, TOO_LARGE, Run

PAGING = ("limit", "after", "before", "summary")


def start(call: Call, node: Node) -> dict[str, Any]:
    """The request is checked now; its rows are counted when the run ends."""
    query = read_query(call, node)
    account = node if isinstance(node, Account) else node.account
    hidden = ("access_token", "appsecret_proof", "appsecret_time")
    run = Run(
        id="",
        node_id=f"act_{node.id}" if isinstance(node, Account) else node.id,
        account_id=account.id,
        params={name: value for name, value in call.request.params.items() if name not in hidden},
        since=date.fromordinal(min(since for since, _ in query.periods)).isoformat(),
        until=date.fromordinal(max(until for _, until in query.periods)).isoformat(),
        started=call.now,
        seconds=call.state.settings.report_seconds,
    )
    cap = account.async_row_cap or call.state.settings.async_row_cap
    if estimated_rows(query, node, call) > cap:
        run.outcome, run.failure = "fail", dict(TOO_LARGE)
    elif is_poisoned(call, node, query):
        run.outcome, run.failure = "fail", dict(FAILED)
    return {"report_run_id": call.state.reports.start(run).id}


def look(call: Call, run: Run) -> dict[str, Any]:
    run.looks += 1
    if run.outcome == "late" and run.looks == 1:
        raise missing_object(run.id)
    row = run.told(call.now)
    wanted = parse_fields(call.request.params.get("fields"))
    for one in wanted:
        if one.name not in fieldnames.REPORT_RUN and one.name not in row:
            raise invalid(f"Tried accessing nonexisting field ({one.name}) on node type (AdReportRun)")
    if wanted:
        row = {name: row[name] for name in ["id", *(one.name for one in wanted)] if name in row}
    return row


def rows(call: Call, run: Run, node: Node) -> dict[str, Any]:
    """The rows as counted when the run ended; only paging comes from this request."""
    if run.progress(call.now) != ("Job Completed", 100):
        raise report_not_ready()
    own = {name: call.request.params[name] for name in PAGING if name in call.request.params}
    asked = replace(call, request=replace(call.request, params=run.params | own))
    ended = int(run.finished)
    query = read_query(replace(asked, now=run.started), node)
    # Links must repeat what this request carried, not what the run was made with.
    link = replace(asked, request=replace(call.request, params=call.request.params))
    return answer(link, node, query, call.state.clock.settled(ended))
