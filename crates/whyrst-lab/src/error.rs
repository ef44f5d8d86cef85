//! What can keep the lab from playing at all. A scenario that plays and goes wrong is no error: it
//! is a result, with everything that was recorded until then.

use nix::errno::Errno;

/// The lab could not be built, or was interrupted.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A system call failed that has no business to fail.
    #[error("cannot {operation}: {cause}")]
    System {
        /// What was tried, with its object.
        operation: String,
        /// What the system said.
        cause: Errno,
    },
    /// Neither root nor user namespaces.
    #[error(
        "cannot make a network namespace: {cause}; the lab needs root, or user namespaces for ordinary users \
         (sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 and \
         kernel.apparmor_restrict_unprivileged_userns=0 where they exist)"
    )]
    NoNamespace {
        /// What `unshare` said.
        cause: Errno,
    },
    /// The TUN driver is out of reach.
    #[error("cannot open /dev/net/tun: {cause}; {remedy}")]
    NoTun {
        /// What `open` said.
        cause: Errno,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Neither kind of wire.
    #[error(
        "cannot lay a wire between the hosts, neither with a TUN device ({tun}) nor with a veth pair ({veth}; it needs CAP_NET_ADMIN and a kernel with CONFIG_VETH: as root, `modprobe veth`)"
    )]
    NoWire {
        /// Why no TUN device.
        tun: Box<LabError>,
        /// Why no veth pair.
        veth: Box<LabError>,
    },
    /// There are no programs of the scenario.
    #[error("there are no programs of {scenario}: {reason}")]
    NoProgram {
        /// The scenario's id.
        scenario: &'static str,
        /// Why not.
        reason: String,
    },
    /// The scenario runs a program that is not installed.
    #[error("scenario {scenario} needs the program `{program}`, which was not found; {install}")]
    ProgramMissing {
        /// The scenario's id.
        scenario: &'static str,
        /// The program's name.
        program: &'static str,
        /// How to install it.
        install: &'static str,
    },
    /// A sysctl that namespaces have none of their own of.
    #[error(
        "scenario {scenario} needs the sysctl {name}, which is the whole machine's: {cause}; run it as root, outside any container"
    )]
    NotOurMachine {
        /// The scenario's id.
        scenario: &'static str,
        /// The sysctl.
        name: &'static str,
        /// What opening it said.
        cause: Errno,
    },
    /// Forking is only sound with a single thread.
    #[error(
        "cannot play a scenario in a process with {threads} threads: the lab forks; run it from a program of its own"
    )]
    ManyThreads {
        /// How many there are.
        threads: usize,
    },
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted by {signal} while playing {scenario}")]
    Interrupted {
        /// The scenario's id.
        scenario: &'static str,
        /// The signal's name.
        signal: String,
    },
    /// A file of that name is there, and it is not what would be written.
    #[error("cannot write {path}: it is there with other contents; remove it, or name another folder")]
    NotOurs {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// A recording could not be written.
    #[error("cannot write {path}: {cause}")]
    Keep {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

/// Says which operation failed.
pub(crate) trait Tried<T> {
    /// Names the operation that failed, with its object.
    fn tried(self, operation: impl FnOnce() -> String) -> Result<T, LabError>;
}

impl<T> Tried<T> for nix::Result<T> {
    fn tried(self, operation: impl FnOnce() -> String) -> Result<T, LabError> {
        self.map_err(|cause| LabError::System { operation: operation(), cause })
    }
}

impl<T> Tried<T> for std::io::Result<T> {
    fn tried(self, operation: impl FnOnce() -> String) -> Result<T, LabError> {
        self.map_err(|error| errno_of(&error)).tried(operation)
    }
}

/// The errno inside an IO error; `EIO` when it holds none.
pub(crate) fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
