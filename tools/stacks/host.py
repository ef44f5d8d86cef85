"""The real servers behind a stack of user-mode networking, for `cargo xtask stacks`: each port ends connections in its
own way. usage: host.py serve, or host.py connect HOST PORT [API-SOCKET of slirp4netns]

The stack answers for them: what the peer sees is how the stack passes on what these sockets do."""

import json
import socket
import struct
import sys
import threading
import time

ABORTS, LEAVES_UNREAD, CLOSES, ANSWERS = 7001, 7002, 7003, 7004


def abort(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def talk(port, connection):
    if port == LEAVES_UNREAD:
        time.sleep(0.2)
        return connection.close()
    while connection.recv(4096):
        if port == ABORTS:
            return abort(connection)
        connection.sendall(b"answer\n")
        if port == CLOSES:
            return connection.close()


def serve(port):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        threading.Thread(target=talk, args=(port, listener.accept()[0])).start()


def forward(api, port):
    """slirp4netns takes its forwarded ports from a socket."""
    arguments = {"proto": "tcp", "host_addr": "127.0.0.1", "host_port": port, "guest_addr": "10.77.0.1", "guest_port": port}
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(api)
        asked.sendall(json.dumps({"execute": "add_hostfwd", "arguments": arguments}).encode())
        asked.shutdown(socket.SHUT_WR)
        asked.recv(4096)


if sys.argv[1] == "serve":
    for port in range(ABORTS, ANSWERS + 1):
        threading.Thread(target=serve, args=(port,)).start()
else:
    host, port = sys.argv[2], int(sys.argv[3])
    for api in sys.argv[4:]:
        forward(api, port)
    connection = socket.create_connection((host, port), 5)
    # pasta of 2023 completes the handshake on its other side only when there is data.
    connection.sendall(b"hello\n")
    connection.recv(4096)
    abort(connection)
