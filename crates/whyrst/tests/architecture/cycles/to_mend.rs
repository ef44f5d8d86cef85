//! The cycles that are still to be mended. This list only gets shorter; when it is empty, this file goes.

/// Crates, and the files of one cycle in each.
pub(super) const TO_MEND: &[(&str, &[&str])] = &[
];
