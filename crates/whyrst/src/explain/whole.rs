//! `whyrst explain --connection CLIENT,SERVER,NANOSECONDS`, for `whyrst serve`: the captures are read once more for one
//! connection, and as many of its packets as were asked for are printed as one line of JSON.
//!
//! Nobody's memory holds all packets of all connections. The captures are, as at first, read in a process of its own.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use whyrst_capture::{CaptureSet, Filter, Step};
use whyrst_core::observation::Observation;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::Explanation;
use whyrst_core::time::Timestamp;
use whyrst_core::tracker::Tracker;
use whyrst_core::whole::Whole;
use whyrst_output::Places;

use super::limits;
use super::reporter::Reporter;
use crate::Completion;
use crate::args::Explain;
use crate::memory::Budget;
use crate::output::{self, Output};

/// Packets of one answer, at most: some two megabytes.
const MOST: usize = 5_000;

/// Which connection: its ends, and when its reset or its failed connect was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ConnectionName {
    client: SocketAddr,
    server: SocketAddr,
    time: Timestamp,
}

impl FromStr for ConnectionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected CLIENT:PORT,SERVER:PORT,NANOSECONDS, and not {text:?}");
        let [client, server, time] = text.split(',').collect::<Vec<_>>()[..] else { return Err(wrong()) };
        let address = |text: &str| text.parse::<SocketAddr>().map_err(|_| wrong());
        let time = time.parse().map_err(|_| wrong())?;
        Ok(Self { client: address(client)?, server: address(server)?, time: Timestamp::from_nanos(time) })
    }
}

impl ConnectionName {
    /// Nothing but its packets is looked at.
    fn filter(&self) -> Result<Filter> {
        let [client, server] = [self.client, self.server];
        let ends = [client, server].map(|end| format!("host {} and port {}", end.ip(), end.port())).join(" and ");
        ends.parse().map_err(|error| anyhow::anyhow!("cannot look for {client} and {server}: {error}"))
    }

    fn is(&self, outcome: &Outcome) -> bool {
        outcome.time() == self.time
    }
}

/// Prints the packets of the connection.
pub(super) fn run(arguments: &Explain, name: &ConnectionName) -> Result<Completion> {
    let open = || -> Result<CaptureSet> {
        let mut captures = CaptureSet::open(&arguments.files);
        for (user, link) in &arguments.link_type {
            captures.treat_user_link_as(*user, *link);
        }
        captures.look_only_at(name.filter()?);
        Ok(captures)
    };
    let mut captures = open()?;
    if captures.may_fall_silent() {
        bail!("a pipe cannot be read again");
    }
    let mut tracker = Tracker::new(limits(Budget::of(arguments.memory())));
    read(&mut captures, |seen| tracker.observe(seen));
    tracker.finish();
    let outcome = std::iter::from_fn(|| tracker.poll()).find(|outcome| name.is(outcome));
    let outcome = outcome.context("the captures do not have this connection any more")?;
    let mut whole = Whole::of(&outcome, arguments.packets.clamp(1, MOST));
    read(&mut open()?, |seen| whole.observe(seen));
    let reporter = Reporter::new(arguments, &captures)?;
    let line = Explanation::new(&outcome, &reporter.context).packets_line(&whole) + "\n";
    let mut output = Output::open(&arguments.common, &mut Places::beside(captures.paths()))?;
    output.write(&line)?;
    output.finish()?;
    Ok(Completion::Clean)
}

/// Reads all that there is; what cannot be read is said.
fn read(captures: &mut CaptureSet, mut each: impl FnMut(&Observation<'_>)) {
    loop {
        match captures.next() {
            Ok(Step::Observation(seen)) => each(&seen),
            Ok(Step::PassedOver(..) | Step::Idle) => {}
            Ok(Step::End) => return,
            Err(error) => output::complain(&error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_named_by_its_ends_and_its_time() {
        let name: ConnectionName = "10.77.0.1:40000,[fd77::2]:8888,17".parse().expect("a name");
        assert_eq!((name.server.port(), name.time), (8888, Timestamp::from_nanos(17)));
        for wrong in ["", "10.77.0.1:40000,10.77.0.2:8888", "a:1,b:2,3", "10.77.0.1:1,10.77.0.2:2,now"] {
            let error = wrong.parse::<ConnectionName>().expect_err("no name");
            assert!(error.contains("CLIENT:PORT,SERVER:PORT,NANOSECONDS"), "{error}");
        }
    }
}
