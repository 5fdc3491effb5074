/* SPDX-License-Identifier: MIT */
/*
 * Entering the kernel is what costs in a guest, so an idle node makes no call, a round costs ppoll() and
 * sendmmsg(), an incoming batch ppoll() and recvmmsg(), an answer one sendmmsg(). The clock is read
 * once for each input, right before the protocol sees it, and what the protocol sends leaves
 * right after: the time in a datagram is the time of its sending.
 */
#include "live/loop.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "live/addresses.h"
#include "plugin/check_output.h"
#include "util/rand.h"

/* Datagrams taken at once: timers are looked at in between, however many come in. */
#define RECEIVE_BATCH 32
/* Datagrams sent at once; a step that sends more leaves in several parts. */
#define SEND_BATCH 32
/* How often the kernel is asked for the datagrams it dropped. */
#define DROPS_EVERY GN_SEC

struct batch {
	struct mmsghdr message[RECEIVE_BATCH];
	struct iovec part[RECEIVE_BATCH];
	struct sockaddr_in address[RECEIVE_BATCH];
	uint8_t data[RECEIVE_BATCH][GN_DATAGRAM_MAX + 1]; /* one more shows that it is too long */
};

/* Room for the one control message that we ask for: when the kernel received the datagram. */
union control {
	struct cmsghdr header; /* for its alignment */
	uint8_t space[CMSG_SPACE(sizeof(struct timespec))];
};

struct gn_loop {
	struct gn_loop_config config;
	const struct gn_topology *topology;
	struct gn_counters *counters;
	struct gn_addresses addresses;
	const struct gn_protocol *protocol;
	struct gn_cluster cluster;
	void *shared, *state; /* state: the head, then, aligned to 16, the body */
	void *body;
	size_t state_size;
	struct gn_output output;
	struct gn_random random;
	/* The step under way. The protocol may be anybody's: what it answers is checked before it is carried out. */
	const struct gn_input *input;
	uint32_t n_sent;
	uint64_t n_outputs;
	const char *fault; /* what it did wrong, or NULL */
	uint8_t *known;	   /* by event: was it delivered? */
	gn_time start, now, deadline, drops_asked;
	uint64_t drops_before; /* in former lives */
	gn_time arrived; /* of the input at hand: at the node, which may be earlier than at this process */
	gn_dur realtime_ahead; /* CLOCK_REALTIME, which the kernel stamps with, minus CLOCK_MONOTONIC */
	uint32_t next_event;   /* the next one that starts here, or topology->n_events */
	unsigned n_queued;
	struct batch in, out;
	union control control[RECEIVE_BATCH];
};

_Static_assert(SEND_BATCH <= RECEIVE_BATCH, "both use struct batch");

/* This process is the only writer. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void read_clock(struct gn_loop *l)
{
	l->now = gn_now();
}

static void flush(struct gn_loop *l)
{
	unsigned done = 0;

	while (done < l->n_queued) {
		int n = sendmmsg(l->config.socket, l->out.message + done, l->n_queued - done, MSG_DONTWAIT);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			add(&l->counters->send_errors, 1);
			done++; /* the first one was refused: lost, as on any network */
			continue;
		}
		for (int i = 0; i < n; i++)
			add(&l->counters->bytes_sent, l->out.part[done + (unsigned)i].iov_len);
		add(&l->counters->datagrams_sent, (uint64_t)n);
		done += (unsigned)n;
	}
	l->n_queued = 0;
	l->output.room = l->out.data[0];
}

/* The first fault is kept. */
static bool is_faulty(struct gn_loop *l, const char *fault)
{
	if (fault && !l->fault)
		l->fault = fault;
	return l->fault != NULL;
}

static void on_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_loop *l = host;
	unsigned i = l->n_queued;

	l->n_outputs++;
	if (is_faulty(l, gn_output_check_send(&l->cluster, l->input, to, data, size, l->n_sent++)))
		return;
	l->out.address[i].sin_addr.s_addr = htonl(gn_address_of(l->topology, to));
	l->out.part[i].iov_len = size;
	if (data != l->output.room)
		memcpy(l->out.data[i], data, size);
	l->output.room = l->out.data[++l->n_queued % SEND_BATCH];
	if (l->n_queued == SEND_BATCH)
		flush(l);
}

static void on_deliver(void *host, const struct gn_delivery *d)
{
	struct gn_loop *l = host;

	l->n_outputs++;
	/* Whether the event has been published yet is not known here. */
	if (is_faulty(l, gn_output_check_deliver(&l->cluster, l->input, d)) ||
	    is_faulty(l, gn_output_check_first(d, true, l->known[d->event])))
		return;
	l->known[d->event] = 1;

	const struct gn_record r = {
		.type = GN_RECORD_ARRIVAL,
		/* The two clocks are read one after the other: nothing arrives before it was sent. */
		.t = GN_MAX(l->arrived, GN_MIN(d->sent, l->now)),
		.sent = d->sent,
		.event = d->event,
		.via = d->via,
		.hop = d->hop,
		.first = d->first != 0,
	};

	if (d->first)
		add(&l->counters->informed, 1);
	if (d->first || l->topology->log != GN_RECORDS_FIRST)
		gn_ring_write(l->config.own->slice, l->config.own->capacity, &r);
}

static void on_call(void *host, uint32_t round, uint32_t partner)
{
	struct gn_loop *l = host;

	if (is_faulty(l, gn_output_check_call(&l->cluster, l->input, partner)))
		return;

	const struct gn_record r = {
		.type = GN_RECORD_CALL,
		.t = l->now,
		.event = round,
		.via = partner,
	};

	add(&l->counters->calls, 1);
	/* However many there are, they do not push out arrivals. */
	if (l->topology->log == GN_RECORDS_CALLS)
		gn_ring_write_spare(l->config.own->slice, l->config.own->capacity, &r);
}

static int feed(struct gn_loop *l, struct gn_input *in)
{
	const gn_time before = l->deadline;

	in->self = l->config.member;
	in->now = l->now;
	in->random = &l->random;
	l->input = in;
	l->n_sent = 0;
	l->n_outputs = 0;
	int r = l->protocol->step(&l->cluster, l->state, l->body, in, &l->output, &l->deadline);

	flush(l);
	if (!is_faulty(l, gn_output_check_return(in, r, l->n_outputs)))
		is_faulty(l, gn_output_check_deadline(in, before, l->deadline));
	return r;
}

/* The next event from @first on that starts here. */
static uint32_t next_own(const struct gn_loop *l, uint32_t first)
{
	uint32_t self = l->topology->gossip.members[l->config.member], e = first;

	while (e < l->topology->n_events && l->topology->events[e].node != self)
		e++;
	return e;
}

static gn_time next_publish(const struct gn_loop *l)
{
	return l->next_event < l->topology->n_events ? l->start + l->topology->events[l->next_event].at
						     : GN_NEVER;
}

static void publish(struct gn_loop *l)
{
	uint8_t payload[GN_PAYLOAD_MAX];
	const struct gn_event_plan *plan = &l->topology->events[l->next_event];
	struct gn_input in = {
		.type = GN_PUBLISH,
		.event = l->next_event,
		.data = payload,
		.size = plan->size,
	};

	/* Any bytes will do, as long as they are the same in each run. */
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(l->next_event + i);
	l->next_event = next_own(l, l->next_event + 1);
	l->arrived = l->now;
	feed(l, &in);
}

/* When the schedule woke the node up again: what came or was due before is of that moment. 0: it never slept. */
static gn_time resumed(const struct gn_loop *l)
{
	return atomic_load_explicit(&l->config.own->slice->orders.resumed, memory_order_relaxed);
}

static void count_lateness(struct gn_counters *c, gn_dur late)
{
	_Atomic uint32_t *bucket = &c->lateness[gn_lateness_bucket(late)];

	atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	if (late > atomic_load_explicit(&c->lateness_max, memory_order_relaxed))
		atomic_store_explicit(&c->lateness_max, late, memory_order_relaxed);
	add(&c->timers, 1);
}

/* Do what is due, and leave the present time in @l->now. */
static void do_due(struct gn_loop *l)
{
	read_clock(l);
	if (l->deadline <= l->now) {
		if (l->deadline > resumed(l))
			count_lateness(l->counters, l->now - l->deadline);
		feed(l, &(struct gn_input){ .type = GN_TIMER });
		read_clock(l);
	}
	while (next_publish(l) <= l->now) {
		publish(l);
		read_clock(l);
	}
}

/* After the end of the run what is under way still arrives, so that sent and received can be compared. */
static bool is_quiet(const struct gn_loop *l)
{
	return atomic_load_explicit(&l->config.own->control->quiet, memory_order_relaxed);
}

static void look_at_realtime(struct gn_loop *l)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	l->realtime_ahead = (gn_time)ts.tv_sec * GN_SEC + (gn_time)ts.tv_nsec - gn_now();
}

/* When the kernel received a datagram, CLOCK_MONOTONIC. A process that waits for its turn does not make the network
 * slower. */
static gn_time arrival_of(const struct gn_loop *l, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct timespec ts;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
		return l->now;
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	gn_time t = (gn_time)ts.tv_sec * GN_SEC + (gn_time)ts.tv_nsec - l->realtime_ahead;

	return GN_MIN(GN_MAX(t, resumed(l)), l->now);
}

/* Is one more of the next datagrams to be ignored? */
static bool is_to_ignore(struct gn_loop *l)
{
	_Atomic uint32_t *left = &l->config.own->slice->orders.drop_next;

	if (!atomic_load_explicit(left, memory_order_relaxed))
		return false;
	atomic_fetch_sub_explicit(left, 1, memory_order_relaxed);
	add(&l->counters->ignored, 1);
	return true;
}

static void receive_one(struct gn_loop *l, unsigned i)
{
	struct mmsghdr *m = &l->in.message[i];
	const struct sockaddr_in *from = &l->in.address[i];
	struct gn_input in = { .type = GN_DATAGRAM, .data = l->in.data[i], .size = m->msg_len };

	add(&l->counters->datagrams_received, 1);
	add(&l->counters->bytes_received, m->msg_len);
	if (is_quiet(l) || is_to_ignore(l))
		return;
	in.from = gn_addresses_find(&l->addresses, ntohl(from->sin_addr.s_addr));
	read_clock(l);
	l->arrived = arrival_of(l, &m->msg_hdr);
	/* Nobody sends to itself: that a protocol may rely on. */
	if (in.from == GN_NONE || in.from == l->config.member || from->sin_port != htons(GN_GOSSIP_PORT) ||
	    m->msg_hdr.msg_flags & MSG_TRUNC || feed(l, &in))
		add(&l->counters->malformed, 1);
}

static int receive(struct gn_loop *l, struct gn_err *err)
{
	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		struct msghdr *m = &l->in.message[i].msg_hdr;

		m->msg_namelen = sizeof(l->in.address[i]);
		m->msg_control = &l->control[i];
		m->msg_controllen = sizeof(l->control[i]);
	}
	int n = recvmmsg(l->config.socket, l->in.message, RECEIVE_BATCH, MSG_DONTWAIT, NULL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : gn_fail(err, -errno, "receiving: %m");
	look_at_realtime(l);
	for (unsigned i = 0; i < (unsigned)n; i++)
		receive_one(l, i);
	return 0;
}

static void ask_for_drops(struct gn_loop *l)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	l->drops_asked = l->now;
	if (getsockopt(l->config.socket, SOL_SOCKET, SO_MEMINFO, info, &size) == 0)
		atomic_store_explicit(&l->counters->socket_drops, l->drops_before + info[SK_MEMINFO_DROPS],
				      memory_order_relaxed);
}

/* Sleep until something is due or comes in. Return: 1: stop; 0; -Exxx. */
static int wait_and_receive(struct gn_loop *l, struct gn_err *err)
{
	enum { SOCKET, STOP };
	struct pollfd fds[] = {
		[SOCKET] = { .fd = l->config.socket, .events = POLLIN },
		[STOP] = { .fd = l->config.stop_fd, .events = POLLIN },
	};
	gn_time wake = is_quiet(l) ? GN_NEVER : GN_MIN(l->deadline, next_publish(l));
	struct timespec left = gn_timespec(wake > l->now ? wake - l->now : 0);

	if (ppoll(fds, GN_ARRAY_LEN(fds), wake == GN_NEVER ? NULL : &left, NULL) < 0)
		return errno == EINTR ? 0 : gn_fail(err, -errno, "waiting: %m");
	if (fds[STOP].revents)
		return 1;
	return fds[SOCKET].revents ? receive(l, err) : 0;
}

/* All nodes were woken before the start, so that none of them begins late. */
static void sleep_until(gn_time start)
{
	const struct timespec when = gn_timespec(start);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

/* In a later life, what was to be published before is past: before the moment that the parent says, which tells from the
 * same one what is never published. */
static void begin(struct gn_loop *l, gn_time start)
{
	const gn_time born = atomic_load_explicit(&l->config.own->slice->orders.born, memory_order_relaxed);

	sleep_until(start);
	l->start = l->now = start;
	l->drops_before = atomic_load_explicit(&l->counters->socket_drops, memory_order_relaxed);
	if (l->config.life)
		read_clock(l);
	while (next_publish(l) < born)
		l->next_event = next_own(l, l->next_event + 1);
	l->drops_asked = l->now;
	atomic_store_explicit(&l->counters->informed, 0, memory_order_relaxed);
	feed(l, &(struct gn_input){ .type = GN_START });
	if (!l->config.life)
		atomic_store_explicit(&l->counters->phase, l->deadline - start, memory_order_relaxed);
}

/* A last round, before its time. */
static void take_leave(struct gn_loop *l)
{
	if (!atomic_load_explicit(&l->config.own->slice->orders.leave, memory_order_relaxed) || is_quiet(l))
		return;
	read_clock(l);
	feed(l, &(struct gn_input){ .type = GN_TIMER });
}

int gn_loop_run(struct gn_loop *l, gn_time start, struct gn_err *err)
{
	int r = 0;

	begin(l, start);
	while (!r && !l->fault) {
		if (!is_quiet(l))
			do_due(l);
		if (l->now - l->drops_asked >= DROPS_EVERY)
			ask_for_drops(l);
		r = wait_and_receive(l, err);
	}
	if (r > 0)
		take_leave(l);
	ask_for_drops(l);
	if (l->fault)
		return gn_fail(err, -EPROTO,
			       "protocol %s %s, %.6f s after the start: it breaks gossipnet-protocol(3)",
			       l->protocol->name, l->fault, (double)(l->now - start) / GN_SEC);
	return r < 0 ? r : 0;
}

static int make_protocol(struct gn_loop *l, struct gn_err *err)
{
	const struct gn_topology *t = l->topology;
	struct gn_sizes sizes = { 0 };

	l->protocol = t->gossip.protocol;
	l->cluster = gn_cluster_of(t);
	l->protocol->sizes(&l->cluster, &sizes);
	sizes.head = (sizes.head + 15) / 16 * 16;
	l->state_size = sizes.head + sizes.body;
	l->state = calloc(1, l->state_size + 1);
	l->shared = calloc(1, sizes.shared + 1);
	l->known = calloc(l->cluster.max_events, 1);
	if (!l->state || !l->shared || !l->known)
		return gn_fail(err, -ENOMEM, "no memory for the protocol's state");
	l->body = (uint8_t *)l->state + sizes.head;
	const char *wrong = l->protocol->prepare ? l->protocol->prepare(&l->cluster, l->shared) : NULL;

	l->cluster.shared = l->shared;
	return wrong ? gn_fail(err, -EINVAL, "%s: %s", l->protocol->name, wrong) : 0;
}

static void prepare(struct batch *b)
{
	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		b->address[i].sin_family = AF_INET;
		b->address[i].sin_port = htons(GN_GOSSIP_PORT);
		b->part[i] = (struct iovec){ .iov_base = b->data[i], .iov_len = sizeof(b->data[i]) };
		b->message[i].msg_hdr = (struct msghdr){
			.msg_name = &b->address[i],
			.msg_namelen = sizeof(b->address[i]),
			.msg_iov = &b->part[i],
			.msg_iovlen = 1,
		};
	}
}

/* All that an instance knows: as it was before its start. */
static void forget_all(struct gn_loop *l)
{
	l->random.state = gn_rand_seed(l->topology->seed, GN_RAND_PROTOCOL,
				       gn_rand_life(l->config.member, l->config.life));
	memset(l->state, 0, l->state_size);
	memset(l->known, 0, l->cluster.max_events);
	l->next_event = next_own(l, 0);
	l->deadline = GN_NEVER;
	l->fault = NULL;
}

/* What a node does in a run, once: its start, a round, an answer. */
static void act_once(struct gn_loop *l)
{
	const uint32_t other = l->config.member ? 0 : 1;
	struct gn_err err;

	read_clock(l);
	feed(l, &(struct gn_input){ .type = GN_START });
	l->deadline = l->now;
	do_due(l);
	memcpy(l->in.data[0], l->out.data[0], GN_DATAGRAM_MAX);
	if (other < l->cluster.members)
		feed(l, &(struct gn_input){ .type = GN_DATAGRAM,
					    .from = other,
					    .data = l->in.data[0],
					    .size = l->out.part[0].iov_len });
	l->deadline = l->now;
	wait_and_receive(l, &err);
	receive(l, &err);
}

/*
 * The first time that a process does something, the kernel has to find each page that it touches. In a guest that is a
 * millisecond for each node: hundreds of nodes, whose first rounds all come within one period, would be late by half of
 * it. So a node goes through all of it before it says that it is ready; nothing of that can be seen outside: it has
 * no socket, and counts and logs into memory of its own.
 */
static int rehearse(struct gn_loop *l, struct gn_err *err)
{
	enum { RECORDS = 64 };
	const struct gn_loop_config real = l->config;
	GN_CLEANUP(gn_free_p)
	struct gn_slice *stage = aligned_alloc(_Alignof(struct gn_slice),
					       sizeof(*stage) + RECORDS * sizeof(stage->records[0]));
	const struct gn_own own = { .control = real.own->control, .slice = stage, .capacity = RECORDS };

	if (!stage)
		return gn_fail(err, -ENOMEM, "no memory for the node's rehearsal");
	memset(stage, 0, sizeof(*stage));
	l->config.own = &own;
	l->config.socket = -1;
	l->counters = &stage->counters;
	act_once(l);
	l->config = real;
	l->counters = &real.own->slice->counters;
	forget_all(l);
	return 0;
}

int gn_loop_new(const struct gn_loop_config *config, struct gn_loop **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_loop_free_p) struct gn_loop *l = calloc(1, sizeof(*l));

	if (!l)
		return gn_fail(err, -ENOMEM, "no memory for the node's loop");
	l->config = *config;
	l->topology = config->topology;
	l->counters = &config->own->slice->counters;
	l->output = (struct gn_output){
		.host = l, .send = on_send, .deliver = on_deliver, .call = on_call, .room = l->out.data[0]
	};
	prepare(&l->in);
	prepare(&l->out);
	int r = gn_addresses_init(&l->addresses, l->topology);

	if (r)
		return gn_fail(err, r, "no memory for the members' addresses");
	r = make_protocol(l, err);
	if (r == 0)
		r = rehearse(l, err);
	if (r)
		return r;
	*ret = gn_steal_ptr(&l);
	return 0;
}

struct gn_loop *gn_loop_free(struct gn_loop *l)
{
	if (l) {
		free(l->state);
		free(l->shared);
		free(l->known);
		gn_addresses_done(&l->addresses);
		free(l);
	}
	return NULL;
}
