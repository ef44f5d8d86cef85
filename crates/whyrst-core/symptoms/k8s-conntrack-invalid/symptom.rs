//! A packet passed the address translation untranslated, and its receiver answered it with a reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Kubernetes",
    topic: Topic::Platforms,
    patterns: &[
        says("conntrack INVALID"),
        says("ctstate INVALID"),
        says("nf_ct_proto_#: invalid packet ignored"),
        says("nf_ct_tcp: *"),
        says("nf_conntrack: table full, dropping packet"),
        says("nf_conntrack_tcp_be_liberal"),
        says("invalid packet ignored in state"),
    ],
    examples: &[
        "nf_conntrack: nf_conntrack: table full, dropping packet",
        "nf_ct_proto_6: invalid packet ignored in state ESTABLISHED  IN= OUT= SRC=10.0.0.2 \
         DST=10.0.0.9",
        "conntrack INVALID",
    ],
    also: &[],
    printed: &[
        code("Linux", "net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        documented(
            "Kubernetes",
            "kubernetes/kubernetes issue 74839 and pull request 74840: kube-proxy drops packets in \
         state INVALID",
        ),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch",
        without: "conntrack -S; nstat -az TcpOutRsts; sysctl net.netfilter.nf_conntrack_tcp_be_liberal",
    },
};
