//! `whyrst provoke`: runs the proxy, and says what it did until somebody wants it to end.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use whyrst_core::language::Language;
use whyrst_core::report::escape::escape_name;
use whyrst_model::provoke::{ProvokedReport, ProvokedWhat};
use whyrst_output::Places;
use whyrst_provoke::{Counts, Proxy, Running, Sink, Trouble, control};

use crate::Completion;
use crate::args::{Format, Provoke};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};

/// How often it is looked whether somebody wants it to end, or nobody reads any more.
const AGAIN: Duration = Duration::from_millis(50);

pub(crate) fn run(arguments: &Provoke) -> Result<Completion> {
    if arguments.format == Format::Markdown {
        bail!("what was provoked is written as text or json, not markdown");
    }
    let interrupt = Interrupt::heed_to_the_end()?;
    let language = output::language(&arguments.common, arguments.format);
    let output = Output::stream(&arguments.common, &mut Places::default())?;
    let heard = Arc::new(Heard { output: Mutex::new(output), failed: Mutex::new(None) });
    let running = begin(arguments, sink(&heard, arguments.format, language))?;
    let control = arguments.control.map(|address| control(address, &running)).transpose()?;
    if !arguments.common.quiet {
        output::remark(&words(arguments, &running, control, language));
    }
    while !interrupt.came() {
        std::thread::sleep(AGAIN);
        if let Some(error) = heard.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
    }
    let counts = running.counts();
    drop(running);
    if !arguments.common.quiet {
        output::remark(&summary(counts, language));
    }
    heard.finish()?;
    Ok(Completion::Clean)
}

fn begin(arguments: &Provoke, sink: Sink) -> Result<Running> {
    let trouble = arguments.cause.map(|cause| {
        let usual = Trouble::new(cause);
        Trouble {
            after: arguments.after.unwrap_or(usual.after),
            share: arguments.share,
            lasting: arguments.lasting,
            ..usual
        }
    });
    let proxy = Proxy {
        name: arguments.name.clone(),
        listen: arguments.listen,
        upstream: arguments.to.clone(),
        most: usize::try_from(arguments.connections)?,
        seed: arguments.seed,
    };
    Ok(proxy.run(trouble.into_iter().collect(), sink)?)
}

/// Where the proxy's threads write.
struct Heard {
    output: Mutex<Output>,
    /// What kept one of them from writing.
    failed: Mutex<Option<anyhow::Error>>,
}

impl Heard {
    /// Passes on what a thread could not, and completes the output.
    fn finish(&self) -> Result<()> {
        if let Some(error) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *output, Output::Nowhere).finish()
    }
}

fn sink(heard: &Arc<Heard>, format: Format, language: Language) -> Sink {
    let heard = Arc::clone(heard);
    Arc::new(move |report| {
        let line = match format {
            Format::Json => serde_json::to_string(report).unwrap_or_default() + "\n",
            Format::Text | Format::Markdown => line(report, language),
        };
        let mut output = heard.output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = output.write(&line).and_then(|()| output.flush()) {
            *heard.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    })
}

/// `17:02:03.123  connection 3 from 127.0.0.1:40000: close-unread: closed with 123 bytes unread, after 3 requests`.
fn line(report: &ProvokedReport<'_>, language: Language) -> String {
    let time = jiff::Timestamp::from_nanosecond(report.time.nanos().into()).unwrap_or_default();
    let mut text = format!("{}  ", time.strftime("%H:%M:%S%.3f"));
    if let (Some(number), Some(client)) = (report.connection, report.client) {
        let client = std::net::SocketAddr::from((client.ip, client.port));
        let _ = match language {
            Language::English => write!(text, "connection {number} from {client}: "),
            Language::Chinese => write!(text, "连接 {number}（来自 {client}）："),
        };
    }
    if let Some(cause) = &report.cause {
        text.push_str(cause);
        text.push_str(language.pick(": ", "："));
    }
    text.push_str(&escape_name(&report.text));
    if matches!(report.what, ProvokedWhat::Provoked | ProvokedWhat::Closed) && report.connection.is_some() {
        let (requests, bytes, seconds) = (report.requests, report.client_bytes, report.age_ms / 1e3);
        let _ = match language {
            Language::English => write!(text, " (after {requests} requests, {bytes} bytes, {seconds:.1} s)"),
            Language::Chinese => write!(text, "（在 {requests} 个请求、{bytes} 字节、{seconds:.1} 秒之后）"),
        };
    }
    text + "\n"
}

fn words(arguments: &Provoke, running: &Running, control: Option<std::net::SocketAddr>, language: Language) -> String {
    let (listen, to) = (running.listen(), escape_name(&arguments.to));
    let asked = arguments.cause.map_or_else(
        || language.pick("nothing happens yet", "尚未设置").to_owned(),
        |cause| match language {
            Language::English => format!("{cause} ({}), {} of the connections", cause.does(), arguments.share),
            Language::Chinese => format!("{cause}，占连接的 {}", arguments.share),
        },
    );
    let control = control.map_or_else(String::new, |there| match language {
        Language::English => format!("; control API on http://{there}"),
        Language::Chinese => format!("；控制 API：http://{there}"),
    });
    match language {
        Language::English => format!("{listen} to {to}: {asked}{control}; Ctrl-C ends it"),
        Language::Chinese => format!("{listen} 到 {to}：{asked}{control}；Ctrl-C 结束"),
    }
}

fn summary(counts: Counts, language: Language) -> String {
    let Counts { connections, provoked, closed, failed, .. } = counts;
    match language {
        Language::English => format!(
            "connections: {connections}, resets provoked: {provoked}, closed: {closed} (reset if their client speaks), \
             failed: {failed}"
        ),
        Language::Chinese => {
            format!(
                "{connections} 条连接，造成 {provoked} 次重置，关闭 {closed} 次（客户端再说话才会被重置），{failed} 次失败"
            )
        }
    }
}
