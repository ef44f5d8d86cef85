//! What JavaScript gives: where a capture is read from, where lines are kept, random numbers.

use std::io::{self, Read};

use js_sys::{Error, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use whyrst_page::Spool;

#[wasm_bindgen]
extern "C" {
    /// What a capture is read from, once and to its end.
    pub type Source;

    /// At least one octet and at most `most` of them; none at the end.
    #[wasm_bindgen(method, catch)]
    fn read(this: &Source, most: u32) -> Result<Uint8Array, JsValue>;

    /// Where lines are kept: a class that the page's worker has.
    #[wasm_bindgen(js_name = WhyrstSpool)]
    type Lines;

    #[wasm_bindgen(constructor, js_class = "WhyrstSpool", catch)]
    fn new() -> Result<Lines, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn append(this: &Lines, octets: &[u8]) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = read)]
    fn read_lines(this: &Lines, at: f64, length: u32) -> Result<Uint8Array, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_with_random(into: &Uint8Array) -> Uint8Array;
}

/// A key that a stranger cannot know.
pub(crate) fn random() -> u64 {
    let mut octets = [0; 8];
    fill_with_random(&Uint8Array::new_with_length(8)).copy_to(&mut octets);
    u64::from_ne_bytes(octets)
}

/// A source as it is read.
pub(crate) struct Reader(SendWrapper<Source>);

impl Reader {
    pub(crate) fn of(source: Source) -> Self {
        Self(SendWrapper::new(source))
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let octets = self.0.read(most).map_err(failed)?;
        let length = octets.length() as usize;
        let room = into.get_mut(..length).ok_or_else(|| io::Error::other("it gives more than was asked for"))?;
        octets.copy_to(room);
        Ok(length)
    }
}

/// Lines in whatever the browser keeps them in.
pub(crate) struct Kept(Lines);

impl Spool for Kept {
    fn begin() -> io::Result<Self> {
        Lines::new().map(Self).map_err(failed)
    }

    fn append(&mut self, octets: &[u8], _at: u64) -> io::Result<()> {
        self.0.append(octets).map_err(failed)
    }

    #[expect(clippy::cast_precision_loss, reason = "no browser keeps 8 PiB")]
    fn read(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        let length = u32::try_from(into.len()).map_err(io::Error::other)?;
        let octets = self.0.read_lines(at as f64, length).map_err(failed)?;
        if octets.length() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        octets.copy_to(into);
        Ok(())
    }
}

/// What JavaScript threw, in its words.
fn failed(thrown: JsValue) -> io::Error {
    let words = thrown.dyn_ref::<Error>().map(|error| String::from(error.message()));
    io::Error::other(words.or_else(|| thrown.as_string()).unwrap_or_else(|| "it cannot be read".to_owned()))
}
