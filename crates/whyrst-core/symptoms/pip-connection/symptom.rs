//! pip lost its connection to the index.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "pip",
    topic: Topic::Tools,
    patterns: &[
        says("WARNING: Retrying (Retry(*after connection broken by '*': /"),
        says("WARNING: Retrying (Retry(*after connection broken by"),
    ],
    examples: &[
        "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, \
         status=None)) after connection broken by 'ProtocolError('Connection aborted.', \
         ConnectionResetError(104, 'Connection reset by peer'))': /simple/requests/",
        "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, \
         status=None)) after connection broken by \
         'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: \
         Failed to establish a new connection: [Errno 111] Connection refused')': \
         /simple/requests/",
        "WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, \
         status=None)) after connection broken by \
         'ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.org', port=443): Read timed out. \
         (read timeout=15)\")': /simple/requests/",
    ],
    also: &[],
    printed: &[
        code("urllib3", "src/urllib3/connectionpool.py", "urlopen"),
        code("CPython", "Lib/http/client.py", "HTTPResponse._read_status"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst run -- pip download PACKAGE",
        without: "pip config list; curl -sv https://pypi.org/simple/ -o /dev/null",
    },
};
