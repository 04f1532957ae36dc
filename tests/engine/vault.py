"""A stand-in for Vault's transit engine, so that the stacks' secrets need no passphrase.

The CLI derives a key from a passphrase by a million rounds in each of its processes, a third of
the time of many. Here a stack has a random key, which the CLI has Vault encrypt and decrypt.
https://developer.hashicorp.com/vault/api-docs/secret/transit (Encrypt data, Decrypt data)
"""

import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROVIDER = "hashivault://tests"


class _Vault(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"data": _turned(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing of requests."""


def _turned(body: dict[str, str]) -> dict[str, str]:
    """Keep the key in its own envelope: no test asks whether it is safe there."""
    if "plaintext" in body:
        return {"ciphertext": f"vault:v1:{body['plaintext']}"}
    return {"plaintext": body["ciphertext"].removeprefix("vault:v1:")}


@cache
def environment() -> dict[str, str]:
    """Return where the CLI finds it; it serves until the process ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vault)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {
        "VAULT_SERVER_URL": f"http://127.0.0.1:{server.server_port}",
        "VAULT_SERVER_TOKEN": "unused",
    }
