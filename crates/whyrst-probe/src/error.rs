//! Why the kernel cannot be asked.

use std::io;

/// Why the probe cannot run, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The kernel refuses us.
    #[error(
        "cannot load the probe into the kernel: permission denied: it needs root, or the capabilities CAP_BPF and CAP_PERFMON"
    )]
    Permission,
    /// No type information of the running kernel.
    #[error(
        "cannot read the kernel's type information /sys/kernel/btf/vmlinux: {cause}: the kernel needs CONFIG_DEBUG_INFO_BTF"
    )]
    NoBtf {
        /// What is wrong with it.
        cause: String,
    },
    /// The object does not fit this kernel.
    #[error("cannot load the probe into kernel {kernel}: {cause}: Linux 6.1 or newer is needed")]
    Load {
        /// Release of the running kernel.
        kernel: String,
        /// What the loader said.
        cause: String,
    },
    /// The ring buffer cannot be waited for.
    #[error("cannot wait for the probe's events: {cause}")]
    Wait {
        /// What the system said.
        cause: io::Error,
    },
}
