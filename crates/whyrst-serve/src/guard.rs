//! Who may ask, and what the browser may do with the answers.
//!
//! A page that listens on loopback is reachable by every user of the host and, through their
//! browsers, by every web site they look at. So: a token in a header of each request, which the page gets once for the
//! word behind `#` in the address that was printed and keeps in the storage of its origin; a `Host` that names this
//! server, against names that were pointed at it (DNS rebinding); an `Origin` that is this page's wherever something is
//! changed; and a content security policy under which nothing from a packet could run or be sent anywhere.
//!
//! Not a cookie: browsers send one to every port of a host (RFC 6265 section 8.5), so any program that listens on
//! 127.0.0.1 would be shown it. What origins store belongs to scheme, host and port. The word is good for one exchange,
//! because the address that has it stays in the browser's history.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Json, Response};
use serde::Serialize;
use tokio::sync::Notify;
use whyrst_core::language::Language;

use crate::server::Shared;

/// What the page may load: its own script, style and answers, and nothing else.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the word of an address is exchanged for the token.
pub(crate) const SESSION: &str = "/api/session";
/// What a browser asks for before any script of the page runs: it has nothing of any capture in it.
const OPEN: [&str; 3] = ["/", "/app.js", "/app.css"];

/// 128 random bits that nobody guesses.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// From the kernel's random numbers.
    ///
    /// # Errors
    /// When the kernel has none to give.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits)?;
        Ok(Self(format!("{:032x}", u128::from_ne_bytes(bits))))
    }

    /// In a time that does not tell how much of it was right.
    fn is(&self, given: &str) -> bool {
        let differing = self.0.bytes().zip(given.bytes()).fold(0, |sum, (own, given)| sum | (own ^ given));
        given.len() == self.0.len() && differing == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Who may look: whoever has the token, and whoever comes next with the word of the address.
#[derive(Debug)]
pub(crate) struct Access {
    token: Token,
    /// None where the kernel had no random numbers for the next one.
    link: Mutex<Option<Token>>,
    used: Notify,
}

impl Access {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        Ok(Self { token: Token::random()?, link: Mutex::new(Some(Token::random()?)), used: Notify::new() })
    }

    /// The word that is good now.
    pub(crate) fn link(&self) -> Option<Token> {
        self.current().clone()
    }

    /// The word that is good after the one of now was used.
    pub(crate) async fn next_link(&self) -> Option<Token> {
        self.used.notified().await;
        self.link()
    }

    /// The token, for a word that is good until then.
    fn exchange(&self, given: &str) -> Option<&Token> {
        let mut link = self.current();
        link.take_if(|link| link.is(given))?;
        *link = Token::random().ok();
        self.used.notify_one();
        Some(&self.token)
    }

    fn current(&self) -> MutexGuard<'_, Option<Token>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to `POST /api/session`.
#[derive(Serialize)]
struct Session<'a> {
    token: &'a str,
}

/// `POST /api/session`, with the word as bearer. [`guard`] has looked at `Host` and `Origin`.
pub(crate) async fn session(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let token = bearer(&headers).and_then(|given| shared.access.exchange(given));
    token.map_or_else(
        || Refusal::Token.told(shared.options.language).into_response(),
        |token| Json(Session { token: &token.0 }).into_response(),
    )
}

/// Lets through who may ask, and dresses the answer.
pub(crate) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match admit(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.told(shared.options.language).into_response(),
    };
    dress(response.headers_mut());
    response
}

enum Refusal {
    /// The name in the URL is not this server's.
    Host,
    Token,
    Origin,
}

impl Refusal {
    const fn told(&self, language: Language) -> (StatusCode, &'static str) {
        match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                language.pick("this name is not one that whyrst serve answers to\n", "whyrst serve 不以这个名字应答\n"),
            ),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                language.pick(
                    "open the last URL that `whyrst serve` printed: each of them opens the page once\n",
                    "请打开 `whyrst serve` 最后输出的 URL：每个 URL 只能打开一次页面\n",
                ),
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                language.pick("only whyrst's own page may send this\n", "只有 whyrst 自己的页面可以发送\n"),
            ),
        }
    }
}

fn admit(shared: &Shared, request: &Request) -> Result<(), Refusal> {
    let (headers, path) = (request.headers(), request.uri().path());
    if !is_own_host(shared.address, headers) {
        return Err(Refusal::Host);
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_known = bearer(headers).is_some_and(|given| shared.access.token.is(given));
    // The word that opens a session is asked for where it is exchanged.
    if !is_known && path != SESSION && !(is_reading && OPEN.contains(&path)) {
        return Err(Refusal::Token);
    }
    if !is_reading && !is_own_origin(shared.address, headers) {
        return Err(Refusal::Origin);
    }
    Ok(())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    text(headers, &AUTHORIZATION)?.strip_prefix("Bearer ")
}

/// An address, or a name that no resolver decides.
fn is_own_host(address: SocketAddr, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else { return false };
    is_own(address, host)
}

/// Browsers name the page that sends; what has no `Origin` is no browser, and has shown the token.
fn is_own_origin(address: SocketAddr, headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_none_or(|origin| {
        origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")).is_some_and(|host| is_own(address, host))
    })
}

fn is_own(address: SocketAddr, host: &str) -> bool {
    let port = address.port();
    if let Ok(named) = host.parse::<SocketAddr>() {
        // Listening on all addresses, it has as many names; an address cannot be rebound.
        return named.port() == port && (named.ip() == address.ip() || address.ip().is_unspecified());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return port == 80 && (ip == address.ip() || address.ip().is_unspecified());
    }
    let reachable = address.ip().is_loopback() || address.ip().is_unspecified();
    reachable && host.strip_prefix("localhost:").and_then(|given| given.parse().ok()) == Some(port)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn dress(headers: &mut HeaderMap) {
    let all = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_reach_it() {
        let address: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        for host in ["127.0.0.1:4000", "localhost:4000"] {
            assert!(is_own(address, host), "{host}");
        }
        for host in
            ["evil.example:4000", "127.0.0.1:4001", "127.0.0.1", "localhost", "localhost:04x", "", "10.0.0.1:4000"]
        {
            assert!(!is_own(address, host), "{host}");
        }
        let all: SocketAddr = "0.0.0.0:4000".parse().unwrap();
        assert!(is_own(all, "192.0.2.7:4000") && !is_own(all, "host.example:4000"));
        let six: SocketAddr = "[::1]:4000".parse().unwrap();
        assert!(is_own(six, "[::1]:4000") && is_own(six, "localhost:4000") && !is_own(six, "[::2]:4000"));
    }

    #[test]
    fn a_token_is_right_as_a_whole_or_not_at_all() {
        let token = Token("00ff".into());
        assert!(token.is("00ff"));
        for wrong in ["", "0", "00f", "00fe", "00ff0"] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(Token::random().unwrap().to_string().len(), 32);
    }

    #[test]
    fn a_word_opens_the_page_once() {
        let access = Access::random().unwrap();
        let word = access.link().unwrap().to_string();
        assert!(access.exchange(&access.token.0).is_none() && access.exchange("").is_none());
        assert!(access.exchange(&word).is_some_and(|token| *token == access.token));
        assert!(access.exchange(&word).is_none(), "a second time");
        let next = access.link().unwrap().to_string();
        assert!(next != word && access.exchange(&next).is_some(), "the next one");
    }
}
