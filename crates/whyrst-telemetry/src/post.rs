//! HTTP requests with a body, and what their answers mean for it: taken, refused for good, or again later.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::TelemetryError;

/// How long one request may take. A collector answers when it has queued the batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read: a partial success, or a sentence about what is wrong.
const ANSWER: u64 = 64 * 1024;

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
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let said = response.body_mut().with_config().limit(ANSWER).read_to_vec().unwrap_or_default();
        if status.is_success() {
            return Answer::Taken(said);
        }
        let words = format!("{url} answered {status}: {}", String::from_utf8_lossy(&said).trim());
        match status.as_u16() {
            // OTLP specification, "Failures"; 500 and 404 are what ClickHouse and proxies say while they start.
            404 | 408 | 429 | 500 | 502 | 503 | 504 => Answer::Later(after.map(Duration::from_secs), words),
            _ => Answer::Refused(words),
        }
    }
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
}
