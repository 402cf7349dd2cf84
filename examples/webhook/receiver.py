"""A receiver of webhooks in one file, without packages: python receiver.py PORT WEBHOOK_SECRET"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

port, key = int(sys.argv[1]), base64.b64decode(sys.argv[2].removeprefix("whsec_"))
seen = set()
FRESH_SECONDS = 300


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to an event that is genuine and fresh, and prints it once."""

    def do_POST(self) -> None:
        """Verify one event, as Standard Webhooks says."""
        body = self.rfile.read(int(self.headers["content-length"]))
        message, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        mac = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
        expected = "v1," + base64.b64encode(mac).decode()
        signatures = self.headers["webhook-signature"].split()
        is_genuine = any(hmac.compare_digest(expected, signature) for signature in signatures)
        is_fresh = abs(time.time() - int(timestamp)) < FRESH_SECONDS
        if is_genuine and is_fresh and message not in seen:
            seen.add(message)
            print(json.dumps(json.loads(body)), flush=True)
        self.send_response(204 if is_genuine and is_fresh else 401)
        self.end_headers()


HTTPServer(("127.0.0.1", port), Receiver).serve_forever()
