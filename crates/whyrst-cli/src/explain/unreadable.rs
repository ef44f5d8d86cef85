//! A capture of which no frame could be read: that it shows no reset says nothing, so it is a failure, with what to do.

use whyrst_core::report::summary::Reading;

/// Why a frame cannot be read, and what to do. Frames of other protocols are read: they show no TCP.
const ADVICE: [(&str, &str); 6] = [
    (
        "unsupported-link-type",
        "capture on another interface, or with `tcpdump -y EN10MB` where the interface offers it (`tcpdump -L`); what a \
         link layer for private use is, say with --link-type",
    ),
    ("encrypted", "decrypt it first (Wireshark's IEEE 802.11 keys, `airdecap-ng`), or capture behind the access point"),
    ("link-header-cut", "capture more of each frame: `tcpdump -s 96` is enough"),
    ("ip-header-cut", "capture more of each frame: `tcpdump -s 96` is enough"),
    ("tcp-header-cut", "capture more of each frame: `tcpdump -s 96` is enough"),
    (
        "unknown-interface",
        "the file lacks the description of its interfaces: write it once more with `editcap -F pcapng`",
    ),
];

/// What is said where no frame could be read.
pub(crate) fn words(reading: &Reading) -> Option<String> {
    let unread = || reading.passed_over.iter().filter(|(name, ..)| ADVICE.iter().any(|(known, _)| known == name));
    let count: u64 = unread().map(|(.., count)| count).sum();
    let (name, sentence, _) = unread().max_by_key(|(.., count)| *count)?;
    let (_, advice) = ADVICE.iter().find(|(known, _)| known == name)?;
    let frames = reading.frames;
    (count > 0 && count == frames).then(|| format!("no frame of {frames} can be read ({sentence}): {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_no_frame_is_left_it_is_a_failure() {
        let of = |frames, passed_over| words(&Reading { frames, passed_over, ..Reading::default() });
        let usb = ("unsupported-link-type", "a link layer that is not read", 5);
        assert!(of(5, vec![usb]).is_some_and(|words| words.contains("--link-type")));
        assert_eq!(of(6, vec![usb, ("arp", "address resolution, no IP", 1)]), None);
        assert_eq!(of(5, vec![("arp", "address resolution, no IP", 5)]), None);
        assert_eq!(of(0, Vec::new()), None);
    }
}
