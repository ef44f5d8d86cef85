//! An Application Load Balancer answered 504 or 460.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "AWS load balancer",
    topic: Topic::Platforms,
    patterns: &[
        says("HTTPCode_ELB_504_Count"),
        says("ALB 504"),
        says("ELB 504"),
        says("app/* -1 504 - #"),
        says("app/* -1 460 - #"),
        says("ELB 460"),
        says("ALB 460"),
        says("HTTP 460"),
    ],
    examples: &["HTTPCode_ELB_504_Count", "ALB 504", "HTTP 460"],
    also: &[],
    printed: &[documented("AWS", "Elastic Load Balancing, Application Load Balancers: Troubleshoot, HTTP 504 and 460")],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Silence },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "curl -so /dev/null -w '%{time_connect} %{time_starttransfer}' http://HOST:PORT/",
    },
};
