//! Interfaces within a Linux cooked capture of version 2: the "any" device says of each frame where
//! it was, and one packet is seen on several of them (veth, bridge, tunnel). So each of them becomes
//! an interface of its own, or the copies would look like retransmissions.

use crate::container::{InterfaceInfo, Ledger};
use crate::link::LinkType;

/// The interfaces met so far.
#[derive(Debug, Default)]
pub(crate) struct Cooked {
    known: Vec<Known>,
    /// Place in `known` of the one before: frames come in runs.
    last: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    device: u16,
    index: u32,
    number: u16,
}

impl Cooked {
    /// Beyond so many interfaces the later ones share the number of the device.
    const MAX: usize = 1024;

    /// The number of interface `index` of the capturing `device`.
    pub(crate) fn number(&mut self, device: u16, index: u32, ledger: &mut Ledger) -> u16 {
        let is_it = |known: &Known| known.device == device && known.index == index;
        if let Some(known) = self.known.get(self.last).filter(|known| is_it(known)) {
            return known.number;
        }
        match self.known.iter().position(is_it) {
            Some(place) => self.last = place,
            None if !self.add(device, index, ledger) => return device,
            None => self.last = self.known.len() - 1,
        }
        self.known[self.last].number
    }

    /// False when there is no room for it.
    fn add(&mut self, device: u16, index: u32, ledger: &mut Ledger) -> bool {
        let Ok(number) = u16::try_from(ledger.interfaces.len()) else { return false };
        if self.known.len() == Self::MAX {
            return false;
        }
        let of = ledger.interfaces.get(usize::from(device)).map_or("", |info| info.name.as_str());
        let name = format!("{of} interface {index}").trim_start().to_owned();
        ledger.interfaces.push(InterfaceInfo { name, link: LinkType::LINUX_SLL2 });
        self.known.push(Known { device, index, number });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_of_each_device_has_a_number_of_its_own() {
        let any = InterfaceInfo { name: "any".into(), link: LinkType::LINUX_SLL2 };
        let mut ledger = Ledger { interfaces: vec![any.clone(), any], ..Ledger::default() };
        let mut cooked = Cooked::default();
        let numbers =
            [(0, 7), (0, 9), (1, 7), (0, 7), (1, 7)].map(|(device, index)| cooked.number(device, index, &mut ledger));
        assert_eq!(numbers, [2, 3, 4, 2, 4]);
        assert_eq!(ledger.interfaces[3].name, "any interface 9");
    }

    #[test]
    fn endlessly_many_interfaces_are_not_remembered() {
        let mut ledger = Ledger::default();
        let mut cooked = Cooked::default();
        let numbers: Vec<_> = (0..2_000).map(|index| cooked.number(5, index, &mut ledger)).collect();
        assert_eq!((numbers[1_023], numbers[1_024]), (1_023, 5));
        assert_eq!(ledger.interfaces.len(), Cooked::MAX);
    }
}
