//! What all answers are made of: JSON, and the refusals of what is not there.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use whyrst_page::identity;

use crate::server::Shared;

/// Why there is no answer, in the page's language.
pub(crate) type Refusal = (StatusCode, String);

pub(crate) fn refuse(shared: &Shared, status: StatusCode, english: &str, chinese: &str) -> Refusal {
    (status, format!("{}\n", shared.options.language.pick(english, chinese)))
}

/// There is no such reset.
pub(crate) fn gone(shared: &Shared) -> Refusal {
    let (english, chinese) = ("this reset is not here (any more)", "这里没有（或不再有）这个重置");
    refuse(shared, StatusCode::NOT_FOUND, english, chinese)
}

/// JSON that is text already.
pub(crate) fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// The line of one reset.
pub(crate) fn read_line(shared: &Shared, id: &str) -> Result<String, Refusal> {
    match identity(id).and_then(|id| shared.store.line(id)) {
        Some(Ok(line)) => Ok(line),
        Some(Err(error)) => {
            let what = shared.options.language.pick("cannot read this reset again: ", "无法再次读取这个重置：");
            Err((StatusCode::INTERNAL_SERVER_ERROR, format!("{what}{error}\n")))
        }
        None => Err(gone(shared)),
    }
}
