//! Archives of captures: a tar, plain or compressed, or a zip. Members are read where they are, as
//! a stream, never unpacked to disk or memory; an archive within an archive is not looked into.

mod format;
mod member;
mod stream;
mod tar;
mod zip;

pub(crate) use format::Format;
pub(crate) use member::{Location, Member};
pub(crate) use stream::{Section, Stream};
pub(crate) use tar::visit as visit_tar;
pub(crate) use zip::{list as list_zip, open as open_zipped};
