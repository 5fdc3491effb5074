/* SPDX-License-Identifier: MIT */
/*
 * Live tests of what src/net does to a network that runs: links down and up, partitions, other shapes.
 * `change_test CASE...` prints TAP.
 */
#include <inttypes.h>
#include <signal.h>

#include "live_network.h"

/* Nothing is waiting at a node, and nothing comes for a while. */
static bool is_quiet(const struct live *l, uint32_t node)
{
	usleep(20000);
	return drain(l->udp[node]) == 0;
}

static bool arrives(const struct live *l, uint32_t from, uint32_t to)
{
	return exchange(l, from, to) != GN_NEVER;
}

static bool is_lost(const struct live *l, uint32_t from, uint32_t to)
{
	send_small(l, from, to);
	return is_quiet(l, to);
}

static void set_down(const struct live *l, uint32_t link, bool down)
{
	struct gn_err err = { "" };

	if (gn_network_down(l->net, &link, 1, down, &err))
		say(false, "down: %s", err.text);
}

static void partition(const struct live *l, const uint8_t *part)
{
	struct gn_err err = { "" };

	if (gn_network_partition(l->net, part, &err))
		say(false, "partition: %s", err.text);
}

static uint64_t drops(const struct live *l, bool by_partition)
{
	uint64_t parted = 0, down = 0;

	if (gn_network_cut_drops(l->net, &parted, &down, NULL))
		say(false, "the drops cannot be read");
	return by_partition ? parted : down;
}

/* Hosts 1 .. 4 at switch 0, over the links 0 .. 3. */
static void case_down(void)
{
	struct made m = { 0 };
	struct live l;
	char out[4096];

	if (!live_start(&l, made_lan(&m, 4)))
		return;
	set_down(&l, 0, true);
	say(is_lost(&l, 1, 2) && is_lost(&l, 2, 1), "down: nothing passes, in either direction");
	say(arrives(&l, 2, 3) && arrives(&l, 3, 2), "down: other links work");
	run_in(gn_network_netns(l.net, 1), out, sizeof(out),
	       (const char *[]){ "ip", "link", "show", "eth0", NULL });
	say(strstr(out, "LOWER_UP") && strstr(out, "state UP"), "down: the interface stays up");
	set_down(&l, 0, true);
	set_down(&l, 0, false);
	say(arrives(&l, 1, 2) && arrives(&l, 2, 1), "up: everything passes again");
	say(drops(&l, false) == 2 && drops(&l, true) == 0, "down: 2 packets were dropped (%" PRIu64 ")",
	    drops(&l, false));
	live_stop(&l);
	made_done(&m);
}

/* Needs netem. */
static void case_flight(void)
{
	const struct gn_shape slow = { .delay = 100 * GN_MSEC, .limit = 1000 };
	struct made m = { 0 };
	struct live l;

	if (!live_start(&l, make_pair(&m, &slow, &slow)))
		return;
	for (int i = 0; i < 10; i++)
		send_small(&l, (uint32_t)i % 2, (uint32_t) !(i % 2));
	usleep(10000);
	set_down(&l, 0, true);
	usleep(10000);
	set_down(&l, 0, false);
	send_small(&l, 0, 1);
	usleep(200000);
	const uint32_t there = drain(l.udp[1]), back = drain(l.udp[0]);
	say(there == 1 && back == 0,
	    "flight: what is under way when a link goes down is lost, what is sent after it is up is not "
	    "(%u, %u)",
	    there, back);
	say(drops(&l, false) == 10, "flight: 10 packets were dropped (%" PRIu64 ")", drops(&l, false));

	const uint8_t parts[2] = { 0, 1 };

	send_small(&l, 0, 1);
	usleep(10000);
	partition(&l, parts);
	usleep(200000);
	say(drain(l.udp[1]) == 0 && drops(&l, true) == 1, "flight: a partition is one for what is under way");
	live_stop(&l);
	made_done(&m);
}

enum { HOSTS = 60 };

/* Send each to each. Returns how many came that crossed, and how many that did not. */
static void send_all(const struct live *l, const uint8_t *part, uint32_t *ret_crossed, uint32_t *ret_within)
{
	struct datagram d;

	*ret_crossed = *ret_within = 0;
	for (uint32_t from = 1; from <= HOSTS; from++) {
		for (uint32_t to = 1; to <= HOSTS; to++)
			if (from != to)
				send_small(l, from, to);
		usleep(5000);
		for (uint32_t to = 1; to <= HOSTS; to++)
			while (recv(l->udp[to], &d, sizeof(d), 0) > 0)
				++*(part[d.from] == part[to] ? ret_within : ret_crossed);
	}
}

static void case_partition(void)
{
	enum { ACROSS = HOSTS * HOSTS / 2, WITHIN = HOSTS * (HOSTS / 2 - 1) };
	struct made m = { 0 };
	struct live l;
	uint8_t part[HOSTS + 1] = { 0 };
	uint32_t crossed, within;

	if (!live_start(&l, made_lan(&m, HOSTS)))
		return;
	for (uint32_t i = 1; i <= HOSTS; i++)
		part[i] = i % 2;
	partition(&l, part);
	send_all(&l, part, &crossed, &within);
	say(crossed == 0 && within == WITHIN,
	    "partition: of %u datagrams from half to half %u cross; of %u within a half %u come", ACROSS,
	    crossed, WITHIN, within);
	say(drops(&l, true) == ACROSS && drops(&l, false) == 0, "partition: %u were dropped (%" PRIu64 ")",
	    ACROSS, drops(&l, true));
	partition(&l, NULL);
	send_all(&l, part, &crossed, &within);
	say(crossed == ACROSS && within == WITHIN, "heal: all come (%u, %u)", crossed, within);
	live_stop(&l);
	made_done(&m);
}

/* As fast as it goes, from the first host to the last, until killed. */
static pid_t start_flood(const struct live *l)
{
	const pid_t child = fork();

	if (child < 0)
		die("fork");
	while (child == 0)
		send_small(l, 1, HOSTS);
	return child;
}

static void end_flood(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* The first host and the last are apart in each of many partitions that replace one another: never together. */
static void case_replace(void)
{
	static const uint8_t apart[3][2] = { { 0, 1 }, { 1, 2 }, { 1, 0 } };
	uint8_t parts[3][HOSTS + 1] = { 0 };
	struct made m = { 0 };
	struct live l;

	for (int i = 0; i < 3; i++) {
		parts[i][1] = apart[i][0];
		parts[i][HOSTS] = apart[i][1];
	}
	if (!live_start(&l, made_lan(&m, HOSTS)))
		return;
	partition(&l, parts[0]);

	const pid_t child = start_flood(&l);
	const gn_time end = gn_now() + GN_SEC / 2;
	uint32_t n = 0, came = 0;

	for (; gn_now() < end; n++) {
		for (int i = 0; i < 100; i++)
			partition(&l, parts[i % 3]);
		came += drain(l.udp[HOSTS]);
	}
	end_flood(child);
	came += drain(l.udp[HOSTS]);
	say(came == 0 && drops(&l, true) > 100,
	    "replace: during %u00 replacements, %" PRIu64 " packets were dropped and %u came", n,
	    drops(&l, true), came);
	partition(&l, NULL);
	say(arrives(&l, 1, HOSTS), "replace: after healing they come");
	live_stop(&l);
	made_done(&m);
}

/* Hosts 0, 1 and 2 at the router 3. */
static void case_routed(void)
{
	static const uint8_t apart[4] = { 0, 0, 1, 1 }, alone[4] = { 0, 0, 0, 1 };
	struct made m = { 0 };
	struct live l;

	for (uint32_t i = 0; i < 3; i++)
		made_host(&m, made_ip(i, 0));
	made_router(&m, made_ip(3, 0));
	for (uint32_t i = 0; i < 3; i++) {
		made_link(&m, i, 3);
		made_route(&m, i, 0, 0, 0, 3);
		made_route(&m, 3, m.nodes[i].ip, 32, (uint16_t)i, i);
	}
	if (!live_start(&l, made_finish(&m)))
		return;
	partition(&l, apart);
	say(arrives(&l, 0, 1) && is_lost(&l, 0, 2) && is_lost(&l, 2, 1) && arrives(&l, 2, 3) &&
		    is_lost(&l, 3, 0),
	    "routed: what passes a router belongs to the parts of its source and destination");
	partition(&l, alone);
	say(arrives(&l, 0, 2) && arrives(&l, 2, 1) && is_lost(&l, 2, 3),
	    "routed: a router that is apart forwards what is between others");
	live_stop(&l);
	made_done(&m);
}

static int shape(const struct live *l, uint32_t direction, const struct gn_shape *to, struct gn_err *err)
{
	return gn_network_shape(l->net, &direction, 1, to, err);
}

static bool tc_has(const struct live *l, uint32_t node, const char *interface, const char *words)
{
	char out[4096];

	run_in(gn_network_netns(l->net, node), out, sizeof(out),
	       (const char *[]){ "tc", "qdisc", "show", "dev", interface, "root", NULL });
	if (!strstr(out, words))
		printf("# %s has no '%s': %s", interface, words, out);
	return strstr(out, words) != NULL;
}

/* Does a datagram take that long, in ms? Others who keep the machine busy make some late, never early. */
static bool takes(const struct live *l, uint32_t from, uint32_t to, double wanted)
{
	gn_dur least = GN_NEVER;

	for (int i = 0; i < 50 && (double)least / 1e6 > wanted + 1; i++)
		least = GN_MIN(least, exchange(l, from, to));
	if ((double)least / 1e6 > wanted + 1 || (double)least / 1e6 < wanted)
		printf("# %.2f ms instead of %.2f\n", (double)least / 1e6, wanted);
	return (double)least / 1e6 >= wanted && (double)least / 1e6 <= wanted + 1;
}

static bool verifies(const struct live *l)
{
	struct gn_err err = { "" };
	const int r = gn_network_verify(l->net, &err);

	if (r)
		printf("# %s\n", err.text);
	return r == 0;
}

/* Datagrams that are sent all the time while the shape changes, to and fro. */
static uint32_t lost_while_changing(const struct live *l, const struct gn_shape *one,
				    const struct gn_shape *other)
{
	enum { TURNS = 40, EACH = 25 };
	uint32_t came = 0;
	struct gn_err err;

	drain(l->udp[1]);
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < EACH; i++)
			send_small(l, 0, 1);
		if (shape(l, 0, turn % 2 ? one : other, &err))
			say(false, "set: %s", err.text);
		came += drain(l->udp[1]);
	}
	usleep(100000);
	came += drain(l->udp[1]);
	return TURNS * EACH - came;
}

/* Needs netem, like those that follow. */
static void case_set(void)
{
	const struct gn_shape slow = { .delay = 30 * GN_MSEC, .limit = 2000 };
	const struct gn_shape fast = { .delay = 10 * GN_MSEC, .rate_bps = 100000000, .limit = 1500 },
			      none = { 0 };
	const struct gn_shape bad = { .delay = GN_MSEC };
	struct gn_err err = { "" };
	struct made m = { 0 };
	struct live l;

	if (!live_start(&l, make_pair(&m, &slow, &none)))
		return;
	say(takes(&l, 0, 1, 30), "set: as built, 30 ms");
	say(shape(&l, 0, &fast, &err) == 0 && verifies(&l), "set: another shape is read back %s", err.text);
	say(tc_has(&l, 0, "eth0", "limit 1500 delay 10ms rate 100Mbit"), "set: tc sees it");
	say(takes(&l, 0, 1, 10), "set: 10 ms");
	uint32_t lost = lost_while_changing(&l, &slow, &fast);
	say(lost == 0, "set: of 1000 datagrams none is lost during 40 changes (%u)", lost);
	say(shape(&l, 0, &none, &err) == 0 && verifies(&l), "set: not shaped any more %s", err.text);
	say(takes(&l, 0, 1, 0), "set: no delay");
	say(shape(&l, 1, &slow, &err) == 0 && verifies(&l) && tc_has(&l, 1, "eth0", "delay 30ms"),
	    "set: a direction that had no shape gets one %s", err.text);
	say(shape(&l, 0, &bad, &err) == -EINVAL && strstr(err.text, "queue limit is 0") && verifies(&l),
	    "set: what cannot be is refused, nothing changes: %s", err.text);
	live_stop(&l);
	made_done(&m);
}

/* A schedule's directions have their queue from the start: nothing is lost when it is first needed. */
static void case_scheduled(void)
{
	const struct gn_shape none = { 0 }, fast = { .delay = 10 * GN_MSEC, .limit = 1500 };
	const uint32_t target = 0;
	const struct gn_action action = { .what = GN_ACTION_SET, .targets = &target, .n_targets = 1 };
	struct made m = { 0 };
	struct live l;

	make_pair(&m, &none, &none);
	m.t.actions = &action;
	m.t.n_actions = 1;
	if (!live_start(&l, &m.t))
		return;
	say(verifies(&l) && tc_has(&l, 0, "eth0", "netem 1: root") && !tc_has(&l, 1, "eth0", "netem"),
	    "scheduled: what will be shaped has a netem that does nothing");
	const uint32_t lost = lost_while_changing(&l, &none, &fast);
	say(lost == 0, "scheduled: none of 1000 datagrams is lost (%u)", lost);
	live_stop(&l);
	made_done(&m);
}

enum { MEMBERS = 10, SINK = MEMBERS + 2, BURST = 400, UP = 4000000, DOWN = 8000000 };

/* Hosts 2 .. 11 at the shared switch 0, with 2 ms each; switch 1 above it, with host 12. */
static const struct gn_topology *make_shared(struct made *m)
{
	made_switch(m, 0);
	made_switch(m, 0);
	for (uint32_t i = 0; i <= MEMBERS; i++) {
		const uint32_t host = made_host(m, made_ip(0, i)), link = made_link(m, host, i == MEMBERS);

		made_route(m, host, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
		if (host == SINK)
			continue;
		m->links[link].shape[0] =
			(struct gn_shape){ .delay = 2 * GN_MSEC, .rate_bps = UP, .limit = 3000 };
		m->links[link].shape[1] =
			(struct gn_shape){ .delay = 3 * GN_MSEC, .rate_bps = DOWN, .limit = 3000 };
	}
	m->nodes[0].uplink = made_link(m, 0, 1);
	m->nodes[0].shared = true;
	return made_finish(m);
}

static int compare_times(const void *a, const void *b)
{
	const gn_time x = *(const gn_time *)a, y = *(const gn_time *)b;

	return x < y ? -1 : x > y;
}

/* When what waits at @fd came, by the kernel's stamps: however late this process is to look. Returns how many. */
static uint32_t take_stamps(int fd, gn_time *ret_at, uint32_t most)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	char buffer[sizeof(struct datagram)];
	struct iovec iov = { .iov_base = buffer, .iov_len = sizeof(buffer) };
	uint32_t n = 0;

	while (n < most) {
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control) };
		struct timespec stamp;

		if (recvmsg(fd, &m, 0) < 0)
			break;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
				memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
				ret_at[n++] = stamp.tv_sec * GN_SEC + stamp.tv_nsec;
			}
	}
	return n;
}

/*
 * @n members send as much as they can to the sink, or the sink to them: the rate in bit/s, with headers. It is the
 * median over the time that each half of the burst took, so that it does not matter when the kernel's timers are late
 * now and then, as they are on a busy machine: what a queue missed it sends at once.
 */
static double burst(const struct live *l, uint32_t n, bool up)
{
	static gn_time at[BURST], took[BURST / 2];
	const size_t size = sizeof(struct datagram);
	const gn_time end = gn_now() + 5 * GN_SEC;
	uint32_t came = 0;

	for (uint32_t i = 0; i < BURST; i++) {
		const uint32_t member = 2 + i % n;

		send_to(l, up ? member : SINK, l->t->nodes[up ? SINK : member].ip, size);
	}
	while (came < BURST && gn_now() < end) {
		usleep(5000);
		for (uint32_t i = 2; i <= SINK; i++)
			came += take_stamps(l->udp[i], at + came, BURST - came);
	}
	if (came < BURST) {
		printf("# only %u of %u came\n", came, BURST);
		return 0;
	}
	qsort(at, BURST, sizeof(*at), compare_times);
	for (uint32_t i = 0; i < BURST / 2; i++)
		took[i] = at[i + BURST / 2] - at[i];
	qsort(took, BURST / 2, sizeof(*took), compare_times);
	return BURST / 2 * (double)(size + 42) * 8 * 1e9 / (double)took[BURST / 4];
}

static bool is_rate(double got, double wanted)
{
	return got > 0.98 * wanted && got < 1.02 * wanted;
}

/* A few attempts, because others may keep the machine busy. */
static void say_rate(const struct live *l, const char *what, uint32_t n, bool up, double wanted)
{
	double got = 0;

	for (int i = 0; i < 10 && !is_rate(got, wanted); i++) {
		got = burst(l, n, up);
		printf("# %s: %.3f Mbit/s\n", what, got / 1e6);
	}
	say(is_rate(got, wanted), "shared: %s: %.2f of %.0f Mbit/s", what, got / 1e6, wanted / 1e6);
}

static void case_shared(void)
{
	struct made m = { 0 };
	uint32_t directions[MEMBERS];
	struct gn_shape shapes[MEMBERS];
	struct gn_err err = { "" };
	const int on = 1;
	struct live l;

	if (!live_start(&l, make_shared(&m)))
		return;
	for (uint32_t i = 2; i <= SINK; i++)
		setsockopt(l.udp[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	say(takes(&l, 2, SINK, 2), "shared: alone, a small datagram is as fast as its link");
	say(takes(&l, 2, 3, 5), "shared: from member to member it takes both ways");
	say_rate(&l, "up, one member", 1, true, UP);
	say_rate(&l, "up, ten members", MEMBERS, true, UP);
	say_rate(&l, "down, one member", 1, false, DOWN);
	say_rate(&l, "down, ten members", MEMBERS, false, DOWN);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		directions[i] = 2 * i;
		shapes[i] = m.links[i].shape[0];
		shapes[i].rate_bps = DOWN;
	}
	say(gn_network_shape(l.net, directions, 1, shapes, &err) == -EINVAL &&
		    strstr(err.text, "switch sw0") && verifies(&l),
	    "shared: one member cannot get another rate: %s", err.text);
	say(gn_network_shape(l.net, directions, MEMBERS, shapes, &err) == 0 && verifies(&l),
	    "shared: all together can");
	say_rate(&l, "up, ten members, another rate", MEMBERS, true, DOWN);
	set_down(&l, 0, true);
	say(is_lost(&l, 2, SINK) && is_lost(&l, SINK, 2) && exchange(&l, 3, SINK) != GN_NEVER,
	    "shared: one link goes down");
	live_stop(&l);
	made_done(&m);
}

static const struct live_case cases[] = {
	{ "down", case_down },
	{ "partition", case_partition },
	{ "replace", case_replace },
	{ "routed", case_routed },
	/* with netem */
	{ "flight", case_flight },
	{ "set", case_set },
	{ "scheduled", case_scheduled },
	{ "shared", case_shared },
};

int main(int argc, char **argv)
{
	return run_cases(argc, argv, cases, GN_ARRAY_LEN(cases));
}
