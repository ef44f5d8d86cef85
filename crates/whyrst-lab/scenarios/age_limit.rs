//! How the lab plays `age-limit`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

const ONE: Actor = Actor::on_client("one");
const TWO: Actor = Actor::on_client("two");
const THREE: Actor = Actor::on_client("three");
const OF_ONE: Actor = Actor::on_server("of-one");
const OF_TWO: Actor = Actor::on_server("of-two");
const OF_THREE: Actor = Actor::on_server("of-three");

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "age-limit",
    "Three connections begin 1.2 s after each other, and the server ends each by RST at the age of 3.6 s; the first \
     was in use until then, the others were not.",
    &steps![
        SERVER.does(Action::Listen { port: 8888 }),
        ONE.does(Action::UsePort(41_001)),
        ONE.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: OF_ONE }),
        OF_ONE.does(Action::Pause(1_200)),
        TWO.does(Action::UsePort(41_002)),
        TWO.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: OF_TWO }),
        OF_ONE.does(Action::Pause(1_200)),
        THREE.does(Action::UsePort(41_003)),
        THREE.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: OF_THREE }),
        OF_ONE.does(Action::Pause(1_000)),
        ONE.does(Action::Write { bytes: 100 }).gives(100),
        OF_ONE.does(Action::Read { most: 4096 }).gives(100),
        OF_ONE.does(Action::Write { bytes: 100 }).gives(100),
        ONE.does(Action::Read { most: 4096 }).gives(100),
        OF_ONE.does(Action::Pause(95)),
        OF_ONE.does(Action::LingerZero),
        OF_ONE.does(Action::Close),
        OF_TWO.does(Action::Pause(1_216)),
        OF_TWO.does(Action::LingerZero),
        OF_TWO.does(Action::Close),
        OF_THREE.does(Action::Pause(1_216)),
        OF_THREE.does(Action::LingerZero),
        OF_THREE.does(Action::Close),
    ],
    Expect::both(&["age-limit"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[But::always(
    &[First::of(Family::Aborted, "linger-zero").for_reason("age-limit")],
    "who read everything and aborts has SO_LINGER {1, 0}",
)])]);
