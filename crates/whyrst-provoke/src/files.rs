//! Descriptors: as many as the connections need, asked for before the first of them comes.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::ProvokeError;

/// A connection's two sockets.
const EACH: u64 = 2;

/// What the program holds besides: its listeners, its output, and what killing a process takes for a moment.
const BESIDES: u64 = 64;

/// Raises the limit of open files where so many connections need more.
///
/// # Errors
///
/// Where this process may not have so many.
pub(crate) fn enough_for(connections: usize) -> Result<(), ProvokeError> {
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(EACH).saturating_add(BESIDES);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    if soft >= needed {
        return Ok(());
    }
    // Who may (CAP_SYS_RESOURCE) raises the hard limit as well.
    setrlimit(Resource::RLIMIT_NOFILE, needed, hard.max(needed)).map_err(|_| ProvokeError::Files {
        connections,
        needed,
        most: hard,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_kernel_has_is_refused_with_both_numbers() {
        assert!(enough_for(10).is_ok());
        // Above fs.nr_open, which binds root as well.
        let error = enough_for(usize::MAX / 4).expect_err("nobody has so many").to_string();
        assert!(error.contains("open files") && error.contains("--connections"), "{error}");
    }
}
