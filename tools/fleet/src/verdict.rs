//! Whether everything arrived, and what it cost.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::engine::Engine;
use crate::front::Came;
use crate::hosts::Account;
use crate::streams::{INCIDENT, Plan};

const TOP_CAUSES: &str = include_str!("../../../contrib/clickhouse/top-causes.sql");
const BOTH_ENDS: &str = include_str!("../../../contrib/clickhouse/both-ends.sql");
const MILLION: f64 = 1e6;

/// What the run took.
#[derive(Debug)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    /// Of the processor.
    pub(crate) engine: Duration,
    pub(crate) hosts: Duration,
    /// Simulated seconds until nothing waited any more.
    pub(crate) rest: u32,
}

/// What the engine has of one host.
#[derive(Clone, Copy, Default, Debug)]
struct Stored {
    counted: u64,
    observed: u64,
    unsampled: u64,
    lost: u64,
    whole: u64,
}

/// Holds the engine's tables against what the hosts reported, and prints the figures as Markdown.
pub(crate) fn pass(plan: &Plan, accounts: &[Account], spent: &Spent, (mut engine, came): (Engine, Came)) -> Result<()> {
    ensure!(accounts.len() == plan.hosts as usize, "{} of {} hosts ended in order", accounts.len(), plan.hosts);
    let stored = stored(&mut engine)?;
    let (mut missing, mut given_up, mut tight) = (0, 0, 0);
    for account in accounts {
        let got = stored.get(&account.name).copied().unwrap_or_default();
        let Account { name, reported, sampled, dropped, .. } = account;
        ensure!(got.counted <= *reported && got.whole <= *sampled, "{name}: more is in the engine than it told");
        let absent = reported - got.counted + (sampled - got.whole);
        ensure!(absent == *dropped, "{name}: {absent} are not in the engine, {dropped} were counted as given up");
        if account.tight {
            (missing, given_up, tight) = (missing + absent, given_up + dropped, tight + 1);
            continue;
        }
        ensure!(absent == 0 && got.lost == 0, "{name}: {absent} were lost below the bound");
        ensure!(got.observed == *reported, "{name}: its windows say {}, it was told {reported}", got.observed);
        ensure!(got.unsampled == reported - sampled, "{name}: its windows say that {} were left out", got.unsampled);
    }
    ensure!(tight > 0 && given_up > 0, "no buffer was too small: nothing shows that losses are counted");
    let reported: u64 = accounts.iter().map(|account| account.reported).sum();
    let figures = Figures::ask(plan, &mut engine)?;
    print!("{}", figures.words(plan, reported, spent, came, (tight, missing))?);
    Ok(())
}

fn stored(engine: &mut Engine) -> Result<HashMap<String, Stored>> {
    let mut all: HashMap<String, Stored> = HashMap::new();
    for row in engine.ask("SELECT host, sum(count) AS n FROM whyrst.aggregates GROUP BY host")? {
        all.entry(host(&row)?).or_default().counted = number(&row, "n")?;
    }
    for row in engine.ask(
        "SELECT host, sum(resets) AS observed, sum(unsampled) AS unsampled, sum(lost) AS lost \
         FROM whyrst.windows GROUP BY host",
    )? {
        let one = all.entry(host(&row)?).or_default();
        (one.observed, one.unsampled, one.lost) =
            (number(&row, "observed")?, number(&row, "unsampled")?, number(&row, "lost")?);
    }
    for row in engine.ask("SELECT host, sum(count) AS n FROM whyrst.resets GROUP BY host")? {
        all.entry(host(&row)?).or_default().whole = number(&row, "n")?;
    }
    Ok(all)
}

fn host(row: &Value) -> Result<String> {
    Ok(row["host"].as_str().context("a host has a name")?.to_owned())
}

/// 64 bits are quoted in the engine's JSON.
fn number(row: &Value, name: &str) -> Result<u64> {
    let value = &row[name];
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).with_context(|| format!("{name} is no number in {row}"))
}

fn fraction(row: &Value, name: &str) -> Result<f64> {
    let value = &row[name];
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).with_context(|| format!("{name} is no number in {row}"))
}

/// What the engine's tables say of themselves.
#[derive(Debug)]
struct Figures {
    /// Rows of a window of a host with so many resets a second.
    rows_of_busy_window: f64,
    /// Table, rows, bytes on disk.
    tables: Vec<(String, u64, u64)>,
    top_causes: Duration,
    both_ends: (Duration, u64),
}

impl Figures {
    fn ask(plan: &Plan, engine: &mut Engine) -> Result<Self> {
        let busy = format!(
            "SELECT avg(rows) AS rows FROM (SELECT host, time, count() AS rows, sum(count) AS n FROM whyrst.aggregates \
             WHERE toUInt32(substring(host, 5)) % 10 = 7 GROUP BY host, time HAVING n >= {})",
            INCIDENT * 10 / 2
        );
        let rows_of_busy_window = fraction(engine.ask(&busy)?.first().context("no host was busy")?, "rows")?;
        let tables = engine.ask(
            "SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts \
             WHERE database = 'whyrst' AND active GROUP BY table ORDER BY table",
        )?;
        let tables = tables.iter().map(|row| {
            let name = row["table"].as_str().context("a table has a name")?.to_owned();
            Ok((name, number(row, "rows")?, number(row, "bytes")?))
        });
        let tables = tables.collect::<Result<_>>()?;
        let began = Instant::now();
        let top = engine.ask(TOP_CAUSES.trim().trim_end_matches(';'))?;
        let top_causes = began.elapsed();
        ensure!(top.iter().any(|row| row["service"].as_str().is_some_and(|service| service.ends_with(":8443"))));
        let both_ends = both_ends(plan, engine)?;
        Ok(Self { rows_of_busy_window, tables, top_causes, both_ends })
    }

    fn words(&self, plan: &Plan, reported: u64, spent: &Spent, came: Came, tight: (u64, u64)) -> Result<String> {
        let Spent { wall, engine, hosts, rest } = spent;
        let (wall, engine, hosts) = (wall.as_secs_f64(), engine.as_secs_f64(), hosts.as_secs_f64());
        let per_second = |count: u64| count as f64 / wall;
        let mut out = String::new();
        writeln!(out, "| {} hosts, {} simulated minutes | |\n|---|---|", plan.hosts, plan.minutes)?;
        writeln!(out, "| resets told by hosts | {} |", thousands(reported))?;
        writeln!(
            out,
            "| lost below the bound of the buffers | 0 of {} |",
            thousands(reported - tight.1.min(reported))
        )?;
        writeln!(
            out,
            "| given up by the {} hosts with a buffer of 16 KiB, and counted by each | {} |",
            tight.0,
            thousands(tight.1)
        )?;
        writeln!(
            out,
            "| took | {wall:.0} s of the clock, {hosts:.0} s of the processor for hosts and HTTP, {engine:.0} s for the engine |"
        )?;
        writeln!(
            out,
            "| rate held | {} resets/s, {} requests/s, {} rows/s, {:.1} MB/s of rows |",
            thousands(per_second(reported) as u64),
            thousands(per_second(came.requests) as u64),
            thousands(per_second(came.rows) as u64),
            per_second(came.bytes) / MILLION
        )?;
        writeln!(
            out,
            "| requests | {}, of which {} were answered 503; {} inserts after what came together |",
            thousands(came.requests),
            thousands(came.refused),
            thousands(came.inserts)
        )?;
        writeln!(
            out,
            "| on the network | {:.0} octets a row, {:.0} after gzip |",
            came.bytes as f64 / came.rows as f64,
            came.packed as f64 / came.rows as f64
        )?;
        for (table, rows, bytes) in &self.tables {
            writeln!(
                out,
                "| stored in `{table}` | {} rows, {:.1} octets each |",
                thousands(*rows),
                *bytes as f64 / (*rows).max(1) as f64
            )?;
        }
        writeln!(out, "| after the last reset, until nothing waited | {rest} simulated seconds |")?;
        writeln!(out, "| `top-causes.sql` over all of it | {:.0} ms |", self.top_causes.as_secs_f64() * 1e3)?;
        writeln!(
            out,
            "| `both-ends.sql` over the last tenth of the time | {} RSTs, each found at its sender, {:.1} s |",
            thousands(self.both_ends.1),
            self.both_ends.0.as_secs_f64()
        )?;
        self.needs(&mut out, spent, came)?;
        Ok(out)
    }

    /// Ten thousand hosts at a hundred resets a second, from the measured bytes and times.
    fn needs(&self, out: &mut String, spent: &Spent, came: Came) -> Result<()> {
        const HOSTS: f64 = 10_000.0;
        let bytes_a_second = came.bytes as f64 / spent.engine.as_secs_f64();
        let whole = 5.0 * HOSTS;
        let counts = self.rows_of_busy_window / 10.0 * HOSTS;
        let windows = HOSTS / 10.0;
        // A whole report is nearly all of what is sent: the share of the others is small enough to be taken from the
        // same mean.
        let size = |table: &str| {
            self.tables
                .iter()
                .find(|(name, ..)| name == table)
                .map_or(0.0, |(_, rows, bytes)| *bytes as f64 / (*rows).max(1) as f64)
        };
        let whole_row = came.bytes as f64 / self.rows("resets").max(1.0);
        let traffic = whole * whole_row + (counts + windows) * 250.0;
        writeln!(
            out,
            "\nTen thousand hosts that each have 100 resets a second (a million a second) would send, after the agents' windows \
             and samples ({:.0} rows in a window of such a host, 5 whole reports a second):\n",
            self.rows_of_busy_window
        )?;
        writeln!(out, "| | rows/s | |\n|---|---|---|")?;
        writeln!(out, "| `aggregates` | {} | |", thousands(counts as u64))?;
        writeln!(out, "| `windows` | {} | |", thousands(windows as u64))?;
        writeln!(
            out,
            "| `resets`, the sample | {} | at most: `--sample 1` makes it a fifth |",
            thousands(whole as u64)
        )?;
        writeln!(
            out,
            "| rows as they are sent | | {:.0} MB/s, {:.0} MB/s after gzip |",
            traffic / MILLION,
            traffic * came.packed as f64 / came.bytes as f64 / MILLION
        )?;
        writeln!(out, "| requests | | {} a second, 3 in 10 s a host |", thousands((HOSTS * 0.3) as u64))?;
        writeln!(
            out,
            "| processors for the engine, at the {:.1} MB that one took in a second, {:.0} rows an insert: larger inserts cost less | | at most {:.0} |",
            bytes_a_second / MILLION,
            came.rows as f64 / came.inserts.max(1) as f64,
            (traffic / bytes_a_second).ceil()
        )?;
        let a_day = 86_400.0 * (whole * size("resets") + counts * size("aggregates") + windows * size("windows"));
        writeln!(out, "| disk, a day of that | | {:.1} TB |", a_day / 1e12)?;
        Ok(())
    }

    fn rows(&self, table: &str) -> f64 {
        self.tables.iter().find(|(name, ..)| name == table).map_or(0.0, |(_, rows, _)| *rows as f64)
    }
}

/// In the last tenth of the time nothing is wrong, and every reset is in the sample: each that was received was sent.
fn both_ends(plan: &Plan, engine: &mut Engine) -> Result<(Duration, u64)> {
    // Its clock is twenty seconds on: `hosts.rs`.
    let since = plan.nanos(plan.seconds() - plan.seconds() / 10 + 20) / 1_000_000_000;
    let query = BOTH_ENDS
        .replace("{since:DateTime64(3, 'UTC')}", &format!("toDateTime64({since}, 3, 'UTC')"))
        .replace("{within:UInt32}", "5");
    let query = format!("SELECT made_by, count() AS n FROM ({}) GROUP BY made_by", without_comments(&query));
    let began = Instant::now();
    let rows = engine.ask(&query)?;
    let took = began.elapsed();
    let mut found = 0;
    for row in rows {
        ensure!(row["made_by"] == "sender", "both-ends.sql calls {row} what a host of the fleet has sent");
        found += number(&row, "n")?;
    }
    ensure!(found > 0, "both-ends.sql found no RST in the last tenth");
    Ok((took, found))
}

fn without_comments(query: &str) -> String {
    query.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// 1234567 as 1,234,567.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
