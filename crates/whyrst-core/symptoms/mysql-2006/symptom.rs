//! A `MySQL` client used a connection that the server had closed.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "MySQL",
    topic: Topic::Stores,
    patterns: &[
        says("MySQL server has gone away"),
        says("ERROR 2006 (HY000)"),
        says("(2006, '"),
        says("Server has gone away"),
        says("The client was disconnected by the server because of inactivity"),
        says("Aborted connection # to db"),
    ],
    examples: &[
        "ERROR 2006 (HY000): MySQL server has gone away",
        "django.db.utils.OperationalError: (2006, 'MySQL server has gone away')",
        "The client was disconnected by the server because of inactivity. See wait_timeout and \
         interactive_timeout for configuring this behavior.",
        "[Note] Aborted connection 42 to db: 'app' user: 'app' host: '10.0.0.9' (Got an error \
         reading communication packets)",
    ],
    also: &[],
    printed: &[
        code("MySQL", "libmysql/errmsg.cc", "client_errors (CR_SERVER_GONE_ERROR)"),
        code("MySQL", "sql-common/client.cc", "cli_advanced_command"),
    ],
    socket: Socket { call: Some("send"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 3306",
        without: "mysql -e \"show global variables where variable_name in \
         ('wait_timeout','max_allowed_packet')\"",
    },
};
