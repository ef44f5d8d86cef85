//! Compressed captures: decompressed on a thread of their own (`thread`), or where there are none, in place.

mod decoder;
#[cfg(any(not(feature = "threads"), test))]
mod in_place;
#[cfg(feature = "threads")]
mod thread;

use std::io;

use crate::compression::Compression;
use crate::source::Source;
use crate::window::Window;

/// What `packed` holds. A `live` source is one that may be idle.
#[cfg(feature = "threads")]
pub(crate) fn unpacked(kind: Compression, packed: Window, live: bool) -> io::Result<Box<dyn Source>> {
    Ok(Box::new(thread::Unpacked::start(kind, packed, live)?))
}

/// What `packed` holds. It is waited for.
#[cfg(not(feature = "threads"))]
#[expect(clippy::unnecessary_wraps, reason = "a thread may fail to start")]
pub(crate) fn unpacked(kind: Compression, packed: Window, _live: bool) -> io::Result<Box<dyn Source>> {
    Ok(Box::new(in_place::Unpacked::start(kind, packed)))
}

#[cfg(all(test, feature = "threads"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::{Filled, Waiting};

    /// All that a source has, and how it ended.
    fn drained(mut source: impl Source) -> (Vec<u8>, String) {
        let (mut all, mut piece) = (Vec::new(), [0; 1000]);
        loop {
            match source.fill(&mut piece, Duration::from_secs(1)).expect("memory can be read") {
                Filled::Octets(count) => all.extend_from_slice(&piece[..count]),
                Filled::Idle => {}
                Filled::End => return (all, "end".to_owned()),
                Filled::Damaged(kind, why) => return (all, format!("{kind}: {why}")),
            }
        }
    }

    #[test]
    fn in_place_and_on_a_thread_the_same_comes_out_however_damaged_it_is() {
        let plain: Vec<u8> = (0..=255).cycle().take(700_000).collect();
        let mut packed = io::Cursor::new(Vec::new());
        let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
        io::Write::write_all(&mut encoder, &plain).expect("memory can be written");
        encoder.finish().expect("memory can be written");
        let whole = packed.into_inner();
        for cut in [0, 1, 9, whole.len() / 2, whole.len() - 1, whole.len()] {
            let window = || Window::new(Box::new(Waiting(io::Cursor::new(whole[..cut].to_vec()))));
            let on_a_thread = thread::Unpacked::start(Compression::Gzip, window(), false).expect("a thread starts");
            let in_place = in_place::Unpacked::start(Compression::Gzip, window());
            let (one, other) = (drained(on_a_thread), drained(in_place));
            assert!(one == other, "cut at {cut}: {} and {}, {} and {}", one.0.len(), other.0.len(), one.1, other.1);
            assert_eq!(one == (plain.clone(), "end".to_owned()), cut == whole.len());
        }
    }
}
