//! A Java program wrote to a connection that was over.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Java",
    topic: Topic::Languages,
    patterns: &[
        says("java.io.IOException: Broken pipe"),
        says("java.net.SocketException: Broken pipe"),
        says("ClientAbortException: java.io.IOException: Broken pipe"),
        says("AsyncRequestNotUsableException: *Broken pipe"),
        says("IOException: Broken pipe"),
        says("SocketException: Broken pipe"),
        says("org.eclipse.jetty.io.EofException"),
    ],
    examples: &[
        "java.io.IOException: Broken pipe",
        "org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe",
        "java.net.SocketException: Broken pipe (Write failed)",
    ],
    also: &[],
    printed: &[
        code("OpenJDK", "src/java.base/unix/native/libnio/ch/IOUtil.c", "convertReturnVal"),
        code("Tomcat", "java/org/apache/catalina/connector/OutputBuffer.java", "doFlush"),
    ],
    socket: Socket { call: Some("write"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
