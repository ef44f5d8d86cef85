//! Kernel functions by address, from `/proc/kallsyms`: who called whom when a reset was sent.

use std::fs::File;
use std::io::{BufRead, BufReader};

/// Functions of the running kernel in order of their addresses. Empty when the kernel hides them.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    starts: Vec<u64>,
    /// Where each name begins in `names`, and one past the last.
    offsets: Vec<u32>,
    names: String,
}

impl Symbols {
    pub(crate) fn of_running_kernel() -> Self {
        File::open("/proc/kallsyms").map_or_else(|_| Self::default(), |file| Self::read(BufReader::new(file)))
    }

    fn read(text: impl BufRead) -> Self {
        let mut found: Vec<(u64, String)> =
            text.lines().map_while(Result::ok).filter_map(|line| function(&line)).collect();
        found.sort_unstable();
        let mut symbols = Self::default();
        for (start, name) in found {
            symbols.starts.push(start);
            symbols.offsets.push(u32::try_from(symbols.names.len()).unwrap_or(u32::MAX));
            symbols.names.push_str(&name);
        }
        symbols.offsets.push(u32::try_from(symbols.names.len()).unwrap_or(u32::MAX));
        symbols
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The function that `address` lies in.
    pub(crate) fn name(&self, address: u64) -> Option<&str> {
        let at = self.starts.partition_point(|start| *start <= address).checked_sub(1)?;
        let (from, to) = (self.offsets[at], self.offsets[at + 1]);
        self.names.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }
}

/// Functions that translate addresses of connections: of netfilter's NAT and of IPVS.
const TRANSLATING: [&str; 2] = ["nf_nat_setup_info", "ip_vs_nat_xmit"];

/// Whether this kernel may give the two ends of one connection different names: its NAT is built in, or loaded. True too
/// where it hides what it has.
pub fn may_translate() -> bool {
    let Ok(file) = File::open("/proc/kallsyms") else { return true };
    has_one_of(BufReader::new(file), &TRANSLATING)
}

/// Names stand there for everybody, addresses do not.
fn has_one_of(text: impl BufRead, functions: &[&str]) -> bool {
    let mut names = text.lines().map_while(Result::ok).map(|line| line.split_whitespace().nth(2).map(str::to_owned));
    names.any(|name| name.is_some_and(|name| functions.contains(&base(&name))))
}

/// `ffffffff81000000 T name [module]`; addresses are 0 for those who may not see them.
fn function(line: &str) -> Option<(u64, String)> {
    let mut words = line.split_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok().filter(|address| *address != 0)?;
    let is_code = matches!(words.next()?, "t" | "T" | "w" | "W");
    is_code.then(|| words.next().map(|name| (address, base(name).to_owned())))?
}

/// A compiler's variants (`.isra.0`, `.constprop.0`, `.part.0`) are the function itself.
fn base(name: &str) -> &str {
    name.split('.').next().filter(|base| !base.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
ffffffff81000200 t __tcp_close.part.0
ffffffff81000100 T tcp_close
ffffffff81000300 D some_data
0000000000000000 T hidden
ffffffffc0000000 t nf_send_reset\t[nf_reject_ipv4]
";

    #[test]
    fn a_kernel_with_nat_is_known_by_its_functions_also_where_their_addresses_are_hidden() {
        let hidden = "0000000000000000 T tcp_close\n0000000000000000 T nf_nat_setup_info\t[nf_nat]\n";
        assert!(has_one_of(hidden.as_bytes(), &TRANSLATING));
        assert!(!has_one_of(TEXT.as_bytes(), &TRANSLATING));
    }

    #[test]
    fn an_address_belongs_to_the_function_that_begins_before_it() {
        let symbols = Symbols::read(TEXT.as_bytes());
        assert_eq!(symbols.name(0xffff_ffff_8100_0150), Some("tcp_close"));
        assert_eq!(symbols.name(0xffff_ffff_8100_0200), Some("__tcp_close"));
        assert_eq!(symbols.name(0xffff_ffff_c000_0010), Some("nf_send_reset"));
        assert_eq!(symbols.name(1), None);
    }

    #[test]
    fn hidden_addresses_give_no_names() {
        assert!(Symbols::read("0000000000000000 T tcp_close\n".as_bytes()).is_empty());
    }
}
