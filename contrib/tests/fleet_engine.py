"""The ClickHouse engine of `cargo xtask fleet`: tables of whyrst, commands on standard input, answers on standard output.

A command is a line `insert TABLE OCTETS` or `ask - OCTETS` and so many octets; an answer `ok OCTETS` or `error OCTETS`
and so many. What many hosts insert at the same time comes together, as a server's `async_insert` puts it together.
"""

import sys

from chdb.session import Session
from clickhouse import CONTRIB, statements

session = Session()
for statement in statements((CONTRIB / "clickhouse/schema.sql").read_text()):
    session.query(statement)

# What the agent asks for by the address of its requests.
SETTINGS = "input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort'"


def insert(table: str, body: bytes) -> bytes:
    session.query(f"INSERT INTO whyrst.{table} SETTINGS {SETTINGS} FORMAT JSONEachRow {body.decode()}")
    return b""


while head := sys.stdin.buffer.readline():
    command, table, octets = head.split()
    body = sys.stdin.buffer.read(int(octets))
    try:
        answer = insert(table.decode(), body) if command == b"insert" else session.query(body.decode(), "JSONEachRow").bytes()
        state = b"ok"
    except Exception as error:  # the engine's own words are the answer
        state, answer = b"error", str(error).encode()
    sys.stdout.buffer.write(state + b" %d\n" % len(answer) + answer)
    sys.stdout.buffer.flush()
