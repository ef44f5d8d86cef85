//! JSON: what `tshark -T json` and `-T ek` and Wireshark's export write of packets, and hubble of flows. Objects are taken
//! out of the text one by one, so that neither an array of any length nor one that was cut needs to be whole.

use serde_json::{Map, Value};

use super::fields::Fields;

/// An object that is longer is passed over.
const LONGEST: usize = 2 * 1024 * 1024;

/// Finds the outermost objects of a text.
#[derive(Debug, Default)]
pub(super) struct Objects {
    object: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The object is too long; its rest is passed over.
    too_long: bool,
    /// In which line it began.
    pub(super) line: u64,
}

impl Objects {
    /// Takes a line in and hands each object that ends in it to `take`; `None` for one that was too long.
    pub(super) fn line(&mut self, number: u64, line: &str, mut take: impl FnMut(u64, Option<&[u8]>)) {
        for &byte in line.as_bytes().iter().chain(b"\n") {
            if self.depth > 0 {
                if self.object.len() < LONGEST {
                    self.object.push(byte);
                } else {
                    self.too_long = true;
                }
            }
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' if self.depth > 0 => self.in_string = !self.in_string,
                // A string does not go on in another line: the text was cut.
                b'\n' => self.in_string = false,
                _ if self.in_string => {}
                b'{' => {
                    if self.depth == 0 {
                        self.object.clear();
                        self.object.push(byte);
                        (self.too_long, self.line) = (false, number);
                    }
                    self.depth += 1;
                }
                b'}' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        take(self.line, (!self.too_long).then_some(self.object.as_slice()));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether an object began and never ended.
    pub(super) const fn is_within(&self) -> bool {
        self.depth > 0
    }
}

/// The fields of a packet as tshark writes them; `None` for another object.
pub(super) fn fields(object: &Value) -> Option<Fields> {
    let layers = object.get("_source").unwrap_or(object).get("layers")?;
    let mut fields = Fields::default();
    let outer: Vec<(&String, &Value)> = layers.as_object()?.iter().collect();
    let is_quoting = |name: &str| matches!(name, "icmp" | "icmpv6");
    for (name, value) in outer.iter().filter(|(name, _)| !is_quoting(name)) {
        walk(name, value, &mut fields, &mut |_, _, _| false);
    }
    for (name, value) in outer.iter().filter(|(name, _)| is_quoting(name)) {
        let mut within = Vec::new();
        walk(name, value, &mut fields, &mut |name, value, _| {
            let quoted = matches!(name, "ip" | "ipv6" | "tcp") && value.is_object();
            if quoted {
                within.push((name.to_owned(), value.clone()));
            }
            quoted
        });
        for (name, value) in within {
            fields.quote();
            walk(&name, &value, &mut fields, &mut |_, _, _| false);
        }
    }
    Some(fields)
}

/// Adds what is text in `value`; `stop` says what is not to be looked into.
fn walk(name: &str, value: &Value, fields: &mut Fields, stop: &mut impl FnMut(&str, &Value, &Fields) -> bool) {
    match value {
        Value::String(text) => fields.add(&plain(name), text),
        Value::Bool(truth) => fields.add(&plain(name), if *truth { "1" } else { "0" }),
        Value::Number(number) => fields.add(&plain(name), &number.to_string()),
        Value::Array(all) => {
            for one in all.iter().take(1) {
                walk(name, one, fields, stop);
            }
        }
        Value::Object(all) => {
            for (name, value) in all {
                if !stop(name, value, fields) {
                    walk(name, value, fields, stop);
                }
            }
        }
        Value::Null => {}
    }
}

/// `-T ek` writes `tcp_tcp_seq` for `tcp.seq`.
fn plain(name: &str) -> String {
    match name.split_once('_') {
        Some((protocol, rest)) if !name.contains('.') && rest.starts_with(protocol) => {
            let field = rest[protocol.len()..].trim_start_matches('_');
            let field = match field {
                "flags_syn"
                | "flags_fin"
                | "flags_reset"
                | "flags_push"
                | "flags_ack"
                | "flags_df"
                | "checksum_status"
                | "options_mss_val"
                | "options_wscale_shift"
                | "options_timestamp_tsval"
                | "options_timestamp_tsecr" => {
                    field.replacen('_', ".", if field.starts_with("options") { 2 } else { 1 })
                }
                _ => field.to_owned(),
            };
            [protocol, ".", &field].concat()
        }
        _ => name.to_owned(),
    }
}

/// A flow of hubble (`hubble observe -o json`), which has flags and no numbers.
pub(super) fn flow(object: &Value) -> Option<&Map<String, Value>> {
    let flow = object.get("flow").unwrap_or(object).as_object()?;
    (flow.contains_key("l4") && flow.contains_key("IP")).then_some(flow)
}
