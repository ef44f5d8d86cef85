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
	FROM_CLOSED = 8,    /* `life` and `facts` are of a socket that is gone */
	OWNED = 16,        /* a process holds the socket: the current task acts on it */
	EXITING = 32,      /* the current task is ending */
	LISTENER = 64,     /* a listener answered; `owner` is its owner */
	ORPHAN = 128,      /* no process has the socket open any more */
	OOM_KILLED = 256,  /* who ended was chosen because memory ran out */
};

/* A process. The number alone is used again: `born` distinguishes two of the same number. */
struct who {
	u32 pid;
	u32 born; /* when it was started: nanoseconds since boot, shifted right by BORN_SHIFT */
};

#define BORN_SHIFT 20

struct tuple {
	u8 local[16]; /* IPv4 as ::ffff:a.b.c.d, also for sockets of both families */
	u8 remote[16];
	u16 local_port;
	u16 remote_port;
	u32 netns;
};

/* A socket's own numbers. Ticks are those of HZ. */
struct facts {
	u32 unread;
	u32 unsent;
	u32 unacked;
	s32 linger; /* seconds, or NO_LINGER */
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 retransmits;
	u32 received_ago; /* ticks since the last data came, NOT_KNOWN when none did */
	u32 sent_ago;     /* ticks since the last data went, NOT_KNOWN when none did */
	u32 error;
	u64 bytes_received;
	u64 bytes_acked;
	u64 cgroup;
	u8 probes;
	u8 shutdown;
	u16 backlog;
	u16 max_backlog;
	u8 peer_closed; /* its FIN came */
	u8 linger2_negative; /* TCP_LINGER2: it would not wait in FIN_WAIT2 */
};

/* What a program asked of its socket. 0: nothing. */
struct settings {
	u32 send_timeout;    /* SO_SNDTIMEO, ms */
	u32 receive_timeout; /* SO_RCVTIMEO, ms */
	u32 user_timeout;    /* TCP_USER_TIMEOUT, ms */
	u32 keepalive;       /* SO_KEEPALIVE: seconds until the first probe */
};

/* The flight recorder of one socket: every socket of the host has one, so it is kept small. */
struct life {
	struct who owner;
	struct who closer;
	u64 steps[STEPS];  /* a ring of when << STATE_BITS | state */
	u64 retransmitted; /* when last */
	u64 failed;        /* when the program last got an error */
	u16 error;         /* which */
	u8 taken;          /* steps in all */
	u8 opened;         /* 0 not seen, 1 by connect(), 2 by accepting, 3 a listener */
	u8 closer_exits;
	u8 state;          /* after the last step */
	u8 closer_signal;  /* that ended the closer, when it was ending */
	u8 pad;
};

#define STATE_BITS 4

/* A socket that is gone. */
struct closed_socket {
	u64 number; /* of this record, from 1; 0 while it is written */
	u64 before; /* number of the one before it with the same hash */
	u64 at;
	struct tuple tuple;
	struct life life;
	struct facts facts;
};

/* A process that had to do with a socket, kept for when it is gone. */
struct process {
	u64 cgroup;
	u32 uid;
	u32 parent;
	u32 len; /* of `text`; 0: ask /proc */
	char comm[COMM];
	char text[ARGS];
	u32 pad;
};

struct listener {
	struct who owner;
	u64 began;
	u64 ended;  /* 0: it listens */
	u32 shared; /* by listeners of different processes */
	u32 ending; /* EXITING and OOM_KILLED, of who ended it */
	struct who closer;
	struct who killer; /* who sent the signal that ended the closer */
	s32 exit_code;     /* of the closer, when it was ending */
	u32 pad;
};

/* A signal that ends processes. */
struct signal {
	u64 at;
	struct who sender; /* nobody: the kernel, because memory ran out */
	u32 number;
	u32 pad;
};

/* What makes resets equal that are counted instead of reported when there are very many. Of a crowd,
 * in which there are too many services and owners to distinguish them, these are zero. */
struct aggregate {
	u8 service[16]; /* the end with the lower port */
	u32 port;
	u32 netns;
	u32 kind;
	u32 reason;
	u32 state;
	u32 owner;
	u32 form; /* of `marks` FORM_MARKS, and the flags of the segment that is answered << FORM_FLAGS */
	u32 pad;
	u64 window; /* when >> WINDOW_SHIFT */
};

/* HAS_TRIGGER, FROM_CLOSED and LISTENER. */
#define FORM_MARKS 74
#define FORM_FLAGS 16
/* FIN, SYN, RST and ACK of a TCP header. */
#define FORM_FLAG_BITS 23

#define WINDOW_SHIFT 30

struct event {
	u64 at; /* CLOCK_MONOTONIC */
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
	struct who killer; /* who sent the signal that ends the current task */
	char comm[COMM];   /* of the current task */
	s64 syscall;       /* -1: none or not known */
	s32 exit_code;
	u32 stack_len;     /* bytes */
	struct facts facts;
	struct settings settings;
	u64 closed_at;
	struct life life;
	u64 stack[STACK];  /* cut after stack_len */
};

/* Where everything stands, as src/layout.rs has it too. */
#define AT(type, field, at) _Static_assert(__builtin_offsetof(struct type, field) == (at), #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

AT(who, pid, 0);
AT(who, born, 4);
SIZE(who, 8);

AT(tuple, local, 0);
AT(tuple, remote, 16);
AT(tuple, local_port, 32);
AT(tuple, remote_port, 34);
AT(tuple, netns, 36);
SIZE(tuple, 40);

AT(facts, unread, 0);
AT(facts, unsent, 4);
AT(facts, unacked, 8);
AT(facts, linger, 12);
AT(facts, snd_nxt, 16);
AT(facts, rcv_nxt, 20);
AT(facts, retransmits, 24);
AT(facts, received_ago, 28);
AT(facts, sent_ago, 32);
AT(facts, error, 36);
AT(facts, bytes_received, 40);
AT(facts, bytes_acked, 48);
AT(facts, cgroup, 56);
AT(facts, probes, 64);
AT(facts, shutdown, 65);
AT(facts, backlog, 66);
AT(facts, max_backlog, 68);
AT(facts, peer_closed, 70);
AT(facts, linger2_negative, 71);
SIZE(facts, 72);

AT(settings, send_timeout, 0);
AT(settings, receive_timeout, 4);
AT(settings, user_timeout, 8);
AT(settings, keepalive, 12);
SIZE(settings, 16);

AT(life, owner, 0);
AT(life, closer, 8);
AT(life, steps, 16);
AT(life, retransmitted, 80);
AT(life, failed, 88);
AT(life, error, 96);
AT(life, taken, 98);
AT(life, opened, 99);
AT(life, closer_exits, 100);
AT(life, state, 101);
AT(life, closer_signal, 102);
AT(life, pad, 103);
SIZE(life, 104);

AT(closed_socket, number, 0);
AT(closed_socket, before, 8);
AT(closed_socket, at, 16);
AT(closed_socket, tuple, 24);
AT(closed_socket, life, 64);
AT(closed_socket, facts, 168);
SIZE(closed_socket, 240);

AT(process, cgroup, 0);
AT(process, uid, 8);
AT(process, parent, 12);
AT(process, len, 16);
AT(process, comm, 20);
AT(process, text, 36);
AT(process, pad, 156);
SIZE(process, 160);

AT(listener, owner, 0);
AT(listener, began, 8);
AT(listener, ended, 16);
AT(listener, shared, 24);
AT(listener, ending, 28);
AT(listener, closer, 32);
AT(listener, killer, 40);
AT(listener, exit_code, 48);
AT(listener, pad, 52);
SIZE(listener, 56);

AT(aggregate, service, 0);
AT(aggregate, port, 16);
AT(aggregate, netns, 20);
AT(aggregate, kind, 24);
AT(aggregate, reason, 28);
AT(aggregate, state, 32);
AT(aggregate, owner, 36);
AT(aggregate, form, 40);
AT(aggregate, pad, 44);
AT(aggregate, window, 48);
SIZE(aggregate, 56);

AT(event, at, 0);
AT(event, kind, 8);
AT(event, reason, 12);
AT(event, marks, 16);
AT(event, state, 20);
AT(event, tuple, 24);
AT(event, trigger_seq, 64);
AT(event, trigger_ack, 68);
AT(event, trigger_len, 72);
AT(event, trigger_window, 76);
AT(event, trigger_flags, 78);
AT(event, trigger_ttl, 79);
AT(event, current, 80);
AT(event, owner, 88);
AT(event, killer, 96);
AT(event, comm, 104);
AT(event, syscall, 120);
AT(event, exit_code, 128);
AT(event, stack_len, 132);
AT(event, facts, 136);
AT(event, settings, 208);
AT(event, closed_at, 224);
AT(event, life, 232);
AT(event, stack, 336);
SIZE(event, 528);
