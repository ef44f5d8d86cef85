//! What a file is that is no capture, as far as its first bytes show: the quickest help for
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
    Aethra = "an Aethra capture (convert it: editcap -F pcapng IN OUT)",
    Blf = "a Vector BLF log (no TCP/IP capture that is read; try: editcap -F pcapng IN OUT)",
    Btsnoop = "a Bluetooth snoop capture",
    Conntrack = "conntrack events, which do not say who sent a RST (capture packets, or: whyrst watch)",
    Database = "a database",
    Elf = "an ELF program",
    Erf = "an Endace ERF capture (convert it: editcap -F pcapng IN OUT)",
    Events = "a recording of kernel events, not packets",
    EyeSdn = "an EyeSDN capture (convert it: editcap -F pcapng IN OUT)",
    FiveViews = "an InfoVista 5View capture (convert it: editcap -F pcapng IN OUT)",
    Html = "an HTML page (a download that needed a login?)",
    Iptrace = "an AIX iptrace capture (convert it: editcap -F pcapng IN OUT)",
    Json = "JSON without packets (`tshark -T json` writes such)",
    K12 = "a Tektronix K12 capture (convert it: editcap -F pcapng IN OUT)",
    NetMon = "a Microsoft Network Monitor capture (convert it: editcap -F pcapng IN OUT)",
    NetScaler = "a NetScaler trace (convert it: editcap -F pcapng IN OUT)",
    NetXRay = "a NetXRay or Windows Sniffer capture (convert it: editcap -F pcapng IN OUT)",
    Nettl = "an HP-UX nettl trace (convert it: editcap -F pcapng IN OUT)",
    Observer = "an Observer capture (convert it: editcap -F pcapng IN OUT)",
    Omnipeek = "an Omnipeek capture (convert it: editcap -F pcapng IN OUT)",
    Parquet = "a Parquet file",
    PcapNgWithoutOrder = "pcapng whose byte-order magic is damaged",
    Pdf = "a PDF document",
    Png = "a PNG image",
    Radcom = "a RADCOM capture (convert it: editcap -F pcapng IN OUT)",
    Rar = "a RAR archive (unpack it first)",
    SevenZip = "a 7-Zip archive (unpack it first)",
    Sniffer = "a DOS Sniffer capture (convert it: editcap -F pcapng IN OUT)",
    Sockets = "a list of sockets, not packets (capture packets, or: whyrst watch)",
    Tar = "a tar archive where one capture is expected (unpack it first)",
    Text = "text without a packet as tcpdump, tshark or Wireshark prints them (best: `tcpdump -n -S -vv`)",
    VisualNetworks = "a Visual Networks capture (convert it: editcap -F pcapng IN OUT)",
    Zeros = "nothing but zeros (a file whose content was never written to disk?)",
    Zip = "a ZIP archive where one capture is expected (unpack it first)",
    Unknown = "nothing known",
}

impl Looks {
    const MAGIC: &'static [(&'static [u8], Self)] = &[
        (b"\x05VNF", Self::VisualNetworks),
        (b"\x7fELF", Self::Elf),
        (b"\x7fver", Self::Omnipeek),
        (b"%PDF", Self::Pdf),
        (b"7z\xbc\xaf\x27\x1c", Self::SevenZip),
        (b"B\xd2\0\x34\x12\x66\x22\x88", Self::Radcom),
        (b"EyeSDN", Self::EyeSdn),
        (b"GMBU", Self::NetMon),
        (b"LOGG", Self::Blf),
        (b"ObserverPktBuffe", Self::Observer),
        (b"PAR1", Self::Parquet),
        (b"PK\x03\x04", Self::Zip),
        (b"PK\x05\x06", Self::Zip),
        (b"RTSS", Self::NetMon),
        (b"Rar!\x1a\x07", Self::Rar),
        (b"SQLite format 3\0", Self::Database),
        (b"TR\0\x64\0", Self::Nettl),
        (b"TRSNIFF data", Self::Sniffer),
        (b"V0208\0", Self::Aethra),
        (b"XCP\0", Self::NetXRay),
        (b"\x89PNG", Self::Png),
        (b"\xaa\xaa\xaa\xaa", Self::FiveViews),
        (b"btsnoop\0", Self::Btsnoop),
        (b"iptrace 1.0", Self::Iptrace),
        (b"iptrace 2.0", Self::Iptrace),
        (b"\0\0\x02\0\x12\x05\x1c\x10", Self::K12),
    ];

    /// By the first bytes; 4096 are enough for everything that is recognised.
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
        } else if first.windows(10).take(64).any(|name| name == b"NetScaler ") {
            Self::NetScaler
        } else if is_erf(first) {
            Self::Erf
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
        } else if text.contains("sport=") && text.contains("dport=") {
            Self::Conntrack
        } else if text.starts_with(['{', '[']) {
            Self::Json
        } else if text.contains("recv-q") && text.contains("send-q") {
            Self::Sockets
        } else {
            Self::Text
        }
    }
}

/// ERF has no magic number. What it has is a record that follows the last one at the length it
/// says, and time that does not go backwards: <https://www.endace.com/erf-extensible-record-format-types>.
fn is_erf(first: &[u8]) -> bool {
    const HEADER: usize = 16;
    const HIGHEST_TYPE: u8 = 48;
    let mut rest = first;
    let mut last = 0;
    for _ in 0..2 {
        let Some(header) = rest.first_chunk::<HEADER>() else { return false };
        let second = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let kind = header[8] & 0x7f;
        let length = usize::from(u16::from_be_bytes([header[10], header[11]]));
        if !(1..=HIGHEST_TYPE).contains(&kind) || length < HEADER || second < last || second == 0 {
            return false;
        }
        match rest.get(length..) {
            None => return false,
            Some([]) => return true,
            Some(after) => (rest, last) = (after, second),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ethernet record with a time in 2023 and so many seconds.
    fn erf_record(second: u32) -> Vec<u8> {
        let time = (0x6500_0000 + second).to_le_bytes();
        [&[0; 4][..], &time, &[2, 4, 0, 80, 0, 0, 0, 60], &[0xaa; 64]].concat()
    }

    #[test]
    fn time_that_goes_backwards_is_no_erf() {
        assert_eq!(Looks::like(&[erf_record(9), erf_record(7)].concat()), Looks::Unknown);
    }

    #[test]
    fn wrong_files_are_called_by_their_name() {
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: [(&[u8], Looks); 13] = [
            (b"PK\x03\x04rest", Looks::Zip),
            (b"\x7fELF\x02", Looks::Elf),
            (b"iptrace 2.0\0\0", Looks::Iptrace),
            (&[erf_record(7), erf_record(7), erf_record(9)].concat(), Looks::Erf),
            (b"\n<!DOCTYPE html><p>", Looks::Html),
            (b"12:00:00.1 IP 10.0.0.1 > 10.0.0.2: Flags [R]\n", Looks::Text),
            (b"{\"schema\":\"whyrst.events/1\"}", Looks::Events),
            (b"[{}]", Looks::Json),
            (b"[NEW] tcp 6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2", Looks::Conntrack),
            (b"State Recv-Q Send-Q Local", Looks::Sockets),
            (b"\0\0\0\0\0\0", Looks::Zeros),
            (&tar, Looks::Tar),
            (b"\x01\x02\x03", Looks::Unknown),
        ];
        for (first, looks) in cases {
            assert_eq!(Looks::like(first), looks, "{first:?}");
        }
    }
}
