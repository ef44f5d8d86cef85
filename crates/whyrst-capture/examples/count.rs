//! Counts what captures hold: `cargo run --release -p whyrst-capture --example count FILE...`
//! (`-` is standard input). Prints the resets, what was passed over and why, and the rate.

use std::path::Path;
use std::time::Instant;

use whyrst_capture::{Capture, Step};
use whyrst_core::observation::Seen;
use whyrst_core::segment::Flags;

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (file, name) in std::env::args().skip(1).enumerate() {
        let file = u32::try_from(file)?;
        let mut capture = match name.as_str() {
            "-" => Capture::stdin(file)?,
            path => Capture::open(Path::new(path), file)?,
        };
        let started = Instant::now();
        let resets = count_resets(&mut capture)?;
        let seconds = started.elapsed().as_secs_f64();
        println!("{name}: {resets} segments with RST, {:?}", capture.counts());
        for (reason, frames) in capture.counts().reasons() {
            println!("{name}: {frames} frames passed over: {}", reason.sentence());
        }
        for (count, remark) in capture.counts().remarks() {
            println!("{name}: {count} {remark}");
        }
        for note in capture.notes() {
            println!("{name}: {note}");
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = capture.counts().frames as f64 / seconds / 1e6;
        println!("{name}: {seconds:.3} s, {rate:.1} million frames a second");
    }
    Ok(())
}

fn count_resets(capture: &mut Capture) -> Result<u64, whyrst_capture::ReadError> {
    let mut resets = 0;
    loop {
        match capture.next()? {
            Step::Observation(seen) => match seen.what {
                Seen::Segment(segment) => resets += u64::from(segment.flags.has(Flags::RST)),
                Seen::Icmp(_) => {}
            },
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => return Ok(resets),
        }
    }
}
