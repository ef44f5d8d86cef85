//! What the command line says of metrics and logs, made into a plan; and the environment's part in it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::unistd::gethostname;
use percent_encoding::percent_decode_str;
use whyrst_telemetry::{Buffer, Fleet, Headers, Plan, Telemetry};

use crate::args::{Agent, Common, Sinks};
use crate::output;

/// How often counters are sent where nothing else is said; Prometheus asks when it likes.
const EVERY: Duration = Duration::from_secs(10);

impl Sinks {
    /// What `watch` is to do; `None` when there is nothing to write to.
    pub(crate) fn plan(&self) -> Result<Option<Plan>> {
        let plan = self.bare()?;
        Ok((!plan.is_empty()).then_some(plan))
    }

    fn bare(&self) -> Result<Plan> {
        Ok(Plan {
            host: gethostname().map_or_else(|_| "localhost".into(), |name| name.to_string_lossy().into_owned()),
            metrics: self.metrics,
            series: self.metrics_series,
            otlp: self.otlp.clone(),
            headers: pairs("OTEL_EXPORTER_OTLP_HEADERS")?,
            attributes: pairs("OTEL_RESOURCE_ATTRIBUTES")?,
            clickhouse: None,
            clickhouse_headers: Headers::new(),
            every: EVERY,
            logs: self.log.clone(),
            buffer: None,
            fleet: None,
        })
    }
}

impl Agent {
    /// What the agent is to do.
    pub(crate) fn plan(&self) -> Result<Plan> {
        let every = Duration::from_secs(self.interval);
        let header = |name: &str, variable| {
            let value = std::env::var(variable).ok().filter(|value| !value.is_empty())?;
            Some((name.to_owned(), value))
        };
        let user = header("x-clickhouse-user", "CLICKHOUSE_USER");
        let key = header("x-clickhouse-key", "CLICKHOUSE_PASSWORD");
        let plan = Plan {
            clickhouse: self.clickhouse.clone().map(|place| (place, self.database.clone())),
            clickhouse_headers: user.into_iter().chain(key).collect(),
            every,
            buffer: self.buffer.clone().map(|folder| Buffer { folder, most: self.buffer_limit }),
            fleet: Some(Fleet { every, sample: self.sample }),
            ..self.sinks.bare()?
        };
        if plan.is_empty() {
            bail!("no output configured: pass --otlp, --clickhouse, --metrics or --log");
        }
        Ok(plan)
    }
}

/// Starts what `plan` says, and says where metrics are.
pub(crate) fn start(plan: &Plan, quiet: Quiet) -> Result<Telemetry> {
    let telemetry = Telemetry::start(plan)?;
    if let (Some(at), Quiet::No) = (telemetry.served(), quiet) {
        output::remark(&format!("metrics are at http://{at}/metrics"));
    }
    Ok(telemetry)
}

/// Whether only results are to be said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quiet {
    Yes,
    No,
}

impl Quiet {
    pub(crate) const fn of(common: &Common) -> Self {
        if common.quiet { Self::Yes } else { Self::No }
    }
}

/// `a=1,b=2`, values percent-encoded, as OpenTelemetry's variables have it.
fn pairs(variable: &'static str) -> Result<Vec<(String, String)>> {
    let Ok(text) = std::env::var(variable) else { return Ok(Vec::new()) };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs.map(|text| pair(text).with_context(|| format!("cannot use {variable}"))).collect()
}

fn pair(text: &str) -> Result<(String, String)> {
    let Some((name, value)) = text.split_once('=') else { bail!("\"{text}\" is not of the form name=value") };
    let value = percent_decode_str(value.trim()).decode_utf8_lossy();
    Ok((name.trim().to_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_opentelemetry() {
        assert_eq!(pair("authorization = Bearer%20x%3D").unwrap(), ("authorization".into(), "Bearer x=".into()));
        assert_eq!(pair("a=50%").unwrap().1, "50%");
        assert!(pair("a").is_err());
    }
}
