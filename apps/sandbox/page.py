"""The page at `/_sandbox/`: what the pretend Meta looks like right now, for people."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea;
vertical-align:top}code{font-size:.85em;word-break:break-all}form{display:inline-block;margin:.2rem .6rem .2rem 0}
input,button{font:inherit;padding:.2rem .5rem}output{display:block;white-space:pre-wrap;color:#8a1c1c}
"""
SCRIPT = """
for (const form of document.forms) form.addEventListener("submit", async event => {
  event.preventDefault();
  const given = {};
  for (const field of form.elements) {
    if (!field.name || field.value === "") continue;
    given[field.name] = field.dataset.kind ? JSON.parse(field.value) : field.value;
  }
  const answer = await fetch(form.getAttribute("action"), {method: "POST", body: JSON.stringify(given)});
  if (answer.ok) location.reload();
  else document.querySelector("output").textContent = (await answer.json()).error;
});
"""


def render(state: dict[str, Any], url: str) -> str:
    clock = state["clock"]
    running = "frozen" if clock["frozen"] else f"running at speed {clock['speed']:g}"
    parts = [
        f"<h1>Sandbox of the Graph API, seed {state['seed']}</h1>",
        _summary(state, url, running),
        _forms(clock["frozen"]),
        "<output></output>",
        "<h2>Tokens</h2>",
        _table(("name", "purpose", "scopes", "token"), map(_token_row, state["tokens"])),
        "<h2>People who can log in</h2>",
        _table(("person", "id", "name"), state["people"]),
        "<h2>Ad accounts</h2>",
        _table(("id", "name", "currency", "timezone", "account_status", "local_time"), state["accounts"]),
        "<h2>Allowances</h2>",
        _table(
            ("type", "account_id", "percent", "blocked_seconds", "calls_while_blocked"), state["allowances"]
        ),
        "<h2>Scripted trouble</h2>",
        _table(("kind", "method", "path", "times", "rate", "used"), state["faults"]),
        f"<p>Poisoned: {escape(', '.join(state['poisoned']) or 'none')}.</p>",
        "<h2>Last calls</h2>",
        _table(("at", "method", "path", "status", "milliseconds"), reversed(state["last_calls"][-25:])),
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}<script>{SCRIPT}</script></body></html>"
    )


def _summary(state: dict[str, Any], url: str, running: str) -> str:
    return (
        f"<p>Base URL <code>{escape(url)}</code>, app <code>{escape(state['app_id'])}</code>. "
        f"Clock {escape(state['clock']['now'])}, {running}. {state['calls']} calls, "
        f"{state['refused_calls']} refused, <strong>{state['calls_while_blocked']} while blocked</strong>. "
        '<a href="/_sandbox/state">All of it as JSON</a></p>'
    )


def _token_row(token: dict[str, Any]) -> dict[str, Any]:
    return token | {"scopes": ", ".join(token["scopes"])}


def _forms(frozen: bool) -> str:
    return "".join(
        (
            _form("clock", "Advance", ("advance", "seconds", "number", "3600")),
            _form("clock", "Run on" if frozen else "Freeze", ("freeze", "", "json", str(not frozen).lower())),
            _form("revoke", "Revoke", ("token", "token or name", "", "")),
            _form(
                "allowance",
                "Set allowance",
                ("type", "ads_insights", "", "ads_insights"),
                ("account", "act_…", "", ""),
                ("level", "percent", "number", "95"),
                ("minutes", "minutes blocked", "number", ""),
            ),
            _form(
                "faults",
                "Fail next",
                ("kind", "error", "", "html_502"),
                ("times", "times", "number", "1"),
                ("path", "path regex", "", "insights"),
                ("rate", "or share of all", "number", ""),
            ),
            _form("poison", "Poison", ("object", "campaign, ad set or ad", "", "")),
            _form(
                "callback",
                "Tell the app of a person",
                ("kind", "deauthorize or deletion", "", "deauthorize"),
                ("url", "callback address", "", "http://localhost:8000/hooks/meta/deauthorize/"),
                ("person", "person", "", "zoe"),
            ),
            _form("reset", "Reset everything"),
        )
    )


def _form(control: str, button: str, *fields: tuple[str, str, str, str]) -> str:
    inputs = "".join(
        f'<input name="{name}" aria-label="{escape(hint or name)}" placeholder="{escape(hint)}" '
        f'data-kind="{kind}" value="{escape(value)}" size="12"{" hidden" if not hint else ""}> '
        for name, hint, kind, value in fields
    )
    return f'<form method="post" action="/_sandbox/{control}">{inputs}<button>{button}</button></form>'


def _table(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> str:
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(column))}</td>" for column in columns) + "</tr>" for row in rows
    )
    if not body:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(column.replace('_', ' '))}</th>" for column in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    text = "" if value is None else escape(str(value))
    return f"<code>{text}</code>" if len(text) > 100 else text
