"""A scripted HTTP server in place of Meta, and the client that meets it over a real socket."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.graphapi import Call, Client, Pauses

SAMPLES = Path(__file__).parent.parent / "samples" / "graph"
TOKEN = "EAAtestTOKEN123"
SECRET = "app_secret_for_tests_0123456789ab"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@dataclass
class Scripted:
    """One answer. `length` says how many bytes the header promises; `drop` closes without a word."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    delay: float = 0.0
    drop: bool = False
    chunked: bool = False


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    @property
    def members(self) -> list[dict[str, str]]:
        return json.loads(self.form["batch"])


class ScriptedMeta:
    """Answers what it was told to, in order, and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: deque[Scripted] = deque()
        self.requests: list[Seen] = []
        meta = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                meta.requests.append(Seen(self.command, self.path, dict(self.headers), body))
                answer = meta.script.popleft() if meta.script else Scripted(b"the script is over", 418)
                time.sleep(answer.delay)
                if answer.drop:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, text in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, text)
                if answer.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for byte in answer.body:
                        self.wfile.write(b"1\r\n" + bytes([byte]) + b"\r\n")
                    self.wfile.write(b"0\r\n\r\n")
                    return
                promised = len(answer.body) if answer.length is None else answer.length
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                self.wfile.write(answer.body)
                if promised != len(answer.body):
                    self.close_connection = True

            def do_GET(self) -> None:
                self.handle_any()

            def do_POST(self) -> None:
                self.handle_any()

            def do_DELETE(self) -> None:
                self.handle_any()

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hung up is part of the play."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, body: Any = None, status: int = 200, **rest: Any) -> None:
        """Add one answer to the script: an object becomes JSON, bytes stay."""
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.script.append(Scripted(raw, status, **rest))

    def refuse(self, name: str, **rest: Any) -> None:
        """Add one of the recorded errors."""
        error = sample("errors")[name]
        self.answer(error["body"], error["status"], **rest)


@pytest.fixture
def meta() -> Iterator[ScriptedMeta]:
    scripted = ScriptedMeta()
    thread = threading.Thread(
        target=scripted.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield scripted
    scripted.server.shutdown()
    scripted.server.server_close()


@pytest.fixture
def sleeps() -> list[float]:
    """Every pause the client asked for."""
    return []


@pytest.fixture
def calls() -> list[Call]:
    """Everything the hook was told."""
    return []


@pytest.fixture
def make_client(meta: ScriptedMeta, sleeps: list[float], calls: list[Call]):
    def make(token: str = TOKEN, **changes: Any) -> Client:
        defaults: dict[str, Any] = {
            "base_url": meta.url,
            "sleep": sleeps.append,
            "clock": lambda: 1_795_000_000.0,
            "retries": Pauses(random=lambda: 1.0),
            "on_call": calls.append,
            "timeout": (2.0, 2.0),
        }
        return Client(token, **(defaults | changes))

    return make


@pytest.fixture
def client(make_client) -> Client:
    return make_client()
