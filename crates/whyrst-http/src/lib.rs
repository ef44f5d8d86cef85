//! An HTTP server that half-open and silent connections cannot fill: `/metrics` and the page use it.
//!
//! Whoever can connect can hold a connection and say nothing. So a request's head must be there within
//! [`HEAD`], and at most [`CONNECTIONS`] are open. When one more comes, the one goes on which nothing has moved for
//! longest: of those that have never asked for anything; else of those on which no answer is being made; else of those
//! on which nothing has moved for [`STALLED`]; and when there is none of these either, the new one.

mod connections;
mod moving;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

use connections::{Connections, Open};
use moving::Moving;

/// Connections that are open at once.
pub const CONNECTIONS: usize = 64;
/// How long a client may take for the head of a request, and may be silent before it.
pub const HEAD: Duration = Duration::from_secs(10);
/// An answer of which the client takes nothing for so long may go for another's sake.
pub const STALLED: Duration = Duration::from_secs(10);
/// Bytes of a head, and of what is read at once.
const BUFFER: usize = 64 * 1024;
/// After a failure to accept that is nobody's fault, such as too few descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers for ever.
///
/// # Errors
/// When the listening socket itself is broken.
pub async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    let connections = Arc::new(Connections::default());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_broken(&error) => return Err(error),
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Some(open) = connections.open() {
            tokio::spawn(answer(stream, router.clone(), open));
        }
    }
}

/// `EBADF`, `EINVAL` and `ENOTSOCK` of accept(2) stay; everything else passes.
fn is_broken(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(9 | 22 | 88))
}

async fn answer(stream: TcpStream, router: Router, open: Open) {
    let closed = open.closed();
    let io = TokioIo::new(Moving::new(stream, open.moved()));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let answering = open.answering();
        let mut router = router.clone();
        async move {
            let response = router.call(request.map(Body::new)).await;
            drop(answering);
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(io, service);
    tokio::select! {
        // What a client does wrong is answered by closing its connection.
        _ = connection => {}
        () = closed.notified() => {}
    }
}
