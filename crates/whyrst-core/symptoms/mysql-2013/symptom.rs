//! A `MySQL` client lost its connection in the middle of a query.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "MySQL",
    topic: Topic::Stores,
    patterns: &[
        says("Lost connection to MySQL server during query"),
        says("Lost connection to MySQL server at '*'"),
        says("ERROR 2013 (HY000)"),
        says("Lost connection to server during query"),
        says("(2013, '"),
        says("Communications link failure"),
        says("The last packet sent successfully to the server was"),
        says("The last packet successfully received from the server was"),
    ],
    examples: &[
        "ERROR 2013 (HY000): Lost connection to MySQL server during query",
        "ERROR 2013 (HY000): Lost connection to MySQL server at 'reading initial communication \
         packet', system error: 104",
        "pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query')",
        "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure",
    ],
    also: &[],
    printed: &[
        code("MySQL", "libmysql/errmsg.cc", "client_errors (CR_SERVER_LOST)"),
        code("MySQL", "sql-common/client.cc", "cli_safe_read_with_ok"),
        code(
            "Connector/J",
            "src/main/core-impl/java/com/mysql/cj/exceptions/ExceptionFactory.java",
            "createCommunicationsException",
        ),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 3306",
        without: "mysql -e \"show global status like 'Aborted_%'; show global variables like '%timeout%'\"",
    },
};
