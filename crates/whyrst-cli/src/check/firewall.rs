//! What the firewall of a host means: rules that answer with RST, and translations that miss their answers.

use whyrst_core::language::Language;
use whyrst_probe::{Hook, HostFacts, RejectRule};

use super::findings::{Finding, Tense, finding};

pub(super) fn firewall(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let liberal = facts.setting("netfilter.nf_conntrack_tcp_be_liberal").is_some_and(|value| value != 0);
    let invalid = facts.invalid.filter(|count| *count > 0 && !liberal).map(|count| {
        let evidence = match language {
            Language::English => format!(
                "connection tracking called {count} packets INVALID, and \
                 net.netfilter.nf_conntrack_tcp_be_liberal is 0: such a packet keeps its \
                 untranslated address, and whoever gets it resets the connection"
            ),
            Language::Chinese => format!(
                "连接跟踪把 {count} 个报文判为 INVALID，而 net.netfilter.nf_conntrack_tcp_be_liberal 为 0：\
                 这样的报文不做地址转换，收到它的一方会重置连接"
            ),
        };
        let advice = language.pick(
            "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1, or drop them: \
             nft add rule ... ct state invalid drop",
            "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1，或者丢弃它们：\
             nft add rule ... ct state invalid drop",
        );
        let who = language.pick("connections translated by this host", "由本机做地址转换的连接");
        let found = finding("conntrack-invalid-dnat", Tense::May, who, evidence, advice);
        // Where nothing is translated, such packets go on as they are.
        if facts.translates { found } else { found.noted() }
    });
    let rules = facts.rejects.iter().map(|rule| {
        let tense = if rule.packets.is_some_and(|packets| packets > 0) { Tense::Has } else { Tense::Will };
        let advice = if rule.packets.is_some() {
            language.pick(
                "these resets are in no counter and no trace of TCP: drop the rule where it is not wanted",
                "TCP 的计数器和跟踪事件里都没有这些 RST：不需要的地方删掉这条规则",
            )
        } else {
            language.pick(
                "these resets are in no counter and no trace of TCP: give \
                 the rule a counter, and drop it where it is not wanted",
                "TCP 的计数器和跟踪事件里都没有这些 RST：给规则加上 counter，不需要的地方删掉它",
            )
        };
        let words = language.pick("a firewall rule answers with RST; ", "防火墙规则以 RST 应答；");
        finding(cause_of(rule), tense, rule.text.clone(), words.to_owned() + &met(rule.packets, language), advice)
    });
    let rules: Vec<Finding> = rules.collect();
    rules.into_iter().chain(invalid).collect()
}

/// The cause that a reset by this rule has: by the state of connection tracking that it asks for, and by its hook.
pub(super) fn cause_of(rule: &RejectRule) -> &'static str {
    let asks_for = |state: &str| {
        let mut words = rule.text.split([' ', ',', '{', '}']).skip_while(|word| !is_state(word));
        words.any(|word| word.eq_ignore_ascii_case(state))
    };
    if asks_for("invalid") {
        return "fw-state-lost";
    }
    if asks_for("established") {
        return "fw-reject-established";
    }
    match rule.hook {
        Some(Hook::Forward) => "fw-reject-transit",
        Some(Hook::Output) => "fw-reject-local-output",
        Some(Hook::Input) | None => "fw-reject-syn",
    }
}

/// What stands before the states: `ct state invalid`, `-m conntrack --ctstate INVALID`, `-m state --state INVALID`.
fn is_state(word: &str) -> bool {
    ["state", "--ctstate", "--state"].contains(&word)
}

/// What comes back on another way than through the translation stays as it is (`br_netfilter`: a bridge hands what it
/// forwards to netfilter only with `bridge-nf-call-iptables`), and ICMP that is dropped tells nobody of a smaller MTU.
pub(super) fn translation(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let bridged = (facts.setting("bridge.bridge-nf-call-iptables").unwrap_or_default() == 0)
        .then(|| facts.bridged_targets.first())
        .flatten()
        .map(|target| {
            finding(
                "reply-untranslated",
                Tense::May,
                match language {
                    Language::English => {
                        format!("connections to the service of {target} from its neighbours on the bridge")
                    }
                    Language::Chinese => format!("{target} 的同网桥邻居经由其服务地址建立的连接"),
                },
                match language {
                    Language::English => format!(
                        "a rule translates to {target}, which is on a bridge, and \
                         net.bridge.bridge-nf-call-iptables is off: the answer to a neighbour goes straight over the \
                         bridge, untranslated"
                    ),
                    Language::Chinese => format!(
                        "有规则把目的地址转换为 {target}，它在一个网桥上，\
                         而 net.bridge.bridge-nf-call-iptables 没有打开：给邻居的应答直接经过网桥，不做反向转换"
                    ),
                },
                language.pick(
                    "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1, or masquerade \
                     connections of neighbours",
                    "modprobe br_netfilter；sysctl -w net.bridge.bridge-nf-call-iptables=1，或者对邻居的连接做 \
                     masquerade",
                ),
            )
        });
    let dropped = facts.icmp_drops.first().map(|rule| {
        finding(
            "path-mtu-black-hole",
            Tense::May,
            rule.clone(),
            language
                .pick(
                    "a firewall rule drops ICMP whatever it says, so nobody here learns that a packet was too large",
                    "防火墙规则丢弃所有 ICMP，因此这里无法得知报文过大",
                )
                .into(),
            language.pick(
                "accept ICMP \"fragmentation needed\" (type 3 code 4) and ICMPv6 \"packet too big\" (type 2) \
                 before that rule; sysctl -w net.ipv4.tcp_mtu_probing=1",
                "在该规则之前接受 ICMP“需要分片”（类型 3 代码 4）和 ICMPv6“报文过大”（类型 2）；\
                 sysctl -w net.ipv4.tcp_mtu_probing=1",
            ),
        )
    });
    bridged.into_iter().chain(dropped).collect()
}

fn met(packets: Option<u64>, language: Language) -> String {
    match (packets, language) {
        (None, _) => language.pick("it has no counter", "它没有 counter").into(),
        (Some(packets), Language::English) => format!("it met {packets} packets"),
        (Some(packets), Language::Chinese) => format!("它命中了 {packets} 个报文"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_the_cause_of_the_resets_that_it_makes() {
        let cause = |text: &str, hook| cause_of(&RejectRule { text: text.into(), packets: None, hook });
        for (text, hook, id) in [
            ("ct state invalid counter packets 0 bytes 0 reject with tcp reset", Some(Hook::Input), "fw-state-lost"),
            ("ct state { invalid, untracked } reject with tcp reset", Some(Hook::Forward), "fw-state-lost"),
            (
                "-A INPUT -m conntrack --ctstate INVALID -j REJECT --reject-with tcp-reset",
                Some(Hook::Input),
                "fw-state-lost",
            ),
            (
                "ct state established,related tcp dport 80 reject with tcp reset",
                Some(Hook::Input),
                "fw-reject-established",
            ),
            ("tcp dport 25 reject with tcp reset", Some(Hook::Forward), "fw-reject-transit"),
            ("tcp dport 25 reject with tcp reset", Some(Hook::Output), "fw-reject-local-output"),
            ("tcp dport 25 reject with tcp reset", Some(Hook::Input), "fw-reject-syn"),
            ("tcp dport 25 reject with tcp reset", None, "fw-reject-syn"),
            ("tcp dport 25 reject with tcp reset comment \"invalid\"", Some(Hook::Input), "fw-reject-syn"),
        ] {
            assert_eq!(cause(text, hook), id, "{text}");
        }
    }
}
