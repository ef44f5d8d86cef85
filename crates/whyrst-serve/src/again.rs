//! One reset looked at closely: all packets of its connection, and the lab's run of its cause beside it.
//!
//! For the packets the captures are read once more, by a child as at first, which knows whom to look for. What one
//! answer may take is bounded: packets, bytes, time, and how many are made at once.

use std::io;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Json, Response};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use whyrst_core::report::beside;
use whyrst_model::Report;
use whyrst_page::{Connection, identity};

use crate::answers::{Refusal, gone, json, read_line, refuse};
use crate::input::{Again, Input};
use crate::server::Shared;

/// Bytes of an answer: the child prints no more than 5,000 packets.
const ANSWER: u64 = 8 << 20;
/// How long a capture may be read for one connection.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default = "some")]
    most: usize,
}

const fn some() -> usize {
    1_000
}

/// `GET /api/resets/{id}/packets?most=N`: all packets of the connection, as far as they were asked for.
pub(crate) async fn packets(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(Asked { most }): Query<Asked>,
) -> Result<Response, Refusal> {
    let found = identity(&id).and_then(|id| shared.store.again(id, Again::input));
    let Some((connection, input)) = found else { return Err(gone(&shared)) };
    let cannot = |error: &dyn std::fmt::Display| {
        let what = shared.options.language.pick("cannot read this connection again: ", "无法再次读取这个连接：");
        (StatusCode::BAD_GATEWAY, format!("{what}{error}\n"))
    };
    let Some(input) = input.map_err(|error| cannot(&error))? else {
        let (english, chinese) = (
            "its packets are not here: only captures that were named when whyrst serve began, and the last four that were \
             dropped onto the page, can be read again",
            "这里没有它的报文：只有启动 whyrst serve 时给出的抓包，以及最近拖入页面的四个，可以再次读取",
        );
        return Err(refuse(&shared, StatusCode::NOT_FOUND, english, chinese));
    };
    // An error would mean that there are no turns any more: the server ends.
    let _turn = shared.explained.acquire().await;
    let read = tokio::time::timeout(PATIENCE, read(&shared, input, connection, most)).await;
    read.map_err(|_| cannot(&shared.options.language.pick("it took more than a minute", "用时超过一分钟")))?
        .map(json)
        .map_err(|error| cannot(&error))
}

async fn read(shared: &Shared, input: Input, connection: Connection, most: usize) -> io::Result<String> {
    let Connection { client, server, time } = connection;
    let asked = [format!("--connection={client},{server},{}", time.nanos()), format!("--packets={most}")];
    let mut child = shared.analyst.child(input, &asked)?;
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the reader has no output"));
    };
    let (line, said) = tokio::join!(whole(output), whole(errors));
    let status = child.wait().await?;
    if status.success() {
        return line;
    }
    let said = said.unwrap_or_default();
    let last =
        said.lines().last().map_or_else(|| status.to_string(), |line| line.trim_start_matches("whyrst: ").into());
    Err(io::Error::other(last))
}

async fn whole(output: impl AsyncRead + Unpin) -> io::Result<String> {
    let mut text = String::new();
    output.take(ANSWER).read_to_string(&mut text).await?;
    Ok(text)
}

/// `GET /api/resets/{id}/beside`: the lab's recorded run of its cause beside it; `null` where the lab plays no such run.
pub(crate) async fn beside(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let line = read_line(&shared, &id)?;
    let language = shared.options.language;
    let Ok(yours) = serde_json::from_str::<Report<'_>>(&line) else { return Err(gone(&shared)) };
    let run = beside::wanted(&yours).find_map(|cause| (shared.options.lab_run)(cause, language));
    Ok(Json(run.map(|run| beside::beside(&yours, &run, language))).into_response())
}
