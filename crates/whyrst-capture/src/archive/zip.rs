//! zip (PKWARE APPNOTE 6.3): members, and behind them a directory that says where they are, read with
//! `rawzip`. Entries that share bytes are how small archives unpack to petabytes, so an archive with
//! such is refused.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rawzip::{CompressionMethod, ErrorKind, FileReader, ZipArchive, ZipFileHeaderRecord, ZipLocator};

use super::member::{Content, Entry, Location, MAX_MEMBERS, Member, Unreadable};
use super::stream::{Section, Stream, damaged};
use crate::compression::Compression;
use crate::source::Source;
use crate::unpack::unpacked;
use crate::window::Window;

/// Bytes by which [`begins`] knows a zip.
pub(super) const MAGIC: u64 = 4;
/// A directory larger than this is refused.
const MAX_DIRECTORY: u64 = 64 * 1024 * 1024;
/// Bytes of the record at the end of the file, with its comment.
const LONGEST_END: u64 = 22 + 65_535;
/// So many places that look like that record are tried.
const MOST_ENDS: usize = 16;
/// Bytes of a member's own header without its name.
const LOCAL_HEADER: u64 = 30;

pub(super) fn begins(first: &[u8]) -> bool {
    first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06")
}

/// The members of the zip at `path` that are files, by its directory.
pub(crate) fn list(path: &Path) -> io::Result<Vec<Member>> {
    let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = locate(File::open(path)?, &mut buffer)?;
    if archive.eocd_offset().saturating_sub(archive.directory_offset()) > MAX_DIRECTORY {
        return Err(damaged("its directory is too large"));
    }
    let mut members = Vec::new();
    let mut places = Vec::new();
    let mut records = archive.entries(&mut buffer);
    while let Some(record) = records.next_entry().or_else(end_at_damage)? {
        let name = record.file_path();
        if name.as_ref().ends_with(b"/") {
            continue;
        }
        if members.len() == MAX_MEMBERS {
            break;
        }
        let range = content(&archive, &record)?;
        places.push(place(&record));
        let name = String::from_utf8_lossy(name.as_ref()).into_owned();
        members.push(Member { name, location: Location::Zip(entry(&record, range)) });
    }
    refuse_shared_bytes(places)?;
    Ok(members)
}

/// The content of a member of the zip at `path`, decompressed.
pub(crate) fn open(path: &Path, entry: &Entry) -> io::Result<Box<dyn Source>> {
    let content = entry.as_ref().map_err(|why| damaged(&why.to_string()))?;
    let stream = Arc::new(Stream::File(File::open(path)?));
    let packed = Box::new(Section::new(&stream, content.range.clone()));
    match content.compression {
        None => Ok(packed),
        Some(kind) => unpacked(kind, Window::new(packed), false),
    }
}

/// The archive in `file`, by the record at its end. What looks like one may stand in the comment of the true
/// one: when its own comment does not fit, what is before it is tried.
fn locate(file: File, buffer: &mut [u8]) -> io::Result<ZipArchive<FileReader>> {
    let mut end = file.metadata()?.len();
    let earliest = end.saturating_sub(LONGEST_END);
    let mut reader = FileReader::from(file);
    for _ in 1..MOST_ENDS {
        let locator = ZipLocator::new().max_search_space(end - earliest);
        let error = match locator.locate_in_reader(reader, buffer, end) {
            Ok(archive) => return Ok(archive),
            Err((returned, error)) => {
                reader = returned;
                error
            }
        };
        match (error.eocd_offset().filter(|at| *at > earliest), error.into_kind()) {
            (Some(at), ErrorKind::Eof) => end = at,
            (Some(at), ErrorKind::IO(cause)) if cause.kind() == io::ErrorKind::UnexpectedEof => end = at,
            (_, ErrorKind::IO(cause)) => return Err(cause),
            (_, ErrorKind::InvalidEndOfCentralDirectory) => {
                return Err(damaged("its directory is not where its end says"));
            }
            _ => break,
        }
    }
    Err(damaged("it has no directory"))
}

/// Where the content of a member is; `None` when its own header is not where the directory says.
fn content(archive: &ZipArchive<FileReader>, record: &ZipFileHeaderRecord<'_>) -> io::Result<Option<Range<u64>>> {
    // Beyond this the system refuses to look.
    if i64::try_from(record.local_header_offset()).is_err() {
        return Ok(None);
    }
    match archive.get_entry(record.wayfinder()) {
        Ok(entry) => {
            let (start, end) = entry.compressed_data_range();
            Ok(Some(start..end))
        }
        Err(error) => match error.into_kind() {
            ErrorKind::IO(cause) if cause.raw_os_error().is_some() => Err(cause),
            _ => Ok(None),
        },
    }
}

fn entry(record: &ZipFileHeaderRecord<'_>, range: Option<Range<u64>>) -> Entry {
    if record.flags().is_encrypted() {
        return Err(Unreadable::Encrypted);
    }
    let range = range.ok_or(Unreadable::Misplaced)?;
    let compression = match record.compression_method() {
        CompressionMethod::STORE => None,
        CompressionMethod::DEFLATE => Some(Compression::Deflate),
        CompressionMethod::BZIP2 => Some(Compression::Bzip2),
        CompressionMethod::ZSTD => Some(Compression::Zstd),
        CompressionMethod::XZ => Some(Compression::Xz),
        method => return Err(Unreadable::Method(method.as_u16())),
    };
    Ok(Content { range, compression })
}

/// The bytes that are a member's own by the directory, at least.
fn place(record: &ZipFileHeaderRecord<'_>) -> Range<u64> {
    let start = record.local_header_offset();
    start..start.saturating_add(LOCAL_HEADER).saturating_add(record.compressed_size_hint())
}

fn refuse_shared_bytes(mut places: Vec<Range<u64>>) -> io::Result<()> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    if places.is_sorted_by(|a, b| a.end <= b.start) {
        Ok(())
    } else {
        Err(damaged("its members share bytes (a zip bomb)"))
    }
}

/// What follows damage in a directory is not looked for; what stands before it is read.
fn end_at_damage<T>(error: rawzip::Error) -> io::Result<Option<T>> {
    match error.into_kind() {
        ErrorKind::IO(cause) if cause.raw_os_error().is_some() => Err(cause),
        _ => Ok(None),
    }
}
