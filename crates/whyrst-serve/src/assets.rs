//! What Vite made of `web/`: checked in, and part of the binary.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

pub(crate) const PAGE: &str = include_str!("../web/dist/index.html");
pub(crate) const SCRIPT: &str = include_str!("../web/dist/app.js");
pub(crate) const STYLE: &str = include_str!("../web/dist/app.css");

pub(crate) async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

pub(crate) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}
