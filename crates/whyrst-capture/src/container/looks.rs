//! What a file is that is no capture, as far as its first octets tell: the quickest help for
//! somebody who named the wrong file.

use std::fmt;

macro_rules! looks {
    ($($variant:ident = $text:literal,)+) => {
        /// What something that is no capture seems to be.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Looks { $(#[doc = $text] $variant,)+ }

        impl fmt::Display for Looks {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)+ })
            }
        }
    };
}

looks! {
    Bzip2 = "bzip2 data (decompress it first)",
    Btsnoop = "a Bluetooth snoop capture",
    Elf = "an ELF program",
    Omnipeek = "an Omnipeek capture (convert it with editcap)",
    Events = "a recording of kernel events, not packets",
    Html = "an HTML page (a download that needed a login?)",
    Json = "JSON",
    NetMon = "a Microsoft Network Monitor capture (convert it with editcap)",
    Observer = "an Observer capture (convert it with editcap)",
    Parquet = "a Parquet file",
    PcapNgWithoutOrder = "pcapng whose byte-order magic is damaged",
    Pdf = "a PDF document",
    Png = "a PNG image",
    SevenZip = "a 7-Zip archive (unpack it first)",
    Snoop = "a Solaris snoop capture (convert it with editcap)",
    Database = "a database",
    Tar = "a tar archive (unpack it first)",
    Text = "text (the printed output of a capture program cannot be read)",
    Xz = "xz data (decompress it first)",
    Zeros = "nothing but zeros (a file whose content was never written to disk?)",
    Zip = "a ZIP archive (unpack it first)",
    Unknown = "nothing known",
}

impl Looks {
    const MAGIC: &'static [(&'static [u8], Self)] = &[
        (b"BZh", Self::Bzip2),
        (b"btsnoop\0", Self::Btsnoop),
        (b"\x7fELF", Self::Elf),
        (b"\x7fver", Self::Omnipeek),
        (b"GMBU", Self::NetMon),
        (b"RTSS", Self::NetMon),
        (b"ObserverPktBuffe", Self::Observer),
        (b"PAR1", Self::Parquet),
        (b"%PDF", Self::Pdf),
        (b"\x89PNG", Self::Png),
        (b"7z\xbc\xaf\x27\x1c", Self::SevenZip),
        (b"snoop\0\0\0", Self::Snoop),
        (b"SQLite format 3\0", Self::Database),
        (b"\xfd7zXZ\0", Self::Xz),
        (b"PK\x03\x04", Self::Zip),
        (b"PK\x05\x06", Self::Zip),
    ];

    /// By the first octets; 512 are enough for everything that is told.
    pub(crate) fn like(first: &[u8]) -> Self {
        let by_magic = Self::MAGIC.iter().find(|(magic, _)| first.starts_with(magic));
        by_magic.map_or_else(|| Self::like_by_content(first), |(_, looks)| *looks)
    }

    fn like_by_content(first: &[u8]) -> Self {
        const TAR_MAGIC_AT: usize = 257;
        if first.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
            Self::Tar
        } else if first.iter().all(|&octet| octet == 0) {
            Self::Zeros
        } else if first.iter().all(|&octet| octet >= b' ' || matches!(octet, b'\t' | b'\n' | b'\r')) {
            Self::like_text(&String::from_utf8_lossy(first).trim_start().to_ascii_lowercase())
        } else {
            Self::Unknown
        }
    }

    fn like_text(text: &str) -> Self {
        if text.starts_with("<!doctype html") || text.starts_with("<html") {
            Self::Html
        } else if text.starts_with('{') && text.contains("\"whyrst.event") {
            Self::Events
        } else if text.starts_with(['{', '[']) {
            Self::Json
        } else {
            Self::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_files_are_called_by_their_name() {
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], Looks); 10] = [
            (b"PK\x03\x04rest", Looks::Zip),
            (b"\x7fELF\x02", Looks::Elf),
            (b"snoop\0\0\0\0\0\0\x02", Looks::Snoop),
            (b"\n<!DOCTYPE html><p>", Looks::Html),
            (b"12:00:00.1 IP 10.0.0.1 > 10.0.0.2: Flags [R]\n", Looks::Text),
            (b"{\"schema\":\"whyrst.events/1\"}", Looks::Events),
            (b"[{}]", Looks::Json),
            (b"\0\0\0\0\0\0", Looks::Zeros),
            (&tar, Looks::Tar),
            (b"\x01\x02\x03", Looks::Unknown),
        ];
        for (first, looks) in cases {
            assert_eq!(Looks::like(first), looks, "{first:?}");
        }
    }
}
