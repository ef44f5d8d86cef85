//! The closed word lists that stand in records, each as an enum whose [`name`](Confidence::name) is the word in JSON.
//!
//! A word never changes its meaning. Lists that grow with what whyrst recognises are `#[non_exhaustive]`; the others
//! are complete by definition, and a `match` over them may rely on that.

/// An enum with one word for each variant: for JSON, for the command line and for people who search.
macro_rules! vocabulary {
    ($(#[$about:meta])* $Name:ident { $($(#[$doc:meta])* $Variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $Name { $($(#[$doc])* #[serde(rename = $word)] $Variant,)+ }

        impl $Name {
            /// All of them, in their order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$Variant),+];

            /// The word in JSON and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$Variant),)+ _ => None }
            }
        }

        borrows_nothing!($Name);

        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

vocabulary! {
    /// How sure a verdict is, from the weakest to the strongest.
    Confidence {
        /// Nothing in the catalogue fits.
        Unexplained = "unexplained",
        /// It fits, and others fit as well, or something needed was not seen.
        Possible = "possible",
        /// It fits, nothing speaks against it, and the others fit less well for a stated reason.
        Likely = "likely",
        /// The sender's kernel said so.
        Certain = "certain",
    }
}

vocabulary! {
    /// How much a reset matters, from the worst to the least.
    Severity {
        /// Something does not work.
        Fault = "fault",
        /// An attack or its trace.
        Attack = "attack",
        /// A rule forbids it.
        Policy = "policy",
        /// Somebody looks for open ports.
        Scan = "scan",
        /// Nothing is lost and nothing is wrong.
        Benign = "benign",
    }
}

vocabulary! {
    /// How far the connection had come.
    Phase {
        /// The handshake was not complete.
        Connect = "connect",
        /// Data could flow.
        Established = "established",
        /// One end had closed.
        Closing = "closing",
        /// Both ends had closed and both FINs were acknowledged.
        Closed = "closed",
        /// The capture does not show how it began.
        Midstream = "midstream",
    }
}

vocabulary! {
    /// Who made the RST.
    Origin {
        /// The host that it claims to come from.
        Endpoint = "endpoint",
        /// Something else: a firewall, a middlebox, an attacker.
        Path = "path",
        /// The packets do not show it.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// The shape of a reset on the wire, and nothing else: what it answers, and what had gone before.
    Family {
        /// It answers a SYN.
        Refused = "refused",
        /// It answers a SYN-ACK, or what came in place of one.
        UnwantedAnswer = "unwanted-answer",
        /// It answers the third packet, or what came before the handshake was complete at its sender.
        BrokenHandshake = "broken-handshake",
        /// Its sender had the connection and aborted it.
        Aborted = "aborted",
        /// It answers a segment that came after its sender's FIN.
        LateData = "late-data",
        /// Both ends had closed and nothing was outstanding.
        LastSegment = "last-segment",
        /// It answers a segment in mid-connection as a host does that does not have the connection.
        UnknownConnection = "unknown-connection",
        /// A SYN met another connection on the same ports, which the capture shows.
        SynCollision = "syn-collision",
        /// The capture does not show enough to say.
        Unseen = "unseen",
    }
}

vocabulary! {
    /// How a RST was made.
    ResetKind {
        /// In answer to a segment (`tcp_v4_send_reset`).
        Passive = "passive",
        /// By the owner's decision (`tcp_send_active_reset`).
        Active = "active",
        /// The packets do not show it.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// What part a question plays for the verdict.
    Role {
        /// The cause needs a yes.
        Need = "need",
        /// A yes would exclude the cause.
        Refutes = "refutes",
        /// A yes speaks for the cause.
        Supports = "supports",
        /// None: several capture points together know the answer, and the verdict does not rest on it.
        Vantage = "vantage",
    }
}

vocabulary! {
    /// The answer to a question. Unknown is never no.
    AnswerWord {
        /// It is so.
        Yes = "yes",
        /// It is not so.
        No = "no",
        /// What was captured does not show it.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// One of the two ends of a connection.
    End {
        /// The end that opened the connection.
        Client = "client",
        /// The end that the connection was opened to.
        Server = "server",
    }
}

vocabulary! {
    /// How it is known which end opened the connection.
    Roles {
        /// A SYN or SYN-ACK was seen.
        Seen = "seen",
        /// No SYN was seen: the end with the lower port is taken for the server.
        Guessed = "guessed",
    }
}

vocabulary! {
    /// How firm the figures of what was lost are.
    Certainty {
        /// Nothing was lost.
        None = "none",
        /// That much was lost.
        Exact = "exact",
        /// No more than that was lost.
        AtMost = "at-most",
        /// That much was lost, and perhaps what was on its way.
        AtLeast = "at-least",
        /// The capture does not show it.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// Where the name stood that a client asked for.
    #[non_exhaustive]
    AskedIn {
        /// The `server_name` extension of a TLS `ClientHello`.
        TlsServerName = "tls-server-name",
        /// The `Host` field of an HTTP/1 request.
        HttpHost = "http-host",
    }
}

vocabulary! {
    /// In which form a RST says why it was sent.
    #[non_exhaustive]
    ClaimedIn {
        /// The payload of draft-ietf-tcpm-rst-diagnostic-payload.
        DiagnosticPayload = "rst-diagnostic-payload",
        /// A number of the sender's `enum sk_rst_reason` in the payload.
        LinuxReasonPayload = "linux-reason-payload",
        /// The text of an F5 BIG-IP (`tm.rstcause.pkt`).
        BigIp = "big-ip",
        /// Any other printable text (RFC 9293 section 3.5.3 allows for one).
        Text = "text",
        /// The `MP_TCPRST` option (RFC 8684 section 3.6).
        MpTcprst = "mp-tcprst",
    }
}

vocabulary! {
    /// What is seen when an idle timeout expires.
    Expiry {
        /// RST to both ends at once.
        ResetBoth = "reset-both",
        /// Nothing, until the next packet is answered by RST.
        ResetLater = "reset-later",
        /// Nothing: the entry is forgotten, and later packets are dropped or arrive somewhere else.
        Silent = "silent",
        /// It closes: FIN, or RST where data is unread or the program asks for it.
        Close = "close",
    }
}

vocabulary! {
    /// The states of RFC 9293 section 3.3.2, and one for what an observer cannot know.
    TcpState {
        /// The capture does not show enough to know.
        Unknown = "unknown",
        /// Waits for a connection request.
        Listen = "LISTEN",
        /// Has sent a SYN.
        SynSent = "SYN-SENT",
        /// Has received a SYN and answered it.
        SynReceived = "SYN-RECEIVED",
        /// Data can flow.
        Established = "ESTABLISHED",
        /// Has sent FIN, not yet acknowledged.
        FinWait1 = "FIN-WAIT-1",
        /// Has sent FIN, acknowledged; the peer has not.
        FinWait2 = "FIN-WAIT-2",
        /// The peer has sent FIN.
        CloseWait = "CLOSE-WAIT",
        /// Both sent FIN at once, own not yet acknowledged.
        Closing = "CLOSING",
        /// The peer's FIN came first, own FIN not yet acknowledged.
        LastAck = "LAST-ACK",
        /// Both FINs acknowledged, this end closed first.
        TimeWait = "TIME-WAIT",
        /// No connection any more.
        Closed = "CLOSED",
    }
}

vocabulary! {
    /// Which of a capture point's connections is the one in question.
    Relation {
        /// Between the same addresses and ports.
        Same = "same",
        /// With other addresses or ports and the same numbers: a NAT lies between.
        Rewritten = "rewritten",
        /// The same addresses and ports with other numbers: a proxy or a device that rewrites sequence
        /// numbers lies between, or it is another connection. Nothing can be compared.
        OtherNumbers = "other-numbers",
        /// Nothing of it was recorded.
        Nothing = "nothing",
    }
}

vocabulary! {
    /// What a connection has to do with another one that was captured beside it.
    TwinRelation {
        /// The same SYN was seen under other addresses or ports: a NAT, a redirect or a bridge translated it.
        Translated = "translated",
        /// Only the answer was seen here; the SYN that it acknowledges had been sent to, or from, somebody else.
        Answered = "answered",
        /// The connect of a proxy on behalf of its client.
        Upstream = "upstream",
    }
}

vocabulary! {
    /// A sign that a capture is not complete.
    Loss {
        /// The capturing host counted packets that it dropped.
        Dropped = "dropped",
        /// Packets were cut before the end of their TCP header.
        Cut = "cut",
        /// A file could not be read to its end.
        Unread = "unread",
        /// Bytes were acknowledged that the capture never showed, or others saw what it should have seen.
        Holes = "holes",
        /// The memory bound left no room for all segments.
        Memory = "memory",
    }
}

vocabulary! {
    /// How the order of capture points along the path is known, the surest first.
    OrderBy {
        /// Hop counts fall from one to the next.
        Hops = "hops",
        /// Segments pass one before the other, whatever the clocks say: both directions agree.
        Clocks = "clocks",
        /// Only by the order in which they were named.
        Given = "given",
    }
}

vocabulary! {
    /// What several resets have in common.
    IncidentKind {
        /// A service reset connections, then refused new ones.
        ServiceDied = "service-died",
        /// A service that had accepted, or accepts later, refused connects.
        ServiceDown = "service-down",
        /// Something refuses every connect; no accept was seen.
        ServiceAbsent = "service-absent",
        /// A service refused some connects and accepted others in between: its listener was there.
        Intermittent = "intermittent",
        /// A host answered segments of connections on several ports as if it did not know them.
        HostForgot = "host-forgot",
        /// A host aborted several connections at once.
        AbortedTogether = "aborted-together",
        /// Connections of several hosts were reset on the path at once.
        PolicyPushed = "policy-pushed",
        /// Connections are reset on the path again and again.
        PathResets = "path-resets",
        /// Connections were reset after the same time of silence.
        IdleTimeout = "idle-timeout",
        /// The same happens again and again between the same two ends.
        Repeated = "repeated",
        /// Connections to several addresses were reset once the client had said the same name.
        SameName = "same-name",
        /// One host tried many ports.
        Scan = "scan",
        /// One host opens and resets at regular intervals without sending anything.
        HealthCheck = "health-check",
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn the_name_is_the_word_in_json() {
        for state in TcpState::ALL {
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("{:?}", state.name()));
            assert_eq!(serde_json::from_str::<TcpState>(&format!("{:?}", state.name())).unwrap(), state);
            assert_eq!(TcpState::from_name(state.name()), Some(state));
        }
        assert_eq!(Confidence::from_name("certain "), None);
        assert!(serde_json::from_str::<Confidence>("\"sure\"").is_err());
    }

    #[test]
    fn confidence_and_severity_are_ordered() {
        assert!(Confidence::Certain > Confidence::Likely && Confidence::Possible > Confidence::Unexplained);
        assert!(Severity::Fault < Severity::Benign);
    }
}

vocabulary! {
    /// Who claims something of a connection: the program whose log it stands in, or the system whose kernel wrote it down.
    #[non_exhaustive]
    Claimant {
        /// nginx's error log.
        Nginx = "nginx",
        /// An access log in the combined format, which nginx, Apache and others write.
        AccessLog = "access-log",
        /// The traffic log of `HAProxy`.
        Haproxy = "haproxy",
        /// Envoy's access log.
        Envoy = "envoy",
        /// OpenSSH's server.
        Sshd = "sshd",
        /// The kubelet, or an event of Kubernetes.
        Kubelet = "kubelet",
        /// Linux's kernel log.
        Linux = "linux",
        /// Windows' TCP, by its trace.
        Windows = "windows",
        /// The kernel of macOS, by its log or its captures.
        Macos = "macos",
        /// FreeBSD's TCP, by `DTrace` or its log.
        Freebsd = "freebsd",
        /// Any other program.
        Program = "program",
    }
}

vocabulary! {
    /// By what a claim is known to be about a connection.
    TiedBy {
        /// Addresses and ports of both ends.
        BothEnds = "both-ends",
        /// Address and port of the client, and the time; no other part of it speaks against it.
        OneEnd = "one-end",
        /// An address, or the server's address and port, and the time: it may be about another connection.
        Address = "address",
    }
}

vocabulary! {
    /// How the packets bear on a claim.
    Standing {
        /// They show what it says.
        Agrees = "agrees",
        /// They show something else.
        Contradicted = "contradicted",
        /// They do not decide it, or it is about another connection.
        Undecided = "undecided",
    }
}
