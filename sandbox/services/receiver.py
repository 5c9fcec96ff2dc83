# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver of notifications on loopback: each POST becomes one line of a file, a GET returns them all."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.addresses import LOOPBACK

LARGEST_BODY = 1024 * 1024


def handler(file: Path) -> type[BaseHTTPRequestHandler]:
    """A request handler that keeps notifications in this file."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LARGEST_BODY:
                return self._answer(413, b"")
            try:
                body = json.loads(self.rfile.read(length))
            except ValueError:
                return self._answer(400, b"")
            with file.open("a", encoding="utf-8") as notifications:
                notifications.write(json.dumps({"path": self.path, "body": body}) + "\n")
            return self._answer(200, b"")

        def do_GET(self) -> None:
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            self._answer(200, json.dumps([json.loads(line) for line in lines]).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are kept in the file; a second account of them helps nobody."""

    return Handler


def main() -> None:
    """Serve on the port and into the file named on the command line."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    ThreadingHTTPServer((LOOPBACK, port), handler(file)).serve_forever()


if __name__ == "__main__":
    main()
