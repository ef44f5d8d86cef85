//! The shape of a symptom: what one folder in `symptoms/` holds.
//!
//! A symptom is a message as a program prints it when a connection ended badly: `curl: (56) Recv failure: ...`. It
//! says which program prints it and where, what had happened to the socket, and which causes of the catalogue bring
//! it about.

pub mod pattern;

use crate::language::Language;
use pattern::Pattern;

/// One message, or several that mean the same.
#[derive(Debug)]
pub struct Symptom {
    /// Kebab-case; also the name of its folder and of its page. Never changes its meaning.
    pub id: &'static str,
    /// What a machine needs of it: `symptom.rs`.
    pub facts: Facts,
    /// Ids of the causes in the catalogue, commonest first; empty where no connection is at fault.
    pub causes: &'static [&'static str],
    /// Its texts: `en.md`.
    pub en: Texts,
    /// The same in Simplified Chinese: `zh.md`.
    pub zh: Texts,
}

impl PartialEq for Symptom {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Symptom {
    /// Its texts in `language`.
    pub const fn texts(&self, language: Language) -> &Texts {
        language.pick(&self.en, &self.zh)
    }

    /// The message as people know it: the first example.
    pub fn message(&self) -> &'static str {
        self.facts.examples.first().copied().unwrap_or(self.id)
    }
}

/// The texts of a symptom in one language.
#[derive(Debug)]
pub struct Texts {
    /// What happened, as a headline without a full stop.
    pub title: &'static str,
    /// What it means in terms of the socket.
    pub meaning: &'static str,
    /// How each of [`Symptom::causes`] brings it about.
    pub causes: &'static [&'static str],
    /// The ground for their order; empty where there are none.
    pub order: &'static str,
    /// What to look for in what the commands of [`Facts::decide`] print.
    pub tell: &'static str,
}

/// What a machine needs of a symptom.
#[derive(Debug)]
pub struct Facts {
    /// Who prints it, by the name that people search for.
    pub program: &'static str,
    /// Where its page stands in the index.
    pub topic: Topic,
    /// The message, with what varies left out.
    pub patterns: &'static [Pattern],
    /// The message as it was printed, the best known form first.
    pub examples: &'static [&'static str],
    /// Ids of other symptoms that some of the examples show as well.
    pub also: &'static [&'static str],
    /// Where the message comes from.
    pub printed: &'static [Printed],
    /// What had happened to the socket.
    pub socket: Socket,
    /// What tells the causes apart.
    pub decide: Decide,
}

/// Groups of symptoms, in the order of the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// Commands that people type.
    Tools,
    /// Proxies and load balancers.
    Proxies,
    /// What programs in some language print.
    Languages,
    /// Databases, caches, queues.
    Stores,
    /// Clouds and Kubernetes.
    Platforms,
    /// The words of the system itself: what hardly a program prints alone, and many print within their own.
    System,
}

impl Topic {
    /// All of them, in the order of the index.
    pub const ALL: [Self; 6] =
        [Self::Tools, Self::Proxies, Self::Languages, Self::Stores, Self::Platforms, Self::System];

    /// Its heading.
    pub const fn title(self, language: Language) -> &'static str {
        match self {
            Self::Tools => language.pick("Commands", "命令行工具"),
            Self::Proxies => language.pick("Proxies and balancers", "代理与负载均衡"),
            Self::Languages => language.pick("Languages and libraries", "语言与库"),
            Self::Stores => language.pick("Databases and queues", "数据库与队列"),
            Self::Platforms => language.pick("Clouds and Kubernetes", "云平台与 Kubernetes"),
            Self::System => language.pick("The system's own words", "系统自身的措辞"),
        }
    }
}

/// Where a message is put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Printed {
    /// A function of a program.
    Code {
        /// The program, with its versions where the message changed.
        by: &'static str,
        /// Path in its source tree.
        file: &'static str,
        /// Function.
        symbol: &'static str,
    },
    /// A page of the program's documentation, or its issue.
    Documented {
        /// Whose.
        by: &'static str,
        /// Its title.
        page: &'static str,
    },
}

/// A function in the source of a program.
pub const fn code(by: &'static str, file: &'static str, symbol: &'static str) -> Printed {
    Printed::Code { by, file, symbol }
}

/// A page of a program's documentation.
pub const fn documented(by: &'static str, page: &'static str) -> Printed {
    Printed::Documented { by, page }
}

/// What had happened to the socket of the program that prints the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Socket {
    /// The system call that failed, or that returned an end of file too early.
    pub call: Option<&'static str>,
    /// Its error.
    pub errno: Option<Errno>,
    /// What the other end, or something in its name, had sent.
    pub came: Came,
}

/// What ended a connection, as packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// A RST.
    Rst,
    /// A FIN: an end of file, and no error.
    Fin,
    /// Either: the message is the same.
    RstOrFin,
    /// A RST in answer to the SYN.
    Refusal,
    /// A RST in answer to the SYN, or nothing at all.
    RefusalOrSilence,
    /// Nothing, until a timer ran out.
    Silence,
    /// Nothing bad: this end ended it.
    Own,
    /// No packet: the connection is not at fault.
    Nothing,
}

impl Came {
    /// In words.
    pub const fn words(self, language: Language) -> &'static str {
        match self {
            Self::Rst => language.pick("a RST arrived", "收到了 RST"),
            Self::Fin => language.pick("a FIN arrived", "收到了 FIN"),
            Self::RstOrFin => language.pick("a RST or a FIN arrived", "收到了 RST 或 FIN"),
            Self::Refusal => language.pick("the SYN was answered by a RST", "SYN 得到的应答是 RST"),
            Self::RefusalOrSilence => {
                language.pick("the SYN was answered by a RST, or by nothing", "SYN 得到的应答是 RST，或者没有应答")
            }
            Self::Silence => language.pick("nothing arrived in time", "在限定时间内什么也没收到"),
            Self::Own => language.pick("this end ended the connection itself", "是本端自己结束了连接"),
            Self::Nothing => language.pick("no packet is at fault", "与报文无关"),
        }
    }

    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rst => "rst",
            Self::Fin => "fin",
            Self::RstOrFin => "rst-or-fin",
            Self::Refusal => "refusal",
            Self::RefusalOrSilence => "refusal-or-silence",
            Self::Silence => "silence",
            Self::Own => "own",
            Self::Nothing => "nothing",
        }
    }
}

/// An error by its name, and by its number where that is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errno {
    /// A RST came.
    Reset,
    /// A write after the connection had ended.
    Pipe,
    /// The SYN was refused.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// The own host gave it up.
    Aborted,
    /// [`Errno::Reset`] on Windows.
    WindowsReset,
    /// [`Errno::Refused`] on Windows.
    WindowsRefused,
    /// [`Errno::Aborted`] on Windows.
    WindowsAborted,
    /// [`Errno::TimedOut`] on Windows.
    WindowsTimedOut,
}

impl Errno {
    /// Its name in C.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reset => "ECONNRESET",
            Self::Pipe => "EPIPE",
            Self::Refused => "ECONNREFUSED",
            Self::TimedOut => "ETIMEDOUT",
            Self::Aborted => "ECONNABORTED",
            Self::WindowsReset => "WSAECONNRESET",
            Self::WindowsRefused => "WSAECONNREFUSED",
            Self::WindowsAborted => "WSAECONNABORTED",
            Self::WindowsTimedOut => "WSAETIMEDOUT",
        }
    }

    /// Its number, on Linux or on Windows.
    pub const fn number(self) -> u16 {
        match self {
            Self::Reset => 104,
            Self::Pipe => 32,
            Self::Refused => 111,
            Self::TimedOut => 110,
            Self::Aborted => 103,
            Self::WindowsReset => 10054,
            Self::WindowsRefused => 10061,
            Self::WindowsAborted => 10053,
            Self::WindowsTimedOut => 10060,
        }
    }
}

/// What tells the causes apart: one command each way, on the same host. Words in capitals are for the reader to fill
/// in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decide {
    /// Where to type it.
    pub on: Host,
    /// With whyrst.
    pub whyrst: &'static str,
    /// Without it.
    pub without: &'static str,
}

/// A host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Host {
    /// That of the program which connects.
    Client,
    /// That of the program which listens.
    Server,
    /// That of the proxy which logs the message.
    Proxy,
    /// The one that the message comes from, whichever it is.
    Here,
}

impl Host {
    /// In words, after "on".
    pub const fn words(self, language: Language) -> &'static str {
        match self {
            Self::Client => language.pick("the client's host", "客户端主机"),
            Self::Server => language.pick("the server's host", "服务端主机"),
            Self::Proxy => language.pick("the proxy's host", "代理所在主机"),
            Self::Here => language.pick("the host that printed it", "打印这条消息的主机"),
        }
    }

    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Proxy => "proxy",
            Self::Here => "here",
        }
    }
}

/// What a `symptom.rs` is written with.
pub(crate) mod prelude {
    pub(crate) use super::pattern::{alone, exactly, says};
    pub(crate) use super::{Came, Decide, Errno, Facts, Host, Socket, Topic, code, documented};
}
