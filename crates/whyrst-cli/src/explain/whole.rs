//! `whyrst explain --connection CLIENT,SERVER,NANOSECONDS`, for `whyrst serve`: the captures are read once more for one
//! connection, and as many of its packets as were asked for are printed as one line of JSON.
//!
//! Nobody's memory holds all packets of all connections. The captures are, as at first, read in a process of its own.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use whyrst_capture::CaptureSet;
use whyrst_core::report::Explanation;
use whyrst_core::time::Timestamp;
use whyrst_explain::whole::{Connection, Search};
use whyrst_output::Places;

use super::limits;
use super::reporter::Reporter;
use crate::Completion;
use crate::args::Explain;
use crate::memory::Budget;
use crate::output::{self, Output};

/// A connection as `whyrst serve` names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ConnectionName(Connection);

impl FromStr for ConnectionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected CLIENT:PORT,SERVER:PORT,NANOSECONDS, and not {text:?}");
        let [client, server, time] = text.split(',').collect::<Vec<_>>()[..] else { return Err(wrong()) };
        let address = |text: &str| text.parse().map_err(|_| wrong());
        let time = time.parse().map_err(|_| wrong())?;
        Ok(Self(Connection { client: address(client)?, server: address(server)?, time: Timestamp::from_nanos(time) }))
    }
}

/// Prints the packets of the connection.
pub(super) fn run(arguments: &Explain, ConnectionName(connection): &ConnectionName) -> Result<Completion> {
    let captures = CaptureSet::open(&arguments.files);
    if captures.may_fall_silent() {
        bail!("a pipe cannot be read again");
    }
    let mut open = |filter| {
        let mut captures = CaptureSet::open(&arguments.files);
        for (user, link) in &arguments.link_type {
            captures.treat_user_link_as(*user, *link);
        }
        captures.look_only_at(filter);
        Ok(captures)
    };
    let mut search = Search { open: &mut open, unread: &mut |error| output::complain(&error.into()) };
    let found = search.find(connection, arguments.packets, limits(Budget::of(arguments.memory())))?;
    let (outcome, whole) = found.context("the captures do not have this connection any more")?;
    let reporter = Reporter::new(arguments, &captures)?;
    let line = Explanation::new(&outcome, &reporter.context).packets_line(&whole) + "\n";
    let mut output = Output::open(&arguments.common, &mut Places::beside(captures.paths()))?;
    output.write(&line)?;
    output.finish()?;
    Ok(Completion::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_named_by_its_ends_and_its_time() {
        let ConnectionName(named) = "10.77.0.1:40000,[fd77::2]:8888,17".parse().expect("a name");
        assert_eq!((named.server.port(), named.time), (8888, Timestamp::from_nanos(17)));
        for wrong in ["", "10.77.0.1:40000,10.77.0.2:8888", "a:1,b:2,3", "10.77.0.1:1,10.77.0.2:2,now"] {
            let error = wrong.parse::<ConnectionName>().expect_err("no name");
            assert!(error.contains("CLIENT:PORT,SERVER:PORT,NANOSECONDS"), "{error}");
        }
    }
}
