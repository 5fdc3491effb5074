/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "cmd/cmd.h"
#include "cmd/control.h"
#include "cmd/exec_here.h"
#include "util/printable.h"

enum {
	SESSION = 1,
	CHUNK = 16 * 1024,
	/* A pipe that poll() calls writable takes this much without blocking. */
	WRITE_MAX = 4096,
	/* After so many interrupts that the command ignores, its client leaves. */
	PATIENT_INTERRUPTS = 3,
	ENVIRONMENT_MAX = 8,
};

#define ANSWER_PATIENCE (10 * GN_SEC)

/* Output that has come and is not written yet; the credit bounds it. */
struct backlog {
	int fd;
	size_t start, end;
	uint8_t data[GN_EXEC_WINDOW];
};

/* A command in the guest, its streams carried here. */
struct relay {
	struct gn_channel *channel;
	bool stranger; /* the run is another user's */
	bool terminal, raw;
	struct termios before;
	sigset_t old_mask;
	int signals;
	unsigned interrupts;
	bool input_open;
	size_t input_credit;
	size_t unpaid;	/* output bytes written and not credited */
	bool over;	/* the session has ended */
	bool abandoned; /* we do not wait for it, and write no more */
	int status;	/* or -Exxx with a sentence */
	struct backlog output[2];
};

/* ---- a command in this kernel ---- */

/* A descriptor that becomes readable when the run is over. Preferably its process: the server has few places. */
static int watch_run(const struct gn_channel *c, pid_t pid)
{
	GN_CLEANUP(gn_close_p) int process = pid > 0 ? pidfd_open(pid, 0) : -1;
	struct pollfd p = { .fd = gn_channel_fd(c), .events = POLLIN };

	/* Still there: then the number was still its own. */
	if (process >= 0 && poll(&p, 1, 0) == 0)
		return gn_steal_fd(&process);
	return fcntl(gn_channel_fd(c), F_DUPFD_CLOEXEC, 3);
}

static int enter_and_run(struct relay *x, pid_t server, const char *node, char **command, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int netns = -1;
	GN_CLEANUP(gn_close_p) int hosts = -1;
	GN_CLEANUP(gn_close_p) int run = watch_run(x->channel, server);
	int fds[GN_CHANNEL_FDS];

	gn_channel_take_fds(x->channel, fds);
	netns = fds[0];
	hosts = fds[1];
	if (netns < 0 || hosts < 0)
		return gn_fail(err, -EBADMSG, "the running network handed over no node");
	x->channel = gn_channel_free(x->channel);
	const struct gn_exec_here here = { .node = { .netns = netns, .node = node, .hosts = hosts },
					   .command = command,
					   .run = run };

	return run < 0 ? gn_fail(err, -errno, "the running network: %m") : gn_exec_here(&here, err);
}

/* ---- a command in the guest ---- */

static int send_number(struct relay *x, enum gn_message_type type, uint32_t number)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, SESSION);
	gn_pack_u32(&p, number);
	return gn_channel_send_pack(x->channel, type, &p, NULL);
}

static void send_size(struct relay *x)
{
	struct winsize size = { 0 };
	struct gn_pack p;

	if (!x->terminal || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	gn_pack_init(&p);
	gn_pack_u32(&p, SESSION);
	gn_pack_u32(&p, size.ws_row);
	gn_pack_u32(&p, size.ws_col);
	gn_channel_send_pack(x->channel, GN_MESSAGE_EXEC_RESIZE, &p, NULL);
}

static void take_signal(struct relay *x)
{
	struct signalfd_siginfo info;

	if (read(x->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		send_size(x);
		return;
	}
	send_number(x, GN_MESSAGE_EXEC_SIGNAL, info.ssi_signo);
	if (++x->interrupts < PATIENT_INTERRUPTS)
		return;
	x->abandoned = true;
	x->status = 128 + (int)info.ssi_signo;
}

static void take_input(struct relay *x)
{
	uint8_t data[4 + CHUNK] = { SESSION };
	ssize_t n = read(STDIN_FILENO, data + 4, GN_MIN((size_t)CHUNK, x->input_credit));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		x->input_credit -= (size_t)n;
		gn_channel_send(x->channel, GN_MESSAGE_EXEC_INPUT, data, 4 + (size_t)n, NULL);
		return;
	}
	x->input_open = false;
	gn_channel_send(x->channel, GN_MESSAGE_EXEC_INPUT_END, data, 4, NULL);
}

/* Write what poll() says can be written; the command may then send as much more. */
static void write_out(struct relay *x, struct backlog *b)
{
	ssize_t n = write(b->fd, b->data + b->start, GN_MIN(b->end - b->start, (size_t)WRITE_MAX));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		/* Nobody reads our output: a command here would have died of SIGPIPE. */
		x->abandoned = true;
		x->status = 128 + SIGPIPE;
		return;
	}
	b->start += (size_t)n;
	x->unpaid += (size_t)n;
	if (x->unpaid < GN_EXEC_WINDOW / 4 || x->over)
		return;
	send_number(x, GN_MESSAGE_EXEC_CREDIT, (uint32_t)x->unpaid);
	x->unpaid = 0;
}

static int take_output(struct backlog *b, const struct gn_unpack *u)
{
	size_t waiting = b->end - b->start;

	if (waiting + u->left > sizeof(b->data))
		return -EBADMSG;
	memmove(b->data, b->data + b->start, waiting);
	memcpy(b->data + waiting, u->at, u->left);
	b->start = 0;
	b->end = waiting + u->left;
	return 0;
}

static int take_failure(struct gn_unpack *u, struct gn_err *err)
{
	int code = (int)gn_unpack_u32(u);
	GN_CLEANUP(gn_free_p) char *sentence = gn_unpack_string(u);

	if (sentence)
		gn_make_printable(sentence);
	/* -EINVAL would be this program's "bad usage". */
	return gn_fail(err, code == EINVAL || code <= 0 ? -EIO : -code, "%s",
		       sentence ? sentence : "the running network refused");
}

static int take_message(struct relay *x, const struct gn_vm_message *m, struct gn_err *err)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	gn_unpack_u32(&u);
	switch ((int)m->type) {
	case GN_MESSAGE_EXEC_OUTPUT:
		return take_output(&x->output[0], &u);
	case GN_MESSAGE_EXEC_ERROR_OUTPUT:
		return take_output(&x->output[1], &u);
	case GN_MESSAGE_EXEC_CREDIT:
		x->input_credit += gn_unpack_u32(&u);
		x->input_credit = GN_MIN(x->input_credit, (size_t)GN_EXEC_WINDOW);
		return 0;
	case GN_MESSAGE_EXEC_EXIT:
		x->over = true;
		x->status = (int)(gn_unpack_u32(&u) & 255);
		return 0;
	case GN_MESSAGE_EXEC_FAILED:
		x->over = true;
		x->status = take_failure(&u, err);
		return 0;
	default:
		return -EBADMSG;
	}
}

static int take_messages(struct relay *x, struct gn_err *err)
{
	struct gn_vm_message m;
	int r = 0;

	while (!x->over && r >= 0) {
		r = gn_channel_next(x->channel, &m, NULL);
		if (r <= 0)
			break;
		r = take_message(x, &m, err);
	}
	return r < 0 ? gn_fail(err, -EPIPE, "the network has stopped while the command was running") : 0;
}

static bool has_output(const struct backlog *b)
{
	return b->start < b->end;
}

/* Wait for something to do and do it. */
static int carry_once(struct relay *x, struct gn_err *err)
{
	bool wants_input = x->input_open && x->input_credit && !x->over;
	struct pollfd p[] = {
		{ .fd = x->over ? -1 : gn_channel_fd(x->channel), .events = gn_channel_events(x->channel) },
		{ .fd = x->signals, .events = POLLIN },
		{ .fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = has_output(&x->output[0]) ? STDOUT_FILENO : -1, .events = POLLOUT },
		{ .fd = has_output(&x->output[1]) ? STDERR_FILENO : -1, .events = POLLOUT },
	};
	int r = 0;

	if (poll(p, GN_ARRAY_LEN(p), -1) < 0)
		return errno == EINTR ? 0 : gn_fail(err, -errno, "poll: %m");
	if (p[0].revents) {
		gn_channel_flush(x->channel, NULL);
		r = take_messages(x, err);
	}
	if (p[1].revents)
		take_signal(x);
	if (p[2].revents)
		take_input(x);
	for (int i = 0; i < 2; i++)
		if (p[3 + i].revents && !x->abandoned)
			write_out(x, &x->output[i]);
	return r;
}

/* Until the command has ended and its output is written. Return: its status, or -Exxx with a sentence. */
static int carry(struct relay *x, struct gn_err *err)
{
	int r = 0;

	while (r == 0 && !x->abandoned &&
	       (!x->over || has_output(&x->output[0]) || has_output(&x->output[1])))
		r = carry_once(x, err);
	return r < 0 ? r : x->status;
}

static int watch_signals(struct relay *x, struct gn_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &x->old_mask);
	x->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return x->signals < 0 ? gn_fail(err, -errno, "signals: %m") : 0;
}

/* Keys go to the command's terminal as they are; it gives them their meaning. */
static void set_raw(struct relay *x)
{
	struct termios raw;

	if (!x->terminal || tcgetattr(STDIN_FILENO, &x->before) < 0)
		return;
	raw = x->before;
	cfmakeraw(&raw);
	x->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static int relay(struct relay *x, struct gn_err *err)
{
	int r = watch_signals(x, err);

	if (r < 0)
		return r;
	set_raw(x);
	r = carry(x, err);
	if (x->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &x->before);
	close(x->signals);
	sigprocmask(SIG_SETMASK, &x->old_mask, NULL);
	return r;
}

/* ---- the command ---- */

/* What a command needs to show its output well. The rest of root's environment is not for others. */
static void choose_environment(char *ret[ENVIRONMENT_MAX])
{
	static const char *const names[] = {
		"PATH=", "TERM=", "COLORTERM=", "LANG=", "LC_ALL=", "LC_CTYPE="
	};
	size_t n = 0;

	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < GN_ARRAY_LEN(names) && n < ENVIRONMENT_MAX - 1; i++)
			if (strncmp(*e, names[i], strlen(names[i])) == 0)
				ret[n++] = *e;
	ret[n] = NULL;
}

static int send_start(struct relay *x, const char *node, char **command, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = realpath(".", NULL);
	char *chosen[ENVIRONMENT_MAX];
	struct winsize size = { 0 };
	struct gn_pack p;

	choose_environment(chosen);
	if (x->terminal)
		ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	gn_pack_init(&p);
	gn_pack_u32(&p, SESSION);
	gn_pack_string(&p, node);
	gn_pack_u32(&p, x->terminal);
	gn_pack_u32(&p, size.ws_row);
	gn_pack_u32(&p, size.ws_col);
	gn_pack_string(&p, folder ? folder : "/");
	gn_pack_strings(&p, command);
	gn_pack_strings(&p, x->stranger ? chosen : environ);
	if (p.overflow)
		return gn_fail(err, -E2BIG, "the command and the environment are longer than %d bytes",
			       GN_MESSAGE_MAX);
	return gn_channel_send_pack(x->channel, GN_MESSAGE_EXEC_START, &p, err);
}

/* The running network hands over the node, and the command runs as our child. */
static int run_here(struct relay *x, pid_t server, const char *node, char **command, struct gn_err *err)
{
	struct gn_vm_message m;
	struct gn_unpack u;
	int r = gn_channel_wait(x->channel, ANSWER_PATIENCE, &m, err);

	if (r < 0)
		return gn_wrap(err, r, "the running network");
	gn_unpack_init(&u, m.data, m.len);
	gn_unpack_u32(&u);
	if (m.type == GN_MESSAGE_EXEC_FAILED)
		return take_failure(&u, err);
	if (m.type != GN_MESSAGE_EXEC_ENTER)
		return gn_fail(err, -EBADMSG, "the running network hands over no node");
	return enter_and_run(x, server, node, command, err);
}

static int run_in(struct relay *x, const struct gn_running_found *run, const char *node, char **command,
		  struct gn_err *err)
{
	struct gn_running_server server;
	int r = gn_running_connect(run->socket, &x->channel, &server, err);

	if (r < 0)
		return r;
	x->stranger = server.stranger;
	/* What it handed over could be any namespace, and any text for /etc/hosts. */
	if (x->stranger && !run->guest)
		r = gn_fail(err, -EPERM,
			    "the network is another user's and wants us to enter its namespace; only "
			    "root's own networks may");
	x->terminal = run->guest && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	x->input_open = true;
	x->input_credit = GN_EXEC_WINDOW;
	x->output[0].fd = STDOUT_FILENO;
	x->output[1].fd = STDERR_FILENO;
	if (r == 0)
		r = send_start(x, node, command, err);
	if (r == 0)
		r = run->guest ? relay(x, err) : run_here(x, server.pid, node, command, err);
	x->channel = gn_channel_free(x->channel);
	return r;
}

int cmd_exec(const struct gn_options *o GN_UNUSED, int argc, char **argv, struct gn_err *err)
{
	char **command = argv + 3;
	struct gn_running_found run = { 0 };

	if (argc > 3 && !strcmp(*command, "--"))
		command++;
	if (argc < 4 || !*command)
		return gn_fail(err, -EINVAL,
			       "exec: a command is missing; usage: gossipnet exec RUN NODE -- CMD...");
	int r = gn_running_find(argv[1], &run, err);

	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) struct relay *x = calloc(1, sizeof(*x));

	return x ? run_in(x, &run, argv[2], command, err) : gn_fail(err, -ENOMEM, "out of memory");
}
