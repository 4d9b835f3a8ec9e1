"""How fast rows get from Meta's bytes into the database, and how much memory that takes.

300,000 rows of ads by age and gender, streamed page by page from a small server of its own. Time is split into waiting
for bytes, reading JSON, reading rows, COPY and the merge; the second merge is of the same rows, and writes nothing.
"worked" are seconds of a processor, ours and the database's together: they count on a busy machine as on an idle one.

    python -m bench.storage [--rows 300000]
"""

import argparse
import json
import logging
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import islice
from typing import Any

from bench import scratch

SINCE = date(2026, 10, 1)
DAYS, PAGE = 28, 500
CLICKS = ["1d_click", "7d_click", "28d_click"]
AGES = ["13-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"]
GENDERS = ["female", "male", "unknown"]
GOAL_ROWS, GOAL_MEGABYTES = 30_000, 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.rows)
        return
    logging.disable(logging.WARNING)
    # A process of its own, so that its memory is not counted as ours.
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.storage", "--serve", "--rows", str(given.rows)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with scratch.installation():
            measure(url, given.rows)
    finally:
        server.terminate()
        server.wait(10)


class Watch:
    """Adds up seconds by name: of the clock, and of the processors of this process and its database session."""

    def __init__(self) -> None:
        self.clock: dict[str, float] = {}
        self.worked: dict[str, float] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        clock, worked = time.perf_counter(), scratch.worked()
        yield
        self.clock[name] = self.clock.get(name, 0.0) + time.perf_counter() - clock
        self.worked[name] = self.worked.get(name, 0.0) + scratch.worked() - worked


def measure(url: str, wanted: int) -> None:
    import requests
    from django.db import transaction

    from apps.connections.models import AdAccount
    from apps.graphapi.decoding import decode_list
    from apps.reporting import insights, store
    from apps.reporting.store import Window
    from apps.reporting.streaming import Incoming

    account = AdAccount.objects.create(meta_id="42", name="Bench", currency="EUR", timezone_name="UTC")
    window = Window("ad", SINCE, SINCE + timedelta(days=DAYS - 1), "age,gender")
    watch, session = Watch(), requests.Session()
    incoming = Incoming("reporting_incoming_0_bench")
    incoming.make()
    baseline = _megabytes()

    def pages() -> Iterator[dict[str, Any]]:
        """Rows of all pages, as the client gives them."""
        after = 0
        while True:
            with watch.time("waiting for bytes"):
                body = session.get(url, params={"after": after}, timeout=60).content
            with watch.time("JSON"):
                page = decode_list(body)
            yield from page["data"]
            if "next" not in page["paging"]:
                return
            after = page["paging"]["cursors"]["after"]

    with watch.time("until the merge"):
        total = incoming.write(_timed(insights.stream(account, window, pages()), watch))
    with watch.time("merge"), transaction.atomic():
        new = store.merge(account, window, incoming)
    with watch.time("the same again"), transaction.atomic():
        same = store.merge(account, window, incoming)
    incoming.drop()
    assert (total, new.added, same.rows, same.changed, same.added, same.removed) == (
        wanted,
        wanted,
        wanted,
        0,
        0,
        0,
    )
    _print(watch, total, baseline)


def _timed(rows: Iterator[Any], watch: Watch) -> Iterator[Any]:
    """The same rows, a thousand at a time, so that looking at the clock costs next to nothing."""
    while True:
        with watch.time("rows, bytes and JSON"):
            batch = list(islice(rows, 1000))
        if not batch:
            return
        yield from batch


def _print(watch: Watch, total: int, baseline: float) -> None:
    print(f"{total:,} rows of ads by age and gender, pages of {PAGE}")
    print(f"{'':28}{'seconds':>9}{'worked':>9}{'us a row':>10}")
    stages: dict[str, tuple[float, float]] = {}
    for n, seconds in enumerate((watch.clock, watch.worked)):
        each = {
            "waiting for bytes": seconds["waiting for bytes"],
            "reading JSON": seconds["JSON"],
            "reading rows": seconds["rows, bytes and JSON"] - seconds["waiting for bytes"] - seconds["JSON"],
            "COPY": seconds["until the merge"] - seconds["rows, bytes and JSON"],
            "merge": seconds["merge"],
            "(merge again, no change)": seconds["the same again"],
        }
        for name, amount in each.items():
            stages[name] = (amount, 0.0) if n == 0 else (stages[name][0], amount)
    for name, (clock, worked) in stages.items():
        print(f"  {name:26}{clock:9.2f}{worked:9.2f}{worked / total * 1e6:10.1f}")
    work = [stages[name] for name in ("reading JSON", "reading rows", "COPY", "merge")]
    by_clock, on_one_core = (total / sum(each) for each in zip(*work, strict=True))
    print(
        f"rows per second once the bytes are here: {on_one_core:,.0f} on one core, {by_clock:,.0f} by the clock"
    )
    print(f"peak memory: {_megabytes():.0f} MB, of which {baseline:.0f} MB before the first row")
    print(f"goals: {GOAL_ROWS:,} rows per second, {GOAL_MEGABYTES} MB")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- the other end ---------------------------------------------------------------------------------


def serve(wanted: int) -> None:
    """Pages of rows as Meta writes them; `after` counts the rows that were given."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import parse_qs, urlsplit

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            first = int(parse_qs(urlsplit(self.path).query)["after"][0])
            last = min(first + PAGE, wanted)
            paging = {"cursors": {"after": str(last)}} | ({"next": "…"} if last < wanted else {})
            page = {"data": [row(n) for n in range(first, last)], "paging": paging}
            body = json.dumps(page, separators=(",", ":")).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def row(n: int) -> dict[str, Any]:
    cells = len(AGES) * len(GENDERS)
    ad, cell = divmod(n // DAYS, cells)
    day = str(SINCE + timedelta(days=n % DAYS))
    impressions, clicks = 100 + n * 7919 % 9000, n * 31 % 120
    sales = n % 4
    bought = {"1d_click": n % 2, "7d_click": sales - sales // 3, "28d_click": sales, "1d_view": sales // 3}
    return {
        "account_id": "42",
        "account_currency": "EUR",
        "campaign_id": f"62{ad // 40:014}",
        "adset_id": f"63{ad // 8:014}",
        "ad_id": f"64{ad:014}",
        "ad_name": f"Herbst {ad} – Größe {ad % 50}",
        "impressions": str(impressions),
        "clicks": str(clicks),
        "inline_link_clicks": str(clicks * 2 // 3),
        "spend": f"{impressions / 137:.2f}",
        "reach": str(impressions * 4 // 5),
        "frequency": "1.250000",
        "attribution_setting": "7d_click_1d_view",
        "actions": [
            action("link_click", str(clicks * 2 // 3), dict.fromkeys(CLICKS, clicks * 2 // 3)),
            action("post_engagement", str(clicks), dict.fromkeys(CLICKS, clicks)),
            action("landing_page_view", str(clicks // 2), dict.fromkeys(CLICKS, clicks // 2)),
            *([action("omni_purchase", str(sales), bought)] if sales else []),
        ],
        "action_values": [
            action("omni_purchase", money(n, sales), {w: money(n, number) for w, number in bought.items()})
        ]
        if sales
        else [],
        "date_start": day,
        "date_stop": day,
        "age": AGES[cell % len(AGES)],
        "gender": GENDERS[cell // len(AGES)],
    }


def action(kind: str, value: str, windows: dict[str, Any]) -> dict[str, str]:
    """As Meta answers when it is asked for windows: those that are zero are left out."""
    told = {window: str(number) for window, number in windows.items() if number}
    return {"action_type": kind, "value": value, **told}


def money(n: int, sales: int) -> str:
    """Hardly two alike."""
    return f"{sales * (20 + n * 37 % 9973 / 100):.2f}" if sales else ""


if __name__ == "__main__":
    main()
