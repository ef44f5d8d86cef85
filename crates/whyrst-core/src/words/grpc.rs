//! gRPC's status in the trailers of an HTTP/2 stream ("gRPC over HTTP2", Responses), where HPACK (RFC 7541) writes it out:
//! what stands for an entry of the dynamic table has its meaning from earlier frames, and is not read.

use super::bytes::part;
use super::spoken::{Gist, Meaning, Spoken, means};

const NAME: &[u8] = b"grpc-status";
/// The same by the code of RFC 7541 appendix B, as encoders write it that compress what becomes shorter.
const NAME_CODED: &[u8] = &[0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f];
const MESSAGE: &[u8] = b"grpc-message";
const MESSAGE_CODED: &[u8] = &[0x9a, 0xca, 0xc8, 0xb5, 0x25, 0x42, 0x07, 0x31, 0x7f];
/// Fields of one block that are looked at.
const FIELDS: usize = 32;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Status<'a> {
    code: u32,
    message: &'a [u8],
}

/// What the header block of a frame says; `None` where it says nothing that is written out.
pub(super) fn status(block: &[u8]) -> Option<Status<'_>> {
    let fields = || Fields { rest: block }.take(FIELDS);
    let code = fields().find(|field| field.name.is(NAME, NAME_CODED)).and_then(|field| field.value.number())?;
    let message = fields().find(|field| field.name.is(MESSAGE, MESSAGE_CODED));
    // Coded text is not read: a table of 257 codes for a sentence that the log of either end has.
    let message = message.and_then(|field| field.value.plain()).unwrap_or_default();
    Some(Status { code, message })
}

impl<'a> Status<'a> {
    pub(super) fn spoken(self) -> Spoken<'a> {
        let (what, meaning) = named(self.code);
        let gist = if self.code == 0 { Gist::Goes } else { Gist::Fails };
        Spoken::named(what, gist).with_code(self.code).with_text(self.message).meaning(meaning)
    }
}

/// A string, coded or not.
#[derive(Clone, Copy)]
enum Text<'a> {
    Plain(&'a [u8]),
    Coded(&'a [u8]),
    /// An entry of a table.
    Indexed,
}

impl<'a> Text<'a> {
    fn is(self, plain: &[u8], coded: &[u8]) -> bool {
        match self {
            Self::Plain(text) => text == plain,
            Self::Coded(text) => text == coded,
            Self::Indexed => false,
        }
    }

    const fn plain(self) -> Option<&'a [u8]> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Coded(_) | Self::Indexed => None,
        }
    }

    /// One or two digits. Coded, 0 to 2 take five bits each, 3 to 9 six, and ones fill the octet.
    fn number(self) -> Option<u32> {
        let digits = match self {
            Self::Plain(digits) => digits.iter().map(|digit| char::from(*digit).to_digit(10)).collect::<Option<_>>()?,
            Self::Coded(octets) => coded_digits(octets)?,
            Self::Indexed => return None,
        };
        let digits: smallvec::SmallVec<[u32; 4]> = digits;
        let few = (1..=2).contains(&digits.len());
        few.then(|| digits.iter().fold(0, |number, digit| number * 10 + digit))
    }
}

fn coded_digits(octets: &[u8]) -> Option<smallvec::SmallVec<[u32; 4]>> {
    let &[high, ref low @ ..] = octets else { return None };
    let low = match low {
        [] => 0xff,
        [low] => *low,
        _ => return None,
    };
    let bits = u16::from_be_bytes([high, low]);
    let (mut digits, mut at) = (smallvec::SmallVec::new(), 0);
    while at + 5 <= 8 * octets.len() {
        let rest = bits << at;
        let (five, six) = (u32::from(rest >> 11), u32::from(rest >> 10));
        match (five, six) {
            (0..=2, _) => (digits.push(five), at += 5).1,
            (_, 0b01_1001..=0b01_1111) => (digits.push(six - 0b01_1001 + 3), at += 6).1,
            _ => break,
        }
    }
    // Nothing but the filling may be left, and that is shorter than an octet.
    let left = 8 * octets.len() - at.min(8 * octets.len());
    let filled = left == 0 || bits << at >> (16 - left.min(16)) == (1_u16 << left.min(15)) - 1;
    (at <= 8 * octets.len() && left < 8 && filled).then_some(digits)
}

struct Field<'a> {
    name: Text<'a>,
    value: Text<'a>,
}

/// The fields of a header block (RFC 7541 section 6), up to the first that is cut.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let first = *self.rest.first()?;
            // Which bits of it are a number depends on the kind of field.
            let (bits, index_alone) = match first {
                0x80.. => (7, true),
                0x40.. => (6, false),
                0x20.. => (5, true),
                _ => (4, false),
            };
            let (index, rest) = integer(self.rest, bits)?;
            self.rest = rest;
            if index_alone {
                if first & 0x80 != 0 {
                    return Some(Field { name: Text::Indexed, value: Text::Indexed });
                }
                // The table's size.
                continue;
            }
            let name = if index == 0 { self.string()? } else { Text::Indexed };
            let value = self.string()?;
            return Some(Field { name, value });
        }
    }
}

impl<'a> Fields<'a> {
    /// As far as it was captured.
    fn string(&mut self) -> Option<Text<'a>> {
        let is_coded = self.rest.first()? & 0x80 != 0;
        let (len, rest) = integer(self.rest, 7)?;
        let text = part(rest, 0, len);
        self.rest = rest.get(len..).unwrap_or_default();
        Some(if is_coded { Text::Coded(text) } else { Text::Plain(text) })
    }
}

/// A number whose first `bits` bits stand in the first octet (RFC 7541 section 5.1), and what follows it.
fn integer(octets: &[u8], bits: u32) -> Option<(usize, &[u8])> {
    let (first, mut rest) = octets.split_first()?;
    let most = (1_usize << bits) - 1;
    let mut number = usize::from(*first) & most;
    if number < most {
        return Some((number, rest));
    }
    // Three octets are more than any segment holds.
    for shift in [0, 7, 14] {
        let (next, after) = rest.split_first()?;
        rest = after;
        number += usize::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some((number, rest));
        }
    }
    None
}

/// The status codes of gRPC (its documentation, statuscodes).
const fn named(code: u32) -> (&'static str, Option<Meaning>) {
    match code {
        0 => ("gRPC OK", None),
        1 => ("gRPC CANCELLED", means("the call was cancelled, mostly by its client", "调用被取消，多半由客户端取消")),
        4 => ("gRPC DEADLINE_EXCEEDED", means("the time for the call was over", "调用超时")),
        7 => ("gRPC PERMISSION_DENIED", means("not allowed", "不被允许")),
        8 => ("gRPC RESOURCE_EXHAUSTED", means("a quota or a size limit was reached", "达到配额或大小上限")),
        12 => ("gRPC UNIMPLEMENTED", means("the server has no such method", "服务器没有这个方法")),
        13 => ("gRPC INTERNAL", means("the server's program failed", "服务器程序出错")),
        14 => ("gRPC UNAVAILABLE", means("the service is not available now: try again", "服务暂不可用：可以重试")),
        16 => ("gRPC UNAUTHENTICATED", means("the client did not prove who it is", "客户端未通过身份验证")),
        _ => ("gRPC status", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(block: &[u8]) -> Option<u32> {
        status(block).map(|status| status.code)
    }

    #[test]
    fn a_status_is_read_where_it_is_written_out() {
        let plain = b"\x40\x0bgrpc-status\x0214\x00\x0cgrpc-message\x04gone";
        assert_eq!(status(plain), Some(Status { code: 14, message: b"gone" }));
        // As Go's encoder writes it: names and digits coded.
        let coded = [&[0x40, 0x88][..], NAME_CODED, &[0x82, 0x0b, 0x5f]].concat();
        assert_eq!(code(&coded), Some(14));
        assert_eq!(code(&[&coded[..coded.len() - 1], &[0x5e]].concat()), None, "what fills the octet is ones");
        let digits = |octets: &[u8]| Text::Coded(octets).number();
        // 00000 + 111; 00001 + 011010 + 11111; 00001 + 011100 + 11111.
        assert_eq!((digits(&[0b0000_0111]), digits(&[0b0000_1011, 0b0101_1111])), (Some(0), Some(14)));
        assert_eq!((digits(&[0b0000_1011, 0b1001_1111]), digits(&[0b0110_1111])), (Some(16), Some(5)));
    }

    #[test]
    fn what_the_table_stands_for_is_not_guessed() {
        assert_eq!(code(b"\xbe\xbf"), None);
        assert_eq!(code(b"\x7e\x0214"), None, "the name is an entry of the dynamic table");
        assert_eq!(code(b"\x40\x0bgrpc-status"), None);
        assert_eq!(code(b"\x40\x0bgrpc-status\x04zero"), None);
        assert_eq!(code(&[0x7f, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(code(b""), None);
    }
}
