//! HTTP requests with a body, and what their answers mean for it: taken, refused for good, or again later.

use std::io::{Read as _, Write as _};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::fmt::rfc2822;
use whyrst_core::report::escape::escape_name;

use crate::error::TelemetryError;

/// How long one request may take. A collector answers when it has queued the batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read: a partial success, or a sentence about what is wrong.
const ANSWER: u64 = 64 * 1024;
/// Characters of an answer that are said.
const SAID: usize = 300;
/// Nobody is asked again sooner, and nobody is waited for longer, whatever `Retry-After` says.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_mins(5);

/// An `http://` or `https://` address, without a slash at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place(String);

impl Place {
    /// # Errors
    /// When this program cannot post to `url`.
    pub fn new(url: &str) -> Result<Self, TelemetryError> {
        let cannot = |because| TelemetryError::Url { url: url.to_owned(), because };
        let bare = url.trim_end_matches('/');
        let rest = match bare.split_once("://") {
            Some(("http", rest)) => rest,
            Some(("https", rest)) if cfg!(feature = "tls") => rest,
            Some(("https", _)) => {
                return Err(cannot(
                    "this whyrst was built without TLS (cargo feature `tls`): send to a collector on \
                                   this host, over http",
                ));
            }
            _ => return Err(cannot("it does not begin with http:// or https://")),
        };
        if rest.is_empty() || rest.starts_with('/') || rest.contains(char::is_whitespace) {
            return Err(cannot("it names no host"));
        }
        Ok(Self(bare.to_owned()))
    }

    /// The address of `path` below it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// Further headers of each request, such as those that say who sends it.
pub type Headers = Vec<(String, String)>;

/// What became of a body.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It was taken; what was said about it.
    Taken(Vec<u8>),
    /// It will not be taken, also later.
    Refused(String),
    /// Nobody was there, or had time; not before so long.
    Later(Option<Duration>, String),
}

/// Keeps connections open between requests.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    headers: Headers,
}

impl Client {
    pub(crate) fn new(headers: Headers) -> Self {
        let config = ureq::Agent::config_builder();
        // The host's own certificates: a company's collector has a company's authority.
        #[cfg(feature = "tls")]
        let config = config
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build());
        let config = config
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("whyrst/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), headers }
    }

    /// Posts `body`, compressed.
    pub(crate) fn post(&self, url: &str, content: &str, body: &[u8]) -> Answer {
        let request = self.agent.post(url).header("content-type", content).header("content-encoding", "gzip");
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let mut response = match request.send(compressed(body)) {
            Ok(response) => response,
            Err(error) => return Answer::Later(None, format!("cannot post to {url}: {error}")),
        };
        let status = response.status();
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, SystemTime::now()));
        let said = beginning(response.body_mut().as_reader());
        if status.is_success() {
            return Answer::Taken(said);
        }
        let said: String = escape_name(String::from_utf8_lossy(&said).trim()).chars().take(SAID).collect();
        match status.as_u16() {
            // The headers of this request, which may have a password, are not for whoever is named there.
            300..=399 => {
                let words = format!("{url} answered {status}: redirects are not followed, name the address itself");
                Answer::Later(after, words)
            }
            // OTLP specification, "Failures"; 500 and 404 are what ClickHouse and proxies say while they start.
            404 | 408 | 429 | 500 | 502 | 503 | 504 => Answer::Later(after, format!("{url} answered {status}: {said}")),
            _ => Answer::Refused(format!("{url} answered {status}: {said}")),
        }
    }
}

/// As much of an answer as is read, also where the rest does not come.
fn beginning(body: impl std::io::Read) -> Vec<u8> {
    let mut said = Vec::new();
    // What came before an error is there.
    body.take(ANSWER).read_to_end(&mut said).unwrap_or_default();
    said
}

/// RFC 9110 section 10.2.3: seconds, of any number of digits, or a date. Between [`SOONEST`] and [`LATEST`].
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let wanted = if is_number {
        value.parse().map_or(Duration::MAX, Duration::from_secs)
    } else {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
        SystemTime::from(date).duration_since(now).unwrap_or_default()
    };
    Some(wanted.clamp(SOONEST, LATEST))
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_with_a_host() {
        assert_eq!(Place::new("http://127.0.0.1:4318/").unwrap().at("/v1/logs"), "http://127.0.0.1:4318/v1/logs");
        assert_eq!(Place::new("http://h/otlp").unwrap().at("/v1/logs"), "http://h/otlp/v1/logs");
        for wrong in ["127.0.0.1:4318", "http://", "http:///x", "ftp://h", "http://a b"] {
            assert!(Place::new(wrong).is_err(), "{wrong}");
        }
    }

    /// Answers every request with these bytes, and then says nothing more.
    fn answering(bytes: Vec<u8>) -> Place {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(&bytes);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                silent.push(stream);
            }
        });
        Place::new(&format!("http://{at}")).unwrap()
    }

    fn answer(bytes: impl Into<Vec<u8>>) -> Answer {
        Client::new(Headers::new()).post(&answering(bytes.into()).at("/v1/logs"), "text/plain", b"x")
    }

    #[test]
    fn whatever_retry_after_says_the_pause_has_a_bound() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, wanted) in [
            ("3", Some(Duration::from_secs(3))),
            ("0", Some(SOONEST)),
            ("18446744073709551615", Some(LATEST)),
            ("99999999999999999999999999999999", Some(LATEST)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Duration::from_secs(10))),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(SOONEST)),
            ("Thu, 31 Dec 9998 23:59:59 GMT", Some(LATEST)),
            ("-1", None),
            ("1e9", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), wanted, "{value}");
        }
    }

    #[test]
    fn a_pause_beyond_all_clocks_is_no_crash() {
        use crate::outbox::{Batch, Kind, Outbox};
        use crate::worker::Sending;
        let place = answering(b"HTTP/1.1 503 x\r\nRetry-After: 18446744073709551615\r\n\r\n".to_vec());
        let client = Client::new(Headers::new());
        let (remarks, _said) = crate::worker::remarks();
        let mut sending = Sending::new(Outbox::in_memory(1_000), std::sync::Arc::default(), remarks);
        sending.push(Batch { kind: Kind::Logs, items: 1, body: vec![0] });
        sending.turn(std::time::Instant::now(), |batch, _| (client.post(&place.at("/"), "text/plain", &batch.body), 0));
    }

    #[test]
    fn statuses_of_every_kind_have_a_meaning() {
        let later = |bytes: &str| matches!(answer(bytes), Answer::Later(..));
        let refused = |bytes: &str| matches!(answer(bytes), Answer::Refused(_));
        assert!(matches!(answer("HTTP/1.1 299 x\r\nContent-Length: 0\r\n\r\n"), Answer::Taken(_)));
        assert!(refused("HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n"));
        assert!(refused("HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n"));
        for bytes in [
            "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
            // No status, a TLS alert (RFC 8446 section 6) in the place of an answer, and nothing at all.
            "HTTP/1.1 000 x\r\n\r\n",
            "\x15\x03\x01\0\x02\x02\x46",
            "",
            "HTTP/1.1 100 x\r\n\r\n",
        ] {
            assert!(later(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_redirect_is_not_followed_and_that_is_said() {
        let elsewhere = answering(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n".to_vec());
        for status in [301, 302, 307, 308] {
            let head = format!("HTTP/1.1 {status} x\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.at("/"));
            let Answer::Later(_, words) = answer(head) else { panic!("{status}: it was followed or given up") };
            assert!(words.contains("redirects are not followed"), "{words}");
        }
    }

    #[test]
    fn an_answer_of_any_length_is_read_to_a_bound_and_said_without_its_control_characters() {
        let mut endless = b"HTTP/1.1 400 x\r\nContent-Length: 99999999999\r\n\r\n\x1b[31mno\n".to_vec();
        endless.resize(4 << 20, b'x');
        let Answer::Refused(words) = answer(endless) else { panic!("it was not refused") };
        assert!(words.contains("no") && words.len() < 500, "{} bytes: {words}", words.len());
        assert!(!words.contains('\u{1b}') && !words.contains('\n'), "{words}");
        let cut = b"HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\nabc".to_vec();
        assert!(matches!(answer(cut), Answer::Taken(said) if said == b"abc"));
    }
}
