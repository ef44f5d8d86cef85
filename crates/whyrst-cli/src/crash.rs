//! What a crash (a panic) of one thread costs.
//!
//! A thread that delivers or serves goes on: `whyrst_telemetry` starts it again and the server's runtime ends the one
//! request, and both say so. That takes unwinding (`panic = "unwind"` in the release profile). A crash anywhere else ends
//! the process at once, as `panic = "abort"` did: threads that wait for the one that is gone would wait for ever.

use std::panic;

/// What the server's threads are called.
pub(crate) const SERVING: &str = "serve";

/// Contains the crashes of those threads, and no other's.
pub(crate) fn contain() {
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |crash| {
        say(crash);
        let thread = std::thread::current();
        let is_contained = |name: &str| name == SERVING || whyrst_telemetry::contains_crashes(name);
        if !thread.name().is_some_and(is_contained) {
            std::process::abort();
        }
    }));
}
