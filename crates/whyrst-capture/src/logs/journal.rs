//! systemd's journal: its export format (<https://systemd.io/JOURNAL_EXPORT_FORMATS/>), where an entry is some lines
//! with an empty one behind them, and `journalctl -o json`, an object a line. Both say the time to the microsecond
//! and which process wrote the message.

use std::borrow::Cow;

use serde_json::{Map, Value};
use whyrst_core::time::{Span, Timestamp};

use super::said::Heard;
use super::stamp::Stamp;

/// Fields of an entry beyond this number of octets are cut.
pub(super) const LONGEST_FIELD: usize = 1 << 14;

/// What of an entry is of use.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    line: u64,
    realtime: Option<i64>,
    message: String,
    process: Option<String>,
    pid: Option<u32>,
    open: bool,
}

impl Entry {
    /// Whether a line of an open entry is the name of a field whose value, of any octets, follows with its length.
    /// That is how a value with a line feed is written, so that none can end the entry.
    pub(super) fn is_binary(&self, text: &str) -> bool {
        let is_name = |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_';
        self.open && !text.is_empty() && text.len() <= 64 && text.bytes().all(is_name)
    }

    /// Takes a line of an export; the entry that it ends, where it does.
    pub(super) fn take_line(&mut self, number: u64, text: &str) -> Option<Self> {
        if !self.open {
            // Every entry begins with its cursor.
            self.open = text.starts_with("__CURSOR=");
            self.line = number;
            return None;
        }
        if text.is_empty() {
            return self.finish();
        }
        if let Some((name, value)) = text.split_once('=') {
            self.take(name, value);
        }
        None
    }

    /// Whether lines belong to an entry.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// The entry that was begun, at the end of the export.
    pub(super) fn finish(&mut self) -> Option<Self> {
        let whole = std::mem::take(self);
        whole.open.then_some(whole)
    }

    /// The same as an object; `None` for another object.
    pub(super) fn of_object(object: &Map<String, Value>) -> Option<Self> {
        object.get("__REALTIME_TIMESTAMP")?;
        let mut entry = Self::default();
        for (name, value) in object {
            if let Some(value) = text_of(value) {
                entry.take(name, &value);
            }
        }
        Some(entry)
    }

    pub(super) fn take(&mut self, name: &str, value: &str) {
        let cut = || value.char_indices().nth(LONGEST_FIELD).map_or(value, |(end, _)| &value[..end]).to_owned();
        match name {
            "__REALTIME_TIMESTAMP" => self.realtime = value.parse().ok(),
            "MESSAGE" => self.message = cut(),
            "SYSLOG_IDENTIFIER" => self.process = Some(cut()),
            "_COMM" => self.process = self.process.take().or_else(|| Some(cut())),
            "_PID" => self.pid = value.parse().ok(),
            "SYSLOG_PID" => self.pid = self.pid.or_else(|| value.parse().ok()),
            _ => {}
        }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) const fn line(&self) -> u64 {
        self.line
    }
}

/// The text of a value: what is no UTF-8, or holds a control character, is an array of octets there.
pub(super) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    if let Some(text) = value.as_str() {
        return Some(text.into());
    }
    let octet = |value: &Value| u8::try_from(value.as_u64()?).ok();
    let octets: Vec<u8> = value.as_array()?.iter().map(octet).collect::<Option<_>>()?;
    Some(String::from_utf8_lossy(&octets).into_owned().into())
}

/// What an entry says: as its message with what syslog would have put before it.
pub(super) fn hear(entry: &Entry, hear: impl Fn(&str) -> Heard) -> Heard {
    let process = entry.process.as_deref().unwrap_or("journal").replace(' ', "-");
    // What follows in further lines are the words of whoever wrote the message.
    let message = entry.message.lines().next().unwrap_or_default();
    let text = format!("{process}[{}]: {message}", entry.pid.unwrap_or_default());
    let micros = entry.realtime.and_then(|micros| micros.checked_mul(1_000));
    match hear(&text) {
        Heard::Said(mut said) => {
            let stamp = micros.map(|nanos| Stamp::At(Timestamp::from_nanos(nanos), Span::from_micros(1)));
            said.stamp = said.stamp.or(stamp);
            said.pid = entry.pid.or(said.pid.filter(|pid| *pid != 0));
            Heard::Said(said)
        }
        // An entry is of a form that is known, whatever its message.
        Heard::Nothing | Heard::Unknown => Heard::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_taken_apart_into_entries() {
        let export =
            "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1796008327000001\n_PID=812\nMESSAGE=one=1\n\n__CURSOR=s=2\n_COMM=x";
        let (mut entry, mut all) = (Entry::default(), Vec::new());
        for (line, number) in export.lines().zip(1..) {
            all.extend(entry.take_line(number, line));
        }
        all.extend(entry.finish());
        let [first, second] = all.as_slice() else { panic!("two entries, not {all:?}") };
        assert_eq!(
            (first.message(), first.pid, first.realtime, first.line()),
            ("one=1", Some(812), Some(1_796_008_327_000_001), 1)
        );
        assert_eq!((second.process.as_deref(), second.line()), (Some("x"), 6));
    }
}
