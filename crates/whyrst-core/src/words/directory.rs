//! SMB 2 and 3 (MS-SMB2 section 2.2.1) and LDAP (RFC 4511 sections 4.3 and 4.4.1): their goodbyes.

use super::bytes::{contains, word};
use super::spoken::{Gist, Spoken, means};

const SMB: &[u8] = b"\xfeSMB";
/// The length in front, and the fields of the header before the command.
const COMMAND: usize = 4 + 12;
const LOGOFF: u16 = 2;
const TREE_DISCONNECT: u16 = 4;
/// The object identifier of the Notice of Disconnection.
const NOTICE: &[u8] = b"1.3.6.1.4.1.1466.20036";

pub(super) fn opens_smb(payload: &[u8]) -> bool {
    payload.first() == Some(&0) && payload.get(4..8) == Some(SMB)
}

pub(super) fn read_smb(octets: &[u8]) -> Option<Spoken<'_>> {
    match word(octets, COMMAND)?.swap_bytes() {
        LOGOFF => Some(Spoken::named("LOGOFF", Gist::Goodbye)),
        TREE_DISCONNECT => Some(Spoken::named("TREE_DISCONNECT", Gist::Goodbye)),
        _ => None,
    }
}

/// A message: SEQUENCE, its length in one octet, the message's number, the operation.
fn operation(payload: &[u8]) -> Option<u8> {
    let [0x30, len @ 5..=127, 2, size @ 1..=4, ..] = payload else { return None };
    if payload.len() < usize::from(*len) + 2 {
        return None;
    }
    payload.get(4 + usize::from(*size)).copied()
}

pub(super) fn opens_ldap(payload: &[u8]) -> bool {
    matches!(operation(payload), Some(0x42 | 0x60 | 0x61 | 0x78))
}

pub(super) fn read_ldap(octets: &[u8]) -> Option<Spoken<'_>> {
    match operation(octets)? {
        0x42 => Some(Spoken::named("unbind", Gist::Goodbye)),
        0x78 if contains(octets, NOTICE) => Some(
            Spoken::named("notice of disconnection", Gist::Refuses)
                .meaning(means("the server ends the connection", "服务端结束连接")),
        ),
        0x60 => Some(Spoken::named("bind", Gist::Goes)),
        _ => None,
    }
}
