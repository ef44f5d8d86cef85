/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the probe hands to its loader: src/event.rs reads exactly this.
 */
#pragma once

#define COMM 16
#define STEPS 8
#define STACK 24
#define ARGS 120

enum kind {
	SENT = 1,     /* tcp_send_reset */
	RECEIVED = 2, /* tcp_receive_reset */
};

enum {
	NOT_KNOWN = 0xffffffff,
	NO_REASON = NOT_KNOWN, /* this kernel gives none */
	NO_LINGER = -1,
};

/* Bits of `marks`. */
enum {
	HAS_SOCKET = 1,    /* `facts` are those of a live socket */
	HAS_TRIGGER = 2,   /* the RST answers a segment */
	HAS_LIFE = 4,      /* `life` is known */
	FROM_GRAVE = 8,    /* `life` and `facts` are of a socket that is gone */
	OWNED = 16,        /* a process holds the socket: the current task acts on it */
	EXITING = 32,      /* the current task is ending */
	LISTENER = 64,     /* a listener answered; `owner` is its owner */
};

struct who {
	u32 pid;
	u32 uid;
	u64 cgroup;
	char comm[COMM];
};

struct tuple {
	u8 local[16]; /* IPv4 as ::ffff:a.b.c.d, also for sockets of both families */
	u8 remote[16];
	u16 local_port;
	u16 remote_port;
	u32 netns;
};

/* A socket's own numbers. */
struct facts {
	u32 unread;
	u32 unsent;
	u32 unacked;
	s32 linger; /* seconds, or NO_LINGER */
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 retransmits;
	u32 received_ago; /* ms since the last data came, NOT_KNOWN when none did */
	u32 sent_ago;     /* ms since the last data went, NOT_KNOWN when none did */
	u32 error;
	u64 bytes_received;
	u64 bytes_acked;
	u64 cgroup;
	u8 probes;
	u8 shutdown;
	u16 backlog;
	u16 max_backlog;
	u8 peer_closed; /* its FIN came */
	u8 pad;
};

/* The flight recorder of one socket. */
struct life {
	struct who owner;
	struct who closer;
	u64 at[STEPS];
	u8 state[STEPS];
	u8 steps; /* taken in all; the last STEPS are kept, as a ring */
	u8 opened; /* 0 not seen, 1 by connect(), 2 by accepting, 3 a listener */
	u8 closer_exits;
	u8 pad;
	u32 pad2;
};

struct grave {
	struct life life;
	struct facts facts;
	u64 at;
};

struct args {
	u64 start_time;
	u32 parent;
	u32 len;
	char text[ARGS];
};

struct event {
	u64 at; /* CLOCK_MONOTONIC */
	u64 cookie;
	u32 kind;
	u32 reason;
	u32 marks;
	u32 state;
	struct tuple tuple;
	u32 trigger_seq;
	u32 trigger_ack;
	u32 trigger_len;
	u16 trigger_window;
	u8 trigger_flags;
	u8 trigger_ttl;
	struct who current;
	struct who owner;
	s64 syscall; /* -1: none or not known */
	s32 exit_code;
	u32 stack_len; /* octets */
	struct facts facts;
	u64 grave_at;
	struct life life;
	u64 stack[STACK];
};
