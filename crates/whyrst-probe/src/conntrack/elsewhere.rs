//! The tables of other network namespaces, where those track connections.
//!
//! A netlink socket stays with the namespace that it was opened in (`netlink_create` in `net/netlink/af_netlink.c`), so each
//! namespace is entered once, while that is still permitted (`CAP_SYS_ADMIN`), and asked through its socket later. Only
//! those are kept that track connections when whyrst starts: netfilter does so where a rule needs it
//! (`nf_ct_netns_get`), and each question costs some microseconds at every reset.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use netlink_packet_netfilter::conntrack::Protocol;
use nix::sched::{CloneFlags, setns};

use super::table::Table;
use super::trial::Trial;
use crate::namespaces::{all, inode};

/// Namespaces that are asked: some hundred microseconds in all.
const MOST: usize = 64;
/// Who waits for the first reset waits for this too.
const ENTERING: Duration = Duration::from_millis(300);

/// Of each other namespace that tracks connections and that may be entered.
pub(super) fn tables() -> Vec<Table> {
    // Who has entered a namespace stays there: a thread of its own.
    std::thread::spawn(enter_all).join().unwrap_or_default()
}

fn enter_all() -> Vec<Table> {
    let (own, began) = (inode("/proc/thread-self/ns/net"), Instant::now());
    let others = all().into_iter().filter(|(netns, _)| Some(*netns) != own);
    let in_time = others.take_while(|_| began.elapsed() < ENTERING);
    in_time.filter_map(|(_, path)| table_in(&path)).take(MOST).collect()
}

/// `None` also where nothing is tracked: one datagram on its loopback tells.
fn table_in(path: &Path) -> Option<Table> {
    setns(File::open(path).ok()?, CloneFlags::CLONE_NEWNET).ok()?;
    let table = Table::open().ok()?;
    let trial = Trial::open().ok()?;
    let entry = table.ask(Protocol::Udp, trial.send().ok()?).ok()?;
    entry.map(|_| table)
}
