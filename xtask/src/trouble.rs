//! A handful of resets with real sockets and nothing but the standard library, for kernels that have no
//! lab: `cargo xtask kernels` takes this program with it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// What is played, and the causes of which one must be the verdict or be named.
pub const PLAYS: &[(&str, u16, &[&str])] = &[
    ("closed-port", 7001, &["closed-port"]),
    ("close-unread", 7002, &["close-unread", "server-busy-close"]),
    ("data-after-close", 7003, &["data-after-close"]),
    ("listener-close-pending", 7004, &["listener-close-pending"]),
    ("exit-unread", 7005, &["exit-unread"]),
];

const MOMENT: Duration = Duration::from_millis(150);

/// Plays one of them on loopback, at its port.
pub fn play(name: &str) -> Result<()> {
    let (_, port, _) = PLAYS.iter().find(|(known, ..)| *known == name).context("no such play")?;
    let address = ("127.0.0.1", *port);
    match name {
        "closed-port" => match TcpStream::connect(address) {
            Ok(_) => bail!("somebody listens on port {port}"),
            Err(_) => Ok(()),
        },
        "close-unread" | "exit-unread" => {
            let listener = TcpListener::bind(address)?;
            let mut client = TcpStream::connect(address)?;
            let (server, _) = listener.accept()?;
            client.write_all(&[0; 904])?;
            std::thread::sleep(MOMENT);
            if name == "exit-unread" {
                std::process::exit(0);
            }
            drop(server);
            std::thread::sleep(MOMENT);
            Ok(())
        }
        "data-after-close" => {
            let listener = TcpListener::bind(address)?;
            let mut client = TcpStream::connect(address)?;
            let (mut server, _) = listener.accept()?;
            client.write_all(b"request")?;
            server.read_exact(&mut [0; 7])?;
            drop(server);
            std::thread::sleep(MOMENT);
            client.write_all(b"more")?;
            std::thread::sleep(MOMENT);
            Ok(())
        }
        _ => {
            let listener = TcpListener::bind(address)?;
            let _client = TcpStream::connect(address)?;
            std::thread::sleep(MOMENT);
            drop(listener);
            std::thread::sleep(MOMENT);
            Ok(())
        }
    }
}

/// Plays all, each in a process of its own.
pub fn play_all() -> Result<()> {
    let own = std::env::current_exe()?;
    for (name, ..) in PLAYS {
        let status = Command::new(&own).args(["trouble", name]).status()?;
        println!("played {name}: {status}");
    }
    Ok(())
}
