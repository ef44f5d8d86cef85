//! How the lab plays `request-too-large`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "request-too-large",
    "A server reads at most 4096 bytes of a request. It answers five smaller ones, and closes two larger ones with the \
     rest of them unread.",
    &STEPS,
    Expect::both(&["request-too-large"], &[(Host::Server, RstReason::TcpAbortOnClose)]),
)]);

/// Requests in this order.
const SIZES: [u32; 7] = [300, 5_551, 900, 1_500, 6_451, 2_100, 3_900];
const LIMIT: u32 = 4_096;
/// Steps of one request.
const EACH: usize = 8;

const STEPS: [Step; 1 + EACH * SIZES.len()] = {
    let mut steps = [SERVER.does(Action::Listen { port: 8888 }); 1 + EACH * SIZES.len()];
    let mut nth = 0;
    while nth < SIZES.len() {
        let of_one = asked(SIZES[nth]);
        let mut step = 0;
        while step < EACH {
            steps[1 + nth * EACH + step] = of_one[step];
            step += 1;
        }
        nth += 1;
    }
    steps
};

const fn asked(bytes: u32) -> [Step; EACH] {
    let (connect, accept) =
        (CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }), SERVER.does(Action::Accept));
    let (write, arrived) = (CLIENT.does(Action::Write { bytes }), SERVER.does(Action::AwaitUnread { bytes }));
    let read = SERVER.does(Action::Read { most: LIMIT });
    let (heard, ended) = (CLIENT.does(Action::Read { most: 4096 }), CLIENT.does(Action::Close));
    if bytes > LIMIT {
        let refused = SERVER.does(Action::Close);
        [connect, accept, write, arrived, read, refused, heard.fails("ECONNRESET"), ended]
    } else {
        [connect, accept, write, arrived, read, SERVER.does(Action::Write { bytes: 100 }), heard, ended]
    }
}
