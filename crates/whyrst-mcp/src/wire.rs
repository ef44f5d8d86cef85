//! The wire: one JSON-RPC message a line. Whatever the bytes are, the next line is read.

use std::io;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ErrorData, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;
use whyrst_output::said;

/// A longer line is passed over: what a client asks fits into far less.
const LONGEST: usize = 4 << 20;

type Input = dyn AsyncBufRead + Send + Unpin;
type Output = dyn AsyncWrite + Send + Unpin;

/// Both directions. Its copies share them, so that a session that failed to begin loses nothing that follows.
#[derive(Clone)]
pub(crate) struct Wire {
    input: Arc<Mutex<Lines>>,
    output: Arc<Mutex<Box<Output>>>,
}

impl Wire {
    /// Standard input and output.
    pub(crate) fn standard() -> Self {
        Self::of(Box::new(BufReader::new(tokio::io::stdin())), Box::new(tokio::io::stdout()))
    }

    fn of(input: Box<Input>, output: Box<Output>) -> Self {
        Self { input: Arc::new(Mutex::new(Lines::of(input))), output: Arc::new(Mutex::new(output)) }
    }

    /// Whether nothing more will come.
    pub(crate) async fn is_over(&self) -> bool {
        self.input.lock().await.over
    }

    fn write(&self, message: &TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + use<> {
        let line = serde_json::to_vec(message).map(|mut line| {
            line.push(b'\n');
            line
        });
        let output = Arc::clone(&self.output);
        async move {
            let mut output = output.lock().await;
            output.write_all(&line?).await?;
            output.flush().await
        }
    }
}

impl Transport<RoleServer> for Wire {
    type Error = io::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.write(&item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let line = self.input.lock().await.next().await?;
            match message(&line) {
                Ok(message) => return Some(message),
                Err(Refused { id, why }) => {
                    said::line(format!("whyrst mcp: a line was passed over: {why}"));
                    if let Some(id) = id {
                        let error = ErrorData::invalid_request(format!("no request of this protocol: {why}"), None);
                        // In a task of its own: who receives may stop waiting in the middle, and half a line is none.
                        tokio::spawn(self.write(&TxJsonRpcMessage::<RoleServer>::error(error, Some(id))));
                    }
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that is no message, with the id that an answer needs.
#[derive(Debug)]
struct Refused {
    id: Option<RequestId>,
    why: String,
}

/// The message of a line. What has no id is not answered, as the protocol has it: whoever sends garbage and reads
/// the answer as more of it would never end.
fn message(line: &[u8]) -> Result<RxJsonRpcMessage<RoleServer>, Refused> {
    let whole = match serde_json::from_slice::<Value>(line) {
        Ok(whole) => whole,
        Err(error) => return Err(Refused { id: None, why: format!("it is no JSON: {error}") }),
    };
    let id = whole.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    serde_json::from_slice(line).map_err(|error| Refused { id, why: crate::text::bounded(&error.to_string(), 200) })
}

/// Lines of an input, of bounded length.
struct Lines {
    input: Box<Input>,
    /// What is there of the next line. Whoever waits for it may stop waiting.
    line: Vec<u8>,
    /// The line was too long, and is passed over up to its end.
    passing_over: bool,
    over: bool,
}

impl Lines {
    fn of(input: Box<Input>) -> Self {
        Self { input, line: Vec::new(), passing_over: false, over: false }
    }

    /// The next line that is not empty, without its end; `None` at the end of the input. A line without an end is none.
    async fn next(&mut self) -> Option<Vec<u8>> {
        while !self.over {
            let Ok(available) = self.input.fill_buf().await else {
                self.over = true;
                break;
            };
            if available.is_empty() {
                self.over = true;
                break;
            }
            let end = available.iter().position(|octet| *octet == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            if !self.passing_over {
                self.line.extend_from_slice(&available[..end.unwrap_or(taken)]);
            }
            self.input.consume(taken);
            if self.line.len() > LONGEST {
                said::line(format!("whyrst mcp: a line of more than {LONGEST} bytes was passed over"));
                self.line = Vec::new();
                self.passing_over = true;
            }
            if end.is_some() {
                self.passing_over = false;
                let line = std::mem::take(&mut self.line);
                if !line.trim_ascii().is_empty() {
                    return Some(line);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut lines = Lines::of(Box::new(BufReader::new(std::io::Cursor::new(bytes))));
        runtime.block_on(async {
            let mut all = Vec::new();
            while let Some(line) = lines.next().await {
                all.push(line);
            }
            all
        })
    }

    #[test]
    fn lines_are_bounded_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; LONGEST + 5];
        bytes.extend(b"\n\n  \r\n{}\nrest without an end");
        assert_eq!(lines(bytes), [b"{}".to_vec()]);
    }

    #[test]
    fn what_is_no_message_says_why_and_whom_to_answer() {
        assert!(message(b"\xff\xfe").expect_err("no JSON").id.is_none());
        assert!(message(b"[1, 2]").expect_err("no object").id.is_none());
        let refused = message(br#"{"jsonrpc":"2.0","id":7,"params":[]}"#).expect_err("no method");
        assert_eq!(refused.id, Some(RequestId::Number(7)));
        assert!(message(br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#).is_ok());
    }
}
