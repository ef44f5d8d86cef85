//! Makes Rust of the folders of causes and of symptoms, so that a new one is on no list, its texts are a page that
//! a person can read, and nothing is parsed at run time.
#![expect(clippy::print_stdout, reason = "a build script speaks to cargo on standard output")]

mod catalogue;
mod page;
mod symptom;
mod symptoms;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match generate(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("cargo::error={message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(root: &Path) -> Result<(), String> {
    let (catalogue, symptoms) = (root.join("catalogue"), root.join("symptoms"));
    for folder in [&catalogue, &symptoms] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    write("catalogue.rs", &catalogue::generate(&catalogue)?)?;
    write("symptoms.rs", &symptoms::generate(&symptoms, &catalogue)?)
}

fn write(name: &str, text: &str) -> Result<(), String> {
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: cargo sets it")?;
    let file = Path::new(&folder).join(name);
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}
