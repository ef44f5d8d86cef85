//! What is not needed any more is given back: loading needs much, watching little.

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

/// To see the namespaces, command lines and sockets of other users' processes; nothing that
/// changes anything.
const KEPT: &[Capability] = &[Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// Gives every other capability of this thread back, for good.
///
/// To be called before other threads are started: each has capabilities of its own.
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn give_back_privileges() -> Result<(), String> {
    let words = |error: caps::errors::CapsError| format!("cannot give capabilities back: {error}");
    let permitted = caps::read(None, CapSet::Permitted).map_err(words)?;
    let kept: CapsHashSet = KEPT.iter().copied().filter(|capability| permitted.contains(capability)).collect();
    // The bounding set can be lowered only while CAP_SETPCAP is there.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(words)? {
        for capability in caps::runtime::procfs_all_supported(None).map_err(words)? {
            if !kept.contains(&capability) {
                caps::drop(None, CapSet::Bounding, capability).map_err(words)?;
            }
        }
    }
    caps::clear(None, CapSet::Ambient).map_err(words)?;
    caps::clear(None, CapSet::Inheritable).map_err(words)?;
    caps::set(None, CapSet::Effective, &kept).map_err(words)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(words)?;
    set_no_new_privs().map_err(|errno| format!("cannot forbid new privileges: {errno}"))
}
