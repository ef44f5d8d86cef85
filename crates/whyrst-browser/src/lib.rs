//! whyrst as WebAssembly: captures to lines of JSON ([`Reading`]), and what the page asks of them ([`Page`]).
//!
//! The npm package and the page in one file are made of it (`npm/`, and `edition.tsx` beside the page's sources). A
//! record crosses as its JSON, which is the contract: so a report in the browser is the program's to the last byte.
//! Each capture is read by an instance of its own in a worker, as `whyrst serve` reads each in a process of its own:
//! the worst of them costs that instance, and its memory goes with it.

mod page;
mod reading;
mod source;

use wasm_bindgen::prelude::wasm_bindgen;
use whyrst_core::language::Language;
use whyrst_core::report::catalogue::{self, Reproducible};

pub use self::page::Page;
pub use self::reading::{Reading, packets};

/// What went wrong here is said where it can be heard; without this a trap would say "unreachable".
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&format!("whyrst stopped: {panic}"))));
}

/// The catalogue: each cause as a line of JSON.
#[wasm_bindgen]
pub fn causes(language: &str) -> String {
    let language = language_of(language);
    let causes = whyrst_core::causes::ALL.iter();
    causes.map(|cause| catalogue::json(cause, Reproducible::Unknown, language) + "\n").collect()
}

/// Languages are named by their codes; English stands for those that there are not.
fn language_of(code: &str) -> Language {
    Language::ALL.into_iter().find(|language| code.starts_with(language.code())).unwrap_or(Language::English)
}
