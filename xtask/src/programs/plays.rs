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
    /// What the first line must lead with: more than one where the program's own clock decides whether its timeout is met
    /// to the second.
    pub(super) expects: &'static [&'static str],
    /// How `whyrst watch` is called. Without ports it is told the play's namespace as well, which the page leaves out; a
    /// server that makes a namespace of its own is known by its ports.
    pub(super) watch: &'static [&'static str],
    /// What to do about it.
    pub(super) mend: &'static str,
    /// Programs that must be installed, or files: `cargo xtask programs` names Debian's packages for what is missing.
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

/// An upload that takes three seconds.
const SLOW: (&str, &str) = (
    "slow.py",
    r"
import socket, time
c = socket.create_connection(('127.0.0.1', 8000))
c.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n')
try:
    for _ in range(30):
        c.sendall(bytes(10000))
        time.sleep(0.1)
    print(c.recv(100))
except OSError as error:
    print('upload:', error)
",
);

/// A WSGI program that takes its time.
const WSGI: (&str, &str) = (
    "wsgi.py",
    r"
import time

def application(environ, start_response):
    time.sleep(30)
    start_response('200 OK', [('Content-Length', '3')])
    return [b'ok\n']
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
        expects: &["app-idle-timeout"],
        watch: &[],
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
        expects: &["early-answer"],
        watch: &["--packets"],
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
        watch: &[],
        mend: "Find out who kills the backend: `watch -v` names the sender of the signal. A second upstream with \
            `proxy_next_upstream` hides it from clients.",
        needs: &["nginx", "python3", "curl"],
    },
    Play {
        name: "haproxy-timeout",
        title: "HAProxy: timeout client",
        story: "HAProxy closes both sides of a connection whose client was idle for `timeout client`; the client's pool writes its \
            next command into it. The line names the time that was set.",
        files: &[(
            "haproxy.cfg",
            "
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 5s
listen redis
    bind 127.0.0.1:8090
    server one 127.0.0.1:6379
",
        )],
        server: "redis-server --port 6379 --bind 127.0.0.1 --save '' >/dev/null & exec haproxy -q -f haproxy.cfg",
        ports: &[8090, 6379],
        client: "python3 pool.py 8090 PING 2.2",
        expects: &["app-idle-timeout", "data-after-close"],
        watch: &[],
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
        expects: &["refused-in-words"],
        watch: &["--packets"],
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
        expects: &["data-after-close"],
        watch: &[],
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
        expects: &["exit-unread"],
        watch: &[],
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
        expects: &["data-after-close"],
        watch: &[],
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
        watch: &[],
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
        expects: &["client-abort"],
        watch: &[],
        mend: "A longer `--max-time`, or `--speed-limit` and `--speed-time` in its place.",
        needs: &["nginx", "curl"],
    },
    Play {
        name: "mariadb-timeout",
        title: "MariaDB: wait_timeout",
        story: "MariaDB aborts (SO_LINGER 0) sessions that were idle for `wait_timeout`; the next statement gets \
            error 2006 or 2013.",
        files: &[],
        server: "mkdir db; D=--datadir=$PWD/db
mariadb-install-db --no-defaults $D --auth-root-authentication-method=normal >/dev/null 2>&1; chown -R mysql .
exec mariadbd --no-defaults --user=mysql $D --bind-address=127.0.0.1 --socket=$PWD/s.sock \
            --wait-timeout=1 --interactive-timeout=1",
        ports: &[3306],
        client: "(echo 'select 1;'; sleep 2.5; echo 'select 2;') |
    mariadb -h127.0.0.1 -uroot --skip-reconnect -n -N --skip-ssl 2>&1 | tail -1",
        expects: &["app-idle-timeout"],
        watch: &[],
        mend: "Let the pool drop or test connections sooner than `wait_timeout` (HikariCP `maxLifetime` and \
            `keepaliveTime`, SQLAlchemy `pool_recycle` and `pool_pre_ping`), or raise it.",
        needs: &["mariadbd", "mariadb"],
    },
    Play {
        name: "mosquitto-takeover",
        title: "mosquitto: two devices with one client identifier",
        story: "MQTT allows a client identifier once: the broker closes the first connection when a second one \
            logs in with the same. The first device does not notice and goes on publishing.",
        files: &[
            ("mosquitto.conf", "\nlistener 1883 127.0.0.1\nallow_anonymous true\n"),
            (
                "devices.py",
                r"
import socket, time

def connect(name):
    s = socket.create_connection(('127.0.0.1', 1883))
    body = b'\x00\x04MQTT\x04\x02\x00\x3c' + len(name).to_bytes(2, 'big') + name
    s.sendall(b'\x10' + bytes([len(body)]) + body)
    s.recv(4)
    return s

first = connect(b'meter'); time.sleep(0.3); second = connect(b'meter'); time.sleep(0.5)
try:
    for _ in range(2):
        first.sendall(b'\x30\x05\x00\x01aok')
        time.sleep(0.1)
except OSError as error:
    print('first device:', error)
",
            ),
        ],
        server: "exec mosquitto -c mosquitto.conf",
        ports: &[1883],
        client: "python3 devices.py",
        expects: &["session-taken-over"],
        watch: &["--packets"],
        mend: "Give each device an identifier of its own. The broker's log says `already connected, closing old \
            connection`.",
        needs: &["mosquitto", "python3"],
    },
    Play {
        name: "rabbitmq-heartbeat",
        title: "RabbitMQ: missed heartbeats",
        story: "Client and broker agree on heartbeats when they connect (60 s by default, 1 s here). A worker that is \
            busy with a message for longer and sends none meanwhile is taken for dead: the broker aborts \
            (SO_LINGER 0), and the worker learns it from its next publish or ack.",
        files: &[(
            "worker.py",
            r"
import socket, struct, time

def method(channel, class_id, method_id, arguments=b''):
    payload = struct.pack('>HH', class_id, method_id) + arguments
    return struct.pack('>BHI', 1, channel, len(payload)) + payload + b'\xce'

def short(text):
    return bytes([len(text)]) + text

broker = socket.create_connection(('127.0.0.1', 5672))
def ask(request):
    broker.sendall(request)
    return broker.recv(4096)

ask(b'AMQP\0\0\x09\x01')
login = b'\0\0\0\0' + short(b'PLAIN') + b'\0\0\0\x0c\0guest\0guest' + short(b'en_US')
ask(method(0, 10, 11, login))
heartbeat = 1
ask(method(0, 10, 31, struct.pack('>HIH', 10, 131072, heartbeat)) + method(0, 10, 40, b'\x01/\0\0'))
ask(method(1, 20, 10, b'\0'))
time.sleep(5)  # works on a message, in the thread that would send heartbeats
try:
    broker.sendall(method(1, 60, 40, b'\0\0\0' + short(b'done') + b'\0'))
except OSError as error:
    print('publish:', error)
",
        )],
        server: "export HOME=$PWD RABBITMQ_NODENAME=play@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_LOGS=-
export RABBITMQ_MNESIA_BASE=$PWD/db RABBITMQ_LOG_BASE=$PWD/log RABBITMQ_PID_FILE=$PWD/pid
export RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/plugins RABBITMQ_CONF_ENV_FILE=/dev/null
echo '[].' >plugins
exec /usr/lib/rabbitmq/bin/rabbitmq-server >/dev/null",
        ports: &[5672],
        client: "python3 worker.py",
        expects: &["heartbeat-missed"],
        watch: &["--packets"],
        mend: "Let another thread send heartbeats while the worker works (pika: \
            `connection.add_callback_threadsafe` from a worker thread), acknowledge before long work, or ask for a longer \
            `heartbeat`. The broker's log says `missed heartbeats from client`.",
        needs: &["/usr/lib/rabbitmq/bin/rabbitmq-server", "python3"],
    },
    Play {
        name: "sshd-maxstartups",
        title: "sshd: MaxStartups",
        story: "sshd refuses a client because too many others have not logged in yet: it says so in a line and closes; \
            the client's banner meets the closed socket. `ssh` prints `kex_exchange_identification`. With `--packets`, \
            whyrst reads that line.",
        files: &[
            (
                "sshd.conf",
                "
Port 2222
ListenAddress 127.0.0.1
MaxStartups 1:100:1
UsePAM no
PidFile none
",
            ),
            (
                "ssh.py",
                r"
import socket, time

def client():
    s = socket.create_connection(('127.0.0.1', 2222))
    time.sleep(0.3)
    s.sendall(b'SSH-2.0-client\r\n')
    return s

first = client()
print(client().recv(100).decode().strip())
",
            ),
        ],
        server: "mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f key
exec /usr/sbin/sshd -D -e -f sshd.conf -o HostKey=$PWD/key",
        ports: &[2222],
        client: "python3 ssh.py",
        expects: &["refused-in-words"],
        watch: &["--packets"],
        mend: "Raise `MaxStartups` (10:30:100 by default), or find who connects so often: scanners, or a deploy \
            that opens many sessions at once.",
        needs: &["sshd", "ssh-keygen", "python3"],
    },
    Play {
        name: "go-idle",
        title: "Go net/http: IdleTimeout",
        story: "Go's server closes connections that were idle for `IdleTimeout` (without one: `ReadTimeout`, \
            else never).",
        files: &[(
            "main.go",
            "
package main

import (
	\"net/http\"
	\"time\"
)

func main() {
	server := http.Server{Addr: \"127.0.0.1:8000\", IdleTimeout: time.Second}
	http.HandleFunc(\"/\", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(\"ok\")) })
	server.ListenAndServe()
}
",
        )],
        server: "GOCACHE=$PWD/cache GO111MODULE=off go build -o server main.go && exec ./server",
        ports: &[8000],
        client: r"python3 pool.py 8000 'GET / HTTP/1.1\r\nHost: a' 2.5",
        expects: &["app-idle-timeout"],
        watch: &[],
        mend: "`IdleTimeout` longer than the idle timeout of the proxy or client before it \
            (`Transport.IdleConnTimeout` is 90 s).",
        needs: &["go", "python3"],
    },
    Play {
        name: "tomcat-keepalive",
        title: "Tomcat: keepAliveTimeout",
        story: "Tomcat closes a connection that was idle for `keepAliveTimeout` (without one \
            `connectionTimeout`, 20 s in the `server.xml` that comes with it).",
        files: &[(
            "server.xml",
            "
<Server port=\"-1\"><Service name=\"Catalina\">
  <Connector port=\"8000\" address=\"127.0.0.1\" keepAliveTimeout=\"1000\"/>
  <Engine name=\"Catalina\" defaultHost=\"localhost\"><Host name=\"localhost\" appBase=\"webapps\"/></Engine>
</Service></Server>
",
        )],
        server: "mkdir -p base/webapps/ROOT base/logs base/temp base/work && cp -r /usr/share/tomcat10/etc base/conf
cp server.xml base/conf/ && echo ok >base/webapps/ROOT/index.html
export CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=$PWD/base
export JAVA_HOME=$(dirname $(dirname $(readlink -f $(which java))))
exec /usr/share/tomcat10/bin/catalina.sh run >/dev/null",
        ports: &[8000],
        client: r"python3 pool.py 8000 'GET /index.html HTTP/1.1\r\nHost: a' 3.4",
        expects: &["data-after-close", "app-idle-timeout"],
        watch: &[],
        mend: "`keepAliveTimeout` longer than the idle timeout of the balancer before it (AWS ALB: 60 s).",
        needs: &["/usr/share/tomcat10/bin/catalina.sh", "java", "python3"],
    },
    Play {
        name: "uvicorn-keepalive",
        title: "uvicorn: --timeout-keep-alive",
        story: "uvicorn closes a connection that was idle for `--timeout-keep-alive`, 5 s by default: shorter \
            than what most load balancers keep.",
        files: &[(
            "asgi.py",
            "
async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'2')]})
        await send({'type': 'http.response.body', 'body': b'ok'})
",
        )],
        server: "exec uvicorn --port 8000 --timeout-keep-alive 1 --log-level error asgi:app",
        ports: &[8000],
        client: r"python3 pool.py 8000 'GET / HTTP/1.1\r\nHost: a' 2.5",
        expects: &["app-idle-timeout"],
        watch: &[],
        mend: "`--timeout-keep-alive` longer than the idle timeout of what stands before it; the same for \
            gunicorn's `--keep-alive` (2 s).",
        needs: &["uvicorn", "python3"],
    },
    Play {
        name: "gunicorn-timeout",
        title: "gunicorn: --timeout ends a worker",
        story: "A worker that does not report for `--timeout` (30 s by default, 1 s here) is ended in the middle \
            of its request; what the client was still sending makes that a reset.",
        files: &[WSGI, SLOW],
        server: "exec gunicorn -b 127.0.0.1:8000 --timeout 1 --log-level critical wsgi",
        ports: &[8000],
        client: "python3 slow.py",
        expects: &["close-unread"],
        watch: &[],
        mend: "gunicorn's log says `WORKER TIMEOUT`. A longer `--timeout`, threads or asynchronous workers, or a \
            faster program.",
        needs: &["gunicorn", "python3"],
    },
    Play {
        name: "uwsgi-harakiri",
        title: "uWSGI: harakiri",
        story: "The master kills a worker that needs longer than `harakiri` for a request. The line says who \
            sent the signal.",
        files: &[WSGI, SLOW],
        server: "exec uwsgi --plugin python3 --http-socket 127.0.0.1:8000 --master --harakiri 1 --wsgi-file wsgi.py \
            --disable-logging",
        ports: &[8000],
        client: "python3 slow.py",
        expects: &["exit-unread"],
        watch: &[],
        mend: "uWSGI's log says `HARAKIRI`. A longer `harakiri`, or a faster program.",
        needs: &["uwsgi", "python3"],
    },
    Play {
        name: "aiohttp-keepalive",
        title: "aiohttp: keepalive_timeout",
        story: "aiohttp's server closes a connection that was idle for `keepalive_timeout` (75 s by default, one \
            here).",
        files: &[(
            "server.py",
            "
from aiohttp import web

async def ok(request):
    return web.Response(text='ok')

app = web.Application()
app.router.add_get('/', ok)
web.run_app(app, host='127.0.0.1', port=8000, keepalive_timeout=1, print=None)
",
        )],
        server: "exec /usr/bin/python3 server.py",
        ports: &[8000],
        client: r"python3 pool.py 8000 'GET / HTTP/1.1\r\nHost: a' 2.5",
        expects: &["app-idle-timeout"],
        watch: &[],
        mend: "`keepalive_timeout` longer than the client's pool keeps connections.",
        needs: &["/usr/lib/python3/dist-packages/aiohttp/__init__.py", "python3"],
    },
    Play {
        name: "pasta-relay",
        title: "pasta (rootless podman): an abort behind the relay",
        story: "pasta relays the connections of a rootless container between two network namespaces; `podman run \
            --network pasta -p 8000:80` starts it like `pasta --config-net -t 8000:80 -- python3 server.py`, which \
            is what runs here (Debian 12's podman 4.3 knows no pasta yet). The server aborts; what its client gets of \
            that is an end of file without an answer. Only inside is there a reset, and its line names the server.",
        files: &[(
            "server.py",
            r"
import socket, time
listener = socket.create_server(('0.0.0.0', 80))
while True:
    connection, _ = listener.accept()
    connection.recv(10)
    time.sleep(0.1)
    connection.close()
",
        )],
        server: "ip link add e0 type veth peer name e1; ip address add 10.62.0.1/24 dev e0
ip link set e0 up; ip link set e1 up; ip route add default via 10.62.0.254
exec setpriv --reuid=65534 --regid=65534 --clear-groups \
    pasta --config-net --foreground -t 8000:80 -- setpriv --pdeathsig KILL /usr/bin/python3 server.py",
        ports: &[8000],
        client: "curl -sS http://127.0.0.1:8000/; true",
        expects: &["close-unread"],
        watch: &["--port", "80"],
        mend: "Mend the server in the container, whose process the line names: it closes before it has read the whole \
            request. For the relay's own connection outside, `whyrst watch --port 8000`.",
        needs: &["pasta", "setpriv", "/usr/bin/python3", "curl"],
    },
];

/// A script with the part that several share.
pub(super) fn script(text: &str) -> String {
    text.replace("NGINX", NGINX)
}
