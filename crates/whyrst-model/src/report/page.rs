//! What a page shows beyond the report: the packets as data, and the sentences of the text report. `whyrst serve` and
//! `--format html` draw from it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bounded_static::ToStatic;
use serde::{Deserialize, Serialize};

use crate::segment::Flags;
use crate::seq::Seq;
use crate::text::Text;
use crate::time::Timestamp;
use crate::vocabulary::End;

/// The fields of a line that a page is made of. Their schema says so (`x-page`): tables have no columns of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Page<'a> {
    /// Why, as a sentence.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub sentence: Text<'a>,
    /// The moment that the `ns` of the ladder are counted from. `null` when no frame was captured.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub ladder_from: Option<Timestamp>,
    /// The packets. `null` when none was captured.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub ladder: Option<Vec<Rung<'a>>>,
    /// What kernels and the RST itself say, as sentences.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub told: Vec<Text<'a>>,
    /// What several capture points know together, as sentences.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub points: Vec<Text<'a>>,
    /// What was not seen, as sentences.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub unseen: Vec<Text<'a>>,
    /// What was lost, as sentences.
    #[cfg_attr(feature = "schema", schemars(extend("x-page" = true)))]
    pub harm: Vec<Text<'a>>,
}

/// One line of the ladder of packets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, bound(deserialize = "'de: 'a"))]
pub enum Rung<'a> {
    /// A segment.
    Segment(Box<SegmentRung<'a>>),
    /// Segments that are not shown.
    Gap {
        /// How many.
        gap: u64,
    },
}

/// One segment of the ladder. What is nothing special is absent: a report has many of these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SegmentRung<'a> {
    /// The number of its frame, counted from 1.
    pub frame: u64,
    /// The file that holds it, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Text<'a>>,
    /// Its frame at each capture point that saw it, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<BTreeMap<Text<'a>, u64>>,
    /// Nanoseconds since `ladder_from`.
    pub ns: i64,
    /// The end that it claims to come from.
    pub from: End,
    /// What it is, in words.
    pub text: Text<'a>,
    /// Its TCP flags.
    pub flags: Flags,
    /// Its sequence number as in the header; `null` where the source does not say it.
    #[serde(default)]
    pub seq: Option<Seq>,
    /// The same, counted from the first of its sender.
    pub seq_rel: u32,
    /// Its acknowledgment number as in the header; absent without the ACK flag and where the source does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<Seq>,
    /// The same, counted from the first of its receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_rel: Option<u32>,
    /// Bytes of payload.
    pub len: u32,
    /// The window field, not scaled.
    pub win: u16,
    /// The window that it offers, in bytes; absent where its scale is not known, and in a RST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers: Option<u32>,
    /// Time to live or hop limit: hops left; `null` where the source does not say it.
    #[serde(default)]
    pub ttl: Option<u8>,
    /// Type of service or traffic class; absent when 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos: Option<u8>,
    /// The identification of an IPv4 packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_id: Option<u16>,
    /// Its TCP options, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Text<'a>>,
    /// The value of its timestamps option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts_value: Option<u32>,
    /// What is remarkable about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Text<'a>>,
    /// `true` for what the verdict rests on, else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<bool>,
}

/// The packets of one connection, as far as they were asked for: what a page gets that wants the whole connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PacketsReport<'a> {
    /// Always `whyrst.packets/1`.
    pub schema: &'static str,
    /// The moment that the `ns` of the ladder are counted from.
    pub ladder_from: Timestamp,
    /// The packets, with a gap where there are more than were asked for.
    pub ladder: Vec<Rung<'a>>,
    /// How many there are in all, copies of one packet not counted.
    pub total: u64,
    /// Copies of a packet that were left out: a mirror port, or several interfaces.
    pub copies: u64,
}
