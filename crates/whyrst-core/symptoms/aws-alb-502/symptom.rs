//! An Application Load Balancer answered 502: its target ended the connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "AWS load balancer",
    topic: Topic::Platforms,
    patterns: &[
        says("HTTPCode_ELB_502_Count"),
        says("ALB 502"),
        says("ELB 502"),
        says("app/* -1 502 - #"),
        says("TargetConnectionErrorCount"),
        says("TargetConnectionError"),
    ],
    examples: &[
        "HTTPCode_ELB_502_Count",
        "TargetConnectionErrorCount",
        "https 2026-11-30T03:12:07.100000Z app/my-alb/50dc6c495c0c9188 10.0.0.9:51514 \
         10.0.1.2:8080 0.001 0.002 -1 502 - 250 610",
    ],
    also: &[],
    printed: &[
        documented("AWS", "Elastic Load Balancing, Application Load Balancers: Troubleshoot, HTTP 502"),
        documented(
            "AWS",
            "Elastic Load Balancing, Application Load Balancers: Edit attributes, connection idle \
         timeout",
        ),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo ss -tnoi 'sport = :PORT'",
    },
};
