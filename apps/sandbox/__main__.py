"""`python -m apps.sandbox --port 8900 --seed 7`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType

from .controls import BadControl
from .sandbox import Sandbox
from .server import PortTaken
from .settings import APP_ID, APP_SECRET, TIERS


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m apps.sandbox", description="A pretend Graph API.")
    parser.add_argument("--port", type=int, default=8900, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same world")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--quiet", action="store_true", help="no line per request")
    parser.add_argument("--now", help="where the clock starts, such as 2026-11-23T10:00:00Z")
    parser.add_argument("--frozen", action="store_true", help="the clock stands still")
    parser.add_argument("--speed", type=float, default=1.0, help="sandbox seconds for each real one")
    parser.add_argument("--tier", choices=sorted(TIERS), default="full", help="access tier: sets the quotas")
    parser.add_argument("--report-seconds", type=float, default=2.0, help="how long a report run takes")
    parser.add_argument("--accounts", type=int, default=12, help="more than twelve are copies, for load")
    parser.add_argument("--app-id", default=APP_ID)
    parser.add_argument("--app-secret", default=APP_SECRET)
    return parser


def main() -> int:
    given = arguments().parse_args()
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        sandbox = Sandbox(
            given.seed,
            port=given.port,
            host=given.host,
            now=given.now,
            frozen=given.frozen,
            speed=given.speed,
            app_id=given.app_id,
            app_secret=given.app_secret,
            quiet=given.quiet,
            accounts=given.accounts,
            tier=given.tier,
            report_seconds=given.report_seconds,
        )
    except PortTaken:
        sys.stderr.write(
            f"Port {given.port} on {given.host} is taken: stop what runs there or choose another --port.\n"
        )
        return 1
    except (BadControl, OSError, OverflowError) as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        return 1
    with sandbox:
        sys.stdout.write(
            f"Sandbox with seed {given.seed} at {sandbox.url} (controls: {sandbox.url}/_sandbox/)\n"
        )
        sys.stdout.flush()
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
