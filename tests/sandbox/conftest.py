"""One sandbox for the whole run, put back to its beginning for each test; its clock stands still."""

import json
from datetime import UTC, datetime

import pytest
import requests

from apps.sandbox import Sandbox

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MIDNIGHT_IN = {"Europe/Berlin": 23, "America/New_York": 5, "Asia/Tokyo": 15, "America/Sao_Paulo": 3}  # UTC


class Graph:
    """A few lines of client: no retries, no checks, answers as they come."""

    def __init__(self, sandbox, token):
        self.sandbox = sandbox
        self.token = token
        self.session = requests.Session()

    def call(self, method, path, *, version="v26.0", token=None, timeout=20, **params):
        token = self.token if token is None else token
        texts = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()
        }
        place = "params" if method in ("GET", "DELETE") else "data"
        return self.session.request(
            method,
            f"{self.sandbox.url}/{version}/{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout,
            **{place: texts},
        )

    def get(self, path, **params):
        return self.call("GET", path, **params)

    def post(self, path, **params):
        return self.call("POST", path, **params)

    def delete(self, path, **params):
        return self.call("DELETE", path, **params)

    def data(self, path, **params):
        """All rows: pages are followed by their cursors."""
        rows, after = [], {}
        while True:
            answer = self.get(path, **params, **after)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            rows += body["data"]
            if "next" not in body.get("paging", {}):
                return rows
            after = {"after": body["paging"]["cursors"]["after"]}

    def rows(self, node, **params):
        return self.data(f"{node}/insights", limit="5000", **params)

    def error(self, answer):
        return answer.json()["error"]


@pytest.fixture(scope="session")
def running():
    with Sandbox(seed=7, now=MONDAY, frozen=True) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    running.reset()
    return running


@pytest.fixture
def graph(sandbox):
    return Graph(sandbox, sandbox.token("system"))


@pytest.fixture
def account(sandbox):
    """Picks an ad account by a piece of its name."""

    def pick(name="Fjäll"):
        return next(one["id"] for one in sandbox.accounts if name in one["name"])

    return pick


@pytest.fixture
def other_sandbox():
    """Makes further sandboxes, stopped when the test ends."""
    made = []

    def make(**given):
        given = {"now": MONDAY, "frozen": True} | given
        made.append(Sandbox(**given).start())
        return made[-1], Graph(made[-1], made[-1].token("system"))

    yield make
    for sandbox in made:
        sandbox.stop()


@pytest.fixture
def control(sandbox):
    """Turns a knob over HTTP and gives back the answer."""

    def turn(name, body=None, *, method="POST"):
        return requests.request(method, f"{sandbox.url}/_sandbox/{name}", json=body, timeout=10)

    return turn
