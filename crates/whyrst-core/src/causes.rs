//! The catalogue. Adding a cause is a file here, its two lines below, its scenarios in the lab, and a recorded
//! fixture.

mod accept_overflow_abort;
mod accept_overflow_ghost;
mod address_moved;
mod app_idle_timeout;
mod asymmetric_route;
mod backscatter_synack;
mod client_abort;
mod client_read_timeout;
mod close_unread;
mod closed_port;
mod connect_abandoned;
mod connect_unspec;
mod conntrack_invalid_dnat;
mod data_after_close;
mod defer_accept_expired;
mod device_artefact;
mod disconnect_with_data;
mod ecn_rejected;
mod exit_unread;
mod fin_wait2_expired;
mod fin_wait2_timer;
mod flag_scan;
mod fw_reject_established;
mod fw_reject_local_output;
mod fw_reject_syn;
mod fw_reject_synack;
mod fw_reject_transit;
mod fw_state_lost;
mod half_open_listener;
mod half_open_no_listener;
mod icmp_unreachable;
mod idle_timeout_reset;
mod injected_rst;
mod keepalive_race;
mod keepalive_timeout;
mod linger2_negative;
mod linger_zero;
mod listener_close_half_open;
mod listener_close_pending;
mod listening_elsewhere;
mod mptcp_fastclose;
mod mptcp_join_bad_token;
mod mptcp_join_prohibited;
mod mptcp_join_stripped;
mod mptcp_middlebox;
mod nat_mapping_lost;
mod nat_port_collision;
mod orphan_rst;
mod out_of_memory;
mod out_of_orphans;
mod policy_reset;
mod protocol_mismatch;
mod proxy_relays_reset;
mod proxy_upstream_down;
mod raw_syn_scanner;
mod retransmit_giveup;
mod rst_after_close;
mod rst_instead_of_fin;
mod sender_gave_up;
mod server_busy_close;
mod shutdown_rdwr_data;
mod simultaneous_open_missed;
mod sock_destroy;
mod stalled_transfer;
mod stray_segment;
mod syn_meets_fin_wait2;
mod syn_meets_old_connection;
mod syn_meets_time_wait;
mod syn_recv_bad_ack;
mod syn_recv_bad_ack_crossed;
mod syn_recv_new_syn;
mod syn_sent_bad_ack;
mod syn_sent_bad_tsecr;
mod syn_unanswered;
mod syncookie_invalid;
mod synproxy_backend_closed;
mod time_wait_assassination;
mod tls_alert;
mod tls_ticket_unread;

use crate::cause::Cause;

/// Every cause. Where packets cannot tell two apart, the one that stands first is named first:
/// the order is how often each is met (CATALOGUE section 5), a special case before the general one, and never a
/// reason for more confidence.
pub static ALL: &[&Cause] = &[
    &syn_meets_fin_wait2::CAUSE,
    &syn_recv_new_syn::CAUSE,
    &simultaneous_open_missed::CAUSE,
    &closed_port::CAUSE,
    &listening_elsewhere::CAUSE,
    &fw_reject_syn::CAUSE,
    &ecn_rejected::CAUSE,
    &syn_sent_bad_ack::CAUSE,
    &syn_sent_bad_tsecr::CAUSE,
    &connect_abandoned::CAUSE,
    &raw_syn_scanner::CAUSE,
    &flag_scan::CAUSE,
    &fw_reject_synack::CAUSE,
    &backscatter_synack::CAUSE,
    &policy_reset::CAUSE,
    &device_artefact::CAUSE,
    &conntrack_invalid_dnat::CAUSE,
    &injected_rst::CAUSE,
    &synproxy_backend_closed::CAUSE,
    &mptcp_join_bad_token::CAUSE,
    &mptcp_join_stripped::CAUSE,
    &mptcp_join_prohibited::CAUSE,
    &mptcp_middlebox::CAUSE,
    &mptcp_fastclose::CAUSE,
    &tls_alert::CAUSE,
    &protocol_mismatch::CAUSE,
    &close_unread::CAUSE,
    &exit_unread::CAUSE,
    &stalled_transfer::CAUSE,
    &retransmit_giveup::CAUSE,
    &client_abort::CAUSE,
    &tls_ticket_unread::CAUSE,
    &app_idle_timeout::CAUSE,
    &linger_zero::CAUSE,
    &keepalive_timeout::CAUSE,
    &listener_close_pending::CAUSE,
    &sock_destroy::CAUSE,
    &connect_unspec::CAUSE,
    &proxy_relays_reset::CAUSE,
    &idle_timeout_reset::CAUSE,
    &disconnect_with_data::CAUSE,
    &linger2_negative::CAUSE,
    &out_of_orphans::CAUSE,
    &fin_wait2_timer::CAUSE,
    &out_of_memory::CAUSE,
    &client_read_timeout::CAUSE,
    &fin_wait2_expired::CAUSE,
    &data_after_close::CAUSE,
    &shutdown_rdwr_data::CAUSE,
    &keepalive_race::CAUSE,
    &server_busy_close::CAUSE,
    &proxy_upstream_down::CAUSE,
    &time_wait_assassination::CAUSE,
    &rst_after_close::CAUSE,
    &rst_instead_of_fin::CAUSE,
    &syn_recv_bad_ack::CAUSE,
    &syn_recv_bad_ack_crossed::CAUSE,
    &accept_overflow_abort::CAUSE,
    &listener_close_half_open::CAUSE,
    &accept_overflow_ghost::CAUSE,
    &asymmetric_route::CAUSE,
    &half_open_no_listener::CAUSE,
    &half_open_listener::CAUSE,
    &defer_accept_expired::CAUSE,
    &syn_meets_old_connection::CAUSE,
    &nat_port_collision::CAUSE,
    &syn_meets_time_wait::CAUSE,
    &sender_gave_up::CAUSE,
    &syncookie_invalid::CAUSE,
    &nat_mapping_lost::CAUSE,
    &fw_state_lost::CAUSE,
    &fw_reject_transit::CAUSE,
    &fw_reject_established::CAUSE,
    &address_moved::CAUSE,
    &stray_segment::CAUSE,
    &orphan_rst::CAUSE,
    &fw_reject_local_output::CAUSE,
    &syn_unanswered::CAUSE,
    &icmp_unreachable::CAUSE,
];

/// The cause of that id.
pub fn find(id: &str) -> Option<&'static Cause> {
    ALL.iter().copied().find(|cause| cause.id == id)
}
