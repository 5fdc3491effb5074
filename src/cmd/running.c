/* SPDX-License-Identifier: MIT */
/* The client's side of the control socket. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cmd/control.h"
#include "util/printable.h"

enum { QUEUE_MAX = 2 * GN_EXEC_WINDOW + GN_MESSAGE_MAX };

#define PATIENCE GN_SEC

int gn_running_connect(const char *name, struct gn_channel **ret, struct gn_running_server *ret_server,
		       struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", name);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, len) < 0)
		return gn_fail(err, -errno, "the network at @%s does not answer: %m", name);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return gn_fail(err, -errno, "the network at @%s: %m", name);
	/* It would not listen to us, and we need not listen to it. */
	if (peer.uid != geteuid() && geteuid() != 0)
		return gn_fail(err, -EPERM, "the network at @%s belongs to %s", name,
			       peer.uid == 0 ? "root; use sudo" : "another user; run this as that user");
	int r = gn_channel_new(gn_steal_fd(&fd), QUEUE_MAX, ret, err);

	if (r == 0)
		*ret_server = (struct gn_running_server){ peer.pid, peer.uid != geteuid() };
	return r;
}

static int parse_info(const struct gn_vm_message *m, struct gn_running *r)
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

static int ask(struct gn_channel *c, gn_dur patience, struct gn_running *r)
{
	struct gn_vm_message m;
	int result = gn_channel_send(c, GN_MESSAGE_INFO, NULL, 0, NULL);

	if (result == 0)
		result = gn_channel_wait(c, patience, &m, NULL);
	if (result > 0)
		result = parse_info(&m, r);
	if (result < 0)
		free_strings(r);
	return result;
}

/* A thousand sockets of another user that do not answer must not cost root a thousand seconds. */
static int ask_stranger(struct gn_channel *c, gn_dur *patience, struct gn_running *r)
{
	gn_time begin = gn_now();
	int result = ask(c, *patience, r);
	gn_dur taken = gn_now() - begin;

	*patience -= GN_MIN(*patience, taken);
	if (result == 0) {
		gn_make_printable(r->name);
		gn_make_printable(r->folder);
		gn_make_printable(r->phase);
	}
	return result;
}

/* Fill in what is not known yet of @r. Return: 0; -Exxx: not there, or not one of ours. */
static int inquire(struct gn_running *r, gn_dur *strangers_patience)
{
	struct gn_running_server server;
	struct gn_channel *c;
	int result = gn_running_connect(r->socket, &c, &server, NULL);

	if (result == -EPERM)
		return describe(r, "foreign");
	if (result == -EAGAIN)
		return describe(r, "busy");
	if (result < 0)
		return result;
	r->stranger = server.stranger;
	result = r->stranger ? ask_stranger(c, strangers_patience, r) : ask(c, PATIENCE, r);
	gn_channel_free(c);
	return result == -ETIMEDOUT ? describe(r, "busy") : result;
}

static int by_age(const void *a, const void *b)
{
	const struct gn_running *x = a, *y = b;

	return (x->elapsed < y->elapsed) - (x->elapsed > y->elapsed);
}

/* Is this line of /proc/net/unix about a listening socket with a name like ours? */
static bool parse_listener(const char *line, struct gn_running *ret)
{
	unsigned flags;
	int pid, name = 0, suffix = 0, end = 0;

	if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s @%ngossipnet-%d-%n%*8[0-9a-f]%n", &flags, &name, &pid,
		   &suffix, &end) < 2)
		return false;
	/* Accepted connections carry the listener's name as well; 0x10000 is __SO_ACCEPTCON. */
	if (!(flags & 0x10000) || end - suffix != 8 || line[end] != '\n' || pid <= 0)
		return false;
	*ret = (struct gn_running){ .pid = pid };
	return (size_t)snprintf(ret->socket, sizeof(ret->socket), "%.*s", end - name, line + name) <
	       sizeof(ret->socket);
}

int gn_running_list(struct gn_running **ret, size_t *ret_n, struct gn_err *err)
{
	struct gn_running *runs = NULL;
	gn_dur strangers_patience = PATIENCE;
	size_t n = 0, cap = 0;
	char line[512];
	FILE *f = fopen("/proc/net/unix", "re");

	if (!f)
		return gn_fail(err, -errno, "/proc/net/unix: %m");
	while (fgets(line, sizeof(line), f)) {
		struct gn_running r;

		if (!parse_listener(line, &r))
			continue;
		if (gn_grow(&runs, n, &cap, sizeof(*runs)) < 0) {
			fclose(f);
			gn_running_free(runs, n);
			return gn_fail(err, -ENOMEM, "out of memory");
		}
		if (inquire(&r, &strangers_patience) == 0)
			runs[n++] = r;
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
