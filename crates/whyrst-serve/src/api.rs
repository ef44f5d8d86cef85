//! What the page asks for, one address each. All answers are JSON; none changes anything but
//! `POST /api/captures`, and `POST /api/session`, which uses up a word.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use whyrst_core::causes;
use whyrst_core::filter::{Filter, FilterError};
use whyrst_core::report::catalogue;
use whyrst_page::{Order, Slice, identity};

use crate::answers::{Refusal, json, read_line, refuse};
use crate::server::Shared;
use crate::{again, assets, guard, upload};

/// Rows of one answer, at most.
const ROWS: usize = 1_000;
/// A page is told of changes no more often than this.
const TOLD_EVERY: Duration = Duration::from_millis(250);

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/app.js", get(assets::script))
        .route("/app.css", get(assets::style))
        .route("/api/overview", get(overview))
        .route("/api/view", get(view))
        .route("/api/resets", get(resets))
        .route("/api/resets/{id}", get(reset))
        .route("/api/resets/{id}/packets", get(again::packets))
        .route("/api/resets/{id}/beside", get(again::beside))
        .route("/api/causes/{id}", get(cause))
        .route("/api/changes", get(changes))
        .route(guard::SESSION, post(guard::session))
        .route("/api/captures", post(upload::take).layer(DefaultBodyLimit::disable()))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    order: Order,
    #[serde(default)]
    offset: usize,
    #[serde(default = "some")]
    limit: usize,
    find: Option<String>,
}

const fn some() -> usize {
    200
}

fn filter(shared: &Shared, asked: &Asked) -> Result<Filter, Refusal> {
    let told = |error: FilterError| error.words(shared.options.language) + "\n";
    Filter::parse(&asked.q).map_err(|error| (StatusCode::BAD_REQUEST, told(error)))
}

async fn overview(State(shared): State<Shared>) -> Response {
    json(shared.store.overview())
}

async fn view(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let filter = filter(&shared, &asked)?;
    Ok(Json(shared.store.view(&filter)).into_response())
}

async fn resets(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let filter = filter(&shared, &asked)?;
    let find = asked.find.as_deref().and_then(identity);
    let slice = Slice { offset: asked.offset, limit: asked.limit.min(ROWS), find };
    Ok(json(shared.store.page(&filter, asked.order, slice)))
}

async fn reset(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Response, Refusal> {
    read_line(&shared, &id).map(json)
}

async fn cause(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let (english, chinese) = ("the catalogue has no page of this name", "目录里没有这个名字的页面");
    causes::ALL.iter().find(|cause| cause.id == id).map_or_else(
        || refuse(&shared, StatusCode::NOT_FOUND, english, chinese).into_response(),
        |cause| {
            let reproducible = (shared.options.reproducible)(cause);
            json(catalogue::json(cause, reproducible, shared.options.language))
        },
    )
}

/// Server-sent events: the generation of what is kept, whenever it has changed.
async fn changes(State(shared): State<Shared>) -> Response {
    let Ok(listener) = shared.listeners.clone().try_acquire_owned() else {
        let (english, chinese) = ("too many pages listen already", "打开的页面已经太多");
        return refuse(&shared, StatusCode::TOO_MANY_REQUESTS, english, chinese).into_response();
    };
    let generations = shared.store.generations();
    let told = stream::unfold((generations, listener, true), |(mut generations, listener, first)| async move {
        if !first {
            tokio::time::sleep(TOLD_EVERY).await;
            generations.changed().await.ok()?;
        }
        let generation = *generations.borrow_and_update();
        Some((Event::default().data(generation.to_string()), (generations, listener, false)))
    });
    sse(told).into_response()
}

fn sse(told: impl Stream<Item = Event> + Send + 'static) -> impl IntoResponse {
    use futures_util::StreamExt;
    Sse::new(told.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default())
}
