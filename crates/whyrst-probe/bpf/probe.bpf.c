/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kernel side of whyrst: tells of every reset that this host sends or receives, with what its
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
 *  - An answer without a socket has only the segment: who closed that connection, `graves` knows.
 */
#include "kernel.h"
#include "event.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct life);
} lives SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tuple);
	__type(value, struct grave);
} graves SEC(".maps");

/* A grave is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct grave);
} scratch SEC(".maps");

/* Command lines of owners, kept for when the process is gone. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct args);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct args);
} args_scratch SEC(".maps");

/* Set by the loader: ticks of a second, from the kernel's configuration. */
volatile const u32 HZ = 250;

static const u32 zero;

#define STATE(sk) ((sk)->__sk_common.skc_state)

static __always_inline bool is_full(struct sock *sk)
{
	u8 state = STATE(sk);

	return state != BPF_TCP_TIME_WAIT && state != BPF_TCP_NEW_SYN_RECV;
}

static __always_inline void remember_args(u32 pid, struct task_struct *task)
{
	struct args *known = bpf_map_lookup_elem(&processes, &pid), *args;
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	u64 started = BPF_CORE_READ(leader, start_time);
	unsigned long start, end;
	struct mm_struct *mm;
	long len;

	if (known && known->start_time == started)
		return;
	args = bpf_map_lookup_elem(&args_scratch, &zero);
	mm = BPF_CORE_READ(task, mm);
	if (!args || !mm)
		return;
	start = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	len = end - start;
	if (len <= 0)
		return;
	if (len > ARGS)
		len = ARGS;
	args->len = len;
	args->start_time = started;
	args->parent = BPF_CORE_READ(leader, real_parent, tgid);
	/* 127 is for the verifier. */
	if (bpf_probe_read_user(args->text, len & 127, (void *)start))
		return;
	bpf_map_update_elem(&processes, &pid, args, BPF_ANY);
}

static __always_inline void whoami(struct who *who)
{
	who->pid = bpf_get_current_pid_tgid() >> 32;
	who->uid = bpf_get_current_uid_gid();
	who->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(who->comm, sizeof(who->comm));
}

/* Learns who the current task is: only where it acts on the socket itself. */
static __always_inline void learn(struct who *who)
{
	whoami(who);
	remember_args(who->pid, (void *)bpf_get_current_task());
}

static __always_inline void map_v4(u8 *to, u32 address)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &address, 4);
}

static __always_inline void tuple_of_socket(struct tuple *tuple, struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;

	tuple->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	/* skc_num is 0 once an ephemeral port was given back. */
	tuple->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	tuple->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (sk->__sk_common.skc_family == AF_INET) {
		map_v4(tuple->local, sk->__sk_common.skc_rcv_saddr);
		map_v4(tuple->remote, sk->__sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&tuple->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&tuple->remote, sk, __sk_common.skc_v6_daddr);
	}
}

static __always_inline u32 ago(u32 then)
{
	/* tcp_jiffies32 */
	u32 ticks = (u32)bpf_jiffies64() - then;

	return (u64)ticks * 1000 / HZ;
}

static __always_inline void facts_of(struct facts *facts, struct sock *sk)
{
	unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct cgroup *cgroup;

	__builtin_memset(facts, 0, sizeof(*facts));
	facts->linger = NO_LINGER;
	if (flags & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_LINGER)))
		facts->linger = sk->sk_lingertime / HZ;
	facts->error = sk->sk_err;
	facts->shutdown = sk->sk_shutdown;
	facts->backlog = sk->sk_ack_backlog;
	facts->max_backlog = sk->sk_max_ack_backlog;
	cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	if (cgroup)
		facts->cgroup = BPF_CORE_READ(cgroup, kn, id);
	if (!tp)
		return;
	facts->unread = tp->rcv_nxt - tp->copied_seq;
	facts->peer_closed = !!(flags & (1UL << bpf_core_enum_value(enum sock_flags, SOCK_DONE)));
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
	facts->received_ago = facts->bytes_received ? ago(tp->inet_conn.icsk_ack.lrcvtime) : NOT_KNOWN;
	facts->sent_ago = facts->bytes_acked > 1 ? ago(tp->lsndtime) : NOT_KNOWN;
}

static __always_inline void step(struct life *life, u8 state)
{
	u8 at = life->steps & (STEPS - 1);

	life->at[at] = bpf_ktime_get_ns();
	life->state[at] = state;
	life->steps++;
	/* The count goes on in a ring without beginning at 0 again. */
	if (life->steps == 0)
		life->steps = STEPS;
}

static __always_inline void bury(struct sock *sk, struct life *life)
{
	struct grave *grave = bpf_map_lookup_elem(&scratch, &zero);
	struct tuple tuple = {};

	if (!grave)
		return;
	tuple_of_socket(&tuple, sk);
	if (!tuple.remote_port)
		return;
	__builtin_memcpy(&grave->life, life, sizeof(*life));
	facts_of(&grave->facts, sk);
	grave->at = bpf_ktime_get_ns();
	bpf_map_update_elem(&graves, &tuple, grave, BPF_ANY);
}

SEC("tp_btf/inet_sock_set_state")
int set_state(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int before = ctx[1], after = ctx[2];
	struct life *life;

	if (!sk || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	life = bpf_sk_storage_get(&lives, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!life)
		return 0;
	if (before == BPF_TCP_CLOSE && (after == BPF_TCP_SYN_SENT || after == BPF_TCP_LISTEN)) {
		/* connect() and listen() run in their process. */
		__builtin_memset(life, 0, sizeof(*life));
		life->opened = after == BPF_TCP_LISTEN ? 3 : 1;
		learn(&life->owner);
	} else if (before == BPF_TCP_SYN_RECV && life->opened == 3) {
		/* A child begins with a copy of its listener's life; it keeps the owner. */
		life->opened = 2;
		life->steps = 0;
		__builtin_memset(&life->closer, 0, sizeof(life->closer));
	}
	step(life, after);
	if (after == BPF_TCP_ESTABLISHED) {
		/* A TIME-WAIT keeps the cookie only if there is one by now. */
		bpf_get_socket_cookie(sk);
		return 0;
	}
	if (!life->closer.pid && sk->sk_lock.owned &&
	    (after == BPF_TCP_FIN_WAIT1 || after == BPF_TCP_LAST_ACK || after == BPF_TCP_CLOSE)) {
		struct task_struct *task = (void *)bpf_get_current_task();

		whoami(&life->closer);
		life->closer_exits = !!(BPF_CORE_READ(task, flags) & PF_EXITING);
	}
	if (after == BPF_TCP_CLOSE && life->opened != 3)
		bury(sk, life);
	return 0;
}

/* Who reads is who owns: right also after fork() and for a listener's children. */
SEC("tp_btf/tcp_rcv_space_adjust")
int rcv_space_adjust(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	struct life *life;

	if (!sk)
		return 0;
	life = bpf_sk_storage_get(&lives, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (life && life->owner.pid != bpf_get_current_pid_tgid() >> 32)
		learn(&life->owner);
	return 0;
}

/* Sockets that were there before the probe: their owner is who holds them. */
SEC("iter/task_file")
int adopt(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct life *life;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	sk = socket->sk;
	if (sk->sk_protocol != IPPROTO_TCP || (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6))
		return 0;
	life = bpf_sk_storage_get(&lives, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!life || life->owner.pid)
		return 0;
	life->owner.pid = task->tgid;
	life->owner.uid = NOT_KNOWN;
	BPF_CORE_READ_INTO(&life->owner.comm, task, group_leader, comm);
	if (STATE(sk) == BPF_TCP_LISTEN)
		life->opened = 3;
	step(life, STATE(sk));
	return 0;
}

static __always_inline void note_current(struct event *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	void *regs;

	whoami(&event->current);
	event->syscall = -1;
	if (task->flags & PF_EXITING) {
		event->marks |= EXITING;
		event->exit_code = task->exit_code;
	}
	regs = (void *)bpf_task_pt_regs(task);
	if (bpf_core_type_exists(struct pt_regs___x86) && bpf_core_field_exists(struct pt_regs___x86, orig_ax))
		event->syscall = BPF_CORE_READ((struct pt_regs___x86 *)regs, orig_ax);
	else if (bpf_core_field_exists(struct pt_regs___arm64, syscallno))
		event->syscall = BPF_CORE_READ((struct pt_regs___arm64 *)regs, syscallno);
}

/* The segment that the RST answers. Sets the tuple from its headers: what it was sent to is ours. */
static __always_inline void note_trigger(struct event *event, struct sk_buff *skb)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	unsigned char *ip = head + BPF_CORE_READ(skb, network_header);
	unsigned char *tcp = head + BPF_CORE_READ(skb, transport_header);
	struct net_device *dev = BPF_CORE_READ(skb, dev);
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
	if (!event->tuple.netns && dev)
		event->tuple.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
}

static __always_inline void note_socket(struct event *event, struct sock *sk)
{
	struct life *life;

	event->state = STATE(sk);
	event->tuple.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (!is_full(sk))
		return;
	if (!(event->marks & HAS_TRIGGER))
		tuple_of_socket(&event->tuple, sk);
	event->marks |= HAS_SOCKET;
	if (sk->sk_lock.owned)
		event->marks |= OWNED;
	event->cookie = bpf_get_socket_cookie(sk);
	facts_of(&event->facts, sk);
	life = bpf_sk_storage_get(&lives, sk, 0, 0);
	if (!life)
		return;
	__builtin_memcpy(&event->owner, &life->owner, sizeof(event->owner));
	if (event->state == BPF_TCP_LISTEN) {
		event->marks |= LISTENER;
		return;
	}
	event->marks |= HAS_LIFE;
	__builtin_memcpy(&event->life, life, sizeof(*life));
}

/* Whose connection it was, when the segment met no socket of its own. */
static __always_inline void note_grave(struct event *event)
{
	struct grave *grave = bpf_map_lookup_elem(&graves, &event->tuple);

	if (!grave)
		return;
	event->marks |= HAS_LIFE | FROM_GRAVE;
	event->grave_at = grave->at;
	__builtin_memcpy(&event->life, &grave->life, sizeof(event->life));
	__builtin_memcpy(&event->facts, &grave->facts, sizeof(event->facts));
	if (!(event->marks & LISTENER))
		__builtin_memcpy(&event->owner, &grave->life.owner, sizeof(event->owner));
}

static __always_inline int tell(u64 *ctx, enum kind kind, struct sock *sk, struct sk_buff *skb, u32 reason)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	long len;

	if (!event) {
		u64 *count = bpf_map_lookup_elem(&lost, &zero);

		if (count)
			(*count)++;
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event) - sizeof(event->stack));
	event->at = bpf_ktime_get_ns();
	event->kind = kind;
	event->reason = reason;
	event->facts.linger = NO_LINGER;
	note_current(event);
	if (sk)
		note_socket(event, sk);
	if (skb)
		note_trigger(event, skb);
	if (skb && (!(event->marks & HAS_SOCKET) || event->state == BPF_TCP_LISTEN))
		note_grave(event);
	/* Without a socket the reason says it all. */
	if (sk) {
		len = bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0);
		event->stack_len = len > 0 ? len : 0;
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tp_btf/tcp_send_reset")
int send_reset(u64 *ctx)
{
	return tell(ctx, SENT, (void *)ctx[0], (void *)ctx[1], ctx[2]);
}

/* Up to 6.9 or so the event has no reason. */
SEC("tp_btf/tcp_send_reset")
int send_reset_without_reason(u64 *ctx)
{
	return tell(ctx, SENT, (void *)ctx[0], (void *)ctx[1], NO_REASON);
}

SEC("tp_btf/tcp_receive_reset")
int receive_reset(u64 *ctx)
{
	return tell(ctx, RECEIVED, (void *)ctx[0], 0, NO_REASON);
}
