//! What a `rule.rs` of the catalogue is written with: the parts of a rule, and all questions.
//!
//! A rule says what it asks; where that is, a search for the question's name finds.

pub(crate) use crate::cause::{Breadth, Family, KernelSign, Rule, Severity, Signs, Source, Status, Step, kernel, rfc};
pub(crate) use crate::evidence::{
    accepting::*, application::*, clock::*, closing::*, data::*, failed::*, firewall::*, forgery::*, form::*,
    giveup::*, handshake::*, idle::*, mtu::*, multipath::*, path::*, promise::*, refusal::*, said::*, sealed::*,
    service::*, siblings::*, socket_hints::*, sockets::*, speech::*, stack::*, stale::*, standoff::*, timing::*,
    twins::*, vantage::*, window::*, words::*,
};
pub(crate) use crate::kernel::RstReason;
pub(crate) use crate::outcome::OutcomeKind;
