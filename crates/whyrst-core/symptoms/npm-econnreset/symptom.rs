//! npm lost its connection to the registry.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "npm",
    topic: Topic::Tools,
    patterns: &[
        says("npm ERR! code ECONNRESET"),
        says("npm error code ECONNRESET"),
        says("npm ERR! network*ECONNRESET"),
        says("npm error network*ECONNRESET"),
        says("npm * network *socket hang up"),
        says("npm * code ETIMEDOUT"),
        says("npm * code ECONNREFUSED"),
        says("npm * network aborted"),
    ],
    examples: &[
        "npm ERR! code ECONNRESET",
        "npm ERR! network Invalid response body while trying to fetch \
         https://registry.npmjs.org/react: aborted ECONNRESET",
        "npm error code ECONNRESET",
        "npm ERR! network request to https://registry.npmjs.org/react failed, reason: socket \
         hang up",
        "npm ERR! code ETIMEDOUT",
    ],
    also: &[],
    printed: &[
        code("npm", "lib/utils/error-message.js", "errorMessage"),
        code("Node.js", "lib/internal/stream_base_commons.js", "onStreamRead"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst run -- npm install",
        without: "npm config get proxy; curl -sv https://registry.npmjs.org/ -o /dev/null",
    },
};
