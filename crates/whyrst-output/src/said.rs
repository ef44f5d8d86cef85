//! Lines on standard error. Who closes it (`2>&1 | head -1`) wants no more of them, which is no failure: `eprintln!`
//! would panic.

use std::fmt::Display;
use std::io::Write as _;

use crate::writing;

/// Says one line, if anybody listens.
pub fn line(line: impl Display) {
    // In one piece: several processes may share a terminal.
    let line = format!("{line}\n");
    let _nobody_listens = writing(|| std::io::stderr().lock().write_all(line.as_bytes()));
}
