//! What is wrong with a filter, and where.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use whyrst_model::language::Language;

/// Longest filter that is read, in bytes.
pub(super) const LONGEST: usize = 65_536;
/// Parentheses within each other.
pub(super) const DEEPEST: usize = 100;

/// Why a filter cannot be read, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    /// What was typed.
    pub(super) filter: String,
    /// Characters before the place.
    pub at: usize,
    /// Characters that are meant.
    pub width: usize,
    /// What is wrong there.
    pub why: Why,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each says in words what it is")]
pub enum Why {
    Long,
    Deep,
    Empty,
    Ends,
    Parenthesis,
    Misplaced(String),
    Key {
        given: String,
        near: &'static str,
    },
    Word {
        key: &'static str,
        given: String,
        near: &'static str,
    },
    Address(String),
    Net(String),
    Port(String),
    Number(String),
    Length,
    Time(String),
    Order(String),
    Bytes(String),
    Unsupported(String),
    /// A word that is about single packets, where only whole connections are known.
    Packets(String),
    /// A term that is about verdicts, where only packets are known.
    Verdicts(String),
}

impl FilterError {
    /// Without its place, for whoever sees the filter.
    pub fn words(&self, language: Language) -> String {
        match language {
            Language::English => self.why.to_string(),
            Language::Chinese => self.why.chinese(),
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.filter.len() > LONGEST {
            return self.why.fmt(f);
        }
        let shown: String = self.filter.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let marks = "^".repeat(self.width.max(1));
        write!(f, "{}\n    {shown}\n    {:indent$}{marks}", self.why, "", indent = self.at)
    }
}

impl core::error::Error for FilterError {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long => write!(f, "the filter has more than {LONGEST} bytes"),
            Self::Deep => write!(f, "more than {DEEPEST} parentheses within each other"),
            Self::Empty => f.write_str("the filter is empty"),
            Self::Ends => f.write_str("a term is missing at the end of the filter, or before )"),
            Self::Parenthesis => f.write_str("a parenthesis has no other half"),
            Self::Misplaced(word) => write!(f, "a term is missing before {word}"),
            Self::Key { given, near } => write!(
                f,
                "there is no key {given}: did you mean {near}:? Put it in double quotes to search for that text"
            ),
            Self::Word { key, given, near } => write!(f, "{key} is never {given}: did you mean {key}:{near}?"),
            Self::Address(term) => {
                write!(f, "{term}: expected an address, address/bits, address:port, or :port; names are not looked up")
            }
            Self::Net(term) => {
                write!(f, "{term}: expected a network: 10.0.0.0/8, 10.1, 10.0.0.0 mask 255.0.0.0 or 2001:db8::/32")
            }
            Self::Port(term) => {
                write!(f, "{term}: expected a port number or a range such as 8000-8100; names are not looked up")
            }
            Self::Number(text) => write!(f, "what is {text}? Write port {text} for a port, \"{text}\" for the text"),
            Self::Length => f.write_str("expected a number of bytes here"),
            Self::Time(term) => {
                write!(f, "{term}: expected two times such as 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z")
            }
            Self::Order(word) => write!(f, "{word} must stand before the direction and the kind"),
            Self::Bytes(word) => write!(f, "{word}: filters on bytes of a packet are not supported"),
            Self::Unsupported(word) => {
                write!(f, "{word} is not supported; put it in double quotes to search for that text")
            }
            Self::Packets(word) => write!(
                f,
                "{word} chooses packets, and what stands here chooses among reports: use peer: for the client and \
                 service: for the server, or explain --filter with {word} beside everything else"
            ),
            Self::Verdicts(term) => write!(f, "{term} is known of reports only, and packets are chosen here"),
        }
    }
}

impl Why {
    fn chinese(&self) -> String {
        match self {
            Self::Long => format!("过滤条件超过了 {LONGEST} 字节"),
            Self::Deep => format!("括号嵌套超过 {DEEPEST} 层"),
            Self::Empty => "过滤条件是空的".to_string(),
            Self::Ends => "过滤条件的末尾或 ) 之前缺少一项".to_string(),
            Self::Parenthesis => "括号不成对".to_string(),
            Self::Misplaced(word) => format!("{word} 之前缺少一项"),
            Self::Key { given, near } => {
                format!("没有 {given} 这个键：是指 {near}: 吗？要按文字搜索，请放在双引号里")
            }
            Self::Word { key, given, near } => format!("{key} 不会是 {given}：是指 {key}:{near} 吗？"),
            Self::Address(term) => format!("{term}：应为地址、地址/位数、地址:端口或 :端口；不解析主机名"),
            Self::Net(term) => {
                format!("{term}：应为网段，例如 10.0.0.0/8、10.1、10.0.0.0 mask 255.0.0.0 或 2001:db8::/32")
            }
            Self::Port(term) => format!("{term}：应为端口号或范围，例如 8000-8100；不解析服务名"),
            Self::Number(text) => format!("{text} 指什么？端口请写 port {text}，文字请写 \"{text}\""),
            Self::Length => "这里应为字节数".to_string(),
            Self::Time(term) => format!("{term}：应为两个时间，例如 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z"),
            Self::Order(word) => format!("{word} 必须写在方向和类型之前"),
            Self::Bytes(word) => format!("{word}：不支持按报文的字节过滤"),
            Self::Unsupported(word) => format!("不支持 {word}；要按文字搜索，请放在双引号里"),
            Self::Packets(word) => format!(
                "{word} 选的是报文，而这里选的是报告：客户端请用 peer:，服务端请用 service:，\
                 或在 explain --filter 里把 {word} 与其他条件并列"
            ),
            Self::Verdicts(term) => format!("{term} 只有报告才有，而这里选的是报文"),
        }
    }
}
