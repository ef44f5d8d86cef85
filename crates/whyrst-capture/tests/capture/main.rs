//! Tests of what can be seen from outside: captures in, observations out.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a panic is how a test fails")]

mod containers;
mod damage;
mod fragments;
mod frames;
mod hostile;
mod live;
mod looks;
mod metamorphic;
mod printed;
mod sets;
mod stacks;
mod support;
