//! The lab: plays a [scenario](mod@scenario) with real sockets in real processes, and records what both ends and
//! the kernel saw.
//!
//! The stage is two fresh network namespaces, `client` and `server`, joined by a wire of two TUN
//! devices (or veth pairs, where there is no TUN) and one thread that carries packets between them. Actors are processes forked before
//! any thread starts; a conductor tells them one step after the other and waits for each result,
//! never without a limit. Meanwhile every packet is captured at both ends, and, where root allows
//! it, the kernel is asked why it sent each reset.
//!
//! It needs no root where the kernel lets ordinary users make user namespaces. It does need a
//! process with a single thread, because it forks and because of `unshare(CLONE_NEWUSER)`: a
//! binary calls [`play_fairly`] from `main`.

#[cfg(not(target_os = "linux"))]
compile_error!("the lab is made of Linux network namespaces");

pub use crate::conductor::{play, play_fairly};
pub use crate::error::LabError;
pub use crate::judge::{EndJudged, Judged, judge, kernel_disagreement};
pub use crate::played::{Call, Direction, End, Ending, Frame, Played, Returned, Wiring};
pub use crate::render::{Page, render};
pub use crate::scenarios::{reproducible, reproduction, scenario, scenarios};
pub use crate::turn::Turn;

mod actor;
pub mod answers;
pub mod article;
mod attribution;
pub mod code;
mod conductor;
mod error;
mod judge;
mod keep;
mod machine;
mod netlink;
mod netns;
mod packet;
mod played;
mod plug;
mod render;
mod route;
pub mod runs;
pub mod scenario;
mod scenarios;
mod stage;
mod sys;
mod tap;
mod trace;
mod tun;
mod turn;
mod veth;
mod wire;
