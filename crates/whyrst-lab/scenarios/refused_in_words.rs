//! How the lab plays `refused-in-words`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

const BANNER: &[u8] = b"SSH-2.0-lab_client\r\n";
const REFUSAL: &[u8] = b"Exceeded MaxStartups\r\n";

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "refused-in-words",
        "A server over its limit of logins says so, as sshd does, and closes with the client's banner unread.",
        &steps![
            opened(),
            CLIENT.does(Action::Say(BANNER)),
            SERVER.does(Action::AwaitUnread { bytes: 20 }),
            SERVER.does(Action::Say(REFUSAL)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(40)),
            CLIENT.does(Action::Read { most: 4096 }).gives(22),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(
            &["refused-in-words"],
            &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::TcpFlags)],
        ),
    ),
    Scenario::new(
        "refused-in-words-early",
        "The same before the client has said anything: the server's close is a FIN, and the banner draws the RST.",
        &steps![
            opened(),
            SERVER.does(Action::Say(REFUSAL)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(60)),
            CLIENT.does(Action::Say(BANNER)),
            CLIENT.does(Action::Pause(40)),
            CLIENT.does(Action::Say(BANNER)).fails("EPIPE"),
        ],
        Expect::both(&["refused-in-words"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .but(&[But::always(
        &[First::of(Family::LateData, "data-after-close").for_reason("refused-in-words")],
        "the words and the FIN had left before any data came",
    )]),
]);
