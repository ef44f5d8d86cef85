#!/bin/sh
# Records each play: a capture of the loopback device and the log of the program, side by side. Run by `cargo xtask logs`
# in a network namespace of its own, with the folder to write to; needs nginx-light, haproxy, openssh-server, python3
# and tcpdump.
set -eu
out=$(realpath "$1")
here=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$here"' EXIT
cd "$here"
ip link set lo up
for last in 1 2 9; do ip addr add "10.9.0.$last/32" dev lo; done

# What listens on port 8081 of 10.9.0.2: a body of Python about the connection `c`.
upstream() {
    python3 -c "
import socket, sys, time
l = socket.create_server(('10.9.0.2', 8081))
while True:
    c, _ = l.accept()
    try:
        $1
    except OSError:
        pass
" &
}

# A client from 10.9.0.9 that sends its first argument, and prints what comes.
client() {
    python3 -c "
import socket, sys, time
c = socket.create_connection(('$1', $2), source_address=('10.9.0.9', 0))
try:
    $3
except OSError as error:
    print(error)
" || true
}

capture() { tcpdump -i lo -s 200 -U -w "$1.pcap" tcp 2>/dev/null & tcpdump=$!; sleep 1; }
ended() { sleep 1; kill -INT $tcpdump; wait $tcpdump 2>/dev/null || true; cp "$1.pcap" "$out/"; }

# nginx 1: the upstream leaves the request unread; 2: the client's body is too large.
cat > nginx.conf <<C
daemon off; master_process off; pid nginx.pid; error_log error.log info; events {}
http {
    access_log access.log;
    proxy_temp_path p; client_body_temp_path b; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    client_max_body_size 1k; lingering_timeout 100ms; keepalive_timeout 0;
    server { listen 10.9.0.1:8080; location / { proxy_bind 10.9.0.1; proxy_pass http://10.9.0.2:8081; } }
}
C
upstream 'c.recv(1); c.close()'
nginx -e ./error.log -p . -c nginx.conf &
sleep 1
capture nginx-upstream
client 10.9.0.1 8080 "c.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'); print(c.recv(4096)[:30])"
ended nginx-upstream
cp error.log "$out/nginx-upstream.error.log"
cp access.log "$out/nginx-upstream.access.log"
: > error.log
: > access.log
capture nginx-body
client 10.9.0.1 8080 "c.sendall(b'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n' + bytes(20000)); time.sleep(0.3); c.sendall(bytes(20000)); time.sleep(0.3); print(c.recv(4096)[:30])"
ended nginx-body
cp error.log "$out/nginx-body.error.log"
cp access.log "$out/nginx-body.access.log"

# HAProxy 1: the server aborts in the middle of its answer; 2: the client does.
cat > haproxy.cfg <<C
global
    log stdout format raw daemon
defaults
    mode http
    log global
    option httplog
    timeout client 9s
    timeout server 9s
    timeout connect 2s
frontend web
    bind 10.9.0.1:8090
    default_backend app
backend app
    server s1 10.9.0.2:8082
C
python3 -c "
import socket, time
l = socket.create_server(('10.9.0.2', 8082))
while True:
    c, _ = l.accept()
    what = c.recv(65536)
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n' + bytes(1000))
    time.sleep(0.3)
    if b'/abort' in what:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1,0,0,0,0,0,0,0]))
        c.close()
    else:
        time.sleep(2)
        c.close()
" &
haproxy -f haproxy.cfg > haproxy.log 2> haproxy.err &
sleep 1
capture haproxy
client 10.9.0.1 8090 "c.sendall(b'GET /abort HTTP/1.1\r\nHost: a\r\n\r\n'); time.sleep(1); print(len(c.recv(4096)))"
client 10.9.0.1 8090 "c.sendall(b'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'); c.recv(10); c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1,0,0,0,0,0,0,0])); c.close(); time.sleep(3)"
ended haproxy
cp haproxy.log "$out/haproxy.log"

# sshd: one connection that has not logged in is too many for the second.
ssh-keygen -q -t ed25519 -N '' -f key
mkdir -p /run/sshd
$(command -v sshd) -D -e -h "$here/key" -o MaxStartups=1:100:1 -o ListenAddress=10.9.0.1:2222 -o PidFile=none -o LogLevel=VERBOSE -o UsePAM=no -f /dev/null 2> sshd.log &
sleep 1
capture sshd
client 10.9.0.1 2222 "c.recv(10); d = socket.create_connection(('10.9.0.1', 2222), source_address=('10.9.0.9', 0)); d.sendall(b'SSH-2.0-x\r\n'); time.sleep(0.5); print(d.recv(100))"
ended sshd
# What -e prints has no time: as the journal would have it.
cp sshd.log "$out/sshd.log"
