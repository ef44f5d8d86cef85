"""The Linux end of each connection of `cargo xtask stacks`. usage: peer.py PLAY HOST

It prints what it saw, and never ends a connection by a reset of its own: it reads whatever comes."""

import socket
import sys
import time

PORTS = {"refused": 7000, "abort": 7001, "unread": 7002, "after-close": 7003, "restart": 7004}
LISTENS_AT = 7010
MOMENT = 0.3


def read(connection):
    """Whether there was data."""
    try:
        data = connection.recv(4096)
        print(data.decode().strip() or "end of file", flush=True)
        return bool(data)
    except OSError as error:
        print(error, flush=True)
        return False


def write(connection, text):
    try:
        connection.sendall(text)
    except OSError as error:
        print(error, flush=True)
    time.sleep(MOMENT)


def connect(play, host):
    try:
        connection = socket.create_connection((host, PORTS[play]), 2.5)
    except OSError as error:
        return print(error)
    connection.settimeout(3)
    connection.sendall(b"request\n")
    read(connection)
    if play == "restart":
        sys.stdin.readline()
    if play == "after-close":
        read(connection)
        time.sleep(MOMENT)
    if play in ("restart", "after-close"):
        write(connection, b"more\n")
        write(connection, b"even more\n")
        read(connection)


def accept():
    listener = socket.create_server(("", LISTENS_AT))
    listener.settimeout(5)
    print("ready", flush=True)
    connection, _ = listener.accept()
    connection.settimeout(3)
    write(connection, b"request\n")
    while read(connection):
        pass


accept() if sys.argv[1] == "client-abort" else connect(sys.argv[1], sys.argv[2])
