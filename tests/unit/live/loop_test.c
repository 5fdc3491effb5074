/* SPDX-License-Identifier: MIT */
/* The loop of one node in this process, on a socket of the loopback interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "live/loop.h"
#include "proto/proto.h"
#include "util/util.h"

enum { CAPACITY = 256 };

struct place {
	struct gn_shared shared;
	struct gn_own own;
	struct gn_loop *loop;
	int socket, stop;
};

/* Two members; nobody is at the other's address. Event 0 starts at member 0 together with the run. */
static const struct gn_node nodes[] = { { .name = "a", .ip = GN_ADDRESS_POOL + 1, .member = 0 },
					{ .name = "b", .ip = GN_ADDRESS_POOL + 2, .member = 1 } };
static const uint32_t members[] = { 0, 1 };
static const struct gn_event_plan events[] = { { .at = 0, .node = 0, .label = "" },
					       { .at = 150 * GN_MSEC, .node = 0, .label = "" } };

static struct gn_topology topology(gn_dur period)
{
	return (struct gn_topology){
		.name = "loop",
		.seed = 1,
		.log = GN_RECORDS_CALLS,
		.nodes = nodes,
		.n_nodes = 2,
		.gossip = { .protocol = gn_protocol_find("push-pull"),
			    .fanout = 1,
			    .period = period,
			    .members = members,
			    .n_members = 2 },
		.events = events,
		.n_events = 2,
	};
}

static void set_up_life(struct place *p, const struct gn_topology *t, gn_dur stop_after, uint32_t life)
{
	const struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct itimerspec end = { .it_value = gn_timespec(stop_after) };
	struct gn_err err;

	*p = (struct place){ .socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			     .stop = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };
	assert_int_equal(bind(p->socket, (const struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(timerfd_settime(p->stop, 0, &end, NULL), 0);
	assert_int_equal(gn_shared_init(&p->shared, 2, CAPACITY, &err), 0);
	assert_int_equal(gn_own_init(&p->own, &p->shared, 0, &err), 0);
	const struct gn_loop_config config = {
		.topology = t, .own = &p->own, .socket = p->socket, .stop_fd = p->stop, .life = life
	};

	if (gn_loop_new(&config, &p->loop, &err))
		fail_msg("%s", err.text);
}

static void set_up(struct place *p, const struct gn_topology *t, gn_dur stop_after)
{
	set_up_life(p, t, stop_after, 0);
}

static void tear_down(struct place *p)
{
	gn_loop_free(p->loop);
	gn_own_done(&p->own);
	gn_shared_done(&p->shared);
	close(p->socket);
	close(p->stop);
}

static size_t records(struct place *p, enum gn_record_type type, struct gn_record ret[CAPACITY])
{
	const struct gn_record *run[2];
	size_t len[2], n = 0;

	gn_ring_peek(p->own.slice, CAPACITY, run, len);
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < len[i]; k++)
			if (run[i][k].type == type)
				ret[n++] = run[i][k];
	return n;
}

static void nothing_happens_before_the_start(void **unused)
{
	const struct gn_topology t = topology(20 * GN_MSEC);
	struct gn_record found[CAPACITY];
	struct gn_err err;
	struct place p;

	(void)unused;
	set_up(&p, &t, 1); /* stop at once */
	gn_time start = gn_now() + 100 * GN_MSEC;

	assert_int_equal(gn_loop_run(p.loop, start, &err), 0);
	assert_true(gn_now() >= start);
	assert_int_equal(records(&p, GN_RECORD_ARRIVAL, found), 1);
	/* Stamped when it happened: a moment after the start, not with the start's own time. */
	assert_in_range(found[0].t, start + 1, start + 90 * GN_MSEC);
	tear_down(&p);
}

/* However long its process took to come: the parent waits for what was due after the birth. */
static void a_later_life_publishes_what_is_due_after_its_birth(void **unused)
{
	const struct gn_topology t = topology(20 * GN_MSEC);
	struct gn_record found[CAPACITY];
	struct gn_err err;
	struct place p;

	(void)unused;
	set_up_life(&p, &t, 1, 1);
	const gn_time start = gn_now() - 200 * GN_MSEC;

	p.own.slice->orders.born = start + 149 * GN_MSEC;
	assert_int_equal(gn_loop_run(p.loop, start, &err), 0);
	assert_int_equal(records(&p, GN_RECORD_ARRIVAL, found), 1);
	assert_int_equal(found[0].event, 1);
	tear_down(&p);
}

static void a_later_life_keeps_the_drops_of_the_former(void **unused)
{
	const struct gn_topology t = topology(20 * GN_MSEC);
	struct gn_err err;
	struct place p;

	(void)unused;
	set_up_life(&p, &t, 1, 1);
	p.own.slice->counters.socket_drops = 7;
	assert_int_equal(gn_loop_run(p.loop, gn_now(), &err), 0);
	assert_int_equal(p.own.slice->counters.socket_drops, 7); /* a new socket has dropped nothing */
	tear_down(&p);
}

static void ignore(int signal)
{
	(void)signal;
}

/* A stop and a continuation, say. */
static void a_signal_does_not_bring_the_start_forward(void **unused)
{
	const struct gn_topology t = topology(20 * GN_MSEC);
	const struct itimerval early = { .it_value = { .tv_usec = 20000 } };
	const struct sigaction action = { .sa_handler = ignore };
	struct gn_err err;
	struct place p;

	(void)unused;
	set_up(&p, &t, 1);
	gn_time start = gn_now() + 100 * GN_MSEC;

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &early, NULL), 0);
	assert_int_equal(gn_loop_run(p.loop, start, &err), 0);
	assert_true(gn_now() >= start);
	tear_down(&p);
}

/* A period so short that calls alone would fill the ring long before the second event. */
static void calls_leave_room_for_arrivals(void **unused)
{
	const struct gn_topology t = topology(100 * GN_USEC);
	struct gn_record found[CAPACITY];
	struct gn_err err;
	struct place p;

	(void)unused;
	set_up(&p, &t, 300 * GN_MSEC);
	assert_int_equal(gn_loop_run(p.loop, gn_now(), &err), 0);
	assert_true(p.own.slice->counters.calls > CAPACITY);
	assert_int_equal(records(&p, GN_RECORD_ARRIVAL, found), 2);
	assert_int_equal(found[1].event, 1);
	size_t calls = records(&p, GN_RECORD_CALL, found);

	assert_in_range(calls, CAPACITY / 2, CAPACITY - CAPACITY / 4);
	assert_int_equal(p.own.slice->counters.log_dropped, p.own.slice->counters.calls - calls);
	tear_down(&p);
}

static void echo_sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	(void)c;
	*ret = (struct gn_sizes){ 0 };
}

/* Answers whatever comes, as a protocol may that relies on what it is promised. */
static int echo(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	(void)c, (void)head, (void)body, (void)deadline;
	if (in->type == GN_DATAGRAM)
		out->send(out->host, in->from, in->data, in->size);
	else if (in->type == GN_PUBLISH)
		out->deliver(out->host,
			     &(struct gn_delivery){ .event = in->event, .via = GN_NO_MEMBER, .first = 1 });
	return 0;
}

/* From the gossip port of that address to the place's socket. */
static void send_from(const struct place *p, uint32_t ip)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_port = htons(GN_GOSSIP_PORT),
				    .sin_addr.s_addr = htonl(ip) },
			   to;
	socklen_t size = sizeof(to);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(s, (const struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(getsockname(p->socket, (struct sockaddr *)&to, &size), 0);
	assert_int_equal(sendto(s, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
	close(s);
}

static void a_datagram_with_the_own_address_is_not_taken(void **unused)
{
	static const struct gn_protocol protocol = { .name = "echo", .sizes = echo_sizes, .step = echo };
	const uint32_t ip = 0x7f4f2e01; /* 127.79.46.1 */
	const struct gn_node here[] = { { .name = "a", .ip = ip, .member = 0 },
					{ .name = "b", .ip = ip + 1, .member = 1 } };
	struct gn_topology t = topology(20 * GN_MSEC);
	struct gn_err err;
	struct place p;

	(void)unused;
	t.nodes = here;
	t.gossip.protocol = &protocol;
	set_up(&p, &t, 50 * GN_MSEC);
	send_from(&p, ip);
	send_from(&p, ip + 1);
	if (gn_loop_run(p.loop, gn_now(), &err))
		fail_msg("%s", err.text);
	assert_int_equal(p.own.slice->counters.datagrams_received, 2);
	assert_int_equal(p.own.slice->counters.malformed, 1);
	assert_int_equal(p.own.slice->counters.datagrams_sent + p.own.slice->counters.send_errors, 1);
	tear_down(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens_before_the_start),
		cmocka_unit_test(a_later_life_publishes_what_is_due_after_its_birth),
		cmocka_unit_test(a_later_life_keeps_the_drops_of_the_former),
		cmocka_unit_test(a_signal_does_not_bring_the_start_forward),
		cmocka_unit_test(calls_leave_room_for_arrivals),
		cmocka_unit_test(a_datagram_with_the_own_address_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
