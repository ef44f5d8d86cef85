//! The plays: what is configured, what is done, and what must be reported.

/// One program and its best-known reset.
pub(super) struct Play {
    pub(super) name: &'static str,
    /// The heading.
    pub(super) title: &'static str,
    /// What happens.
    pub(super) story: &'static str,
    /// Files by name and text, which the page shows.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// A shell script that starts the servers and stays.
    pub(super) server: &'static str,
    /// Where they listen when they are ready.
    pub(super) ports: &'static [u16],
    /// What is done then, in a shell.
    pub(super) client: &'static str,
    /// One of these must be reported.
    pub(super) expects: &'static [&'static str],
    /// What to do about it.
    pub(super) mend: &'static str,
    /// Programs that must be installed: packages nginx-light, haproxy, redis-server, postgresql, nodejs, curl.
    pub(super) needs: &'static [&'static str],
}

const NGINX: &str = "exec nginx -e ./error.log -p . -c nginx.conf -g 'daemon off;'";

/// A pool that does not look whether its idle connection was closed meanwhile: every play has it.
pub(super) const POOL: (&str, &str) = (
    "pool.py",
    r"
import socket, sys, time
port, idle = int(sys.argv[1]), float(sys.argv[3])
request = sys.argv[2].encode().decode('unicode_escape').encode()
pooled = socket.create_connection(('127.0.0.1', port))
pooled.sendall(request + b'\r\n\r\n')
print('first answer:', pooled.recv(4096).split(b'\r\n')[0].decode())
time.sleep(idle)
try:
    pooled.sendall(request + b'\r\n\r\n')
    time.sleep(0.2)
    print('second answer:', pooled.recv(4096) or 'end of file')
    pooled.sendall(request + b'\r\n\r\n')
except OSError as error:
    print('second answer:', error)
",
);

/// A slow upload that looks for no answer.
const UPLOAD: (&str, &str) = (
    "upload.py",
    r"
import socket, time
c = socket.create_connection(('127.0.0.1', 8080))
c.sendall(b'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n')
try:
    for _ in range(30):
        c.sendall(bytes(20000))
        time.sleep(0.1)
except OSError as error:
    print('upload:', error)
",
);

/// Two clients where one is allowed.
const TWO: (&str, &str) = (
    "two.py",
    r"
import socket, time
one = socket.create_connection(('127.0.0.1', 6379))
one.sendall(b'PING\r\n')
one.recv(100)
two = socket.create_connection(('127.0.0.1', 6379))
two.sendall(b'PING\r\n')
time.sleep(0.3)
try:
    print(two.recv(100).decode().strip())
    print(two.recv(100))
except OSError as error:
    print(error)
",
);

/// All of them, in the order of the page.
pub(super) const PLAYS: &[Play] = &[
    Play {
        name: "nginx-keepalive",
        title: "nginx: the keep-alive race",
        story: "nginx closes a connection that was idle for `keepalive_timeout`. A client that takes it out of its pool \
            without looking writes its next request into a closed connection.",
        files: &[(
            "nginx.conf",
            "
worker_processes 1;
pid nginx.pid;
events {}
http {
    access_log off;
    keepalive_timeout 1s;
    server { listen 127.0.0.1:8080; location / { return 200 \"ok\\n\"; } }
}
",
        )],
        server: NGINX,
        ports: &[8080],
        client: r"python3 pool.py 8080 'GET / HTTP/1.1\r\nHost: a' 1.6",
        expects: &["keepalive-race", "data-after-close"],
        mend: "Keep idle connections in the client's pool shorter than the server's timeout, and let it send idempotent \
            requests again.",
        needs: &["nginx", "python3"],
    },
    Play {
        name: "nginx-body",
        title: "nginx: the client's body is too large",
        story: "nginx answers 413 at once, then reads on for a while (`lingering_time`, 30 s by default, 1 s here) so that \
            the client can read the answer. A client that is still sending when that is over is reset.",
        files: &[
            (
                "nginx.conf",
                "
worker_processes 1;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    lingering_time 1s;
    server { listen 127.0.0.1:8080; client_max_body_size 1k; location / { return 200 \"ok\\n\"; } }
}
",
            ),
            UPLOAD,
        ],
        server: NGINX,
        ports: &[8080],
        client: "python3 upload.py",
        expects: &["data-after-close", "close-unread"],
        mend: "Raise `client_max_body_size`, or ask first (`Expect: 100-continue`), or read the answer while sending.",
        needs: &["nginx", "python3"],
    },
    Play {
        name: "nginx-backend",
        title: "nginx: the backend is killed while it works",
        story: "nginx has passed a request on; the backend is killed before it has read it. Its kernel resets the connection, \
            and nginx answers 502.",
        files: &[(
            "nginx.conf",
            "
worker_processes 1;
pid nginx.pid;
events {}
http {
    access_log off;
    proxy_temp_path proxy;
    server { listen 127.0.0.1:8080; location / { proxy_pass http://127.0.0.1:8081; } }
}
",
        )],
        server: "python3 -c \"
import socket, time
l = socket.socket(); l.bind(('127.0.0.1', 8081)); l.listen(5)
s, _ = l.accept(); time.sleep(60)\" & echo $! >backend.pid; NGINX",
        ports: &[8080, 8081],
        client: "curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8080/ & sleep 2; kill -9 $(cat backend.pid); wait",
        expects: &["exit-unread"],
        mend: "Find out who kills the backend: `watch -v` names the sender of the signal. A second upstream with \
            `proxy_next_upstream` hides it from clients.",
        needs: &["nginx", "python3", "curl"],
    },
    Play {
        name: "haproxy-timeout",
        title: "HAProxy: timeout client",
        story: "HAProxy closes both sides of a connection that was idle for `timeout client`. The client writes into it; towards \
            the server HAProxy aborts (SO_LINGER 0).",
        files: &[(
            "haproxy.cfg",
            "
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen redis
    bind 127.0.0.1:8090
    server one 127.0.0.1:6379
",
        )],
        server: "redis-server --port 6379 --bind 127.0.0.1 --save '' >/dev/null & exec haproxy -q -f haproxy.cfg",
        ports: &[8090, 6379],
        client: "python3 pool.py 8090 PING 2.2",
        expects: &["data-after-close", "keepalive-race"],
        mend: "Make `timeout client` and `timeout server` longer than the client's pool keeps connections, or let the client send \
            keepalives at the level of its protocol.",
        needs: &["haproxy", "redis-server", "python3"],
    },
    Play {
        name: "redis-maxclients",
        title: "Redis: maxclients",
        story: "Redis accepts one client too many, writes an error and closes without having read the client's command.",
        files: &[TWO],
        server: "exec redis-server --port 6379 --bind 127.0.0.1 --maxclients 1 --save ''",
        ports: &[6379],
        client: "python3 two.py",
        expects: &["close-unread", "server-busy-close"],
        mend: "Raise `maxclients` and the limit of open files, or find the client that leaks connections (`CLIENT LIST`).",
        needs: &["redis-server", "python3"],
    },
    Play {
        name: "redis-timeout",
        title: "Redis: timeout",
        story: "Redis closes clients that were idle for `timeout` seconds; the pool's next command meets a closed connection.",
        files: &[],
        server: "exec redis-server --port 6379 --bind 127.0.0.1 --timeout 1 --save ''",
        ports: &[6379],
        client: "python3 pool.py 6379 PING 3",
        expects: &["data-after-close", "keepalive-race"],
        mend: "`timeout 0` with `tcp-keepalive 300` (the default), or a pool that checks its connections.",
        needs: &["redis-server", "python3"],
    },
    Play {
        name: "postgres-backend",
        title: "PostgreSQL: a backend is terminated",
        story: "An administrator ends a backend with `pg_terminate_backend()` while its client streams a COPY: what was not \
            read yet turns the exit into a reset.",
        files: &[],
        server: "mkdir pg; chown postgres pg; B=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
P='setpriv --reuid postgres --regid postgres --clear-groups'
$P $B/initdb -D pg -A trust >initdb.log 2>&1; exec $P $B/postgres -D pg -h 127.0.0.1 -p 5432 -k \"$PWD/pg\"",
        ports: &[5432],
        client: "export PGHOST=127.0.0.1 PGUSER=postgres; psql -qc 'create table t (i int)'
(yes 1 | timeout 15 psql -qc 'copy t from stdin') & sleep 1
psql -Atc \"select pg_terminate_backend(pid) from pg_stat_activity where query like 'copy%'\"; wait",
        expects: &["exit-unread", "data-after-close"],
        mend: "The server's log names the administrator's command. Clients need to connect again and repeat the transaction.",
        needs: &["psql"],
    },
    Play {
        name: "node-keepalive",
        title: "Node.js: keepAliveTimeout",
        story: "Node's HTTP server closes connections that were idle for `keepAliveTimeout` (5 s by default, half a second here): behind a \
            load balancer with a longer idle timeout this is the classic 502.",
        files: &[(
            "server.js",
            "
const server = require('http').createServer((request, response) => response.end('ok'));
server.keepAliveTimeout = 500;
server.listen(8099, '127.0.0.1');
",
        )],
        server: "exec node server.js",
        ports: &[8099],
        client: r"python3 pool.py 8099 'GET / HTTP/1.1\r\nHost: a' 2.5",
        expects: &["keepalive-race", "data-after-close"],
        mend: "`server.keepAliveTimeout` longer than the idle timeout of what stands before it.",
        needs: &["node", "python3"],
    },
    Play {
        name: "node-destroy",
        title: "Node.js: resetAndDestroy()",
        story: "`socket.resetAndDestroy()` sets SO_LINGER to zero and closes.",
        files: &[(
            "server.js",
            "
require('http').createServer((request) => request.socket.resetAndDestroy()).listen(8099, '127.0.0.1');
",
        )],
        server: "exec node server.js",
        ports: &[8099],
        client: "timeout 5 curl -sS http://127.0.0.1:8099/; true",
        expects: &["linger-zero"],
        mend: "Somebody wants it so: look for `resetAndDestroy` and `setLinger`.",
        needs: &["node", "curl"],
    },
    Play {
        name: "curl-max-time",
        title: "curl: --max-time ends a download",
        story: "curl gives up in the middle of a download; what has come and was not read turns its close into a reset. Here \
            `whyrst run` follows the one command.",
        files: &[(
            "nginx.conf",
            "
worker_processes 1;
pid nginx.pid;
events {}
http { access_log off; server { listen 127.0.0.1:8080; root www; } }
",
        )],
        server: "mkdir www; head -c 50000000 /dev/zero >www/big; NGINX",
        ports: &[8080],
        client: "$WHYRST run -- curl -sS -o /dev/null --limit-rate 100k --max-time 1 http://127.0.0.1:8080/big; echo \"(status $?)\"",
        expects: &["client-abort", "close-unread"],
        mend: "A longer `--max-time`, or `--speed-limit` and `--speed-time` in its place.",
        needs: &["nginx", "curl"],
    },
];

/// A script with the part that several share.
pub(super) fn script(text: &str) -> String {
    text.replace("NGINX", NGINX)
}
