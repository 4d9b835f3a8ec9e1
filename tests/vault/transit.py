"""HashiCorp Vault's transit engine, written after its manual: what our client needs of it, over a real socket.

Keys have versions; what is wrapped says which (`vault:v1:…`); old versions go on to open until they are disallowed.
"""

import base64
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MISSING = "encryption key not found"


class Refused(Exception):
    def __init__(self, status, *errors):
        super().__init__(status)
        self.status, self.errors = status, list(errors)


class Transit:
    def __init__(self):
        self.token = "hvs." + os.urandom(12).hex()
        self.keys = {"fbadmin": [AESGCM(os.urandom(32))]}
        self.least = 1  # min_decryption_version
        self.sealed = False
        self.asked = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def rotate(self, name="fbadmin"):
        self.keys[name].append(AESGCM(os.urandom(32)))

    # --- what is asked

    def answer(self, path, token, body):
        self.asked.append(path)
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        if token != self.token:
            raise Refused(403, "permission denied")
        _, mount, verb, name = path.strip("/").split("/")
        if mount != "transit" or verb not in {"encrypt", "decrypt"}:
            raise Refused(404)
        if name not in self.keys:
            raise Refused(400, MISSING)
        more = base64.b64decode(body.get("associated_data", ""))
        return getattr(self, verb)(self.keys[name], body, more)

    def encrypt(self, versions, body, more):
        nonce = os.urandom(12)
        raw = nonce + versions[-1].encrypt(nonce, base64.b64decode(body["plaintext"]), more)
        text = f"vault:v{len(versions)}:{base64.b64encode(raw).decode()}"
        return {"ciphertext": text, "key_version": len(versions)}

    def decrypt(self, versions, body, more):
        try:
            prefix, version, encoded = body["ciphertext"].split(":")
            number, raw = int(version.removeprefix("v")), base64.b64decode(encoded)
        except ValueError:
            raise Refused(400, "invalid ciphertext: no prefix") from None
        if prefix != "vault" or not 0 < number <= len(versions):
            raise Refused(400, "invalid ciphertext: version is too new")
        if number < self.least:
            raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            clear = versions[number - 1].decrypt(raw[:12], raw[12:], more)
        except InvalidTag:
            raise Refused(400, "cipher: message authentication failed") from None
        return {"plaintext": base64.b64encode(clear).decode()}


def _handler(vault):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, {"data": vault.answer(self.path, self.headers["X-Vault-Token"], body)}
            except Refused as refused:
                status, answer = refused.status, {"errors": refused.errors}
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_PUT(self):
            self.do_POST()

        def log_message(self, *words):
            pass

    return Handler
