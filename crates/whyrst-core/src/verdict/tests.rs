//! Tests of what verdicts make of other modules: they stand here, so that nothing below imports a verdict.

mod forgery;
mod harm;
mod reception;
mod said;
mod severity;
