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

/* As fast as it goes, from node 1 to node 2, until killed. */
static pid_t start_flood(const struct live *l)
{
	const pid_t child = fork();

	if (child < 0)
		die("fork");
	for (; child == 0; sched_yield())
		send_small(l, 1, 2);
	return child;
}

static void end_flood(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Nodes 1 and 2 are apart in each of many partitions that replace one another: never together. */
static void case_replace(void)
{
	static const uint8_t parts[3][4] = { { 0, 0, 1, 2 }, { 0, 1, 0, 2 }, { 0, 2, 1, 0 } };
	struct made m = { 0 };
	struct live l;

	if (!live_start(&l, made_lan(&m, 3)))
		return;
	partition(&l, parts[0]);

	const pid_t child = start_flood(&l);
	const gn_time end = gn_now() + GN_SEC / 2;
	uint32_t n = 0, came = 0;

	for (; gn_now() < end; n++) {
		for (int i = 0; i < 100; i++)
			partition(&l, parts[(n + (uint32_t)i) % 3]);
		came += drain(l.udp[2]);
		sched_yield();
	}
	end_flood(child);
	came += drain(l.udp[2]);
	say(came == 0 && drops(&l, true) > 100,
	    "replace: during %u00 replacements, %" PRIu64 " packets were dropped and %u came", n,
	    drops(&l, true), came);
	partition(&l, NULL);
	say(arrives(&l, 1, 2), "replace: after healing they come");
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

static const struct live_case cases[] = {
	{ "down", case_down },
	{ "partition", case_partition },
	{ "replace", case_replace },
	{ "routed", case_routed },
	/* with netem */
	{ "flight", case_flight },
};

int main(int argc, char **argv)
{
	return run_cases(argc, argv, cases, GN_ARRAY_LEN(cases));
}
