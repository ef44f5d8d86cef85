"""A real ClickHouse engine (chdb) behind the part of its HTTP interface that whyrst uses: `POST /?query=...`, gzip."""

import json
import pathlib
import re
import threading
import urllib.parse

import posts
from chdb.session import Session

CONTRIB = pathlib.Path(__file__).resolve().parent.parent


class ClickHouse:
    """The engine with whyrst's tables; while `away`, it answers 503."""

    def __init__(self):
        self.session, self.lock, self.away, self.headers = Session(), threading.Lock(), False, []
        schema = (CONTRIB / "clickhouse/schema.sql").read_text()
        for statement in statements(schema):
            self.session.query(statement)
        self.server, self.url = posts.serve(self.post)

    def post(self, path, headers, body):
        status, reply = self.answer(urllib.parse.parse_qs(urllib.parse.urlparse(path).query), body)
        self.headers.append(headers)
        return status, "text/plain", reply

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
