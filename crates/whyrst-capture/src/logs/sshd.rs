//! OpenSSH's server (`packet.c` and `sshd.c`): it names the client's address and port, and for connections that it
//! drops its own end as well.
//!
//! Names of users stand in its lines, which strangers choose: only what a line begins with is held for its own words.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::Came;
use whyrst_core::symptoms;

use super::ends;
use super::said::{Ends, Heard, Said};
use super::sieve::Sieve;
use super::syslog::Prefixed;

/// What a line begins with, what had happened to the socket then (`sshpkt_vfatal` and `grace_alarm_handler`), and the
/// page of that message.
const BEGINNINGS: [(&str, Came, &str); 7] = [
    ("Connection reset by ", Came::Rst, "ssh-reset-by"),
    ("Connection closed by ", Came::Fin, "ssh-reset-by"),
    ("Timeout before authentication for ", Came::Own, ""),
    ("Timeout, client not responding from ", Came::Own, ""),
    ("Disconnecting ", Came::Own, ""),
    ("Disconnected from ", Came::Nothing, ""),
    ("banner exchange: Connection from ", Came::Nothing, ""),
];

pub(super) fn hear(text: &str, prefixed: &Prefixed<'_>, _: &Sieve, _: &TimeZone) -> Option<Heard> {
    let is_sshd = prefixed.process.as_deref().is_some_and(|name| name.starts_with("sshd"));
    let text = text.strip_prefix("error: ").or_else(|| text.strip_prefix("fatal: ")).unwrap_or(text);
    if let Some(rest) = text.strip_prefix("drop connection #").filter(|_| is_sshd || prefixed.process.is_none()) {
        return Some(dropped(rest));
    }
    let far = ends::with_word_port(text);
    // `sshd -e` prints its words alone; no other program writes an end so.
    let is_bare = prefixed.process.is_none() && far.is_some();
    let begins = BEGINNINGS.iter().find(|(begin, ..)| text.starts_with(begin)).filter(|_| is_sshd || is_bare);
    let Some((_, came, page)) = begins else { return (is_sshd || is_bare).then_some(Heard::Nothing) };
    let Some(far) = far.filter(|_| *came != Came::Nothing) else { return Some(Heard::Nothing) };
    // The client, `ssh`, prints the same words, but for the user and the phase.
    let is_servers = is_sshd || text.ends_with(" [preauth]") || text.contains(" user ");
    let said = if is_servers {
        Said::new(Claimant::Sshd)
    } else {
        Said { ends: Ends::Guessed, ..Said::new(Claimant::Program) }
    };
    let role = if is_servers { ClaimantRole::Server } else { ClaimantRole::Either };
    let mut said = Said { symptom: symptoms::find(page), came: *came, ..said };
    said.about.push((About { near: PartialEnd::default(), far, role }, Leg::This));
    Some(Heard::Said(Box::new(said)))
}

/// `10 from [10.0.0.9]:46482 on [10.0.0.2]:22 past MaxStartups`.
fn dropped(rest: &str) -> Heard {
    let after = |word: &str| rest.split_once(word).and_then(|(_, rest)| ends::whole(rest.split(' ').next()?));
    let (Some(far), Some(near)) = (after(" from "), after(" on ")) else { return Heard::Nothing };
    let symptom = symptoms::find("sshd-maxstartups").filter(|_| rest.ends_with(" past MaxStartups"));
    let mut said = Said { symptom, came: Came::Own, ..Said::new(Claimant::Sshd) };
    said.about.push((About { near, far, role: ClaimantRole::Server }, Leg::This));
    Heard::Said(Box::new(said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::syslog;

    fn hears(line: &str) -> Option<(Claimant, Option<&'static str>)> {
        let prefixed = syslog::prefix(line, &TimeZone::UTC);
        match hear(prefixed.rest, &prefixed, &Sieve::new(), &TimeZone::UTC) {
            Some(Heard::Said(said)) => Some((said.by, said.symptom.map(|symptom| symptom.id))),
            _ => None,
        }
    }

    #[test]
    fn a_users_name_is_not_the_word_of_sshd() {
        let sshd = |page| Some((Claimant::Sshd, page));
        let name = "sshd[8]: Disconnecting invalid user Exceeded MaxStartups 10.0.0.9 port 40000: Too many failures";
        assert_eq!(hears(name), sshd(None));
        let reset = "Connection reset by invalid user past MaxStartups 10.0.0.9 port 40000 [preauth]";
        assert_eq!(hears(reset), sshd(Some("ssh-reset-by")));
        let client = "Connection reset by 10.0.0.2 port 22";
        assert_eq!(hears(client), Some((Claimant::Program, Some("ssh-reset-by"))));
        assert_eq!(hears("app[7]: drop connection #1 from [10.0.0.9]:1 on [10.0.0.2]:22 past MaxStartups"), None);
    }
}
