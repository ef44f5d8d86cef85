//! Containers: where one record ends and the next begins, who captured it and when. pcap, pcapng and
//! snoop, distinguished by their first bytes and never by the name of the file.

mod ledger;
mod looks;
mod pcap;
pub(crate) mod pcapng;
mod record;
mod resync;
mod snoop;
pub(crate) mod text;

use std::io;

pub use ledger::InterfaceInfo;
pub use looks::Looks;

pub(crate) use ledger::Ledger;
pub(crate) use record::{Found, MAX_RECORD, RawRecord};

use crate::error::OpenError;
use crate::window::{Have, Window};
use pcap::Pcap;
use pcapng::PcapNg;
use snoop::Snoop;

use text::Frames;

/// The longest magic number is that of snoop.
const ENOUGH_FOR_MAGIC: usize = 8;

pub(crate) enum Container {
    Pcap(Pcap),
    PcapNg(PcapNg),
    Snoop(Snoop),
    Text(Frames),
}

impl Container {
    /// Reads the file header of the capture called `name`.
    pub(crate) fn open(window: &mut Window, name: &str, ledger: &mut Ledger) -> Result<Self, OpenError> {
        window.wait_for(ENOUGH_FOR_MAGIC).map_err(|cause| OpenError::Io { name: name.into(), cause })?;
        if let Some(variant) = pcap::Variant::of(window.ahead()) {
            header(window, name, variant.header_size())?;
            Ok(Self::Pcap(Pcap::open(variant, window, ledger)))
        } else if pcapng::begins(window.ahead()) {
            header(window, name, pcapng::SECTION_HEADER)?;
            pcapng::order(&window.ahead()[pcapng::BODY..])
                .map(PcapNg::open)
                .map(Self::PcapNg)
                .ok_or_else(|| OpenError::NotACapture { name: name.into(), looks: Looks::PcapNgWithoutOrder })
        } else if snoop::begins(window.ahead()) {
            header(window, name, snoop::FILE_HEADER)?;
            Ok(Self::Snoop(Snoop::open(window, ledger)))
        } else {
            Err(no_capture(window, name))
        }
    }

    /// Whether `first` begins one of the formats, as far as that can be seen.
    pub(crate) fn begins(first: &[u8]) -> bool {
        pcap::Variant::of(first).is_some() || pcapng::begins(first) || snoop::begins(first)
    }

    /// Reads the frames that are made of a text.
    pub(crate) fn text(ledger: &mut Ledger) -> Self {
        Self::Text(Frames::open(ledger))
    }

    #[inline]
    pub(crate) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        match self {
            Self::Pcap(pcap) => pcap.find(window, ledger),
            Self::PcapNg(pcapng) => pcapng.find(window, ledger),
            Self::Snoop(snoop) => snoop.find(window, ledger),
            Self::Text(frames) => frames.find(window, ledger),
        }
    }
}

impl Container {
    /// As many as [`Self::find`] would find, or fewer: what can be found quickly in the window. Each
    /// with its number.
    #[inline]
    pub(crate) fn find_whole(&mut self, window: &mut Window, ledger: &mut Ledger, take: impl FnMut(RawRecord, u64)) {
        match self {
            Self::Pcap(pcap) => pcap.find_whole(window, ledger, take),
            Self::PcapNg(pcapng) => pcapng.find_whole(window, ledger, take),
            Self::Snoop(_) | Self::Text(_) => {}
        }
    }
}

fn header(window: &mut Window, name: &str, needed: usize) -> Result<(), OpenError> {
    match window.wait_for(needed) {
        Ok(Have::Only(present)) => match window.damage.take() {
            Some((_, cause)) => Err(OpenError::Compression { name: name.into(), cause }),
            None => Err(OpenError::HeaderCut { name: name.into(), needed, present }),
        },
        Ok(_) => Ok(()),
        Err(cause) => Err(OpenError::Io { name: name.into(), cause }),
    }
}

/// Says as well as it can what the input is instead.
fn no_capture(window: &mut Window, name: &str) -> OpenError {
    const ENOUGH_TO_TELL: usize = 4096;
    let name = name.to_owned();
    if let Err(cause) = window.wait_for(ENOUGH_TO_TELL) {
        return OpenError::Io { name, cause };
    }
    match (window.damage.take(), window.ahead()) {
        (Some((_, cause)), []) => OpenError::Compression { name, cause },
        (None, []) => OpenError::Empty { name },
        (_, first) => OpenError::NotACapture { name, looks: Looks::like(first) },
    }
}
