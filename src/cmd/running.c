/* SPDX-License-Identifier: MIT */
/* The client's side of the control socket. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cmd/control.h"

enum { QUEUE_MAX = 2 * GN_EXEC_WINDOW + GN_MESSAGE_MAX };

#define PATIENCE GN_SEC

int gn_running_connect(int pid, struct gn_channel **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "gossipnet-%d", pid);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, len) < 0)
		return gn_fail(err, -errno, "the network of process %d does not answer: %m", pid);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return gn_fail(err, -errno, "the network of process %d: %m", pid);
	/* Abstract names are free for anybody to take. And root's runs do not listen to us. */
	if (peer.uid != geteuid())
		return gn_fail(err, -EPERM, "the network of process %d belongs to %s", pid,
			       peer.uid == 0 ? "root; use sudo" : "another user; run this as that user");
	return gn_channel_new(gn_steal_fd(&fd), QUEUE_MAX, ret, err);
}

static int parse_info(const struct gn_message *m, struct gn_running *r)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	r->name = gn_unpack_string(&u);
	r->folder = gn_unpack_string(&u);
	r->phase = gn_unpack_string(&u);
	r->guest = gn_unpack_u32(&u);
	r->nodes = gn_unpack_u32(&u);
	r->elapsed = gn_unpack_u64(&u);
	return u.bad || m->type != GN_MESSAGE_INFO ? -EBADMSG : 0;
}

static void free_strings(struct gn_running *r)
{
	free(r->name);
	free(r->folder);
	free(r->phase);
	r->name = r->folder = r->phase = NULL;
}

/* A network that tells nothing about itself. */
static int describe(struct gn_running *r, const char *phase)
{
	r->name = gn_strdup("?");
	r->folder = gn_strdup("?");
	r->phase = gn_strdup(phase);
	if (r->name && r->folder && r->phase)
		return 0;
	free_strings(r);
	return -ENOMEM;
}

/* Return: 0, *ret filled in; -Exxx: not there, or not for us. */
static int ask(int pid, struct gn_running *ret)
{
	struct gn_channel *c;
	struct gn_message m;
	int r = gn_running_connect(pid, &c, NULL);

	*ret = (struct gn_running){ .pid = pid };
	if (r == -EPERM)
		return describe(ret, "foreign");
	if (r < 0)
		return r;
	r = gn_channel_send(c, GN_MESSAGE_INFO, NULL, 0, NULL);
	if (r == 0)
		r = gn_channel_wait(c, PATIENCE, &m, NULL);
	if (r > 0)
		r = parse_info(&m, ret);
	gn_channel_free(c);
	if (r == -ETIMEDOUT)
		return describe(ret, "busy");
	if (r < 0)
		free_strings(ret);
	return r;
}

static int by_age(const void *a, const void *b)
{
	const struct gn_running *x = a, *y = b;

	return (x->elapsed < y->elapsed) - (x->elapsed > y->elapsed);
}

/* The process that a line of /proc/net/unix belongs to, if its name is one of ours and it listens. */
static int listener_of(const char *line)
{
	unsigned flags;
	int pid, end = 0;

	if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s @gossipnet-%d%n", &flags, &pid, &end) < 2 || end == 0)
		return 0;
	/* Accepted connections carry the listener's name as well; 0x10000 is __SO_ACCEPTCON. */
	return (flags & 0x10000) && line[end] == '\n' ? pid : 0;
}

int gn_running_list(struct gn_running **ret, size_t *ret_n, struct gn_err *err)
{
	struct gn_running *runs = NULL;
	size_t n = 0, cap = 0;
	char line[512];
	FILE *f = fopen("/proc/net/unix", "re");

	if (!f)
		return gn_fail(err, -errno, "/proc/net/unix: %m");
	while (fgets(line, sizeof(line), f)) {
		int pid = listener_of(line);

		if (pid <= 0)
			continue;
		if (gn_grow(&runs, n, &cap, sizeof(*runs)) < 0) {
			fclose(f);
			gn_running_free(runs, n);
			return gn_fail(err, -ENOMEM, "out of memory");
		}
		if (ask(pid, &runs[n]) == 0)
			n++;
	}
	fclose(f);
	if (n)
		qsort(runs, n, sizeof(*runs), by_age);
	*ret = runs;
	*ret_n = n;
	return 0;
}

void gn_running_free(struct gn_running *runs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free_strings(&runs[i]);
	free(runs);
}
