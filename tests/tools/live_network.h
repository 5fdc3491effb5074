/* SPDX-License-Identifier: MIT */
/* For the live tests of src/net: a network with a UDP socket in each host and router, and TAP. */
#ifndef LIVE_NETWORK_H
#define LIVE_NETWORK_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "made_topology.h"
#include "net/internal.h"

#define WAIT_MS 2000 /* for a datagram that has to come */

static bool failed;

static void say(bool holds, const char *fmt, ...) GN_PRINTF(2, 3);
GN_UNUSED static void say(bool holds, const char *fmt, ...)
{
	va_list ap;

	failed |= !holds;
	printf("%sok - ", holds ? "" : "not ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

GN_UNUSED static void die(const char *what)
{
	printf("not ok - %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A running network with a UDP socket in each host and router. */
struct live {
	const struct gn_topology *t;
	struct gn_network *net;
	int *udp;
	uint32_t idle_ports; /* when the build said it was done */
};

static int home = -1;

GN_UNUSED static int socket_in(int netns, int domain, int type, int protocol)
{
	int fd;

	if (setns(netns, CLONE_NEWNET))
		die("setns");
	fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd < 0)
		die("socket");
	if (setns(home, CLONE_NEWNET))
		die("setns");
	return fd;
}

GN_UNUSED static int udp_socket(int netns)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(GN_GOSSIP_PORT) };
	const int on = 1, size = 8 << 20;
	int fd = socket_in(netns, AF_INET, SOCK_DGRAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		die("bind");
	return fd;
}

/* Run a command inside a node; its output goes to @out. Returns its exit status. */
GN_UNUSED static int run_in(int netns, char *out, size_t size, const char *const argv[])
{
	int pipe_ends[2], status;
	size_t used = 0;
	ssize_t len;

	if (pipe2(pipe_ends, O_CLOEXEC))
		die("pipe");
	pid_t child = fork();
	if (child == 0) {
		if (setns(netns, CLONE_NEWNET))
			_exit(126);
		dup2(pipe_ends[1], 1);
		dup2(pipe_ends[1], 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(pipe_ends[1]);
	while ((len = read(pipe_ends[0], out + used, size - 1 - used)) > 0)
		used += (size_t)len;
	out[used] = 0;
	close(pipe_ends[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* How many ports of the switches do not forward (in the words of another program), right now. */
GN_UNUSED static uint32_t idle_ports(int netns)
{
	char out[64];

	run_in(netns, out, sizeof(out),
	       (const char *[]){ "sh", "-c", "bridge link | grep -vc 'state forwarding'", NULL });
	return (uint32_t)atoi(out);
}

GN_UNUSED static bool live_start(struct live *l, const struct gn_topology *t)
{
	struct gn_err err;
	int r;

	*l = (struct live){ .t = t };
	r = gn_network_build(t, NULL, NULL, &l->net, &err);
	if (r) {
		say(false, "building: %s", err.text);
		return false;
	}
	if (t->nodes[0].kind == GN_SWITCH)
		l->idle_ports = idle_ports(gn_network_netns(l->net, 0));
	l->udp = calloc(t->n_nodes, sizeof(*l->udp));
	for (uint32_t i = 0; i < t->n_nodes; i++)
		l->udp[i] = t->nodes[i].kind == GN_SWITCH ? -1 : udp_socket(gn_network_netns(l->net, i));
	return true;
}

GN_UNUSED static void live_stop(struct live *l)
{
	for (uint32_t i = 0; l->udp && i < l->t->n_nodes; i++)
		gn_close_p(&l->udp[i]);
	free(l->udp);
	gn_network_free(l->net);
}

struct datagram {
	gn_time sent;
	uint32_t from;
	char padding[1000];
};

GN_UNUSED static void send_to(const struct live *l, uint32_t from, uint32_t ip, size_t size)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(GN_GOSSIP_PORT),
					.sin_addr.s_addr = htonl(ip) };
	const struct datagram d = { .sent = gn_now(), .from = from };

	if (sendto(l->udp[from], &d, size, 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		printf("# sendto: %s\n", strerror(errno));
}

GN_UNUSED static void send_small(const struct live *l, uint32_t from, uint32_t to)
{
	send_to(l, from, l->t->nodes[to].ip, offsetof(struct datagram, padding));
}

/* The latency of the next datagram at node @to, which has to be from @from; GN_NEVER if none comes. */
GN_UNUSED static gn_dur receive_from(const struct live *l, uint32_t to, uint32_t from)
{
	struct datagram d;

	for (int i = 0; i < WAIT_MS * 10; i++) {
		if (recv(l->udp[to], &d, sizeof(d), 0) > 0)
			return d.from == from ? gn_now() - d.sent : GN_NEVER;
		usleep(100);
	}
	return GN_NEVER;
}

GN_UNUSED static gn_dur exchange(const struct live *l, uint32_t from, uint32_t to)
{
	send_small(l, from, to);
	return receive_from(l, to, from);
}

GN_UNUSED static uint32_t drain(int fd)
{
	char buffer[2048];
	uint32_t n = 0;

	while (recv(fd, buffer, sizeof(buffer), 0) > 0)
		n++;
	return n;
}

GN_UNUSED static const struct gn_topology *make_pair(struct made *m, const struct gn_shape *forth,
						     const struct gn_shape *back)
{
	made_host(m, made_ip(0, 0));
	made_host(m, made_ip(0, 1));
	made_link(m, 0, 1);
	made_route(m, 0, m->nodes[1].ip, 32, 0, 1);
	made_route(m, 1, m->nodes[0].ip, 32, 0, 0);
	m->links[0].shape[0] = *forth;
	m->links[0].shape[1] = *back;
	return made_finish(m);
}

struct live_case {
	const char *name;
	void (*run)(void);
};

/* The cases that the arguments name. Return: the exit status. */
GN_UNUSED static int run_cases(int argc, char **argv, const struct live_case *cases, size_t n)
{
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		die("/proc/thread-self/ns/net");
	for (int a = 1; a < argc; a++) {
		size_t i = 0;

		while (i < n && strcmp(argv[a], cases[i].name))
			i++;
		if (i < n)
			cases[i].run();
		else
			say(false, "no case '%s'", argv[a]);
	}
	return failed;
}

#endif
