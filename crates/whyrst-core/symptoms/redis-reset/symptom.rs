//! A connection of or to Redis was reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Redis",
    topic: Topic::Stores,
    patterns: &[
        says("redis.exceptions.ConnectionError: *reset by peer*"),
        says("redis.exceptions.ConnectionError:"),
        says("Error 104 while writing to socket"),
        says("Reading from client: Connection reset by peer"),
        says("Error while reading from *: (104,"),
        says("Error while reading from socket: (104,"),
        says("Connection closed by server"),
        says("redis.clients.jedis.exceptions.JedisConnectionException"),
        says("JedisConnectionException: *"),
        says("RedisException: Connection reset by peer"),
        says("Error writing to client: *"),
        says("Error 32 while writing to socket"),
    ],
    examples: &[
        "redis.exceptions.ConnectionError: Error while reading from 10.0.0.2:6379 : (104, \
         'Connection reset by peer')",
        "redis.exceptions.ConnectionError: Error 104 while writing to socket. Connection reset \
         by peer.",
        "redis.exceptions.ConnectionError: Connection closed by server.",
        "Reading from client: Connection reset by peer",
        "redis.clients.jedis.exceptions.JedisConnectionException: Unexpected end of stream.",
        "io.lettuce.core.RedisException: Connection reset by peer",
    ],
    also: &[],
    printed: &[
        code("Redis", "src/networking.c", "readQueryFromClient"),
        code("redis-py", "redis/_parsers/socket.py", "SocketBuffer._read_from_socket"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 6379",
        without: "redis-cli info clients; redis-cli config get timeout; redis-cli client list",
    },
};
