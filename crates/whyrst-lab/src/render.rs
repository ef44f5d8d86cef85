//! x
/// x
pub fn render(_: &crate::Played) -> String { String::new() }
