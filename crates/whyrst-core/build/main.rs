//! Makes Rust of the catalogue's folders, so that a new cause is on no list, its texts are a page that
//! a person can read, and nothing is parsed at run time.
#![expect(clippy::print_stdout, reason = "a build script speaks to cargo on standard output")]

mod catalogue;
mod page;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    println!("cargo::rerun-if-changed={}", folder.display());
    match catalogue::generate(&folder).and_then(|text| write(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn write(text: &str) -> Result<(), String> {
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: cargo sets it")?;
    let file = Path::new(&folder).join("catalogue.rs");
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}
