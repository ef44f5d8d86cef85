//! Redis had no place for one more client.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Redis",
    topic: Topic::Stores,
    patterns: &[
        says("ERR max number of clients reached"),
        says("max number of clients reached"),
        says("redis.exceptions.ConnectionError: max number of clients reached"),
        says("ERR max number of clients + cluster connections reached"),
    ],
    examples: &[
        "(error) ERR max number of clients reached",
        "redis.exceptions.ConnectionError: max number of clients reached",
    ],
    also: &[],
    printed: &[code("Redis", "src/networking.c", "acceptCommonHandler")],
    socket: Socket { call: Some("read"), errno: None, came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 6379",
        without: "redis-cli info clients; redis-cli config get maxclients",
    },
};
