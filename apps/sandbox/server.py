"""The HTTP side: reads a request, asks the graph or the controls, writes the answer as told."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from . import dialog
from .errors import GraphFault
from .faults import Script
from .graph import Graph, changed_headers
from .state import State
from .wire import Answer, Request, dump, parse_body, split_target

CONTROLS = "/_sandbox"
MAX_BODY = 16 * 1024 * 1024
ControlHandler = Callable[[str, str, bytes], Answer]


class PortTaken(OSError):
    """Another program listens there already."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], state: State, controls: ControlHandler, *, quiet: bool
    ) -> None:
        self.state = state
        self.graph = Graph(state)
        self.controls = controls
        self.quiet = quiet
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        try:
            super().__init__(address, Handler)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortTaken(error.errno, f"Port {address[1]} on {address[0]} is not free.") from None
            raise

    def server_bind(self) -> None:
        # The inherited method asks for the host's full name, which can take seconds without a resolver.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Stop listening and hang up on everyone, kept-alive connections included."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per answer instead of one per header
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: Any) -> None:
        """Only our own lines: the inherited ones would show parameters."""

    def _serve(self) -> None:
        arrived = time.monotonic()
        raw = self._body()
        if raw is None:
            return
        path, query = split_target(self.path)
        if path == CONTROLS or path.startswith(CONTROLS + "/"):
            with self.server.lock:
                answer = self.server.controls(self.command, path[len(CONTROLS) :].strip("/"), raw)
            self._write(answer)
            return
        if dialog.is_dialog(path):
            self._show_dialog(path, query, raw)
            return
        if path == "/favicon.ico":  # a browser on the controls page, not a client
            self._write(Answer(404, ""))
            return
        with self.server.lock:
            started = time.perf_counter()
            request, answer, script = self._answer(path, query, raw, arrived)
            spent = (time.perf_counter() - started) * 1000
            status: int | str = script.kind if script and script.kind in SILENT else answer.status
            self.server.state.remember(request.method, path, status, spent)
        self._send(answer, script)
        if not self.server.quiet:
            sys.stdout.write(f"{request.method} {path} {status} {spent:.0f} ms\n")
            sys.stdout.flush()

    def _show_dialog(self, path: str, query: dict[str, str], raw: bytes) -> None:
        form = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
        params = query | {name: values[-1] for name, values in form.items()}
        with self.server.lock:
            state = self.server.state
            answer = dialog.answer(state, self.command, params, form.get("ticked", []))
            state.remember(self.command, path, answer.status, 0)
        self._write(answer)

    def _answer(
        self, path: str, query: dict[str, str], raw: bytes, arrived: float
    ) -> tuple[Request, Answer, Script | None]:
        request = Request(
            method=self.command,
            path=path.strip("/"),
            params=dict(query),
            query=query,
            bearer=_bearer(self.headers.get("Authorization", "")),
            host=self.headers.get("Host") or "localhost",
        )
        try:
            request.params |= parse_body(self.headers.get("Content-Type", ""), raw)
        except GraphFault as wrong:
            return request, Answer(wrong.status, {"error": wrong.body}), None
        # An old habit of clients that cannot send DELETE.
        if request.method == "POST" and request.params.get("method", "").upper() in ("GET", "DELETE"):
            request.method = request.params["method"].upper()
        answer, script = self.server.graph.answer(request, arrived)
        return request, answer, script

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._write(Answer(413, {"error": {"message": "The body is too large.", "type": "Exception"}}))
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: Answer, script: Script | None) -> None:
        kind = script.kind if script else ""
        if script and kind in ("delay", "timeout"):
            self.server.stopping.wait(script.seconds)
        if kind == "timeout":
            self.close_connection = True
        elif kind == "reset":
            self._reset()
        elif kind == "cut_off":
            self._write(answer, cut=True)
        else:
            if script and script.headers:
                answer.headers = changed_headers(answer.headers, script)
            self._write(answer)

    def _reset(self) -> None:
        """Close with RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _write(self, answer: Answer, *, cut: bool = False) -> None:
        body = (answer.body if isinstance(answer.body, str) else dump(answer.body)).encode()
        phrase = HTTPStatus(answer.status).phrase if answer.status in _STATUSES else ""
        head = [f"HTTP/1.1 {answer.status} {phrase}", f"date: {self.date_time_string()}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        head.append(f"content-length: {len(body)}")
        if cut or self.close_connection:
            self.close_connection = True
            head.append("connection: close")
        sent = body[: len(body) // 2] if cut else body
        with contextlib.suppress(ConnectionError):
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1", "replace") + sent)
            self.wfile.flush()


_STATUSES = {status.value for status in HTTPStatus}
SILENT = frozenset({"timeout", "reset", "cut_off"})


def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() in ("bearer", "oauth") else None
