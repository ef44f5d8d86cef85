//! Copies a capture to pcapng and comments every RST in it:
//! `cargo run -p whyrst-capture --example annotate IN OUT.pcapng`
//! The comments are found with `tshark -r OUT.pcapng -Y frame.comment`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use whyrst_capture::writer::{InterfaceId, NewFrame, PcapNgWriter};
use whyrst_capture::{Capture, Counts, Pulled, Record};
use whyrst_core::observation::{Interface, Seen};
use whyrst_core::segment::Flags;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut names = std::env::args_os().skip(1);
    let (Some(from), Some(to)) = (names.next(), names.next()) else { return Err("two names are needed".into()) };
    let mut capture = Capture::open(Path::new(&from), 0)?;
    let mut writer = PcapNgWriter::new(BufWriter::new(File::create(to)?), "whyrst annotate")?;
    let mut interfaces: HashMap<Interface, InterfaceId> = HashMap::new();
    loop {
        match capture.next_record()? {
            Pulled::Record(record) => {
                let interface = match interfaces.entry(record.interface) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        let name = format!("interface {}", record.interface.0);
                        *new.insert(writer.add_interface(&name, record.link, 0)?)
                    }
                };
                let comment = comment(&record);
                writer.write(&NewFrame {
                    interface,
                    time: record.time,
                    bytes: record.bytes,
                    original: record.original,
                    comments: comment.as_slice(),
                })?;
            }
            Pulled::PassedOver(..) | Pulled::Idle => {}
            Pulled::End => break,
        }
    }
    writer.finish()?;
    Ok(())
}

/// What there is to say about a frame.
fn comment(record: &Record<'_>) -> Option<&'static str> {
    match record.observe(&mut Counts::default()).ok()?.what {
        Seen::Segment(segment) if segment.flags.has(Flags::RST) => Some("the connection was reset here"),
        _ => None,
    }
}
