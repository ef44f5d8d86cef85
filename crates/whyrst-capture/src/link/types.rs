//! Link layers by their numbers and names.

use std::fmt;

/// A link layer by its LINKTYPE number (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)+) => {
        impl LinkType {
            $($(#[$doc])* pub const $constant: Self = Self($number);)+

            /// Those that are read.
            const READ: &'static [(Self, &'static str)] = &[$((Self::$constant, $name),)+];

            /// The name, for those that are read.
            const fn name_of_read(self) -> Option<&'static str> {
                match self.0 { $($number => Some($name),)+ _ => None }
            }
        }
    };
}

link_types! {
    /// BSD loopback: address family in the capturing host's byte order.
    NULL = 0, "NULL";
    /// Ethernet.
    ETHERNET = 1, "ETHERNET";
    /// AX.25, amateur packet radio.
    AX25 = 3, "AX25";
    /// IEEE 802.5 token ring.
    TOKEN_RING = 6, "IEEE802_5";
    /// ARCNET as BSD writes it.
    ARCNET_BSD = 7, "ARCNET_BSD";
    /// SLIP behind a direction.
    SLIP = 8, "SLIP";
    /// PPP, with or without address and control.
    PPP = 9, "PPP";
    /// FDDI.
    FDDI = 10, "FDDI";
    /// Raw IP; what some systems wrote for it before a number was assigned.
    RAW_BSD = 12, "RAW";
    /// Raw IP, as OpenBSD wrote it.
    RAW_OPENBSD = 14, "RAW";
    /// PPP or Cisco HDLC.
    PPP_HDLC = 50, "PPP_HDLC";
    /// `PPPoE` without Ethernet.
    PPP_ETHER = 51, "PPP_ETHER";
    /// What the Symantec Enterprise Firewall recorded.
    SYMANTEC_FIREWALL = 99, "SYMANTEC_FIREWALL";
    /// LLC over ATM.
    ATM_RFC1483 = 100, "ATM_RFC1483";
    /// Raw IP of either version.
    RAW = 101, "RAW";
    /// Cisco HDLC.
    C_HDLC = 104, "C_HDLC";
    /// IEEE 802.11.
    WLAN = 105, "IEEE802_11";
    /// Linux' classical IP over ATM.
    ATM_CLIP = 106, "ATM_CLIP";
    /// Frame relay.
    FRAME_RELAY = 107, "FRELAY";
    /// OpenBSD loopback: address family in network byte order.
    LOOP = 108, "LOOP";
    /// What `IPsec` had decrypted, of BSD.
    ENC = 109, "ENC";
    /// Linux "cooked" capture, version 1 (the "any" device).
    LINUX_SLL = 113, "LINUX_SLL";
    /// The log of BSD's packet filter.
    PFLOG = 117, "PFLOG";
    /// IEEE 802.11 behind a prism header.
    WLAN_PRISM = 119, "IEEE802_11_PRISM";
    /// IP over Fibre Channel.
    IP_OVER_FC = 122, "IP_OVER_FC";
    /// ATM of Solaris.
    SUNATM = 123, "SUNATM";
    /// IEEE 802.11 behind a radiotap header.
    WLAN_RADIOTAP = 127, "IEEE802_11_RADIOTAP";
    /// Another link layer behind the tags of a sniffer.
    TZSP = 128, "TZSP";
    /// ARCNET as Linux writes it.
    ARCNET_LINUX = 129, "ARCNET_LINUX";
    /// IP over `FireWire`, of macOS.
    APPLE_IP_OVER_IEEE1394 = 138, "APPLE_IP_OVER_IEEE1394";
    /// IEEE 802.11 behind an AVS header.
    WLAN_AVS = 163, "IEEE802_11_AVS";
    /// PPP as pppd writes it.
    PPP_PPPD = 166, "PPP_PPPD";
    /// Records of an Endace card, Ethernet.
    ERF_ETH = 175, "ERF_ETH";
    /// Records of an Endace card, HDLC.
    ERF_POS = 176, "ERF_POS";
    /// Ethernet behind what Juniper knows of it.
    JUNIPER_ETHER = 178, "JUNIPER_ETHER";
    /// Any link layer behind per-packet information.
    PPI = 192, "PPI";
    /// Records of an Endace card.
    ERF = 197, "ERF";
    /// AX.25 behind the type of a KISS frame.
    AX25_KISS = 202, "AX25_KISS";
    /// PPP behind a byte of direction.
    PPP_WITH_DIRECTION = 204, "PPP_WITH_DIR";
    /// Cisco HDLC behind a byte of direction.
    C_HDLC_WITH_DIRECTION = 205, "C_HDLC_WITH_DIR";
    /// Frame relay behind a byte of direction.
    FRAME_RELAY_WITH_DIRECTION = 206, "FRELAY_WITH_DIR";
    /// MPLS without Ethernet.
    MPLS = 219, "MPLS";
    /// IP of Solaris' `/dev/ipnet`.
    IPNET = 226, "IPNET";
    /// Raw IPv4.
    IPV4 = 228, "IPV4";
    /// Raw IPv6.
    IPV6 = 229, "IPV6";
    /// The log of Linux's packet filter.
    NFLOG = 239, "NFLOG";
    /// Ethernet behind four bytes of a netANALYZER.
    NETANALYZER = 240, "NETANALYZER";
    /// As before, with preamble and delimiter.
    NETANALYZER_TRANSPARENT = 241, "NETANALYZER_TRANSPARENT";
    /// IP over `InfiniBand`.
    IPOIB = 242, "IPOIB";
    /// Any link layer behind what macOS knows of the packet's process (tcpdump -i pktap).
    PKTAP = 258, "PKTAP";
    /// Ethernet with the preamble of a passive optical network.
    EPON = 259, "EPON";
    /// Ethernet with preamble and delimiter (IEEE 802.3br).
    ETHERNET_MPACKET = 274, "ETHERNET_MPACKET";
    /// Linux "cooked" capture, version 2.
    LINUX_SLL2 = 276, "LINUX_SLL2";
    /// Ethernet with the tag of a Broadcom switch.
    DSA_TAG_BRCM = 281, "DSA_TAG_BRCM";
    /// Ethernet behind the tag of a Broadcom switch.
    DSA_TAG_BRCM_PREPEND = 282, "DSA_TAG_BRCM_PREPEND";
    /// Ethernet with the tag of a Marvell switch.
    DSA_TAG_DSA = 284, "DSA_TAG_DSA";
    /// Ethernet with the longer tag of a Marvell switch.
    DSA_TAG_EDSA = 285, "DSA_TAG_EDSA";
}

impl LinkType {
    /// The one of that name among those that are read, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        Self::READ.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(link, _)| *link)
    }

    /// Whether its frames are read.
    pub const fn is_read(self) -> bool {
        self.name_of_read().is_some()
    }

    /// Whether the number means what its users agreed on.
    pub const fn is_for_private_use(self) -> bool {
        matches!(self.0, 147..=162)
    }

    /// The name without `LINKTYPE_`, for those that are read and the common ones that are not.
    pub const fn name(self) -> Option<&'static str> {
        if let Some(name) = self.name_of_read() {
            return Some(name);
        }
        Some(match self.0 {
            114 => "LTALK",
            143 => "DOCSIS",
            144 => "LINUX_IRDA",
            147..=162 => "USER",
            165 => "BACNET_MS_TP",
            177 => "LINUX_LAPD",
            187 => "BLUETOOTH_HCI_H4",
            189 => "USB_LINUX",
            195 => "IEEE802_15_4_WITHFCS",
            199 => "IPMB_LINUX",
            201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
            215 => "IEEE802_15_4_NONASK_PHY",
            220 => "USB_LINUX_MMAPPED",
            224 => "FC_2",
            227 => "CAN_SOCKETCAN",
            230 => "IEEE802_15_4_NOFCS",
            231 => "DBUS",
            243 => "MPEG_2_TS",
            245 => "NFC_LLCP",
            247 => "INFINIBAND",
            248 => "SCTP",
            249 => "USBPCAP",
            251 => "BLUETOOTH_LE_LL",
            252 => "WIRESHARK_UPPER_PDU",
            253 => "NETLINK",
            254 => "BLUETOOTH_LINUX_MONITOR",
            256 => "BLUETOOTH_LE_LL_WITH_PHDR",
            266 => "USB_DARWIN",
            270 => "VSOCK",
            265 | 272 => "NORDIC_BLE",
            283 => "IEEE802_15_4_TAP",
            288 => "USB_2_0",
            _ => return None,
        })
    }
}

/// `ETHERNET (1)`, `number 12345`.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "number {}", self.0),
        }
    }
}
