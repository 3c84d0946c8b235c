"""A web server of another author (Python's), whose answers the test decides.

Usage: http_server.py FOLDER PORT [CERTIFICATE KEY]

FOLDER/plan.json is a list of replies; request n gets the nth, the last one from there on. Every request is appended to
FOLDER/requests.jsonl before it is answered. A reply has "status", "headers" and "body", or "do": "hang", "close". Where it
has "authorization", a request with any other is answered 401.
"""

import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
LOG = os.path.join(FOLDER, "requests.jsonl")
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with LOCK:
            self.server.connections += 1
            self.number = self.server.connections

    def answer(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with LOCK:
            seen = sum(1 for _ in open(LOG, encoding="utf-8"))
            with open(os.path.join(FOLDER, "plan.json"), encoding="utf-8") as plan:
                plan = json.load(plan)
            reply = plan[min(seen, len(plan) - 1)]
            request = {
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body.decode("latin-1"),
                "connection": self.number,
            }
            with open(LOG, "a", encoding="utf-8") as log:
                log.write(json.dumps(request) + "\n")
        if reply.get("do") == "hang":
            threading.Event().wait()
        if reply.get("do") == "close":
            self.close_connection = True
            return
        body = reply.get("body", "").encode()
        wanted = reply.get("authorization")
        known = wanted in (None, self.headers["Authorization"])
        self.send_response(reply.get("status", 200) if known else 401)
        for name, value in reply.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = answer
    do_PUT = answer
    do_GET = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    connections = 0

    def handle_error(self, *_):
        pass


open(LOG, "a", encoding="utf-8").close()
server = Server(("127.0.0.1", int(sys.argv[2])), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
