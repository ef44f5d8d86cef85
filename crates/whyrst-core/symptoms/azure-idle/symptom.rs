//! An Azure balancer ended an idle connection, or its gateway answered 502.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Azure load balancer",
    topic: Topic::Platforms,
    patterns: &[
        says("Azure*idle timeout"),
        says("Azure Load Balancer*reset"),
        says("Azure Application Gateway*502"),
        says("Azure 502"),
        says("Microsoft-Azure-Application-Gateway/v?"),
    ],
    examples: &[
        "Azure Load Balancer idle timeout TCP reset",
        "<center>Microsoft-Azure-Application-Gateway/v2</center>",
    ],
    also: &[],
    printed: &[
        documented("Azure", "Load Balancer: TCP reset and idle timeout"),
        documented("Azure", "Application Gateway: Troubleshoot bad gateway errors"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide { on: Host::Client, whyrst: "sudo whyrst watch", without: "ss -tno state established" },
};
