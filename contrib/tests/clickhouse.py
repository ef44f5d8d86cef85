"""A real ClickHouse engine (chdb) behind the part of its HTTP interface that whyrst uses: `POST /?query=...`, gzip."""

import gzip
import http.server
import json
import pathlib
import re
import threading
import urllib.parse

from chdb.session import Session

CONTRIB = pathlib.Path(__file__).resolve().parent.parent


class ClickHouse:
    """The engine with whyrst's tables; while `away`, it answers 503."""

    def __init__(self):
        self.session, self.lock, self.away, self.headers = Session(), threading.Lock(), False, []
        schema = (CONTRIB / "clickhouse/schema.sql").read_text()
        for statement in statements(schema):
            self.session.query(statement)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                status, reply = outer.answer(query, body)
                outer.headers.append(dict(self.headers))
                self.send_response(status)
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, query, body: bytes):
        if self.away:
            return 503, b"away"
        settings = {name: values[0] for name, values in query.items() if name != "query"}
        # Not of one process: the engine has no queue for it.
        for name in ("async_insert", "wait_for_async_insert"):
            assert settings.pop(name) == "1"
        words = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        insert = query["query"][0]
        head, form = insert.split(" FORMAT ")
        try:
            with self.lock:
                self.session.query(f"{head} SETTINGS {words} FORMAT {form} {body.decode()}")
        except Exception as error:  # the engine's own words are the answer, as a server gives them
            return 400, str(error).encode()
        return 200, b""

    def rows(self, query: str, **parameters):
        for name, value in parameters.items():
            query = re.sub(rf"\{{{name}:([^{{}}]+)\}}", rf"CAST('{value}' AS \1)", query)
        with self.lock:
            text = self.session.query(query, "JSONEachRow").bytes().decode()
        return [json.loads(line) for line in text.splitlines()]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.session.close()


def statements(text: str):
    text = re.sub(r"--.*", "", text)
    return [statement for statement in text.split(";") if statement.strip()]
