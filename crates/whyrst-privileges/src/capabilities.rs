//! Capabilities of the calling thread.

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

/// Keeps these, where they are there, and no other.
pub(crate) fn keep(capabilities: &[Capability]) -> Result<(), String> {
    let words = |error: caps::errors::CapsError| format!("cannot give capabilities back: {error}");
    let permitted = caps::read(None, CapSet::Permitted).map_err(words)?;
    let kept: CapsHashSet = capabilities.iter().copied().filter(|capability| permitted.contains(capability)).collect();
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
