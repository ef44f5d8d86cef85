//! A Google Cloud balancer answered 502: its backend ended the connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Google Cloud load balancer",
    topic: Topic::Platforms,
    patterns: &[
        says("backend_connection_closed_before_data_sent_to_client"),
        says("backend_connection_closed_after_partial_response_sent"),
        says("failed_to_connect_to_backend"),
        says("failed_to_pick_backend"),
        says("backend_timeout"),
        says("client_disconnected_before_any_response"),
        says("GCP 502"),
        says("GCLB 502"),
    ],
    examples: &[
        "statusDetails: \"backend_connection_closed_before_data_sent_to_client\"",
        "statusDetails: \"failed_to_connect_to_backend\"",
        "statusDetails: \"backend_timeout\"",
    ],
    also: &[],
    printed: &[
        documented("Google Cloud", "Cloud Load Balancing: Logging and monitoring, statusDetails failure messages"),
        documented("Google Cloud", "Cloud Load Balancing: Backend keepalive timeout"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo ss -tnoi 'sport = :PORT'",
    },
};
