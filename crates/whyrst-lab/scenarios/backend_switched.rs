//! How the lab plays `backend-switched`.

use whyrst_core::cause::Family;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "backend-switched",
    "A router translates a service address to the server. In mid-connection it translates to another backend, which is \
     the router itself here; that one has no such connection.",
    &[
        ROUTER.does(Action::Nft(TO_SERVER)),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).gives(100),
        ROUTER.does(Action::Pause(20)),
        ROUTER.does(Action::Nft(TO_ROUTER)),
        ROUTER.does(Action::ForgetConnections),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        SERVER.does(Action::ReadTimeout(50)),
        SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
    ],
    Expect::ends(Verdicts::Resets(&["backend-switched"]), Verdicts::NoReset, &[]),
)
.but(&[
    But::always(
        &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("backend-switched")],
        "the RST has another TTL, as a device in between would give it; no kernel knows the service address",
    )
    .at(Host::Client),
    But::NOTHING_BEFORE,
])]);

const TO_SERVER: &str = "table ip lab { chain in { type nat hook prerouting priority -100;
    ip daddr 10.77.0.9 tcp dport 8888 dnat to 10.77.0.2
}
}";

const TO_ROUTER: &str = "flush ruleset
table ip lab { chain in { type nat hook prerouting priority -100;
    ip daddr 10.77.0.9 tcp dport 8888 redirect
}
}";
