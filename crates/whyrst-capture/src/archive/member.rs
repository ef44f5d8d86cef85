//! What is known of a member of an archive without opening it.

use std::ops::Range;

use crate::compression::Compression;

/// More members than this are not looked for.
pub(crate) const MAX_MEMBERS: usize = 100_000;

/// A file in an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) location: Location,
}

/// Where its content is.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    /// Bytes of the tar, decompressed where need be.
    Tar(Range<u64>),
    /// What the zip says of it.
    Zip(Entry),
}

/// What the directory of a zip and the member's own header say of it.
pub(crate) type Entry = Result<Content, Unreadable>;

/// Bytes of the zip, and how they are compressed.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(super) range: Range<u64>,
    pub(super) compression: Option<Compression>,
}

/// Why a member that is there cannot be read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is encrypted")]
    Encrypted,
    #[error("its header is not where the directory says")]
    Misplaced,
    #[error("its compression method {0} is not read")]
    Method(u16),
}
