/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The few kernel structures that the probe reads, with only the members that it reads.
 *
 * The loader finds where each member lies in the running kernel by its BTF (CO-RE), so neither
 * order nor offsets here mean anything and no generated header of a particular kernel is needed.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct netns_ipv4 {
	int sysctl_tcp_keepalive_time;
};

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	volatile u8 skc_state;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

typedef struct {
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	int sk_err;
	u8 sk_shutdown;
	u16 sk_protocol;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
	unsigned long sk_lingertime;
	long sk_rcvtimeo;
	long sk_sndtimeo;
	struct sock_cgroup_data sk_cgrp_data;
};

struct inet_sock {
	struct sock sk;
	u16 inet_sport;
};

struct inet_ack {
	u32 lrcvtime;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	u8 icsk_probes_out;
	u32 icsk_user_timeout;
	struct inet_ack icsk_ack;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u32 rcv_nxt;
	u32 copied_seq;
	u32 snd_nxt;
	u32 snd_una;
	u32 write_seq;
	u32 total_retrans;
	u32 lsndtime;
	u32 keepalive_time;
	int linger2;
	u64 tcp_mstamp; /* us: when the last segment came or went */
	u64 bytes_received;
	u64 bytes_acked;
};

struct net_device {
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	unsigned char *head;
	u16 transport_header;
	u16 network_header;
};

struct socket {
	struct sock *sk;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	int exit_code;
	u64 start_boottime;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	char comm[16];
};

struct pt_regs___x86 {
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	int syscallno;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct file;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct kernel_siginfo {
	int si_signo;
	int si_code;
};

enum sock_flags {
	SOCK_DEAD = 0,
	SOCK_DONE = 1,
	SOCK_KEEPOPEN = 3,
	SOCK_LINGER = 4,
};

#pragma clang attribute pop

/* linux/socket.h */
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
/* linux/sched.h: the task is on its way out. */
#define PF_EXITING 0x4
/* linux/sched/signal.h: the kernel itself sends the signal. */
#define SEND_SIG_PRIV 1
/* asm/signal.h */
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGKILL 9
#define SIGTERM 15
