//! A capture dropped onto the page: kept in a file without a name while it is explained, and until four more came, so
//! that a connection can be looked at as a whole.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use whyrst_core::language::Language;
use whyrst_page::{SourceId, SourceKind, State as Arrival};

use crate::input::Input;
use crate::server::Shared;

/// Longest name that is shown.
const NAME: usize = 120;
/// What arrives may pause for so long, and must bring so many octets in that time.
const STALL: Duration = Duration::from_secs(10);
const LEAST: u64 = 64 << 10;
/// Progress is told once in so many octets.
const TOLD_EVERY: u64 = 1 << 20;

#[derive(Deserialize)]
pub(crate) struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Serialize)]
struct Accepted {
    source: SourceId,
}

/// `POST /api/captures?name=...`: takes the capture, answers when it is here, and explains it then.
pub(crate) async fn take(
    State(shared): State<Shared>,
    Query(Named { name }): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > shared.options.upload) {
        return too_large(&shared).into_response();
    }
    let Ok(place) = shared.arriving.clone().try_acquire_owned() else {
        let wait = shared
            .options
            .language
            .pick("other captures are still being explained: wait for them\n", "其他抓包还在分析：请等它们完成\n");
        return (StatusCode::TOO_MANY_REQUESTS, wait).into_response();
    };
    let name = shown(&name, shared.options.language);
    let source = shared.store.begin(&name, SourceKind::Dropped);
    let kept = match receive(&shared, body, length, source).await {
        Ok(kept) => kept,
        Err(refusal) => {
            shared.store.fail(source, refusal.1.trim_end());
            return refusal.into_response();
        }
    };
    tokio::spawn(async move {
        // An error would mean that there are no turns any more: the server ends.
        let turn = shared.explained.acquire().await;
        shared.store.set_state(source, Arrival::Reading { octets: 0, of: None });
        match shared.start(source, Input::Dropped(kept, name)) {
            Ok(reader) => reader.follow(&shared.store, source).await,
            Err(error) => shared.store.fail(source, &error.to_string()),
        }
        // Both were held until here.
        drop((turn, place));
    });
    (StatusCode::ACCEPTED, Json(Accepted { source })).into_response()
}

type Refusal = (StatusCode, String);

async fn receive(shared: &Shared, body: Body, of: Option<u64>, source: SourceId) -> Result<std::fs::File, Refusal> {
    let language = shared.options.language;
    let unkept = |error: std::io::Error| {
        let what = language.pick("cannot keep the capture: ", "无法保存抓包：");
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{what}{error}\n"))
    };
    let cut_off = |error: axum::Error| {
        let what = language.pick("the capture did not arrive: ", "抓包没有传完：");
        (StatusCode::BAD_REQUEST, format!("{what}{error}\n"))
    };
    // Without a name: it is gone when nobody has it open, also when this server is killed.
    let file = tempfile::tempfile().map_err(unkept)?;
    let mut file = File::from_std(file);
    let mut parts = body.into_data_stream();
    let (mut octets, mut told) = (0u64, 0u64);
    let mut pace = Pace::new(Instant::now());
    while let Some(part) = tokio::time::timeout(STALL, parts.next()).await.map_err(|_| too_slow(language))? {
        let part = part.map_err(cut_off)?;
        octets += part.len() as u64;
        if octets > shared.options.upload {
            return Err(too_large(shared));
        }
        if !pace.holds(part.len() as u64, Instant::now()) {
            return Err(too_slow(language));
        }
        file.write_all(&part).await.map_err(unkept)?;
        if octets - told >= TOLD_EVERY {
            told = octets;
            shared.store.set_state(source, Arrival::Arriving { octets, of });
        }
    }
    file.flush().await.map_err(unkept)?;
    if octets == 0 {
        return Err((StatusCode::BAD_REQUEST, language.pick("the capture is empty\n", "抓包是空的\n").to_owned()));
    }
    Ok(file.into_std().await)
}

/// Whether enough comes: a capture that arrives byte by byte holds a place that others want.
#[derive(Debug)]
struct Pace {
    since: Instant,
    octets: u64,
}

impl Pace {
    const fn new(now: Instant) -> Self {
        Self { since: now, octets: 0 }
    }

    /// In each [`STALL`] at least [`LEAST`].
    fn holds(&mut self, octets: u64, now: Instant) -> bool {
        self.octets += octets;
        if now.duration_since(self.since) < STALL {
            return true;
        }
        let holds = self.octets >= LEAST;
        *self = Self::new(now);
        holds
    }
}

fn too_slow(language: Language) -> Refusal {
    let told = language
        .pick("the capture arrived too slowly: less than 64 KiB in ten seconds\n", "抓包传得太慢：十秒内不足 64 KiB\n");
    (StatusCode::REQUEST_TIMEOUT, told.to_owned())
}

fn too_large(shared: &Shared) -> Refusal {
    let most = shared.options.upload;
    let told = match shared.options.language {
        Language::English => format!(
            "the capture has more than {most} bytes: name it on the command line of whyrst serve, or raise --upload-limit\n"
        ),
        Language::Chinese => {
            format!("抓包超过 {most} 字节：请在 whyrst serve 的命令行上给出它，或调大 --upload-limit\n")
        }
    };
    (StatusCode::PAYLOAD_TOO_LARGE, told)
}

/// A name to show, never to open: its last part, without control characters.
fn shown(name: &str, language: Language) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|character| !character.is_control()).take(NAME).collect();
    if clean.is_empty() { language.pick("dropped capture", "拖入的抓包").to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_and_never_a_path() {
        let shown = |name: &str| shown(name, Language::English);
        assert_eq!(shown("../../etc/passwd"), "passwd");
        assert_eq!(shown("C:\\captures\\a.pcap"), "a.pcap");
        assert_eq!(shown("a\u{1b}[31m\n.pcap"), "a[31m.pcap");
        assert_eq!(shown(""), "dropped capture");
        assert_eq!(shown(&"x".repeat(500)).len(), NAME);
    }

    #[test]
    fn what_trickles_does_not_hold_the_pace() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        assert!(pace.holds(1, began + STALL / 2));
        assert!(pace.holds(LEAST, began + STALL));
        assert!(!pace.holds(1, began + 2 * STALL));
    }
}
