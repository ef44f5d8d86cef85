//! How the lab plays `syncookie-invalid`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Verdicts,
    Wire, WireRule,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syncookie-invalid",
        "The server always uses cookies and the client's ACK is lost; when its first data comes, cookies are no longer \
         taken.",
        &[
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_syncookies", value: "2" }),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Pause(1_700)),
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_syncookies", value: "0" }),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        // The client's capture shows its ACK, not that it was lost.
        Expect::ends(
            Verdicts::Resets(&["half-open-listener"]),
            Verdicts::Resets(&["syncookie-invalid"]),
            &[(Host::Server, RstReason::TcpFlags)],
        ),
    )
    .but(&[
        But::packets(
            &[First::of(Family::BrokenHandshake, "half-open-no-listener")],
            "the client sees a handshake completed and reset; nobody who listens has the smaller prior",
        )
        .at(Host::Client),
        But::kernel(
            &[First::of(Family::BrokenHandshake, "half-open-listener")],
            "only the capture of the server shows that its SYN-ACK was a cookie",
        )
        .at(Host::Client),
        But::NOTHING_BEFORE,
    ])
    .on(LOSES_ACK),
    Scenario::new(
        "syncookie-lost-ack",
        "The same lost ACK, and the cookie still counts: the data itself brings it back, and the connection is made.",
        &[
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_syncookies", value: "2" }),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Pause(60)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Accept),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Close),
        ],
        Expect::QUIET,
    )
    .on(LOSES_ACK),
]);

const LOSES_ACK: Wire =
    Wire::PLAIN.with(&[WireRule::on(Packet::first(PacketKind::Ack, Host::Client), Treatment::Drop)]);
