//! What is wrong with an expression, and where.

use std::fmt;

/// Why an expression cannot be read, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    pub(super) expression: String,
    /// Characters before the place.
    pub(super) at: usize,
    /// Characters that are meant.
    pub(super) width: usize,
    pub(super) why: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.expression.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let marks = "^".repeat(self.width.max(1));
        write!(f, "{}\n    {shown}\n    {:indent$}{marks}", self.why, "", indent = self.at)
    }
}

impl std::error::Error for FilterError {}
