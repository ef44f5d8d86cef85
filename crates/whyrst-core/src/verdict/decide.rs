//! Which observation, made where, splits what is still open best.
//!
//! A mechanism's [signs](crate::cause::Signs) say what is left of it outside of a capture. Every observation
//! puts the mechanisms that it cannot distinguish into one group; the best one leaves the smallest groups.

use alloc::vec::Vec;

use crate::cause::{Cause, KernelSign, Stack};

/// A kind of observation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Observe {
    /// The kernel of the RST's sender: `whyrst watch`.
    Kernel,
    /// The counters there: `nstat`.
    Counters,
    /// The system calls of the program there: `strace`, `bpftrace`.
    Calls,
    /// A second capture there: does the RST leave that host?
    Capture,
}

/// What the host of the RST's sender runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum System {
    /// Linux, or nobody knows.
    Linux,
    /// Something else: neither whyrst nor the counters and tools of Linux are there.
    Other,
}

/// An observation and the groups that it leaves.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// What is observed.
    pub observe: Observe,
    /// What it distinguishes: the causes within one group it does not.
    pub groups: Vec<Vec<&'static Cause>>,
}

/// The best observation, which is the kernel wherever that splits, and the best one without whyrst. Empty where
/// nothing is open or nothing splits it.
pub fn decide(open: &[&'static Cause], system: System) -> Vec<Decision> {
    let with = |observe| Decision { observe, groups: groups(open, observe) };
    let splits = |decision: &Decision| decision.groups.len() > 1;
    if system == System::Other {
        // A capture beside it needs nothing of it.
        return Some(with(Observe::Capture)).filter(splits).into_iter().collect();
    }
    let kernel = Some(with(Observe::Kernel)).filter(splits);
    // The first of the best: counters cost least.
    let mut other: Option<Decision> = None;
    for observe in [Observe::Counters, Observe::Calls, Observe::Capture] {
        let best = other.as_ref().map_or(open.len(), |known| largest(&known.groups));
        if best > 1 {
            let decision = with(observe);
            if splits(&decision) && largest(&decision.groups) < best {
                other = Some(decision);
            }
        }
    }
    kernel.into_iter().chain(other).collect()
}

fn largest(groups: &[Vec<&'static Cause>]) -> usize {
    groups.iter().map(Vec::len).max().unwrap_or(0)
}

fn groups(open: &[&'static Cause], observe: Observe) -> Vec<Vec<&'static Cause>> {
    let mut groups: Vec<Vec<&'static Cause>> = Vec::new();
    for cause in open {
        // Only what a kernel says can overlap with two that do not overlap.
        let members = if observe == Observe::Kernel { usize::MAX } else { 1 };
        let alike = |other: &&'static Cause| looks_alike(cause, other, observe);
        match groups.iter_mut().find(|group| group.iter().take(members).any(alike)) {
            Some(group) => group.push(cause),
            None => groups.push(alloc::vec![cause]),
        }
    }
    groups
}

fn looks_alike(one: &Cause, other: &Cause, observe: Observe) -> bool {
    match observe {
        Observe::Kernel => kernels_look_alike(one.kernel(), other.kernel()),
        Observe::Counters => one.signs().counters == other.signs().counters,
        Observe::Calls => one.signs().syscall == other.signs().syscall,
        Observe::Capture => is_sent_by_host(one) == is_sent_by_host(other),
    }
}

/// Whether the kernel of the RST's alleged sender sends it.
fn is_sent_by_host(cause: &Cause) -> bool {
    cause.kernel().iter().any(|sign| !sign.is_silence())
}

fn kernels_look_alike(one: &[KernelSign], other: &[KernelSign]) -> bool {
    let silent = |signs: &[KernelSign]| signs.is_empty() || signs.iter().any(KernelSign::is_silence);
    let shares = |sign: &KernelSign| other.iter().any(|there| overlaps(sign, there));
    (silent(one) && silent(other)) || one.iter().filter(|sign| !sign.is_silence()).any(shares)
}

/// Whether one event can match both. Each names the one function that its path goes through.
fn overlaps(one: &KernelSign, other: &KernelSign) -> bool {
    let differ = |(own, there): (Option<&str>, Option<&str>)| own.is_some() && there.is_some() && own != there;
    let denied = |(own, there): (Option<&str>, Option<&str>)| own.is_some() && own == there;
    one.reason == other.reason
        && !differ((has(one.stack), has(other.stack)))
        && !denied((has(one.stack), lacks(other.stack)))
        && !denied((has(other.stack), lacks(one.stack)))
}

const fn has(stack: Stack) -> Option<&'static str> {
    match stack {
        Stack::Has(symbol) | Stack::HasAndLacks(symbol, _) => Some(symbol),
        Stack::Any | Stack::Lacks(_) | Stack::NoEvent => None,
    }
}

const fn lacks(stack: Stack) -> Option<&'static str> {
    match stack {
        Stack::Lacks(symbol) | Stack::HasAndLacks(_, symbol) => Some(symbol),
        Stack::Any | Stack::Has(_) | Stack::NoEvent => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::find;

    fn causes(ids: &str) -> Vec<&'static Cause> {
        ids.split_whitespace().map(|id| find(id).expect("a cause")).collect()
    }

    fn ids(decision: &Decision) -> Vec<Vec<&'static str>> {
        decision.groups.iter().map(|group| group.iter().map(|cause| cause.id).collect()).collect()
    }

    #[test]
    fn the_kernel_splits_what_counters_split_less() {
        let decisions = decide(&causes("close-unread exit-unread linger-zero"), System::Linux);
        assert_eq!(decisions[0].observe, Observe::Kernel);
        assert_eq!(ids(&decisions[0]), [["close-unread"], ["exit-unread"], ["linger-zero"]]);
        assert_eq!(decisions[1].observe, Observe::Counters);
    }

    #[test]
    fn a_firewall_is_told_by_the_silence_of_the_kernel_and_by_its_counters() {
        let decisions = decide(&causes("closed-port fw-reject-syn"), System::Linux);
        let observed: Vec<Observe> = decisions.iter().map(|decision| decision.observe).collect();
        assert_eq!(observed, [Observe::Kernel, Observe::Counters]);
    }

    #[test]
    fn nothing_splits_one_alone() {
        assert!(decide(&causes("closed-port"), System::Linux).is_empty());
        assert!(decide(&[], System::Linux).is_empty());
    }

    #[test]
    fn of_a_host_that_does_not_run_linux_only_a_capture_beside_it_is_asked() {
        let decisions = decide(&causes("half-open-no-listener fw-state-lost"), System::Other);
        assert_eq!(decisions.iter().map(|decision| decision.observe).collect::<Vec<_>>(), [Observe::Capture]);
        assert!(decide(&causes("close-unread linger-zero"), System::Other).is_empty());
    }
}
