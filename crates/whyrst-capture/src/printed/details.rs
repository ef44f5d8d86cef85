//! The details of packets as text, as `tshark -V` prints them and Wireshark copies them: a tree of lines, the headers one
//! after another.

use super::fields::Fields;

/// The packet that is being read.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) fields: Fields,
    layer: Layer,
    is_error: bool,
}

/// Whose lines are being read: headers have words in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Layer {
    #[default]
    Frame,
    Ip,
    Tcp,
    Icmp,
    Other,
}

/// Whether `line` begins a packet's details: `Frame 1: 74 bytes on wire ...`.
pub(super) fn begins(line: &str) -> bool {
    line.strip_prefix("Frame ").and_then(|rest| rest.split_once([':', ' '])).is_some_and(|(number, rest)| {
        number.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains(" bytes on wire")
    })
}

impl Details {
    /// Takes in a line; false where it is none of the details of a packet.
    pub(super) fn line(&mut self, line: &str) -> bool {
        if !line.starts_with([' ', '\t']) {
            return self.header(line.trim_end());
        }
        let line = line.trim().trim_start_matches('[').trim_end_matches(']');
        // Bits stand before what they mean.
        let line = line.split_once(" = ").map_or(line, |(_, meaning)| meaning);
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        let value = value.trim();
        if let Some(field) = self.field(name) {
            let word = value.split([' ', '(', ',']).next().unwrap_or(value);
            let plain = if field == "frame.time" { value } else { word };
            self.fields.add(field, if plain.is_empty() { "1" } else { plain });
        }
        if self.layer == Layer::Tcp && name == "Checksum" {
            let right = if value.contains("incorrect") {
                "0"
            } else if value.contains("[correct]") {
                "1"
            } else {
                "2"
            };
            self.fields.add("tcp.checksum.status", right);
        }
        true
    }

    /// `Internet Protocol Version 4, Src: 10.0.0.1, Dst: 10.0.0.2`.
    fn header(&mut self, line: &str) -> bool {
        let after = |name: &str| {
            let rest = &line[line.find(name)? + name.len()..];
            let value = rest.split(", ").next()?.trim();
            // A name may stand before the address or number in brackets.
            let inner = value.rsplit_once('(').map_or(value, |(_, inner)| inner.trim_end_matches(')'));
            Some(inner.to_owned())
        };
        let title = line.split(',').next().unwrap_or("");
        let pairs: &[(&str, &str)] = match title {
            "Ethernet II" => {
                self.layer = Layer::Other;
                &[("Src: ", "eth.src"), ("Dst: ", "eth.dst")]
            }
            "Internet Protocol Version 4" | "Internet Protocol" => self.ip(&[("Src: ", "ip.src"), ("Dst: ", "ip.dst")]),
            "Internet Protocol Version 6" => self.ip(&[("Src: ", "ipv6.src"), ("Dst: ", "ipv6.dst")]),
            "Transmission Control Protocol" => {
                self.layer = Layer::Tcp;
                &[("Src Port: ", "tcp.srcport"), ("Dst Port: ", "tcp.dstport"), (" Len: ", "tcp.len")]
            }
            "Internet Control Message Protocol" | "Internet Control Message Protocol v6" => {
                self.layer = Layer::Icmp;
                self.is_error = true;
                &[]
            }
            _ if begins(line) => {
                let number = line.strip_prefix("Frame ").and_then(|rest| rest.split([':', ' ']).next());
                self.fields.add("frame.number", number.unwrap_or(""));
                let length = line
                    .split_once([':', ' '])
                    .and_then(|(_, rest)| rest.split(' ').find_map(|word| word.parse::<u32>().ok().map(|_| word)));
                let length = line.split_once(": ").and_then(|(_, rest)| rest.split(' ').next()).or(length);
                self.fields.add("frame.len", length.unwrap_or(""));
                self.layer = Layer::Frame;
                return true;
            }
            _ => {
                self.layer = Layer::Other;
                return !self.fields.is_empty();
            }
        };
        for (name, field) in pairs {
            if let Some(value) = after(name) {
                self.fields.add(field, &value);
            }
        }
        true
    }

    fn ip(&mut self, pairs: &'static [(&'static str, &'static str)]) -> &'static [(&'static str, &'static str)] {
        if self.is_error {
            self.fields.quote();
        }
        self.layer = Layer::Ip;
        pairs
    }

    fn field(&self, name: &str) -> Option<&'static str> {
        Some(match (self.layer, name) {
            (Layer::Frame, "Epoch Time" | "Epoch Arrival Time") => "frame.time_epoch",
            (Layer::Frame, "Time since reference or first frame") => "frame.time_relative",
            (Layer::Ip, "Time to Live" | "Time to live") => "ip.ttl",
            (Layer::Ip, "Hop Limit" | "Hop limit") => "ipv6.hlim",
            (Layer::Ip, "Identification") => "ip.id",
            (Layer::Ip, "Differentiated Services Field") => "ip.dsfield",
            (Layer::Ip, "Traffic Class" | "Traffic class") => "ipv6.tclass",
            (Layer::Ip, "Flow Label" | "Flow label") => "ipv6.flow",
            (Layer::Ip, "Don't fragment") => "ip.flags.df",
            (Layer::Icmp, "Type") => {
                if self.is_v6() {
                    "icmpv6.type"
                } else {
                    "icmp.type"
                }
            }
            (Layer::Icmp, "Code") => {
                if self.is_v6() {
                    "icmpv6.code"
                } else {
                    "icmp.code"
                }
            }
            (Layer::Tcp, "Sequence Number (raw)" | "Sequence number (raw)") => "tcp.seq_raw",
            (Layer::Tcp, "Acknowledgment number (raw)" | "Acknowledgment Number (raw)") => "tcp.ack_raw",
            (Layer::Tcp, "Sequence Number" | "Sequence number") => "tcp.seq",
            (Layer::Tcp, "Acknowledgment Number" | "Acknowledgment number") => "tcp.ack",
            (Layer::Tcp, "Flags") => "tcp.flags",
            (Layer::Tcp, "Window" | "Window size value") => "tcp.window_size_value",
            (Layer::Tcp, "Calculated window size") => "tcp.window_size",
            (Layer::Tcp, "Checksum") => "tcp.checksum",
            (Layer::Tcp, "TCP Segment Len") => "tcp.len",
            (Layer::Tcp, "Header Length" | "Header length") => "tcp.hdr_len",
            (Layer::Tcp, "MSS Value") => "tcp.options.mss_val",
            (Layer::Tcp, "Shift count") => "tcp.options.wscale.shift",
            (Layer::Tcp, "TCP Option - SACK permitted" | "TCP SACK Permitted Option") => "tcp.options.sack_perm",
            (Layer::Tcp, "Timestamp value") => "tcp.options.timestamp.tsval",
            (Layer::Tcp, "Timestamp echo reply") => "tcp.options.timestamp.tsecr",
            _ => return None,
        })
    }

    fn is_v6(&self) -> bool {
        self.fields.has("ipv6.src")
    }
}
