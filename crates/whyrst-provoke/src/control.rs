//! The control API, in the spirit of toxiproxy's: what is to happen can be read, added, changed and removed while the
//! proxy runs.
//!
//! It listens on loopback and nowhere else. Requests are small and their heads come soon, or they are closed
//! ([`whyrst_http`]). Every refusal has a body of JSON that says why. A browser on this host may be led here by any page that it looks at: whatever has an `Origin`,
//! or a `Host` that is a name of the network, is refused.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use crate::cause::{Cause, Moment};
use crate::error::ProvokeError;
use crate::proxy::{Running, Shared};
use crate::trouble::{After, Share, Trouble};

/// More than a toxic has.
const BODY: usize = 16 << 10;

/// Characters of a name.
const NAME: usize = 100;

/// Answers on that address from now on, as long as the program runs: where it listens.
///
/// # Errors
///
/// Where the address is not loopback, or cannot be had.
pub fn control(address: SocketAddr, running: &Running) -> Result<SocketAddr, ProvokeError> {
    if !address.ip().is_loopback() {
        return Err(ProvokeError::ControlBeyond(address));
    }
    let failed = |cause| ProvokeError::Listen { listen: address, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let there = listener.local_addr().unwrap_or(address);
    let router = router(Arc::clone(running.shared()));
    let thread = std::thread::Builder::new().name("control".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(failed)?;
    let serve = move || {
        runtime.block_on(async { whyrst_http::serve(tokio::net::TcpListener::from_std(listener)?, router).await })
    };
    thread.spawn(serve).map_err(ProvokeError::Thread)?;
    Ok(there)
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/version", get(async || Json(BTreeMap::from([("version", env!("CARGO_PKG_VERSION"))]))))
        .route("/proxies", get(proxies))
        .route("/proxies/{proxy}", get(one_proxy).post(change_proxy))
        .route("/proxies/{proxy}/toxics", get(toxics).post(add))
        .route("/proxies/{proxy}/toxics/{toxic}", get(one_toxic).post(change).delete(remove))
        .route("/reset", post(reset))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn(only_programs))
        .layer(map_response(in_json))
        .with_state(shared)
}

/// Programs of this host, not pages in its browser.
async fn only_programs(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) || !names_this_host(headers) {
        return refusal(StatusCode::FORBIDDEN, "the control API is for programs on this host, not for browsers");
    }
    next.run(request).await
}

/// What the router and the extractors refuse has no body, or one of text.
async fn in_json(response: Response) -> Response {
    let status = response.status();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let mut refused = refusal(status, &status.canonical_reason().unwrap_or("refused").to_lowercase());
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        refused.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    refused
}

/// Against names that were pointed here (DNS rebinding).
fn names_this_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A proxy as JSON.
#[derive(Serialize)]
struct ProxyView {
    name: String,
    listen: String,
    upstream: String,
    enabled: bool,
    toxics: Vec<Toxic>,
}

/// A trouble as JSON, in toxiproxy's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Toxic {
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    toxicity: Option<f64>,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(default)]
    after: Option<String>,
    /// How long the port of closed-port stays closed.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    lasting: Option<String>,
}

/// What may be changed of a proxy. Clients of toxiproxy say all of it, also what stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    enabled: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    listen: Option<String>,
    #[serde(default)]
    upstream: Option<String>,
}

impl Change {
    /// What it would change that nothing changes.
    fn beyond(&self, proxy: &ProxyView) -> Option<&'static str> {
        let differs = |said: &Option<String>, is: &str| said.as_deref().is_some_and(|said| said != is);
        [("name", &self.name, &proxy.name), ("listen", &self.listen, &proxy.listen)]
            .into_iter()
            .chain([("upstream", &self.upstream, &proxy.upstream)])
            .find_map(|(field, said, is)| differs(said, is).then_some(field))
    }
}

impl From<Trouble> for Toxic {
    fn from(trouble: Trouble) -> Self {
        Self {
            name: Some(trouble.name),
            kind: Some(trouble.cause.id().to_owned()),
            stream: Some("downstream".to_owned()),
            toxicity: Some(trouble.share.part()),
            attributes: Attributes {
                after: Some(trouble.after.to_string()),
                lasting: (trouble.cause == Cause::ClosedPort).then(|| After::Time(trouble.lasting).to_string()),
            },
        }
    }
}

impl Toxic {
    /// What it says, on top of what there was.
    fn trouble(self, before: Option<Trouble>) -> Result<Trouble, String> {
        let named = self.kind.as_deref().map(Cause::from_str).transpose().map_err(|error| error.to_string())?;
        let mut trouble = match (before, named) {
            (Some(before), None) => before,
            // What was said of it stays, as far as that can be said of another cause.
            (Some(before), Some(cause)) if before.cause.moment() == cause.moment() => Trouble { cause, ..before },
            (Some(before), Some(cause)) if cause.moment() == Moment::Port => {
                Trouble { name: before.name, ..Trouble::new(cause) }
            }
            (Some(before), Some(cause)) => Trouble { name: before.name, share: before.share, ..Trouble::new(cause) },
            (None, Some(cause)) => Trouble::new(cause),
            (None, None) => return Err("a toxic needs its type, the id of a cause".to_owned()),
        };
        if let Some(name) = self.name.filter(|name| !name.is_empty()) {
            if name.chars().count() > NAME || name.chars().any(char::is_control) {
                return Err(format!("a name has at most {NAME} characters, and none to control a terminal"));
            }
            trouble.name = name;
        }
        if self.stream.is_some_and(|stream| !["", "downstream"].contains(&stream.as_str())) {
            return Err("the client's side is where it happens: stream is \"downstream\"".to_owned());
        }
        if let Some(part) = self.toxicity {
            trouble.share = Share::of(part).ok_or("toxicity is a number from 0 to 1")?;
        }
        if let Some(after) = self.attributes.after {
            trouble.after = after.parse()?;
        }
        if let Some(lasting) = self.attributes.lasting {
            let Ok(After::Time(time)) = lasting.parse() else {
                return Err(format!("for is a time, such as 2s or 500ms, not {lasting:?}"));
            };
            if trouble.cause != Cause::ClosedPort {
                return Err(format!(
                    "for is how long the port of closed-port stays closed; {} has none",
                    trouble.cause
                ));
            }
            trouble.lasting = time;
        }
        Ok(trouble)
    }
}

fn view(shared: &Shared) -> ProxyView {
    ProxyView {
        name: shared.proxy().name.clone(),
        listen: shared.listen().to_string(),
        upstream: shared.proxy().upstream.clone(),
        enabled: shared.is_enabled(),
        toxics: shared.troubles().into_iter().map(Toxic::from).collect(),
    }
}

/// A refusal as JSON, in toxiproxy's form.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    status: u16,
}

fn refusal(status: StatusCode, text: &str) -> Response {
    (status, Json(Refusal { error: text, status: status.as_u16() })).into_response()
}

fn wrong(error: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, error)
}

/// The proxy, if it is this one.
fn find<'a>(shared: &'a Shared, name: &str) -> Result<&'a Shared, Box<Response>> {
    if shared.proxy().name == name {
        Ok(shared)
    } else {
        Err(Box::new(refusal(StatusCode::NOT_FOUND, "proxy not found")))
    }
}

fn named(shared: &Shared, toxic: &str) -> Result<Trouble, Box<Response>> {
    let found = shared.troubles().into_iter().find(|trouble| trouble.name == toxic);
    found.ok_or_else(|| Box::new(refusal(StatusCode::NOT_FOUND, "toxic not found")))
}

type Answer = Result<Response, Box<Response>>;

/// Both are answers.
fn either(answer: Answer) -> Response {
    answer.unwrap_or_else(|refused| *refused)
}

async fn proxies(State(shared): State<Arc<Shared>>) -> Response {
    Json(BTreeMap::from([(shared.proxy().name.clone(), view(&shared))])).into_response()
}

async fn one_proxy(State(shared): State<Arc<Shared>>, Path(proxy): Path<String>) -> Response {
    either(find(&shared, &proxy).map(|shared| Json(view(shared)).into_response()))
}

async fn change_proxy(State(shared): State<Arc<Shared>>, Path(proxy): Path<String>, body: String) -> Response {
    either(find(&shared, &proxy).map(|shared| match serde_json::from_str::<Change>(&body) {
        Ok(change) => {
            if let Some(field) = change.beyond(&view(shared)) {
                return wrong(&format!("{field} cannot be changed while the proxy runs"));
            }
            shared.enable(change.enabled);
            Json(view(shared)).into_response()
        }
        Err(error) => wrong(&format!("expected {{\"enabled\": true}} or false: {error}")),
    }))
}

async fn toxics(State(shared): State<Arc<Shared>>, Path(proxy): Path<String>) -> Response {
    either(find(&shared, &proxy).map(|shared| Json(view(shared).toxics).into_response()))
}

async fn add(State(shared): State<Arc<Shared>>, Path(proxy): Path<String>, body: String) -> Response {
    either(find(&shared, &proxy).map(|shared| {
        let trouble = serde_json::from_str::<Toxic>(&body).map_err(|error| error.to_string());
        match trouble.and_then(|toxic| toxic.trouble(None)) {
            Ok(trouble) => match shared.add(trouble.clone()) {
                Ok(()) => Json(Toxic::from(trouble)).into_response(),
                Err(error @ ProvokeError::Taken(_)) => refusal(StatusCode::CONFLICT, &error.to_string()),
                Err(error) => wrong(&error.to_string()),
            },
            Err(error) => wrong(&error),
        }
    }))
}

async fn one_toxic(State(shared): State<Arc<Shared>>, Path((proxy, toxic)): Path<(String, String)>) -> Response {
    let found = find(&shared, &proxy).and_then(|shared| named(shared, &toxic));
    either(found.map(|trouble| Json(Toxic::from(trouble)).into_response()))
}

async fn change(
    State(shared): State<Arc<Shared>>,
    Path((proxy, toxic)): Path<(String, String)>,
    body: String,
) -> Response {
    let found = find(&shared, &proxy).and_then(|shared| named(shared, &toxic).map(|before| (shared, before)));
    either(found.map(|(shared, before)| {
        let toxic = serde_json::from_str::<Toxic>(&body).map_err(|error| error.to_string());
        let changed = toxic.and_then(|toxic| Toxic { name: None, ..toxic }.trouble(Some(before)));
        match changed.and_then(|it| shared.replace(it.clone()).map(|()| it).map_err(|error| error.to_string())) {
            Ok(trouble) => Json(Toxic::from(trouble)).into_response(),
            Err(error) => wrong(&error),
        }
    }))
}

async fn remove(State(shared): State<Arc<Shared>>, Path((proxy, toxic)): Path<(String, String)>) -> Response {
    either(find(&shared, &proxy).map(|shared| {
        if shared.remove(&toxic) {
            StatusCode::NO_CONTENT.into_response()
        } else {
            refusal(StatusCode::NOT_FOUND, "toxic not found")
        }
    }))
}

/// Everything passes again.
async fn reset(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.clear();
    StatusCode::NO_CONTENT
}
