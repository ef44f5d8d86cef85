//! tar (POSIX.1-1988 ustar, pax, GNU, and the Unix version 7 before them): headers of 512 bytes, each
//! before its member. There is no directory, so members are met in the order of the archive.
//!
//! The `tar` crate reads the headers. It is given the raw ones, since it would keep a long name of any
//! length in memory; contents are read past it, by several readers where the archive is a plain file.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use tar::{Archive, EntryType};

use super::member::MAX_MEMBERS;
use super::stream::{Section, Stream, damaged};
use super::{Location, Member};
use crate::source::Filled;

pub(super) const BLOCK: usize = 512;
/// Longer names are cut.
const LONGEST_NAME: usize = 4096;

/// Whether `first` begins with a tar header: its checksum is right.
pub(super) fn begins(first: &[u8]) -> bool {
    Archive::new(first).entries().is_ok_and(|entries| matches!(entries.raw(true).next(), Some(Ok(_))))
}

/// Visits the members of the tar at `path` that are regular files, each with its content. The content
/// of a compressed archive can be read until the visit ends.
pub(crate) fn visit(path: &Path, mut visit: impl FnMut(Member, Section)) -> io::Result<()> {
    let stream = Arc::new(Stream::open(path)?);
    let mut archive = Archive::new(Headers { stream: Arc::clone(&stream), at: 0 });
    let mut met = 0;
    let mut long_name = None;
    for entry in archive.entries_with_seek()?.raw(true) {
        let entry = entry.map_err(header_error)?;
        let range = entry.raw_file_position()..entry.raw_file_position() + entry.size();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {
                let name = long_name.take().unwrap_or_else(|| text(&entry.header().path_bytes()));
                visit(Member { name, location: Location::Tar(range.clone()) }, Section::new(&stream, range));
                met += 1;
                if met == MAX_MEMBERS {
                    break;
                }
            }
            // The content is the name of the next member.
            EntryType::GNULongName => long_name = Some(text(&name_of_next(&stream, range)?)),
            // The content is records about the next member, its path among them.
            EntryType::XHeader => long_name = pax_path(&name_of_next(&stream, range)?).or(long_name),
            _ => {}
        }
    }
    Ok(())
}

/// As much of an extension as a name needs.
fn name_of_next(stream: &Stream, range: std::ops::Range<u64>) -> io::Result<Vec<u8>> {
    let needed = range.end - range.start;
    let content = stream.beginning(range, LONGEST_NAME)?;
    if (content.len() as u64) < needed.min(LONGEST_NAME as u64) {
        return Err(damaged("it ends inside a name"));
    }
    Ok(content)
}

/// The archive as the library reads it: headers, and jumps from one to the next.
struct Headers {
    stream: Arc<Stream>,
    at: u64,
}

impl Read for Headers {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.stream.fill(self.at, into)? {
            Filled::Octets(count) => {
                self.at += count as u64;
                Ok(count)
            }
            Filled::Damaged(..) => Err(damaged("the compressed stream is damaged")),
            Filled::Idle | Filled::End if self.at.is_multiple_of(BLOCK as u64) => Ok(0),
            Filled::Idle | Filled::End => Err(damaged("it ends inside a header")),
        }
    }
}

impl Seek for Headers {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(step) => self.at.checked_add_signed(step),
            SeekFrom::End(_) => None,
        };
        let to = to.ok_or(io::ErrorKind::Unsupported)?;
        self.stream.skip_to(to)?;
        self.at = to;
        Ok(to)
    }
}

/// The library quotes the damaged header, which is a stranger's text; errors of another kind are our own or
/// the system's.
fn header_error(error: io::Error) -> io::Error {
    match error.to_string() {
        _ if error.kind() != io::ErrorKind::Other => error,
        text if text.contains("checksum") || text.contains("cksum") => damaged("a header with a wrong checksum"),
        _ => damaged("a member without a size"),
    }
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Records are lines: the length of the line, a space, key, equals sign, value. The library refuses
/// records whose length is wrong; here the path is wanted all the same.
fn pax_path(records: &[u8]) -> Option<String> {
    let line = records.split(|&byte| byte == b'\n').find_map(|line| {
        let at = line.windows(6).position(|window| window == b" path=")?;
        Some(&line[at + 6..])
    });
    line.map(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_among_pax_records() {
        assert_eq!(pax_path(b"20 atime=1.5\n14 path=a/b.pcap\n").as_deref(), Some("a/b.pcap"));
        assert_eq!(pax_path(b"20 atime=1.5\n"), None);
    }
}
