//! Tests of what can be seen from outside: captures in, observations out.

mod containers;
mod damage;
mod frames;
mod live;
mod support;
