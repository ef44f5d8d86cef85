//! `GET /metrics`, for Prometheus: OpenMetrics with exemplars where the client asks for it, the older text format
//! otherwise. It runs on a thread of its own and can do nothing but read the counters.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use whyrst_privileges::{Duty, restrict};

use crate::error::TelemetryError;
use crate::metrics::{Exposed, Metrics};
use crate::worker::Remarks;

/// After a crash.
const PAUSE: Duration = Duration::from_secs(1);
const OPEN_METRICS: &str = "application/openmetrics-text";
const OPEN_METRICS_1: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const INDEX: &str = "whyrst: why TCP connections of this host are reset\n/metrics  for Prometheus\n/healthz  ok\n";

/// Begins to answer; where, for a port that was left to the kernel.
pub(crate) fn serve(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    remarks: Remarks,
) -> Result<SocketAddr, TelemetryError> {
    let refused = |cause| TelemetryError::Listen { address, cause };
    let listener = TcpListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let at = listener.local_addr().map_err(refused)?;
    let name = "metrics";
    let thread = std::thread::Builder::new().name(name.to_owned());
    // It ends with the process: a scrape that is cut off is asked for again.
    thread
        .spawn(move || keep_answering(&listener, &metrics, &remarks))
        .map_err(|cause| TelemetryError::Thread { name, cause })?;
    Ok(at)
}

/// What ends in a crash begins again; a request that crashed ends alone, in a task of its own.
fn keep_answering(listener: &TcpListener, metrics: &Arc<Metrics>, remarks: &Remarks) {
    let remarks = remarks.named("metrics");
    if let Err(error) = restrict(Duty::Answer) {
        remarks.say(&error);
    }
    loop {
        match catch_unwind(AssertUnwindSafe(|| answer(listener, Arc::clone(metrics)))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return remarks.say(&format!("cannot go on answering: {error}")),
            Err(_) => remarks.say("its thread crashed and was started again"),
        }
        std::thread::sleep(PAUSE);
    }
}

fn answer(listener: &TcpListener, metrics: Arc<Metrics>) -> io::Result<()> {
    let mut registry = Registry::with_prefix("whyrst");
    registry.register_collector(Box::new(Exposed(metrics)));
    let router = Router::new()
        .route("/", get(async || INDEX))
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(exposition))
        .with_state(Arc::new(registry));
    let listener = listener.try_clone()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async { whyrst_http::serve(tokio::net::TcpListener::from_std(listener)?, router).await })
}

async fn exposition(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> impl IntoResponse {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut body = String::new();
    let (kind, written) = if accepted.any(|value| value.contains(OPEN_METRICS)) {
        (OPEN_METRICS_1, text::encode(&mut body, &registry))
    } else {
        (prometheus_text::CONTENT_TYPE, prometheus_text::encode(&mut body, &registry))
    };
    let status = if written.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    (status, [(CONTENT_TYPE, kind)], body)
}
