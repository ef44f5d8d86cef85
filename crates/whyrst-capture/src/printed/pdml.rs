//! PDML, the XML that `tshark -T pdml` writes: packets of protocols of fields, each a tag with attributes.
//!
//! <https://wiki.wireshark.org/PDML>. Tags are taken one by one; what stands between them, and in what order their attributes
//! come, does not matter, and nothing is expanded but the five entities that every XML has.

use super::fields::Fields;

/// What a tag of a line means.
pub(super) enum Tag {
    /// A packet begins.
    Packet,
    /// A packet ends.
    EndOfPacket,
    /// A protocol begins.
    Protocol(String),
    /// A field with its value.
    Field(String, String),
}

/// The tags of a line.
pub(super) fn tags(line: &str) -> impl Iterator<Item = Tag> {
    line.split('<').filter_map(|tag| {
        let (name, rest) = tag.split_once([' ', '>']).unwrap_or((tag, ""));
        match name {
            "packet" => Some(Tag::Packet),
            "/packet" => Some(Tag::EndOfPacket),
            "proto" => Some(Tag::Protocol(attribute(rest, "name")?)),
            "field" => {
                let value = attribute(rest, "show").filter(|show| !show.is_empty());
                Some(Tag::Field(attribute(rest, "name")?, value.or_else(|| attribute(rest, "value"))?))
            }
            _ => None,
        }
    })
}

fn attribute(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let after = &rest[at + name.len()..];
        let begins = at == 0 || rest[..at].ends_with([' ', '\t']);
        if let Some(value) = after.strip_prefix("=\"").filter(|_| begins) {
            return value.split('"').next().map(str::to_owned);
        }
        rest = after;
    }
    None
}

/// The packet that is being read.
#[derive(Debug, Default)]
pub(super) struct Packet {
    pub(super) fields: Fields,
    is_error: bool,
}

impl Packet {
    /// A protocol within it begins.
    pub(super) fn protocol(&mut self, name: &str) {
        if self.is_error && matches!(name, "ip" | "ipv6") {
            self.fields.quote();
        }
        self.is_error |= matches!(name, "icmp" | "icmpv6");
    }
}
