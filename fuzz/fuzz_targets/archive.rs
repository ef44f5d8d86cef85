//! Any octets as a file that may be an archive.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use whyrst_capture::{CaptureSet, Step};

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("whyrst-fuzz-{}", std::process::id()));
    fs::write(&path, bytes).expect("the folder for temporary files can be written");
    let mut set = CaptureSet::open(&[&path]);
    for _ in 0..100_000 {
        if let Ok(Step::End) = set.next() {
            break;
        }
    }
    let _ = fs::remove_file(&path);
});
