//! One end of a connection, as it stands in a line.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use whyrst_core::segment::Endpoint;

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct End {
    ip: IpAddr,
    port: u16,
}

impl From<Endpoint> for End {
    fn from(end: Endpoint) -> Self {
        Self { ip: end.ip, port: end.port }
    }
}

impl From<End> for Endpoint {
    fn from(end: End) -> Self {
        Self::new(end.ip, end.port)
    }
}
