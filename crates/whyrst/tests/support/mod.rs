//! What several of these tests need.

/// A client that is refused, then one whose server leaves three octets unread.
pub(crate) const TROUBLE: &str = "
import socket, time
try: socket.create_connection(('127.0.0.1', 1))
except ConnectionRefusedError: pass
l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen(1)
c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.send(b'abc'); time.sleep(0.05); s.close(); time.sleep(0.05)
";
