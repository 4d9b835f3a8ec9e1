"""How fast rows get from Meta's bytes into the database, and how much memory that takes.

300,000 rows of ads by age and gender, streamed page by page from a small server of its own. Time is split into waiting
for bytes, reading JSON, reading rows, COPY and the merge; the second merge is of the same rows, and writes nothing.

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
from datetime import date, timedelta
from typing import Any

from bench import scratch

SINCE = date(2026, 10, 1)
DAYS, PAGE = 28, 500
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
    """Adds up the time spent between `begin` and `end`, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def add(self, name: str, since: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - since


def measure(url: str, wanted: int) -> None:
    import requests
    from django.db import transaction

    from apps.connections.models import AdAccount
    from apps.reporting import insights, store
    from apps.reporting.store import Window
    from apps.reporting.streaming import Incoming

    account = AdAccount.objects.create(meta_id="42", name="Bench", currency="EUR", timezone_name="UTC")
    window = Window("ad", SINCE, SINCE + timedelta(days=DAYS - 1), "age,gender")
    watch, session = Watch(), requests.Session()

    def answered() -> Iterator[dict[str, Any]]:
        after = 0
        while True:
            began = time.perf_counter()
            body = session.get(url, params={"after": after}, timeout=60).content
            watch.add("waiting for bytes", began)
            began = time.perf_counter()
            page = json.loads(body)
            watch.add("JSON", began)
            yield from page["data"]
            after = page["after"]
            if not after:
                return

    baseline = _megabytes()
    incoming = Incoming("reporting_incoming_0_bench")
    incoming.make()
    began = time.perf_counter()
    total = incoming.write(insights.stream(account, window, answered()))
    watch.add("all until the merge", began)
    results = {}
    for name in ("merge, all new", "merge, all the same"):
        began = time.perf_counter()
        with transaction.atomic():
            changes = store.merge(account, window, incoming)
        watch.add(name, began)
        results[name] = changes
    incoming.drop()
    peak = _megabytes()
    assert (total, results["merge, all new"].added) == (wanted, wanted), results
    assert results["merge, all the same"].changed == 0, results
    _print(watch.seconds, total, baseline, peak)


def _print(seconds: dict[str, float], total: int, baseline: float, peak: float) -> None:
    bytes_, read = seconds["waiting for bytes"], seconds["JSON"]
    rows = seconds["all until the merge"] - bytes_ - read
    merge = seconds["merge, all new"]
    working = read + rows + merge
    print(f"{total:,} rows of ads by age and gender, pages of {PAGE}")
    for name, amount in (
        ("waiting for bytes", bytes_),
        ("reading JSON", read),
        ("reading rows and COPY", rows),
        ("merge", merge),
    ):
        print(f"  {name:24}{amount:8.2f} s")
    print(f"  {'merge again, no change':24}{seconds['merge, all the same']:8.2f} s")
    speed = total / working
    print(f"rows per second once the bytes are here: {speed:,.0f} (goal {GOAL_ROWS:,})")
    print(
        f"peak memory: {peak:.0f} MB, of which {baseline:.0f} MB before the first row (goal {GOAL_MEGABYTES})"
    )


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
            page = {"data": [row(n) for n in range(first, last)], "after": last if last < wanted else 0}
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
        "actions": [
            {"action_type": "link_click", "value": str(clicks * 2 // 3)},
            {"action_type": "post_engagement", "value": str(clicks)},
            {"action_type": "landing_page_view", "value": str(clicks // 2)},
            *(
                [{"action_type": "omni_purchase", "value": str(sales), "7d_click": str(sales)}]
                if sales
                else []
            ),
        ],
        "action_values": [{"action_type": "omni_purchase", "value": f"{sales * 89.9:.2f}"}] if sales else [],
        "date_start": day,
        "date_stop": day,
        "age": AGES[cell % len(AGES)],
        "gender": GENDERS[cell // len(AGES)],
    }


if __name__ == "__main__":
    main()
