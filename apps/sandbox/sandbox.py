"""The sandbox as an object: start it, read its address, turn its knobs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from . import controls
from .clock import Clock
from .faults import Script, read_script
from .server import Server
from .settings import APP_ID, APP_SECRET, Settings
from .state import State
from .wire import Answer


class Sandbox:
    """A pretend Graph API on a port of its own.

    `now` is where its clock starts (default: the present), `frozen` keeps it there until told otherwise.
    Every method that changes something takes effect with the next request.
    """

    def __init__(
        self,
        seed: int = 7,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        now: datetime | float | str | None = None,
        frozen: bool = False,
        speed: float = 1.0,
        app_id: str = APP_ID,
        app_secret: str = APP_SECRET,
        quiet: bool = True,
        accounts: int = 12,
        **settings: Any,
    ) -> None:
        self.seed = seed
        self.app_id = app_id
        self.app_secret = app_secret
        start = None if now is None else controls.moment(now)
        clock = Clock(start, frozen=frozen, speed=speed)
        chosen = Settings()
        controls.apply_settings(chosen, settings)
        self._state = State(seed, clock, chosen, app_id=app_id, app_secret=app_secret, accounts=accounts)
        self._server = Server((host, port), self._state, self._control, quiet=quiet)
        self._thread: threading.Thread | None = None

    # Running

    @property
    def url(self) -> str:
        """The base URL for Graph calls: put a version behind it."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Serve in a thread that ends with the program."""
        # The pause is how long `stop` may have to wait; it does not slow answers down.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread is None:
            self._server.server_close()
            return
        self._server.close()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # The world

    @property
    def tokens(self) -> dict[str, str]:
        """Token texts by their names, those minted on the way included."""
        with self._server.lock:
            return {name: token.text for name, token in self._state.tokens.by_name.items()}

    def token(self, name: str = "system") -> str:
        return self._state.tokens.by_name[name].text

    @property
    def app_token(self) -> str:
        return f"{self.app_id}|{self.app_secret}"

    @property
    def accounts(self) -> list[dict[str, Any]]:
        """id (with act_), name, currency, zone and status of the twelve accounts."""
        accounts: list[dict[str, Any]] = self.state()["accounts"]
        return accounts

    # Controls: the same as those under /_sandbox/

    def state(self) -> dict[str, Any]:
        return self._do("state", {})

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._state.clock.now(), UTC)

    def set_clock(self, moment: datetime | float | str) -> None:
        self._do("clock", {"set": controls.moment(moment)})

    def advance(self, seconds: float) -> None:
        self._do("clock", {"advance": seconds})

    def freeze(self, frozen: bool = True) -> None:
        self._do("clock", {"freeze": frozen})

    def run_clock(self, speed: float) -> None:
        self._do("clock", {"freeze": False, "speed": speed})

    def hold_figures(self, held: bool = True) -> None:
        """Figures stay as they are while the clock moves on: there is one truth to compare with."""
        self._do("clock", {"hold": held})

    def fail(self, kind: str = "error", **script: Any) -> Script:
        """Script the next calls: see `faults.Script` for the arguments and `faults.KINDS` for the kinds.

        The script returned counts down in `times` and up in `used`.
        """
        with self._server.lock:
            return self._state.faults.add(read_script({"kind": kind, **script}))

    def clear_faults(self) -> None:
        with self._server.lock:
            self._state.faults.reset()

    def set_allowance(
        self,
        kind: str,
        level: float | None = None,
        *,
        account: str | None = None,
        minutes: float | None = None,
        app_id: str | None = None,
    ) -> None:
        """Put a counter at `level` percent; with `minutes`, block it for so long, and 0 ends a block."""
        given = {"type": kind, "level": level, "account": account, "minutes": minutes, "app_id": app_id}
        self._do("allowance", {name: value for name, value in given.items() if value is not None})

    def block(self, kind: str, minutes: float = 5, *, account: str | None = None) -> None:
        self.set_allowance(kind, account=account, minutes=minutes)

    def calls_while_blocked(self) -> int:
        """Calls sent although an earlier answer had told of the block."""
        count: int = self.state()["calls_while_blocked"]
        return count

    def revoke(self, token: str, subcode: int = 458) -> None:
        """`token` is a text or a name."""
        self._do("revoke", {"token": token, "subcode": subcode})

    def log_in(self, name: str = "user") -> str:
        """The person behind this token logs in once more; the text of their new token."""
        return str(self._do("login", {"token": name})["token"])

    def set_reach(self, token: str, **reach: Any) -> None:
        """`accounts` (ids, None for all) and `scopes`: what the token may from now on; `declined` and `expired`."""
        self._do("reach", {"token": token, **reach})

    def exchanges(self) -> int:
        """Tokens that were given for another one."""
        count: int = self.state()["exchanges"]
        return count

    def callback(self, kind: str, url: str, person: str = "zoe") -> dict[str, Any]:
        """`kind`: deauthorize or deletion. Status and body of what the app answered."""
        return self._do("callback", {"kind": kind, "url": url, "person": person})

    @property
    def people(self) -> dict[str, str]:
        """Who can log in: their ids by a short name."""
        return {one["person"]: one["id"] for one in self.state()["people"]}

    def restate(
        self,
        account: str,
        day: str | None = None,
        *,
        conversions_percent: float = 10,
        spend_percent: float = 1,
    ) -> None:
        given = {"account": account, "conversions_percent": conversions_percent}
        given |= {"spend_percent": spend_percent} | ({"day": day} if day else {})
        self._do("restate", given)

    def poison(self, object_id: str) -> None:
        """Fail every question that would have a row of this campaign, ad set or ad."""
        self._do("poison", {"object": object_id})

    def set_account(self, account: str, **changes: Any) -> None:
        """`account_status` (a number), `gated_breakdowns` (empty impression_device rows), and its own
        `sync_row_cap` and `async_row_cap`."""
        self._do("account", {"account": account, **changes})

    def script_reports(self, *outcomes: str) -> None:
        """How the next report runs go: complete, fail, skip, stuck, late."""
        self._do("reports", {"next": list(outcomes)})

    def change_app(self, **facts: Any) -> None:
        self._do("app", facts)

    def configure(self, **settings: Any) -> None:
        self._do("settings", settings)

    def reset(self) -> None:
        self._do("reset", {})

    def _do(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        with self._server.lock:
            return controls.perform(self._state, name, given)

    def _control(self, method: str, path: str, raw: bytes) -> Answer:
        return controls.answer(self._state, method, path, raw, self.url)
