//! Who may ask, and what the browser may do with the answers.
//!
//! A page that listens on loopback is reachable by every user of the host and, through their
//! browsers, by every web site they look at. So: a token that only the person who started it knows, in
//! the URL once and in a cookie from then on; a `Host` that names this server, against names that were
//! pointed at it (DNS rebinding); an `Origin` that is this page's wherever something is changed; and a
//! content security policy under which nothing from a packet could run or be sent anywhere.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use whyrst_core::language::Language;

use crate::server::Shared;

/// What the page may load: its own script, style and answers, and nothing else.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// 128 random bits that open the page.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// From the kernel's random numbers.
    ///
    /// # Errors
    /// When the kernel has none to give.
    pub fn random() -> Result<Self, getrandom::Error> {
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

/// Lets through who may ask, and dresses the answer.
pub(crate) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match admit(&shared, &request) {
        Ok(Admitted::ByCookie) => next.run(request).await,
        Ok(Admitted::ByUrl) => {
            let mut response = next.run(request).await;
            if let Ok(cookie) = HeaderValue::from_str(&shared.cookie()) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Err(refusal) => refusal.told(shared.options.language).into_response(),
    };
    dress(response.headers_mut());
    response
}

enum Admitted {
    ByCookie,
    ByUrl,
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
                    "open the URL that `whyrst serve` printed: it has the token\n",
                    "请打开 `whyrst serve` 输出的 URL：其中带有令牌\n",
                ),
            ),
            Self::Origin => (
                StatusCode::FORBIDDEN,
                language.pick("only whyrst's own page may send this\n", "只有 whyrst 自己的页面可以发送\n"),
            ),
        }
    }
}

fn admit(shared: &Shared, request: &Request) -> Result<Admitted, Refusal> {
    let headers = request.headers();
    if !is_own_host(shared.address, headers) {
        return Err(Refusal::Host);
    }
    let admitted = known(shared, request).ok_or(Refusal::Token)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_own_origin(shared.address, headers) {
        return Err(Refusal::Origin);
    }
    Ok(admitted)
}

fn known(shared: &Shared, request: &Request) -> Option<Admitted> {
    let headers = request.headers();
    let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let name = shared.cookie_name();
    let mut cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let has_cookie = cookies.any(|cookies| {
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(key, value)| key == name && shared.token.is(value))
    });
    if has_cookie || bearer.is_some_and(|bearer| shared.token.is(bearer)) {
        return Some(Admitted::ByCookie);
    }
    let query = request.uri().query().unwrap_or_default();
    let mut given = query.split('&').filter_map(|pair| pair.strip_prefix("token="));
    (request.uri().path() == "/" && given.any(|given| shared.token.is(given))).then_some(Admitted::ByUrl)
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
}
