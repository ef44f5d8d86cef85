//! The decoders of each kind of compression.

mod lz4;
#[cfg(any(all(feature = "zstd-rust", not(feature = "zstd")), test))]
mod zstd_rust;

use std::io::{self, Read};

use bzip2::bufread::MultiBzDecoder;

use crate::compression::Compression;
use crate::source::Filled;
use crate::window::Window;

/// Bytes that an xz stream may ask for: `xz -9` needs 65 MiB, but a header may say 4 GiB.
#[cfg(feature = "xz")]
const XZ_MEMORY: u64 = 128 * 1024 * 1024;

/// What a decompressor's error means: the system's own pass through with their number.
pub(super) fn ended(kind: Compression, error: io::Error) -> io::Result<Filled> {
    if error.raw_os_error().is_some() { Err(error) } else { Ok(Filled::Damaged(kind, error.to_string())) }
}

pub(super) fn decoder(kind: Compression, packed: Window) -> io::Result<Box<dyn Read + Send>> {
    Ok(match kind {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        #[cfg(feature = "zstd")]
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(packed)?),
        #[cfg(all(feature = "zstd-rust", not(feature = "zstd")))]
        Compression::Zstd => Box::new(zstd_rust::Frames::new(packed)),
        Compression::Lz4 => Box::new(lz4::Frames::new(packed)),
        #[cfg(feature = "xz")]
        Compression::Xz => {
            use liblzma::stream::{CONCATENATED, Stream};
            let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(packed, stream))
        }
        Compression::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
        Compression::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
        #[cfg(not(all(feature = "xz", any(feature = "zstd", feature = "zstd-rust"))))]
        other => {
            let why = format!("{other} is not read here: decompress it first, or use the program whyrst");
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
    })
}
