//! `whyrst-mcp`, what `whyrst mcp` runs: whyrst for agents, as a server of the Model Context Protocol on standard input
//! and output (<https://modelcontextprotocol.io>).
//!
//! [`wire`] reads lines and writes them, `server` says what there is, `tools` answers. Captures are read in this
//! process by the library, in bounded memory; what asks the running host or a query engine is another program of ours,
//! in a child with bounded time and output. It is a program of its own because nothing else needs the protocol's crate.
//!
//! It ends when its input ends, never because of what a request says.

mod answer;
mod paths;
mod server;
mod text;
mod tools;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rmcp::ServiceExt as _;
use whyrst_output::said;

use crate::paths::Paths;
use crate::server::Server;
use crate::wire::Wire;

/// Gives agents the tools of whyrst (Model Context Protocol on standard input and output).
#[derive(Debug, Parser)]
#[command(name = "whyrst mcp", bin_name = "whyrst mcp", version, max_term_width = 100)]
#[command(
    after_help = "Tools: explain (why was each connection in a capture reset?), causes, why (a message of a program), \
check and watch (this host; watch needs root), sql (where whyrst-sql is installed). Resources: the catalogue.

Files are read with the rights of the user who runs it. --root limits the paths that a client may name; it is no
sandbox. sql is not offered with --root, since a query may name files itself.

In an agent's configuration:
  {\"mcpServers\": {\"whyrst\": {\"command\": \"whyrst\", \"args\": [\"mcp\", \"--root\", \"/var/captures\"]}}}"
)]
struct Arguments {
    /// Read only what is in this folder; paths of clients may be relative to it
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            said::line(format!("whyrst mcp: {error}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let paths = Paths::within(arguments.root.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|cause| format!("cannot start threads: {cause}"))?;
    runtime.block_on(serve(Server::new(paths)));
    // Nobody waits for a capture that is still being read.
    runtime.shutdown_background();
    Ok(())
}

/// Until the input ends. A session that begins with what is no beginning is begun again.
async fn serve(server: Server) {
    let wire = Wire::standard();
    while !wire.is_over().await {
        match server.clone().serve(wire.clone()).await {
            Ok(session) => {
                if let Err(error) = session.waiting().await {
                    said::line(format!("whyrst mcp: a session ended: {error}"));
                }
            }
            Err(error) if !wire.is_over().await => {
                said::line(format!("whyrst mcp: {}", text::bounded(&error.to_string(), 300)));
            }
            Err(_) => {}
        }
    }
}
