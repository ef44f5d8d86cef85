//! How to find a connection again in other tools: Wireshark's display filter and tcpdump's capture
//! filter, of addresses and ports, since a stream's number depends on the file.

use alloc::format;
use alloc::string::String;

use super::Explanation;
use crate::segment::Endpoint;

impl Explanation<'_> {
    /// `ip.addr==10.77.0.1 && ip.addr==10.77.0.2 && tcp.port==40000 && tcp.port==8888`: the
    /// connection's packets and the ICMP errors that quote them, for Wireshark and tshark.
    pub fn display_filter(&self) -> String {
        let (client, server) = self.ends();
        let field = |end: Endpoint| if end.ip.is_ipv4() { "ip" } else { "ipv6" };
        format!(
            "{}.addr=={} && {}.addr=={} && tcp.port=={} && tcp.port=={}",
            field(client),
            client.ip,
            field(server),
            server.ip,
            client.port,
            server.port
        )
    }

    /// `host 10.77.0.1 and host 10.77.0.2 and tcp port 40000 and tcp port 8888`, for tcpdump, libpcap
    /// and `whyrst explain --filter`.
    pub fn capture_filter(&self) -> String {
        let (client, server) = self.ends();
        format!("host {} and host {} and tcp port {} and tcp port {}", client.ip, server.ip, client.port, server.port)
    }

    fn ends(&self) -> (Endpoint, Endpoint) {
        let connection = self.outcome.connection();
        (connection.endpoint(connection.client), connection.endpoint(connection.server()))
    }
}
