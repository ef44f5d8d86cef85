//! A Network Load Balancer or NAT gateway forgot an idle connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "AWS load balancer",
    topic: Topic::Platforms,
    patterns: &[
        says("NLB idle timeout"),
        says("NLB 350"),
        says("NLB reset"),
        says("TCP_ELB_Reset_Count"),
        says("TCP_Target_Reset_Count"),
        says("TCP_Client_Reset_Count"),
        says("NAT gateway*idle"),
        says("IdleTimeoutCount"),
    ],
    examples: &["TCP_ELB_Reset_Count", "NLB idle timeout 350 seconds", "NAT gateway IdleTimeoutCount"],
    also: &[],
    printed: &[
        documented("AWS", "Elastic Load Balancing, Network Load Balancers: Connection idle timeout"),
        documented("AWS", "Amazon VPC, NAT gateways: Troubleshoot, internet connection drops after 350 seconds"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide { on: Host::Client, whyrst: "sudo whyrst watch", without: "ss -tno state established" },
};
