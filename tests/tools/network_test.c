/* SPDX-License-Identifier: MIT */
/*
 * Live tests of src/net: each builds a network of its own as root, sends datagrams through it and
 * looks at what crosses the switches. `network_test CASE...` prints TAP.
 */
#include <dirent.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/stat.h>

#include "live_network.h"

/* All frames on all interfaces of a namespace, in both directions. */
static int capture_start(int netns)
{
	const int size = 64 << 20;
	int fd = socket_in(netns, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

struct seen {
	uint32_t frames, arp, group, lost;
};

static struct seen capture_stop(int fd)
{
	struct seen s = { 0 };
	struct tpacket_stats stats = { 0 };
	socklen_t size = sizeof(stats);
	uint8_t frame[2048];

	while (recv(fd, frame, sizeof(frame), 0) >= ETH_HLEN) {
		s.frames++;
		s.arp += frame[12] == ETH_P_ARP >> 8 && frame[13] == (ETH_P_ARP & 255);
		s.group += frame[0] & 1;
	}
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	s.lost = stats.tp_drops;
	close(fd);
	return s;
}

static void say_quiet(const char *where, struct seen s)
{
	say(s.frames > 0 && s.arp == 0 && s.group == 0 && s.lost == 0,
	    "%s: no ARP, broadcast or multicast (%u frames, %u ARP, %u to groups, %u missed)", where,
	    s.frames, s.arp, s.group, s.lost);
}

static bool pings(const struct live *l, uint32_t from, uint32_t to)
{
	char ip[INET_ADDRSTRLEN], out[4096];
	const struct in_addr a = { htonl(l->t->nodes[to].ip) };

	inet_ntop(AF_INET, &a, ip, sizeof(ip));
	int status = run_in(gn_network_netns(l->net, from), out, sizeof(out),
			    (const char *[]){ "ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", ip, NULL });
	if (status)
		printf("# %s\n", out);
	return status == 0;
}

static bool is_switch(const struct live *l, uint32_t node)
{
	return l->t->nodes[node].kind == GN_SWITCH;
}

/* Send between all ordered pairs of hosts and routers. Returns how many did not arrive. */
static uint32_t all_pairs(const struct live *l, uint32_t *ret_pairs)
{
	uint32_t lost = 0, pairs = 0;

	for (uint32_t a = 0; a < l->t->n_nodes; a++) {
		for (uint32_t b = 0; b < l->t->n_nodes; b++) {
			if (a == b || is_switch(l, a) || is_switch(l, b))
				continue;
			pairs++;
			lost += exchange(l, a, b) == GN_NEVER;
		}
	}
	*ret_pairs = pairs;
	return lost;
}

static void say_all_pairs(const struct live *l)
{
	uint32_t pairs, lost = all_pairs(l, &pairs);

	say(lost == 0 && pairs > 0, "each of %u pairs: a datagram arrives (%u lost)", pairs, lost);
}

/* Every counter of every interface in a namespace is 0: nothing was sent or dropped yet. */
static bool is_silent(int netns)
{
	char out[16384];

	run_in(netns, out, sizeof(out),
	       (const char *[]){
		       "sh", "-c",
		       "ip -s link | awk '/^[0-9]+: (eth|p)/ { n++ } /^ +[0-9]/ { for (i = 1; i <= NF; i++) s += $i }"
		       " END { print (n > 0 && s == 0 ? \"silent\" : \"not silent: \" n \" interfaces, sum \" s) }'",
		       NULL });
	if (strcmp(out, "silent\n"))
		printf("# %s", out);
	return strcmp(out, "silent\n") == 0;
}

static void case_lan(void)
{
	struct made m = { 0 };
	struct live l;
	uint32_t lost = 0;

	if (!live_start(&l, made_lan(&m, 40)))
		return;
	say(is_silent(gn_network_netns(l.net, 0)) && is_silent(gn_network_netns(l.net, 7)),
	    "lan: building sends nothing over any link");
	const int capture = capture_start(gn_network_netns(l.net, 0));

	for (uint32_t i = 1; i <= 40; i++)
		send_small(&l, i, i % 40 + 1);
	for (uint32_t i = 1; i <= 40; i++)
		lost += receive_from(&l, i % 40 + 1, i) == GN_NEVER;
	say(lost == 0, "lan: the very first datagrams arrive (%u lost)", lost);
	say_all_pairs(&l);
	say(pings(&l, 1, 40), "lan: ping");
	say_quiet("lan", capture_stop(capture));
	live_stop(&l);
	made_done(&m);
}

/* Switches 0 - 1 - 2 - 3 and 1 - 4, root 0; a ring 3 - 0 and a second 0 - 1 are blocked. Two hosts each. */
static const struct gn_topology *make_tree(struct made *m)
{
	static const uint32_t parent[5] = { GN_NONE, 0, 1, 2, 1 };
	uint32_t ring, parallel, up;

	for (uint32_t i = 0; i < 5; i++)
		made_switch(m, 0);
	for (uint32_t i = 1; i < 5; i++) {
		up = made_link(m, i, parent[i]);
		m->nodes[i].uplink = up;
	}
	ring = made_link(m, 3, 0);
	parallel = made_link(m, 0, 1);
	m->links[ring].blocked = true;
	m->links[parallel].blocked = true;
	for (uint32_t i = 0; i < 10; i++) {
		const uint32_t host = made_host(m, made_ip(0, i));

		made_link(m, i / 2, host);
		made_route(m, host, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
	}
	return made_finish(m);
}

static uint32_t frames_of(const struct live *l, uint32_t from, uint32_t ip)
{
	const int capture = capture_start(gn_network_netns(l->net, 0));

	send_to(l, from, ip, 100);
	usleep(50000);
	return capture_stop(capture).frames;
}

static void case_tree(void)
{
	struct made m = { 0 };
	struct live l;
	uint32_t n, copies = 0;

	if (!live_start(&l, make_tree(&m)))
		return;
	const int capture = capture_start(gn_network_netns(l.net, 0));

	say_all_pairs(&l);
	say_quiet("tree", capture_stop(capture));
	/* Hosts: nodes 5 .. 14, two per switch. A frame is seen where it enters a switch and where it leaves. */
	n = frames_of(&l, 5, l.t->nodes[6].ip);
	say(n == 2, "tree: a datagram within a switch stays there (%u frames)", n);
	n = frames_of(&l, 11, l.t->nodes[5].ip);
	say(n == 8, "tree: a datagram over four switches takes its path only (%u frames)", n);
	n = frames_of(&l, 11, l.t->nodes[13].ip);
	say(n == 8, "tree: a datagram up and down takes its path only (%u frames)", n);
	n = frames_of(&l, 11, made_ip(0, 77));
	say(n == 7, "tree: a datagram for nobody goes up and ends at the root (%u frames)", n);
	n = frames_of(&l, 5, made_ip(0, 77));
	say(n == 1, "tree: a datagram for nobody ends at the root at once (%u frames)", n);
	for (uint32_t i = 5; i < 15; i++)
		drain(l.udp[i]);
	send_to(&l, 11, GN_ADDRESS_POOL | 0xffff, 100);
	usleep(50000);
	for (uint32_t i = 5; i < 15; i++)
		copies += i == 11 ? drain(l.udp[i]) * 0 : drain(l.udp[i]) == 1;
	say(copies == 9, "tree: a user's broadcast reaches each other host once (%u of 9)", copies);
	live_stop(&l);
	made_done(&m);
}

/*
 * host 2,3 - switch 0 (LAN 0) - router 4 - router 5 - switch 1 (LAN 1) - hosts 6, 7; router 5 - host 8;
 * host 8 - host 9 directly as well.
 */
static const struct gn_topology *make_routed(struct made *m)
{
	const uint32_t lan0 = GN_ADDRESS_POOL, lan1 = GN_ADDRESS_POOL + 0x10000;

	made_switch(m, 0);
	made_switch(m, 1);
	made_host(m, made_ip(0, 0));
	made_host(m, made_ip(0, 1));
	made_router(m, made_ip(0, 2));
	made_router(m, made_ip(1, 0));
	made_host(m, made_ip(1, 1));
	made_host(m, made_ip(1, 2));
	made_host(m, made_ip(200, 0));
	made_host(m, made_ip(200, 1));
	for (uint32_t i = 2; i <= 4; i++)
		made_link(m, i, 0);
	for (uint32_t i = 5; i <= 7; i++)
		made_link(m, 1, i);
	made_link(m, 4, 5); /* eth1 of both */
	made_link(m, 5, 8); /* eth2 of 5, eth0 of 8 */
	made_link(m, 9, 8); /* eth0 of 9, eth1 of 8 */
	for (uint32_t i = 2; i <= 3; i++) {
		made_route(m, i, lan0, LAN_BITS, 0, GN_NONE);
		made_route(m, i, 0, 0, 0, 4);
	}
	for (uint32_t i = 6; i <= 7; i++) {
		made_route(m, i, lan1, LAN_BITS, 0, GN_NONE);
		made_route(m, i, 0, 0, 0, 5);
	}
	made_route(m, 4, lan0, LAN_BITS, 0, GN_NONE);
	made_route(m, 4, m->nodes[5].ip, 32, 1, 5);
	made_route(m, 4, 0, 0, 1, 5);
	made_route(m, 5, lan1, LAN_BITS, 0, GN_NONE);
	made_route(m, 5, m->nodes[4].ip, 32, 1, 4);
	made_route(m, 5, lan0, LAN_BITS, 1, 4);
	made_route(m, 5, m->nodes[8].ip, 32, 2, 8);
	made_route(m, 8, 0, 0, 0, 5);
	made_route(m, 8, m->nodes[9].ip, 32, 1, 9);
	made_route(m, 9, m->nodes[8].ip, 32, 0, 8);
	return made_finish(m);
}

/* The TTL of the next datagram at @to, or -1. */
static int receive_ttl(const struct live *l, uint32_t to)
{
	char data[100], control[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	for (int i = 0; i < WAIT_MS; i++) {
		if (recvmsg(l->udp[to], &msg, 0) > 0 && CMSG_FIRSTHDR(&msg))
			return *(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
		usleep(1000);
	}
	return -1;
}

static void case_routed(void)
{
	struct made m = { 0 };
	struct live l;
	int capture[10];
	uint32_t lost = 0;

	if (!live_start(&l, make_routed(&m)))
		return;
	for (uint32_t i = 1; i < 10; i++)
		capture[i] = capture_start(gn_network_netns(l.net, i));
	lost += exchange(&l, 9, 8) == GN_NEVER;
	lost += exchange(&l, 8, 9) == GN_NEVER;
	say(lost == 0, "routed: the first datagrams over a direct link arrive");
	for (uint32_t a = 2; a <= 8; a++)
		for (uint32_t b = 2; b <= 8; b++)
			lost += a != b && exchange(&l, a, b) == GN_NEVER;
	say(lost == 0, "routed: datagrams between two LANs, two routers and a host behind one (%u lost)",
	    lost);
	say(pings(&l, 2, 7) && pings(&l, 8, 3) && pings(&l, 4, 6), "routed: ping");
	send_small(&l, 2, 7);
	int ttl = receive_ttl(&l, 7);
	say(ttl == 62, "routed: two routers take two from the TTL (%d)", ttl);
	for (uint32_t i = 1; i < 10; i++)
		say_quiet(l.t->nodes[i].name, capture_stop(capture[i]));
	live_stop(&l);
	made_done(&m);
}

static void large_lan(uint32_t n)
{
	struct made m = { 0 };
	struct live l;
	const struct gn_topology *t = made_lan(&m, n);
	const gn_time before = gn_now();
	uint32_t lost = 0;

	if (!live_start(&l, t))
		return;
	printf("# %u nodes on one LAN, built with their sockets in %.2f s\n", n,
	       (double)(gn_now() - before) / 1e9);
	say(l.idle_ports == 0, "large: all ports forward when the build is done (%u do not)", l.idle_ports);
	const int capture = capture_start(gn_network_netns(l.net, 0));

	for (uint32_t i = 0; i < 2 * n; i++)
		lost += exchange(&l, 1 + i % n, 1 + (i % n + 1 + i * 7 % (n - 1)) % n) == GN_NEVER;
	say(lost == 0, "large: a datagram of each node and to each node arrives (%u lost)", lost);
	say_quiet("large", capture_stop(capture));
	live_stop(&l);
	made_done(&m);
}

static void case_thousand(void)
{
	large_lan(1000);
}

static void case_large(void)
{
	large_lan(2500);
}

static uint32_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static uint64_t present_netns(void)
{
	struct stat s;

	return stat("/proc/thread-self/ns/net", &s) ? 0 : s.st_ino;
}

static void case_faults(void)
{
	struct made m = { 0 };
	const struct gn_topology *t = make_routed(&m);
	const uint32_t files = open_files();
	const uint64_t netns = present_netns();
	uint32_t leaks = 0, strays = 0, wrong = 0;
	uint64_t k = 0;

	for (;;) {
		struct gn_steps steps = { .fail_at = ++k };
		struct gn_network *net = NULL;
		struct gn_err err = { "" };
		int r = gn_network_build_steps(t, NULL, NULL, &steps, &net, &err);

		strays += present_netns() != netns;
		if (r == 0) {
			gn_network_free(net);
			leaks += open_files() != files;
			break;
		}
		wrong += r != -EIO || net != NULL || !strstr(err.text, "was made to fail");
		leaks += open_files() != files;
	}
	say(k > 20, "faults: a build has %" PRIu64 " steps", k - 1);
	say(leaks == 0, "faults: whichever step fails, no descriptor is left (%u left)", leaks);
	say(strays == 0, "faults: whichever step fails, the namespace is the caller's own (%u not)", strays);
	say(wrong == 0, "faults: the failure is reported (%u not)", wrong);
	made_done(&m);
}

static int stop_at_nodes(void *context, const char *phase, uint32_t done, uint32_t total)
{
	(void)context, (void)done, (void)total;
	return strcmp(phase, "nodes") == 0;
}

static void case_interrupt(void)
{
	struct made m = { 0 };
	const struct gn_topology *t = made_lan(&m, 5);
	const uint32_t files = open_files();
	struct gn_network *net = NULL;
	struct gn_err err = { "" };
	int r = gn_network_build(t, stop_at_nodes, NULL, &net, &err);

	say(r == -EINTR && !net && open_files() == files, "interrupt: the build stops, nothing is left: %s",
	    err.text);
	made_done(&m);
}

static void case_missing(void)
{
	struct made m = { 0 };
	const struct gn_topology *t = made_lan(&m, 2);
	const uint32_t files = open_files();
	struct gn_err err = { "" };
	int r = gn_network_missing(t, &err), status;

	say(r == 0, "missing: nothing, for an unshaped LAN: %s", err.text);
	m.links[0].shape[0] = (struct gn_shape){ .delay = GN_MSEC, .limit = 1000 };
	r = gn_network_missing(t, &err);
	const bool netem = gn_network_probe(gn_network_feature(4), NULL) == 0;
	say(netem ? r == 0 : r == -EOPNOTSUPP && strstr(err.text, "netem (CONFIG_NET_SCH_NETEM)"),
	    "missing: netem, if this kernel has none: %s", err.text);
	say(open_files() == files, "missing: leaves no descriptor");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (setuid(65534))
			_exit(2);
		r = gn_network_missing(t, &err);
		printf("# %s\n", err.text);
		fflush(stdout);
		_exit(r == -EPERM && strstr(err.text, "not permitted") ? 0 : 1);
	}
	waitpid(child, &status, 0);
	say(status == 0, "missing: an ordinary user is told that it is not permitted");
	made_done(&m);
}

static void case_home(void)
{
	struct made m = { 0 };
	char before[8192], after[8192];
	const char *const ls[] = { "ip", "-o", "link", NULL };
	struct live l;

	run_in(home, before, sizeof(before), ls);
	if (!live_start(&l, made_lan(&m, 10)))
		return;
	run_in(home, after, sizeof(after), ls);
	say(strcmp(before, after) == 0 && strstr(before, "lo:"),
	    "home: no interface appears in the caller's namespace");
	say(present_netns() != 0, "home: the namespace can be told");
	live_stop(&l);
	made_done(&m);
}

static int compare_durations(const void *a, const void *b)
{
	const gn_dur x = *(const gn_dur *)a, y = *(const gn_dur *)b;

	return x < y ? -1 : x > y;
}

/*
 * Whatever else runs on this machine makes single datagrams late, never early: so timing is judged by
 * the fastest quarter, nine in ten are allowed less than what resolving an address would add, and a
 * few attempts are allowed.
 */
#define ATTEMPTS 5

struct spread {
	double fastest, quarter, nine_tenths; /* ms */
};

static struct spread spread_of(gn_dur *took, size_t n)
{
	qsort(took, n, sizeof(*took), compare_durations);
	return (struct spread){ (double)took[0] / 1e6, (double)took[n / 4] / 1e6,
				(double)took[n * 9 / 10] / 1e6 };
}

static bool is_delay(struct spread s, double expected)
{
	return s.fastest >= expected && s.quarter < expected + 0.5 && s.nine_tenths < expected * 1.75;
}

/* 20 hosts, 10 ms on each direction of each link: 20 ms per path. */
static void measure_delay(struct spread *first, struct spread *second)
{
	enum { HOSTS = 20 };
	struct made m = { 0 };
	struct live l;
	gn_dur took[2][HOSTS];
	const struct gn_topology *t = made_lan(&m, HOSTS);

	for (uint32_t i = 0; i < HOSTS; i++)
		for (int d = 0; d < 2; d++)
			m.links[i].shape[d] = (struct gn_shape){ .delay = 10 * GN_MSEC, .limit = 1000 };
	if (!live_start(&l, t))
		return;
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < HOSTS; i++)
			took[turn][i] = exchange(&l, 1 + i, 1 + (i + 1) % HOSTS);
	*first = spread_of(took[0], HOSTS);
	*second = spread_of(took[1], HOSTS);
	live_stop(&l);
	made_done(&m);
}

static void case_delay(void)
{
	struct spread first = { 0 }, second = { 0 };

	for (int i = 0; i < ATTEMPTS && !(is_delay(first, 20) && is_delay(second, 20)); i++)
		measure_delay(&first, &second);
	say(is_delay(first, 20),
	    "delay: 20 ms per path, the first time: %.3f, a quarter within %.3f, most within %.3f",
	    first.fastest, first.quarter, first.nine_tenths);
	say(is_delay(second, 20), "delay: the second time: %.3f, a quarter within %.3f, most within %.3f",
	    second.fastest, second.quarter, second.nine_tenths);
}

enum { SENT = 20000 };

/* Datagrams from each of a pair to the other: how many come. */
static void send_both_ways(struct live *l, uint32_t *ret_there, uint32_t *ret_back)
{
	*ret_there = *ret_back = 0;
	for (uint32_t i = 0; i < SENT; i++) {
		send_small(l, 0, 1);
		send_small(l, 1, 0);
		if (i % 100 == 99) {
			*ret_there += drain(l->udp[1]);
			*ret_back += drain(l->udp[0]);
		}
	}
	usleep(100000);
	*ret_there += drain(l->udp[1]);
	*ret_back += drain(l->udp[0]);
}

static void case_loss(void)
{
	const struct gn_shape shape = { .loss_ppm = 50000, .limit = 1000 }, none = { 0 };
	struct made m = { 0 };
	struct live l;
	uint32_t there, back;

	if (!live_start(&l, make_pair(&m, &shape, &none)))
		return;
	send_both_ways(&l, &there, &back);
	/* 4 standard errors of a binomial: 4 sqrt(20000 0.05 0.95) = 123 */
	const int32_t lost = SENT - (int32_t)there;
	say(lost > 1000 - 123 && lost < 1000 + 123, "loss: 5 %% of 20000 are 1000, lost were %d", lost);
	say(back == SENT, "loss: none in the other direction (%u of %u)", back, SENT);
	live_stop(&l);
	made_done(&m);
}

/* What the manual says of netem: of a lost packet the copy may come, and a copy may be lost. */
static void case_duplicate(void)
{
	const struct gn_shape only = { .duplicate_ppm = 100000, .limit = 1000 };
	const struct gn_shape both = { .loss_ppm = 500000, .duplicate_ppm = 500000, .limit = 1000 };
	struct made m = { 0 };
	struct live l;
	uint32_t there, back;

	if (!live_start(&l, make_pair(&m, &only, &both)))
		return;
	send_both_ways(&l, &there, &back);
	/* 4 sqrt(20000 0.1 0.9) = 170. One copy with 5/8, two with 1/8: 4 sqrt(20000 (9/8 - (7/8)^2)) = 339. */
	say(there > 22000 - 170 && there < 22000 + 170, "duplicate: 20000 and 10 %% are 22000, came %u",
	    there);
	say(back > 17500 - 339 && back < 17500 + 339, "duplicate: half lost, half doubled are 17500, came %u",
	    back);
	live_stop(&l);
	made_done(&m);
}

/* 100 datagrams of 1016 bytes are 1058 on the wire: 84.6 ms at 10 Mbit/s. */
#define RATE_DATAGRAMS 100

static double measure_rate(void)
{
	const struct gn_shape shape = { .rate_bps = 10000000, .limit = 1000 };
	struct made m = { 0 };
	struct live l;
	uint32_t received = 0;

	if (!live_start(&l, make_pair(&m, &shape, &shape)))
		return 0;
	const gn_time start = gn_now();
	for (int i = 0; i < RATE_DATAGRAMS; i++)
		send_to(&l, 0, l.t->nodes[1].ip, sizeof(struct datagram));
	while (received < RATE_DATAGRAMS && gn_now() - start < GN_SEC)
		received += drain(l.udp[1]);
	const double took = (double)(gn_now() - start) / 1e6;
	live_stop(&l);
	made_done(&m);
	return received == RATE_DATAGRAMS ? took : 0;
}

static void case_rate(void)
{
	const double expected = RATE_DATAGRAMS * (sizeof(struct datagram) + 42) * 8 / 1e7 * 1e3;
	double took = 0;

	for (int i = 0; i < ATTEMPTS && (took < expected * 0.97 || took > expected * 1.05); i++)
		took = measure_rate();
	say(took > expected * 0.97 && took < expected * 1.05,
	    "rate: %d datagrams took %.1f ms, expected %.1f", RATE_DATAGRAMS, took, expected);
}

static const struct gn_topology *make_shaped(struct made *m)
{
	const struct gn_topology *t = made_lan(m, 3);

	m->links[0].shape[0] = (struct gn_shape){ .delay = 10 * GN_MSEC + 1,
						  .jitter = 2 * GN_MSEC,
						  .loss_ppm = 100,
						  .duplicate_ppm = 200,
						  .rate_bps = 8000000,
						  .limit = 123 };
	m->links[0].shape[1] = (struct gn_shape){ .delay = 7 * GN_SEC, .limit = 5000 };
	m->links[1].shape[0] = (struct gn_shape){ .rate_bps = UINT64_C(100000000000), .limit = 9 };
	m->links[2].shape[1] = (struct gn_shape){ .loss_ppm = 1000000, .limit = 1000 };
	return t;
}

/* What another program says the kernel has. */
static void say_tc(const struct live *l, uint32_t node, const char *interface, const char *const words[])
{
	char out[4096];

	run_in(gn_network_netns(l->net, node), out, sizeof(out),
	       (const char *[]){ "tc", "qdisc", "show", "dev", interface, NULL });
	for (size_t i = 0; words[i]; i++)
		say(strstr(out, words[i]) != NULL, "tc: %s has '%s': %s", interface, words[i],
		    strtok(out, "\n"));
}

static void say_difference(const struct live *l, uint32_t node, const char *command, const char *pattern)
{
	char out[4096];
	struct gn_err err = { "" };
	int status = run_in(gn_network_netns(l->net, node), out, sizeof(out),
			    (const char *[]){ "sh", "-c", command, NULL });
	int r = gn_network_verify(l->net, &err);

	say(status == 0 && r == -EIO && strstr(err.text, pattern), "verify: after '%s': %s%s", command,
	    err.text, out);
}

static void case_verify(void)
{
	struct made m = { 0 };
	struct live l;
	struct gn_err err = { "" };
	char out[4096];

	if (!live_start(&l, make_shaped(&m)))
		return;
	say(gn_network_verify(l.net, &err) == 0, "verify: as built, everything is as asked for: %s",
	    err.text);
	say_tc(&l, 1, "eth0",
	       (const char *[]){ "limit 123", "delay 10ms", "2ms", "loss 0.01%", "duplicate 0.02%",
				 "rate 8Mbit", NULL });
	say_tc(&l, 0, "p0", (const char *[]){ "limit 5000", "delay 7s", NULL });
	say_tc(&l, 2, "eth0", (const char *[]){ "rate 100Gbit", NULL });
	say_tc(&l, 0, "p2", (const char *[]){ "loss 100%", NULL });
	run_in(gn_network_netns(l.net, 1), out, sizeof(out),
	       (const char *[]){ "ethtool", "-k", "eth0", NULL });
	say(strstr(out, "tcp-segmentation-offload: off") &&
		    strstr(out, "generic-segmentation-offload: off") &&
		    strstr(out, "generic-receive-offload: off"),
	    "offload: off at a shaped interface");
	run_in(gn_network_netns(l.net, 0), out, sizeof(out), (const char *[]){ "ethtool", "-k", "p1", NULL });
	say(strstr(out, "tcp-segmentation-offload: off") != NULL,
	    "offload: off at every other of the network");

	/* tc itself counts in 64 ns. */
	say_difference(&l, 0, "tc qdisc change dev p0 root netem delay 7.000001s limit 5000",
		       "link n1 - sw0, sw0 to n1: delay: wanted 7000000000 ns, the kernel has 7000000960 ns");
	say_difference(&l, 0, "tc qdisc change dev p0 root netem delay 7s limit 4999",
		       "queue limit: wanted 5000");
	say_difference(&l, 0, "tc qdisc change dev p0 root netem delay 7s limit 5000 loss 0.0001%",
		       "loss: wanted 0");
	say_difference(&l, 0, "tc qdisc change dev p0 root netem delay 7s limit 5000 duplicate 0.0001%",
		       "duplicate: wanted 0");
	say_difference(&l, 0, "tc qdisc change dev p0 root netem delay 7s limit 5000 rate 1gbit",
		       "rate: wanted 0");
	say_difference(&l, 0, "tc qdisc del dev p0 root", "not shaped: no netem");
	say_difference(
		&l, 0,
		"tc qdisc add dev p0 root netem delay 7s limit 5000; tc qdisc add dev p1 root netem delay 1s",
		"shaped, though it should not be");
	live_stop(&l);
	made_done(&m);
}

/* The same with a shaped network, whose steps are more. */
static void case_shaped_faults(void)
{
	struct made m = { 0 };
	const struct gn_topology *t = make_shaped(&m);
	const uint32_t files = open_files();
	uint32_t leaks = 0;
	uint64_t k = 0;
	int r;

	do {
		struct gn_steps steps = { .fail_at = ++k };
		struct gn_network *net = NULL;

		r = gn_network_build_steps(t, NULL, NULL, &steps, &net, NULL);
		gn_network_free(net);
		leaks += open_files() != files;
	} while (r);
	say(leaks == 0 && k > 10, "faults: %" PRIu64 " steps of a shaped build, none leaves a descriptor",
	    k - 1);
	made_done(&m);
}

/* What the kernel refuses comes back as a sentence with the element's name. */
static void case_refused(void)
{
	struct made m = { 0 };
	const struct gn_topology *t = make_shaped(&m);
	struct gn_network *net = NULL;
	struct gn_err err = { "" };

	/* The kernel caps jitter at 2^31 - 1 ns. */
	m.links[0].shape[1].jitter = 3 * GN_SEC;
	int r = gn_network_build(t, NULL, NULL, &net, &err);

	say(r == -EIO && !net && strstr(err.text, "link n1 - sw0, sw0 to n1: jitter: wanted 3000000000 ns"),
	    "refused: a jitter that the kernel cannot hold: %s", err.text);
	gn_network_free(net);
	made_done(&m);
}

/* Many shaped links. */
static void case_shaped(void)
{
	enum { HOSTS = 200 };
	struct made m = { 0 };
	struct live l;
	const struct gn_topology *t = made_lan(&m, HOSTS);
	const gn_time before = gn_now();
	gn_dur took[HOSTS];

	for (uint32_t i = 0; i < HOSTS; i++)
		for (int d = 0; d < 2; d++)
			m.links[i].shape[d] = (struct gn_shape){ .delay = 5 * GN_MSEC, .limit = 1000 };
	if (!live_start(&l, t))
		return;
	printf("# %u shaped nodes built in %.2f s\n", HOSTS, (double)(gn_now() - before) / 1e9);
	for (uint32_t i = 0; i < HOSTS; i++)
		took[i] = exchange(&l, 1 + i, 1 + (i + 7) % HOSTS);
	const struct spread s = spread_of(took, HOSTS);
	say(s.fastest >= 10 && s.quarter < 11 && took[HOSTS - 1] < GN_SEC,
	    "shaped: %u paths of 10 ms took %.1f ms, a quarter at most %.1f, most at most %.1f", HOSTS,
	    s.fastest, s.quarter, s.nine_tenths);
	live_stop(&l);
	made_done(&m);
}

static const struct live_case cases[] = {
	{ "lan", case_lan },
	{ "tree", case_tree },
	{ "routed", case_routed },
	{ "thousand", case_thousand },
	{ "large", case_large },
	{ "faults", case_faults },
	{ "interrupt", case_interrupt },
	{ "missing", case_missing },
	{ "home", case_home },
	/* with netem */
	{ "delay", case_delay },
	{ "loss", case_loss },
	{ "duplicate", case_duplicate },
	{ "rate", case_rate },
	{ "verify", case_verify },
	{ "shaped_faults", case_shaped_faults },
	{ "refused", case_refused },
	{ "shaped", case_shaped },
};

int main(int argc, char **argv)
{
	return run_cases(argc, argv, cases, GN_ARRAY_LEN(cases));
}
