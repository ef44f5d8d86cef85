//! L2TP of version 3 (RFC 3931), over IP and over UDP.

use super::sound::is_sound;
use crate::counts::Reason;
use crate::link::Walk;

/// A session of L2TPv3 (RFC 3931 section 4.1) that begins at `at`. How long cookie and sublayer are
/// was agreed on when it was set up, so the sizes that are used are tried.
pub(super) fn v3(payload: &[u8], at: usize) -> Result<usize, Reason> {
    const CONTROL: [u8; 4] = [0; 4];
    let session = payload.get(at..at + 4).ok_or(Reason::NotTcp)?;
    if session == CONTROL {
        return Err(Reason::NotTcp);
    }
    let sizes = [4, 8, 12, 16].into_iter();
    let mut offsets =
        sizes.flat_map(|size| [Walk::new(payload).ethernet(at + size), Walk::new(payload).ppp(at + size)]);
    offsets.find_map(|offset| offset.ok().filter(|&offset| is_sound(payload, offset))).ok_or(Reason::NotTcp)
}
