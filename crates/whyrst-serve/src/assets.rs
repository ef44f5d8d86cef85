//! What Vite made of `web/`: checked in, and part of the binary.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use whyrst_core::language::Language;

use crate::server::Shared;

const PAGE: &str = include_str!("../web/dist/index.html");
pub(crate) const SCRIPT: &str = include_str!("../web/dist/app.js");
pub(crate) const STYLE: &str = include_str!("../web/dist/app.css");

pub(crate) async fn page(State(shared): State<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], in_language(shared.options.language))
}

/// The page speaks the language that its root element names (`web/src/language.ts`).
fn in_language(language: Language) -> String {
    PAGE.replacen("lang=\"en\"", &format!("lang=\"{}\"", language.code()), 1)
}

pub(crate) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_its_language() {
        for language in Language::ALL {
            assert!(in_language(language).contains(&format!("<html lang=\"{}\">", language.code())));
        }
    }
}
