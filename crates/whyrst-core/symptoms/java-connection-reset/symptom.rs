//! A Java program read from or wrote to a connection that was reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Java",
    topic: Topic::Languages,
    patterns: &[
        says("java.net.SocketException: Connection reset"),
        says("java.io.IOException: Connection reset by peer"),
        says("java.net.SocketException: Connection reset by peer"),
        says("Connection reset by peer: socket write error"),
        says("SocketException: Connection reset"),
        says("IOException: Connection reset by peer"),
        says("NativeIoException: *Connection reset by peer"),
        says("recvAddress(..) failed: Connection reset by peer"),
        says("readAddress(..) failed: Connection reset by peer"),
    ],
    examples: &[
        "java.net.SocketException: Connection reset",
        "java.io.IOException: Connection reset by peer",
        "io.netty.channel.unix.Errors$NativeIoException: recvAddress(..) failed: Connection \
         reset by peer",
        "java.net.SocketException: Connection reset by peer: socket write error",
    ],
    also: &[],
    printed: &[
        code("OpenJDK 13 and newer", "src/java.base/share/classes/sun/nio/ch/NioSocketImpl.java", "implRead"),
        code("OpenJDK", "src/java.base/unix/native/libnio/ch/IOUtil.c", "convertReturnVal"),
        code("Netty", "transport-native-unix-common/src/main/c/netty_unix_socket.c", "netty_unix_socket_recvAddress"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
