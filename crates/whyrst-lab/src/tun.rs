//! The first choice for the wire: a TUN device, which hands raw IP packets to whoever holds its file.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use crate::error::{LabError, Tried, errno_of};
use crate::sys;

/// A TUN device. Reading gives one packet that the host sent; writing delivers one to it.
#[derive(Debug)]
pub(crate) struct Tun {
    /// Non-blocking.
    pub(crate) file: File,
}

impl Tun {
    /// Makes the device of this name in the namespace that this thread is in.
    pub(crate) fn open(device: &str) -> Result<Self, LabError> {
        let file = open_driver()?;
        sys::attach_tun(file.as_fd(), device).tried(|| format!("make the TUN device {device}"))?;
        Ok(Self { file })
    }
}

fn open_driver() -> Result<File, LabError> {
    let open = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun");
    open.map_err(|error| LabError::NoTun {
        cause: errno_of(&error),
        remedy: match error.kind() {
            ErrorKind::PermissionDenied => {
                "an ordinary user needs it readable and writable, as udev sets it up: \
                 as root, `chmod 0666 /dev/net/tun`"
            }
            ErrorKind::NotFound => "as root, `modprobe tun`; in a container, start it with `--device /dev/net/tun`",
            _ => "is the kernel built with CONFIG_TUN?",
        },
    })
}
