/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kernel side of whyrst: reports every reset that this host sends or receives, with what its
 * socket was and who owned it.
 *
 * Only BTF tracepoints and iterators: they work on every kernel from 6.1 on, also where functions
 * may not be traced. The loader loads each program by itself, so that a kernel that lacks one
 * still runs the others.
 *
 * The traps (all met on real kernels):
 *  - The current task made a reset only if the socket is owned by a process; else it is whoever
 *    was interrupted, or the peer.
 *  - At the event the socket is mostly CLOSE already: what it was before, the recorder knows.
 *  - An answer without a socket has only the segment: who closed that connection, `closed_sockets` knows.
 *
 * What it costs. Resets are rare; what every connection of a busy host passes through is
 * `set_state` (ten times for both ends) and `rcv_space_adjust` (once a read). There, nothing is
 * called that can be loaded: members are read through typed pointers, a process is described once
 * a second and not once a connection, and who is gone is written into a table that needs neither
 * allocation nor lists.
 */
#include "kernel.h"
#include "event.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define RING (4 * 1024 * 1024)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING);
} events SEC(".maps");

/* By kind: events that did not fit into the ring. They are counted among the aggregates too. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

/* By kind: events for which no map had room, so that only how many there were is known. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} uncounted SEC(".maps");

/* The lives of sockets, two places for each hash of an address. Memory of sockets is used again at
 * once, so on a busy host the same places are, and stay in the processor's cache: this is why it is
 * not only in sk_storage, whose allocation costs ten times as much as all else that is done here. */
#define LIVES 131072

struct place {
	u64 key;
	struct life life;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIVES);
	__type(key, u32);
	__type(value, struct place);
} lives SEC(".maps");

/* Of those that found both places taken by the living. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct life);
} more_lives SEC(".maps");

static bool has_overflowed;

/* Sockets that are gone: the last so many that may still be asked for, and so many that both ends
 * had closed. Written one after the other, found by chains that begin in `chains`. */
#define CLOSED_SOCKETS 16384
#define CHAINS 32768

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLOSED_SOCKETS);
	__type(key, u32);
	__type(value, struct closed_socket);
} closed_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CHAINS);
	__type(key, u32);
	__type(value, u64);
} chains SEC(".maps");

static u64 closed_numbers[2];

/* Who listens, by local address (all zeros for any) and port: the owner of what nobody read from. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tuple);
	__type(value, struct listener);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct who);
	__type(value, struct process);
} processes SEC(".maps");

/* Processes that were described a moment ago, by the low bits of their number. */
#define KNOWN 64

struct known {
	struct who who;
	u64 mm; /* changes when another program is executed */
	u64 at; /* ticks: the clock costs as much as all else here */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KNOWN);
	__type(key, u32);
	__type(value, struct known);
} known SEC(".maps");

/* By whom it is sent to. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct who);
	__type(value, struct signal);
} signals SEC(".maps");

/* An event is too large for the stack. One for each program: a program is never entered twice on
 * one processor, but one may interrupt the other. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, struct event);
} scratch SEC(".maps");

/* How many events this processor had in this window. */
struct rate {
	u64 window;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, struct rate);
} rates SEC(".maps");

/* How many events of a kind a network namespace had reported in a window beside a flood. */
#define SHARES 2048
#define OWN_SHARE 16

struct share {
	u64 whose; /* namespace and kind */
	u64 window;
	u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SHARES);
	__type(key, u32);
	__type(value, struct share);
} shares SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct aggregate);
	__type(value, u64);
} aggregates SEC(".maps");

/* The same without service and owner, for when there are too many of them: a scan of ports perhaps. A map of
 * its own, so that there is room when the other one is full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct aggregate);
	__type(value, u64);
} crowds SEC(".maps");

/* Set by the loader. */
volatile const u32 HZ = 250;             /* ticks of a second, from the kernel's configuration */
volatile const u64 LOADED = 0;           /* CLOCK_MONOTONIC */
volatile const u32 REPORTED_IN_FULL = 1000;  /* events of a kind, window and processor */

/* What is reported, set by the loader. Both ends of a connection have the same two ports and addresses,
 * so neither end is reported without the other. 0 of a kind: all. */
#define MAX_FILTERS 8
volatile const u32 PORT_COUNT = 0;
volatile const u32 PORTS[MAX_FILTERS]; /* ranges: the first and, in the upper half, the last */
volatile const u32 NOT_PORT_COUNT = 0;
volatile const u32 NOT_PORTS[MAX_FILTERS];
volatile const u32 NAMESPACE_COUNT = 0;
volatile const u32 NAMESPACES[MAX_FILTERS]; /* all that both ends may be in */
volatile const u32 NETWORK_COUNT = 0;
volatile const u32 NETWORKS[MAX_FILTERS * 4]; /* in network order, cut at the end of their prefix */
volatile const u32 MASKS[MAX_FILTERS * 4];

/* Events that the loader did not ask for. */
struct filtered {
	u32 netns;
	u32 kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct filtered);
	__type(value, u64);
} filtered_out SEC(".maps");

#define STATE(sk) ((sk)->__sk_common.skc_state)
#define FLAG(sk, flag) (!!((sk)->__sk_common.skc_flags & (1UL << bpf_core_enum_value(enum sock_flags, flag))))
#define barrier() asm volatile("" ::: "memory")

/* In a busy window the reader looks by itself; it is woken only this often. */
#define CALM 256
#define WAKE 32
/* Closed sockets with one hash that are looked at. */
#define LINKS 8

static __always_inline bool is_full(struct sock *sk)
{
	u8 state = STATE(sk);

	return state != BPF_TCP_TIME_WAIT && state != BPF_TCP_NEW_SYN_RECV;
}

static __always_inline struct who who_is(struct task_struct *task)
{
	struct who who = {};

	who.pid = task->tgid;
	who.born = task->group_leader->start_boottime >> BORN_SHIFT;
	return who;
}

static __always_inline bool same(const struct who *one, const struct who *other)
{
	return one->pid == other->pid && one->born == other->born;
}

/* Keeps what the current task is called. */
static __always_inline void describe(struct who *who, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct mm_struct *mm = task->mm;
	struct process process = {};
	unsigned long start;
	long len;

	/* A dying task has nothing to describe any more. */
	if (!mm && bpf_map_lookup_elem(&processes, who))
		return;
	process.uid = bpf_get_current_uid_gid();
	process.cgroup = bpf_get_current_cgroup_id();
	process.parent = leader->real_parent->tgid;
	bpf_probe_read_kernel(process.comm, sizeof(process.comm), leader->comm);
	if (mm) {
		start = mm->arg_start;
		len = mm->arg_end - start;
		if (len > ARGS)
			len = ARGS;
		/* 127 is for the verifier. */
		if (len > 0 && !bpf_probe_read_user(process.text, len & 127, (void *)start))
			process.len = len;
	}
	bpf_map_update_elem(&processes, who, &process, BPF_ANY);
}

/* The current task: only where it acts on the socket itself. It is described again after a second: it may
 * have changed its arguments. */
static __always_inline void learn(struct who *who, struct task_struct *task)
{
	u64 mm = (u64)task->mm, ticks = bpf_jiffies64();
	struct known *entry;
	u32 place;

	*who = who_is(task);
	place = who->pid & (KNOWN - 1);
	entry = bpf_map_lookup_elem(&known, &place);
	if (!entry)
		return;
	if (same(&entry->who, who) && (entry->mm == mm || !mm) && ticks - entry->at < HZ)
		return;
	describe(who, task);
	entry->who = *who;
	entry->mm = mm;
	entry->at = ticks;
}

static __always_inline void map_v4(u8 *to, u32 address)
{
	u32 *words = (void *)to;

	words[0] = words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

static __always_inline void map_v6(u8 *to, struct in6_addr *address)
{
	u32 *words = (void *)to;

	words[0] = address->in6_u.u6_addr32[0];
	words[1] = address->in6_u.u6_addr32[1];
	words[2] = address->in6_u.u6_addr32[2];
	words[3] = address->in6_u.u6_addr32[3];
}

static __always_inline void tuple_of_socket(struct tuple *tuple, struct sock *sk, struct tcp_sock *tp)
{
	tuple->netns = sk->__sk_common.skc_net.net->ns.inum;
	/* skc_num is 0 once an ephemeral port was given back. */
	tuple->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	tuple->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (sk->__sk_common.skc_family == AF_INET) {
		map_v4(tuple->local, sk->__sk_common.skc_rcv_saddr);
		map_v4(tuple->remote, sk->__sk_common.skc_daddr);
	} else {
		map_v6(tuple->local, &sk->__sk_common.skc_v6_rcv_saddr);
		map_v6(tuple->remote, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline void facts_of(struct facts *facts, struct sock *sk, struct tcp_sock *tp)
{
	/* tcp_jiffies32 */
	u32 ticks = bpf_jiffies64();

	facts->linger = FLAG(sk, SOCK_LINGER) ? (s32)(sk->sk_lingertime / HZ) : NO_LINGER;
	facts->error = sk->sk_err;
	facts->shutdown = sk->sk_shutdown;
	facts->backlog = sk->sk_ack_backlog;
	facts->max_backlog = sk->sk_max_ack_backlog;
	facts->cgroup = sk->sk_cgrp_data.cgroup->kn->id;
	facts->unread = tp->rcv_nxt - tp->copied_seq;
	facts->peer_closed = FLAG(sk, SOCK_DONE);
	/* A FIN takes a sequence number. */
	if (facts->unread && facts->peer_closed)
		facts->unread--;
	facts->unsent = tp->write_seq - tp->snd_nxt;
	facts->unacked = tp->snd_nxt - tp->snd_una;
	facts->snd_nxt = tp->snd_nxt;
	facts->rcv_nxt = tp->rcv_nxt;
	facts->retransmits = tp->total_retrans;
	facts->bytes_received = tp->bytes_received;
	facts->bytes_acked = tp->bytes_acked;
	facts->probes = tp->inet_conn.icsk_probes_out;
	facts->linger2_negative = tp->linger2 < 0;
	facts->received_ago = facts->bytes_received ? ticks - tp->inet_conn.icsk_ack.lrcvtime : NOT_KNOWN;
	facts->sent_ago = facts->bytes_acked > 1 ? ticks - tp->lsndtime : NOT_KNOWN;
}

/* MAX_SCHEDULE_TIMEOUT is for ever. */
static __always_inline u32 timeout(long ticks)
{
	u64 ms = (u64)ticks * 1000 / HZ;

	return ticks <= 0 || ms >= NOT_KNOWN ? 0 : ms;
}

static __always_inline void settings_of(struct settings *settings, struct sock *sk, struct tcp_sock *tp)
{
	u32 idle = tp->keepalive_time;

	settings->send_timeout = timeout(sk->sk_sndtimeo);
	settings->receive_timeout = timeout(sk->sk_rcvtimeo);
	settings->user_timeout = tp->inet_conn.icsk_user_timeout;
	if (!idle)
		idle = sk->__sk_common.skc_net.net->ipv4.sysctl_tcp_keepalive_time;
	settings->keepalive = FLAG(sk, SOCK_KEEPOPEN) ? idle / HZ : 0;
}

static __always_inline void step(struct life *life, u64 now, u8 state)
{
	life->steps[life->taken & (STEPS - 1)] = now << STATE_BITS | state;
	life->state = state;
	life->taken++;
	/* The count goes on in a ring without beginning at 0 again. */
	if (!life->taken)
		life->taken = STEPS;
}

/* The address of a socket as a number. Verifiers allow no arithmetic with pointers, but to swap
 * their bytes, which makes as good a key. */
static __always_inline u64 key_of(struct sock *sk)
{
	u64 key = (u64)sk;

	asm volatile("%0 = be64 %0" : "+r"(key));
	return key;
}

static __always_inline u32 place_of(u64 key)
{
	return (key ^ key >> 32) * 0x9e3779b97f4a7c15ULL >> 40 & (LIVES - 1);
}

static __always_inline struct life *life_of(struct sock *sk)
{
	u64 key = key_of(sk);
	u32 at = place_of(key);
	struct place *place = bpf_map_lookup_elem(&lives, &at);

	if (place && place->key == key)
		return &place->life;
	at ^= 1;
	place = bpf_map_lookup_elem(&lives, &at);
	if (place && place->key == key)
		return &place->life;
	return has_overflowed ? bpf_sk_storage_get(&more_lives, sk, 0, 0) : 0;
}

/* A place of a closed socket is free. */
static __always_inline bool takes(struct place *place, u64 key)
{
	u64 former = place->key;

	if (former && place->life.state != BPF_TCP_CLOSE)
		return false;
	return __sync_val_compare_and_swap(&place->key, former, key) == former;
}

/* The blank life of a socket that had none, or of a new one at the address of an old one. */
static __always_inline struct life *begin(struct sock *sk)
{
	struct life *life = life_of(sk);
	u64 key = key_of(sk);
	u32 at = place_of(key);
	struct place *place;

	if (!life) {
		place = bpf_map_lookup_elem(&lives, &at);
		if (place && takes(place, key)) {
			life = &place->life;
		} else {
			at ^= 1;
			place = bpf_map_lookup_elem(&lives, &at);
			if (place && takes(place, key)) {
				life = &place->life;
			} else {
				has_overflowed = true;
				life = bpf_sk_storage_get(&more_lives, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
			}
		}
	}
	if (life)
		__builtin_memset(life, 0, sizeof(*life));
	return life;
}

static __always_inline u32 chain_of(const struct tuple *tuple)
{
	const u64 *words = (void *)tuple;
	u64 hash = words[4] * 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ words[1] ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ words[3] ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
	hash = (hash ^ words[0] ^ words[2] ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
	return hash >> 40 & (CHAINS - 1);
}

static __always_inline bool same_tuple(const struct tuple *one, const struct tuple *other)
{
	const u64 *a = (void *)one, *b = (void *)other;

	return a[4] == b[4] && a[2] == b[2] && a[3] == b[3] && a[0] == b[0] && a[1] == b[1];
}

/* Even numbers lie in one half, odd ones in the other. */
static __always_inline u32 closed_slot(u64 number)
{
	return number & (CLOSED_SOCKETS - 1);
}

/* What both ends had closed hardly anybody asks for: it must not drive out the others. */
static __always_inline void remember_closed(struct sock *sk, struct tcp_sock *tp, struct life *life, u64 now, bool closed_by_both)
{
	struct closed_socket *closed;
	struct tuple tuple;
	u32 chain, at;
	u64 number, *first;

	tuple_of_socket(&tuple, sk, tp);
	if (!tuple.remote_port)
		return;
	if (closed_by_both)
		number = __sync_fetch_and_add(&closed_numbers[1], 2) + 3;
	else
		number = __sync_fetch_and_add(&closed_numbers[0], 2) + 2;
	at = closed_slot(number);
	closed = bpf_map_lookup_elem(&closed_sockets, &at);
	chain = chain_of(&tuple);
	first = bpf_map_lookup_elem(&chains, &chain);
	if (!closed || !first)
		return;
	closed->number = 0;
	barrier();
	closed->before = *first;
	closed->at = now;
	closed->tuple = tuple;
	closed->life = *life;
	facts_of(&closed->facts, sk, tp);
	barrier();
	closed->number = number;
	*first = number;
}

/* Remembers who listens; several that share an address and port cannot be distinguished later. */
static __always_inline void listens(struct sock *sk, struct who owner, u64 now)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct listener listener = {}, *other;
	struct tuple tuple = {};

	if (!tp)
		return;
	tuple_of_socket(&tuple, sk, tp);
	tuple.remote_port = 0;
	__builtin_memset(tuple.remote, 0, sizeof(tuple.remote));
	other = bpf_map_lookup_elem(&listeners, &tuple);
	listener.owner = owner;
	listener.began = now;
	listener.shared = other && !other->ended && !same(&other->owner, &owner);
	bpf_map_update_elem(&listeners, &tuple, &listener, BPF_ANY);
}

/* By what the current task ends: bits of `marks`, and whose signal it was. */
static __always_inline u32 ending(struct who *who, s32 code, struct who *killer)
{
	struct signal *signal = bpf_map_lookup_elem(&signals, who);

	if (!signal || signal->number != (code & 0x7f))
		return EXITING;
	*killer = signal->sender;
	return signal->sender.pid ? EXITING : EXITING | OOM_KILLED;
}

/* Who listens no more, and why: the next SYN is refused for that. */
static __always_inline void listens_no_more(struct sock *sk, struct life *life, u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct listener *listener;
	struct tuple tuple = {};

	if (!tp)
		return;
	tuple_of_socket(&tuple, sk, tp);
	tuple.remote_port = 0;
	__builtin_memset(tuple.remote, 0, sizeof(tuple.remote));
	listener = bpf_map_lookup_elem(&listeners, &tuple);
	if (!listener)
		return;
	listener->ended = now;
	listener->closer = life->closer;
	if (!life->closer_exits)
		return;
	listener->exit_code = task->exit_code;
	listener->ending = ending(&listener->closer, listener->exit_code, &listener->killer);
}

SEC("tp_btf/inet_sock_set_state")
int set_state(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int before = ctx[1], after = ctx[2];
	struct task_struct *task;
	struct tcp_sock *tp;
	struct life *life;
	bool owned;
	u64 now;

	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	/* A child is not complete yet: its life begins when it is established, the next moment. */
	if (before == BPF_TCP_LISTEN && after == BPF_TCP_SYN_RECV)
		return 0;
	if (before == BPF_TCP_CLOSE) {
		/* connect() and listen() run in their process. */
		now = bpf_ktime_get_ns();
		life = begin(sk);
		if (!life)
			return 0;
		learn(&life->owner, bpf_get_current_task_btf());
		if (after == BPF_TCP_SYN_SENT) {
			life->opened = 1;
		} else if (after == BPF_TCP_LISTEN) {
			life->opened = 3;
			listens(sk, life->owner, now);
		}
		step(life, now, after);
		return 0;
	}
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	owned = sk->sk_lock.owned;
	/* Where a segment or a timer made the change, TCP has just looked at the clock itself. */
	now = owned ? bpf_ktime_get_ns() : tp->tcp_mstamp * 1000;
	life = life_of(sk);
	if (before == BPF_TCP_SYN_RECV && !(life && life->state == BPF_TCP_SYN_RECV)) {
		life = begin(sk);
		if (!life)
			return 0;
		life->opened = 2;
	} else if (!life || !life->taken || life->state == BPF_TCP_CLOSE) {
		/* It was in that state when nobody looked yet. */
		life = begin(sk);
		if (!life)
			return 0;
		step(life, LOADED, before);
	}
	step(life, now, after);
	if (after != BPF_TCP_FIN_WAIT1 && after != BPF_TCP_LAST_ACK && after != BPF_TCP_CLOSE)
		return 0;
	/* A socket with an error was not closed by whoever works on it now. */
	if (owned && !life->closer.pid && !sk->sk_err) {
		task = bpf_get_current_task_btf();
		learn(&life->closer, task);
		if (task->flags & PF_EXITING) {
			life->closer_exits = 1;
			life->closer_signal = task->exit_code & 0x7f;
		}
	}
	if (after != BPF_TCP_CLOSE)
		return 0;
	if (before == BPF_TCP_LISTEN)
		listens_no_more(sk, life, now);
	else
		remember_closed(sk, tp, life, now, !sk->sk_err && (before == BPF_TCP_LAST_ACK || FLAG(sk, SOCK_DONE)));
	return 0;
}

/* A socket that was there before the probe, met by chance. */
static __always_inline struct life *met(struct sock *sk)
{
	struct life *life = life_of(sk);

	if (life && life->taken)
		return life;
	life = begin(sk);
	if (life)
		step(life, LOADED, STATE(sk));
	return life;
}

/* Who reads is who owns: right also after fork() and for a listener's children. */
SEC("tp_btf/tcp_rcv_space_adjust")
int rcv_space_adjust(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct task_struct *task;
	struct life *life;

	if (!sk)
		return 0;
	life = met(sk);
	if (!life)
		return 0;
	task = bpf_get_current_task_btf();
	if (life->owner.pid != task->tgid)
		learn(&life->owner, task);
	return 0;
}

/* Which error a program got. */
SEC("tp_btf/inet_sk_error_report")
int error_report(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct life *life;

	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	life = life_of(sk);
	if (!life)
		return 0;
	life->error = sk->sk_err;
	life->failed = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int retransmit(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct life *life;

	/* A SYN-ACK is sent again by a request, which has no storage. */
	if (!sk || !is_full(sk))
		return 0;
	life = life_of(sk);
	if (life)
		life->retransmitted = bpf_ktime_get_ns();
	return 0;
}

/* Who ends whom: a socket that its dying owner closes was closed by somebody else, in truth. */
SEC("tp_btf/signal_generate")
int signal_generate(u64 *ctx)
{
	int number = ctx[0];
	u64 info = ctx[1];
	struct task_struct *target = (void *)ctx[2], *task;
	struct signal signal = {};
	struct who who;

	if (number != SIGKILL && number != SIGTERM && number != SIGINT && number != SIGQUIT && number != SIGHUP)
		return 0;
	/* Not by a process but by the kernel: memory ran out, or a terminal's keys. */
	if (info == SEND_SIG_PRIV || !target)
		return 0;
	task = bpf_get_current_task_btf();
	signal.at = bpf_ktime_get_ns();
	signal.number = number;
	learn(&signal.sender, task);
	who = who_is(target);
	bpf_map_update_elem(&signals, &who, &signal, BPF_ANY);
	return 0;
}

/* Memory ran out, and the kernel ends this process. Its signal comes without a sender, as some others of the kernel do.
 * A process that somebody else had killed is marked too, to end sooner: that is not why it ends. */
static __always_inline int chosen(struct who who)
{
	struct signal signal = { .number = SIGKILL }, *earlier = bpf_map_lookup_elem(&signals, &who);

	if (earlier && earlier->number == SIGKILL)
		return 0;
	signal.at = bpf_ktime_get_ns();
	bpf_map_update_elem(&signals, &who, &signal, BPF_ANY);
	return 0;
}

SEC("tp_btf/mark_victim")
int mark_victim(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	return task ? chosen(who_is(task)) : 0;
}

/* Sockets that were there before the probe: their owner is who holds them. */
SEC("iter/task_file")
int adopt(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct process process = {};
	struct socket *socket;
	struct life *life;
	struct sock *sk;
	struct who owner;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	sk = socket->sk;
	if (sk->sk_protocol != IPPROTO_TCP || (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6))
		return 0;
	life = STATE(sk) == BPF_TCP_CLOSE ? 0 : met(sk);
	if (!life || life->owner.pid)
		return 0;
	owner = who_is(task);
	life->owner = owner;
	if (STATE(sk) == BPF_TCP_LISTEN) {
		life->opened = 3;
		listens(sk, owner, LOADED);
	}
	/* Its arguments are in its own memory: the loader reads /proc. */
	process.uid = NOT_KNOWN;
	bpf_probe_read_kernel(process.comm, sizeof(process.comm), task->group_leader->comm);
	bpf_map_update_elem(&processes, &owner, &process, BPF_NOEXIST);
	return 0;
}

static __always_inline void note_current(struct event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	void *regs;

	event->current = who_is(task);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->syscall = -1;
	if (task->flags & PF_EXITING) {
		event->exit_code = task->exit_code;
		event->marks |= ending(&event->current, event->exit_code, &event->killer);
	}
	regs = (void *)bpf_task_pt_regs(task);
	if (bpf_core_type_exists(struct pt_regs___x86) && bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		event->syscall = BPF_CORE_READ((struct pt_regs___x86 *)regs, orig_ax);
	else if (bpf_core_field_exists(struct pt_regs___arm64, syscallno))
		event->syscall = BPF_CORE_READ((struct pt_regs___arm64 *)regs, syscallno);
}

/* A socket that its closer left behind when it ended: whoever is interrupted now has nothing to do with that. */
static __always_inline void note_end_of_closer(struct event *event)
{
	event->killer.pid = 0;
	event->marks &= ~OOM_KILLED;
	event->marks |= ending(&event->life.closer, event->life.closer_signal, &event->killer) & OOM_KILLED;
}

/* The segment that the RST answers. Sets the tuple from its headers: what it was sent to is ours. */
static __always_inline void note_trigger(struct event *event, struct sk_buff *skb)
{
	unsigned char *head = skb->head;
	unsigned char *ip = head + skb->network_header;
	unsigned char *tcp = head + skb->transport_header;
	u8 header[40] = {}, segment[20] = {};
	u32 len;

	bpf_probe_read_kernel(header, 40, ip);
	bpf_probe_read_kernel(segment, 20, tcp);
	event->marks |= HAS_TRIGGER;
	if (header[0] >> 4 == 4) {
		u32 from, to;

		__builtin_memcpy(&from, header + 12, 4);
		__builtin_memcpy(&to, header + 16, 4);
		map_v4(event->tuple.local, to);
		map_v4(event->tuple.remote, from);
		len = (header[2] << 8 | header[3]);
		event->trigger_ttl = header[8];
	} else {
		__builtin_memcpy(event->tuple.remote, header + 8, 16);
		__builtin_memcpy(event->tuple.local, header + 24, 16);
		len = (header[4] << 8 | header[5]) + 40;
		event->trigger_ttl = header[7];
	}
	event->tuple.remote_port = segment[0] << 8 | segment[1];
	event->tuple.local_port = segment[2] << 8 | segment[3];
	event->trigger_seq = (u32)segment[4] << 24 | segment[5] << 16 | segment[6] << 8 | segment[7];
	event->trigger_ack = (u32)segment[8] << 24 | segment[9] << 16 | segment[10] << 8 | segment[11];
	event->trigger_flags = segment[13];
	event->trigger_window = segment[14] << 8 | segment[15];
	len -= (u32)(tcp - ip) + (segment[12] >> 4) * 4;
	event->trigger_len = len > 0x1000000 ? 0 : len;
	if (!event->tuple.netns)
		event->tuple.netns = skb->dev->nd_net.net->ns.inum;
}

/* The owner of an accepted socket that nobody read from yet is who listens. */
static __always_inline void inherit(struct event *event)
{
	struct tuple tuple = {};
	struct listener *listener;

	tuple.netns = event->tuple.netns;
	tuple.local_port = event->tuple.local_port;
	__builtin_memcpy(tuple.local, event->tuple.local, sizeof(tuple.local));
	listener = bpf_map_lookup_elem(&listeners, &tuple);
	if (!listener) {
		map_v4(tuple.local, 0);
		listener = bpf_map_lookup_elem(&listeners, &tuple);
	}
	if (!listener) {
		__builtin_memset(tuple.local, 0, sizeof(tuple.local));
		listener = bpf_map_lookup_elem(&listeners, &tuple);
	}
	if (listener && !listener->shared)
		event->owner = listener->owner;
}

static __always_inline void note_socket(struct event *event, struct sock *sk)
{
	struct tcp_sock *tp;
	struct life *life;

	event->state = STATE(sk);
	event->tuple.netns = sk->__sk_common.skc_net.net->ns.inum;
	if (!is_full(sk))
		return;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	tuple_of_socket(&event->tuple, sk, tp);
	event->marks |= HAS_SOCKET;
	if (sk->sk_lock.owned)
		event->marks |= OWNED;
	if (FLAG(sk, SOCK_DEAD))
		event->marks |= ORPHAN;
	facts_of(&event->facts, sk, tp);
	settings_of(&event->settings, sk, tp);
	life = life_of(sk);
	if (!life)
		return;
	event->owner = life->owner;
	if (event->state == BPF_TCP_LISTEN) {
		event->marks |= LISTENER;
		return;
	}
	event->marks |= HAS_LIFE;
	event->life = *life;
	if (!event->owner.pid && life->opened == 2)
		inherit(event);
}

/* Whose connection it was, when the segment met no socket of its own. */
static __always_inline void note_closed_socket(struct event *event)
{
	u32 at = chain_of(&event->tuple);
	u64 *first = bpf_map_lookup_elem(&chains, &at), number;
	struct closed_socket *closed;
	int link;

	if (!first)
		return;
	number = *first;
	for (link = 0; link < LINKS && number; link++) {
		at = closed_slot(number);
		closed = bpf_map_lookup_elem(&closed_sockets, &at);
		/* Its place was given to another one since. */
		if (!closed || closed->number != number)
			return;
		if (same_tuple(&closed->tuple, &event->tuple)) {
			event->closed_at = closed->at;
			event->life = closed->life;
			event->facts = closed->facts;
			barrier();
			if (closed->number != number)
				return;
			event->marks |= HAS_LIFE | FROM_CLOSED;
			if (event->marks & LISTENER)
				return;
			event->owner = event->life.owner;
			if (!event->owner.pid && event->life.opened == 2)
				inherit(event);
			return;
		}
		number = closed->before;
	}
}

static __always_inline bool lies_in(const u8 *address, u32 network)
{
	const u32 *words = (const void *)address;
	u32 at = network * 4;

	return (words[0] & MASKS[at]) == NETWORKS[at] && (words[1] & MASKS[at + 1]) == NETWORKS[at + 1] &&
	       (words[2] & MASKS[at + 2]) == NETWORKS[at + 2] && (words[3] & MASKS[at + 3]) == NETWORKS[at + 3];
}

static __always_inline bool has_port_of(const struct tuple *tuple, u32 range)
{
	u32 first = range & 0xffff, last = range >> 16;

	return (tuple->local_port >= first && tuple->local_port <= last) ||
	       (tuple->remote_port >= first && tuple->remote_port <= last);
}

static __always_inline bool passes_filter(const struct tuple *tuple)
{
	bool port = !PORT_COUNT, network = !NETWORK_COUNT, namespace = !NAMESPACE_COUNT;
	u32 at;

	for (at = 0; at < MAX_FILTERS && at < NAMESPACE_COUNT; at++)
		namespace |= tuple->netns == NAMESPACES[at];
	if (!namespace)
		return false;
	for (at = 0; at < MAX_FILTERS && at < NOT_PORT_COUNT; at++)
		if (has_port_of(tuple, NOT_PORTS[at]))
			return false;
	for (at = 0; at < MAX_FILTERS && at < PORT_COUNT; at++)
		port |= has_port_of(tuple, PORTS[at]);
	for (at = 0; at < MAX_FILTERS && at < NETWORK_COUNT; at++)
		network |= lies_in(tuple->local, at) || lies_in(tuple->remote, at);
	return port && network;
}

static __always_inline void count_one(void *counts, u32 kind)
{
	u64 *count = bpf_map_lookup_elem(counts, &kind);

	if (count)
		(*count)++;
}

/* Counted all the same: the counts are held against the kernel's own. */
static __always_inline void filter_out(struct event *event)
{
	struct filtered filtered = { .netns = event->tuple.netns, .kind = event->kind };
	u64 *count = bpf_map_lookup_elem(&filtered_out, &filtered), none = 0;

	if (!count) {
		bpf_map_update_elem(&filtered_out, &filtered, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&filtered_out, &filtered);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		count_one(&uncounted, event->kind);
}

enum counted {
	ADDED, /* to others like it */
	FIRST, /* none like it was there: there is a place for those to come */
	FULL,  /* there is no place */
};

static __always_inline enum counted add(void *map, struct aggregate *aggregate, u64 first)
{
	u64 *count = bpf_map_lookup_elem(map, aggregate);

	if (!count) {
		if (!bpf_map_update_elem(map, aggregate, &first, BPF_NOEXIST))
			return FIRST;
		/* Another processor was quicker, or the map is full. */
		count = bpf_map_lookup_elem(map, aggregate);
	}
	if (!count)
		return FULL;
	__sync_fetch_and_add(count, 1);
	return ADDED;
}

static __always_inline void aggregate_of(struct aggregate *aggregate, struct event *event, u64 window)
{
	aggregate->netns = event->tuple.netns;
	aggregate->kind = event->kind;
	aggregate->reason = event->reason;
	aggregate->state = event->state;
	aggregate->form = (event->marks & FORM_MARKS) | (u32)(event->trigger_flags & FORM_FLAG_BITS) << FORM_FLAGS;
	aggregate->window = window;
}

/* Counts an event that is like others of this window; `false` for the first of its kind, which is reported. */
static __always_inline bool is_aggregated(struct event *event, u64 window)
{
	bool local = event->tuple.local_port <= event->tuple.remote_port;
	struct aggregate aggregate = {};
	enum counted counted;

	aggregate_of(&aggregate, event, window);
	__builtin_memcpy(aggregate.service, local ? event->tuple.local : event->tuple.remote, 16);
	aggregate.port = local ? event->tuple.local_port : event->tuple.remote_port;
	aggregate.owner = event->owner.pid;
	counted = add(&aggregates, &aggregate, 0);
	if (counted == FULL) {
		aggregate.port = 0;
		__builtin_memset(aggregate.service, 0, 16);
		aggregate.owner = 0;
		counted = add(&crowds, &aggregate, 0);
		if (counted == FULL)
			count_one(&uncounted, event->kind);
	}
	return counted != FIRST;
}

/* Whether this namespace has had few events of this kind reported in this window: the flood of another neither makes
 * its resets mere numbers nor takes the last of the ring. Two places for each; who finds both taken has none. */
static __always_inline bool has_share(struct event *event, u64 window)
{
	u64 whose = (u64)event->tuple.netns << 32 | event->kind;
	u32 at = whose * 0x9e3779b97f4a7c15ULL >> 40 & (SHARES - 1);
	struct share *share = bpf_map_lookup_elem(&shares, &at);

	if (share && share->whose != whose && share->window == window) {
		at ^= 1;
		share = bpf_map_lookup_elem(&shares, &at);
	}
	if (!share)
		return false;
	if (share->window != window) {
		share->whose = whose;
		share->window = window;
		share->count = 0;
	}
	if (share->whose != whose)
		return false;
	return __sync_fetch_and_add(&share->count, 1) < OWN_SHARE;
}

/* An event that did not fit into the ring: what it was is lost, that it was is not. */
static __always_inline void lose(struct event *event, u64 window)
{
	struct aggregate aggregate = {};

	count_one(&lost, event->kind);
	aggregate_of(&aggregate, event, window);
	if (add(&crowds, &aggregate, 1) == FULL)
		count_one(&uncounted, event->kind);
}

static __always_inline int report(u64 *ctx, enum kind kind, struct sock *sk, struct sk_buff *skb, u32 reason)
{
	u32 place = kind;
	struct event *event = bpf_map_lookup_elem(&scratch, &place);
	struct rate *rate = bpf_map_lookup_elem(&rates, &place);
	u64 size, window, now = bpf_ktime_get_ns();
	bool busy, own = false;
	long len = 0;

	if (!event || !rate)
		return 0;
	__builtin_memset(event, 0, sizeof(*event) - sizeof(event->stack));
	event->at = now;
	event->kind = kind;
	event->reason = reason;
	event->facts.linger = NO_LINGER;
	if (sk)
		note_socket(event, sk);
	if (skb)
		note_trigger(event, skb);
	if (!passes_filter(&event->tuple)) {
		filter_out(event);
		return 0;
	}
	window = now >> WINDOW_SHIFT;
	if (rate->window != window) {
		rate->window = window;
		rate->count = 0;
	}
	rate->count++;
	if (skb && (!(event->marks & HAS_SOCKET) || event->state == BPF_TCP_LISTEN))
		note_closed_socket(event);
	busy = rate->count > CALM;
	if (busy)
		own = has_share(event, window);
	if (rate->count > REPORTED_IN_FULL && !own && is_aggregated(event, window))
		return 0;
	if (busy && !own && bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > RING / 4 * 3) {
		lose(event, window);
		return 0;
	}
	note_current(event);
	if (skb && (event->marks & HAS_LIFE) && event->life.closer_signal)
		note_end_of_closer(event);
	/* Without a socket the reason says it all; who receives has nothing to explain. */
	if (kind == SENT && (sk || reason == NO_REASON)) {
		len = bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0);
		if (len < 0)
			len = 0;
	}
	event->stack_len = len;
	size = sizeof(*event) - sizeof(event->stack) + (len & 0xff);
	if (size > sizeof(*event))
		size = sizeof(*event);
	/* Who acts is to be known also when it is gone. */
	if (kind == SENT && !skb)
		learn(&event->current, bpf_get_current_task_btf());
	if (bpf_ringbuf_output(&events, event, size, busy && rate->count % WAKE ? BPF_RB_NO_WAKEUP : 0))
		lose(event, window);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int send_reset(u64 *ctx)
{
	return report(ctx, SENT, (void *)ctx[0], (void *)ctx[1], ctx[2]);
}

/* Up to 6.9 or so the event has no reason. */
SEC("tp_btf/tcp_send_reset")
int send_reset_without_reason(u64 *ctx)
{
	return report(ctx, SENT, (void *)ctx[0], (void *)ctx[1], NO_REASON);
}

SEC("tp_btf/tcp_receive_reset")
int receive_reset(u64 *ctx)
{
	return report(ctx, RECEIVED, (void *)ctx[0], 0, NO_REASON);
}

/* The key of `filtered_out` as the loader reads it: two words. Here, since what stands above the programs moves their
 * lines, which the object holds. */
AT(filtered, netns, 0);
AT(filtered, kind, 4);
SIZE(filtered, 8);
