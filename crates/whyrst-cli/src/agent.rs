//! `whyrst agent`: what `watch` reports, for a fleet's collectors instead of a terminal.

use anyhow::Result;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Agent, Common, Format, Sinks, Watch};
use crate::output::Output;
use crate::watch;

pub(crate) fn run(arguments: &Agent) -> Result<Completion> {
    let plan = arguments.plan()?;
    watch::keep(&watch_of(arguments), Output::Nowhere, Places::default(), Some(plan))
}

/// Everything of this host, in the words of `watch`.
fn watch_of(arguments: &Agent) -> Watch {
    let Common { color, lang, quiet, verbose, .. } = arguments.common;
    Watch {
        pid: Vec::new(),
        comm: Vec::new(),
        port: Vec::new(),
        not_port: Vec::new(),
        addr: Vec::new(),
        cgroup: Vec::new(),
        netns: Vec::new(),
        cause: Vec::new(),
        filter: None,
        not_cause: Vec::new(),
        format: Format::Json,
        tui: false,
        summary_every: None,
        duration: arguments.duration,
        packets: arguments.packets,
        pcap: None,
        record: None,
        tz: "UTC".to_owned(),
        common: Common { output: None, color, lang, quiet, verbose },
        sinks: Sinks { metrics: None, metrics_series: 0, otlp: None, log: Vec::new() },
    }
}
