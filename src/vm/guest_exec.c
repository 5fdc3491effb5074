/* SPDX-License-Identifier: MIT */
#include "vm/guest_exec.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "vm/enter.h"

enum {
	SESSIONS = 32,
	CHUNK = 16 * 1024,
	/* A terminal's last output is ready a moment after its last program has ended. */
	LINGER_MS = 200,
};

/* What an epoll event is about: a descriptor of a session, or the timer. */
enum what { INPUT, OUTPUT, ERROR_OUTPUT, PROCESS, N_WHAT };
enum { TIMER = UINT32_MAX };

struct session {
	bool used;
	uint32_t id;
	pid_t pid;
	int fd[N_WHAT];		 /* -1: closed; a terminal's INPUT and OUTPUT are its master */
	uint32_t events[N_WHAT]; /* what epoll watches; 0: not at all */
	bool terminal;
	bool closed; /* the client is gone: nobody is told anything any more */
	bool exited;
	int status;
	gn_time deadline; /* a terminal's: no output is awaited after this */
	size_t credit;	  /* output bytes that may be sent */
	bool input_end;
	size_t pending_start, pending_end;
	uint8_t *pending; /* GN_EXEC_WINDOW bytes: input that the command has not taken */
};

struct gn_guest_exec {
	struct gn_guest_exec_options o;
	int epoll, timer;
	struct session sessions[SESSIONS];
};

struct start {
	char *node, *folder, **command, **environment;
	bool terminal;
	struct winsize size;
};

static void start_done(struct start *s)
{
	free(s->node);
	free(s->folder);
	gn_strings_free(s->command);
	gn_strings_free(s->environment);
}

static bool start_parse(struct start *s, struct gn_unpack *u)
{
	*s = (struct start){ .node = gn_unpack_string(u) };
	s->terminal = gn_unpack_u32(u);
	s->size.ws_row = (unsigned short)gn_unpack_u32(u);
	s->size.ws_col = (unsigned short)gn_unpack_u32(u);
	s->folder = gn_unpack_string(u);
	s->command = gn_unpack_strings(u);
	s->environment = gn_unpack_strings(u);
	return !u->bad && s->command[0];
}

static void tell(struct gn_guest_exec *x, const struct session *s, enum gn_message_type type, uint32_t number)
{
	struct gn_pack p;

	if (s->closed)
		return;
	gn_pack_init(&p);
	gn_pack_u32(&p, s->id);
	gn_pack_u32(&p, number);
	gn_channel_send_pack(x->o.channel, type, &p, NULL);
}

static void tell_failure(struct gn_guest_exec *x, uint32_t id, int code, const char *sentence)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, id);
	gn_pack_u32(&p, (uint32_t)-code);
	gn_pack_string(&p, sentence);
	gn_channel_send_pack(x->o.channel, GN_MESSAGE_EXEC_FAILED, &p, NULL);
}

/* Descriptors that are not watched are not in epoll at all: it would report a hang-up again and again. */
static void watch(struct gn_guest_exec *x, struct session *s, enum what what, uint32_t events)
{
	struct epoll_event e = { .events = events,
				 .data.u64 = (uint64_t)(s - x->sessions) << 32 | (uint64_t)what };

	if (s->fd[what] < 0 || s->events[what] == events)
		return;
	epoll_ctl(x->epoll,
		  !events	    ? EPOLL_CTL_DEL
		  : s->events[what] ? EPOLL_CTL_MOD
				    : EPOLL_CTL_ADD,
		  s->fd[what], &e);
	s->events[what] = events;
}

static void close_stream(struct gn_guest_exec *x, struct session *s, enum what what)
{
	watch(x, s, what, 0);
	gn_close_p(&s->fd[what]);
	s->fd[what] = -1;
}

static void end_session(struct gn_guest_exec *x, struct session *s)
{
	for (int i = 0; i < N_WHAT; i++)
		close_stream(x, s, (enum what)i);
	free(s->pending);
	*s = (struct session){ 0 };
}

/* The command's process group; or the child alone, that has not made it yet. */
static void send_signal(pid_t pid, int signal)
{
	if (kill(-pid, signal) < 0)
		kill(pid, signal);
}

/* Kill and reap. One that even so does not end (it waits for a disk, say) is left to init. */
static void put_down(pid_t pid)
{
	enum { PATIENCE_MS = 1000 };

	send_signal(pid, SIGKILL);
	for (int i = 0; i < PATIENCE_MS && waitpid(pid, NULL, WNOHANG) == 0; i++) {
		usleep(1000);
		/* Again: its group may just have come to be. */
		send_signal(pid, SIGKILL);
	}
}

static struct session *find_session(struct gn_guest_exec *x, uint32_t id)
{
	for (size_t i = 0; i < SESSIONS; i++)
		if (x->sessions[i].used && !x->sessions[i].closed && x->sessions[i].id == id)
			return &x->sessions[i];
	return NULL;
}

static _Noreturn void run_command(const struct start *start, const int std[3], int netns, int hosts)
{
	const struct gn_enter e = { .netns = netns, .node = start->node, .hosts = hosts };
	int high[3] = { -1, -1, -1 };
	struct gn_err err = { "" };
	int status = 126;

	setsid();
	for (int i = 0; i < 3; i++)
		high[i] = fcntl(std[i], F_DUPFD_CLOEXEC, 3);
	for (int i = 0; i < 3; i++)
		dup2(high[i], i);
	if (start->terminal)
		ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (gn_enter(&e, &err) == 0) {
		/* A folder that only the host has (below /proc, say) is no reason to fail. */
		if (chdir(start->folder) < 0)
			status = chdir("/");
		environ = start->environment;
		status = gn_enter_exec(start->command, &err);
	}
	dprintf(STDERR_FILENO, "gossipnet: %s\n", err.text);
	_exit(status);
}

/* The command's streams: ours in @ours, its own in @std. */
static int open_pipes(int ours[N_WHAT], int std[3])
{
	int in[2], out[2], error[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	std[0] = in[0];
	ours[INPUT] = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	std[1] = out[1];
	ours[OUTPUT] = out[0];
	if (pipe2(error, O_CLOEXEC) < 0)
		return -errno;
	std[2] = error[1];
	ours[ERROR_OUTPUT] = error[0];
	return 0;
}

static int open_terminal(const struct winsize *size, int ours[N_WHAT], int std[3])
{
	ours[OUTPUT] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ours[OUTPUT] < 0 || unlockpt(ours[OUTPUT]) < 0)
		return -errno;
	ours[INPUT] = fcntl(ours[OUTPUT], F_DUPFD_CLOEXEC, 3);
	std[0] = ioctl(ours[OUTPUT], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ours[INPUT] < 0 || std[0] < 0)
		return -errno;
	ioctl(std[0], TIOCSWINSZ, size);
	for (int i = 1; i < 3; i++) {
		std[i] = fcntl(std[0], F_DUPFD_CLOEXEC, 3);
		if (std[i] < 0)
			return -errno;
	}
	return 0;
}

/* Start the command with streams for it. On failure the caller closes what is in @ours. */
static int spawn(const struct gn_guest_exec *x, const struct start *start, int netns, int ours[N_WHAT],
		 pid_t *ret_pid)
{
	int std[3] = { -1, -1, -1 };
	int r = start->terminal ? open_terminal(&start->size, ours, std) : open_pipes(ours, std);

	if (r == 0) {
		sigset_t hang_up, before;

		/* We may ignore it (nohup), and until gn_enter_exec() so does the child: blocked, it waits. */
		sigemptyset(&hang_up);
		sigaddset(&hang_up, SIGHUP);
		sigprocmask(SIG_BLOCK, &hang_up, &before);
		pid_t pid = fork();

		if (pid == 0)
			run_command(start, std, netns, x->o.hosts);
		r = pid < 0 ? -errno : 0;
		sigprocmask(SIG_SETMASK, &before, NULL);
		*ret_pid = pid;
	}
	for (int i = 0; i < 3; i++)
		gn_close_p(&std[i]);
	if (r < 0)
		return r;
	for (int i = INPUT; i <= ERROR_OUTPUT; i++)
		if (ours[i] >= 0)
			fcntl(ours[i], F_SETFL, O_NONBLOCK);
	ours[PROCESS] = pidfd_open(*ret_pid, 0);
	if (ours[PROCESS] < 0) {
		r = -errno;
		put_down(*ret_pid);
	}
	return r;
}

static int start_session(struct gn_guest_exec *x, struct session *s, const struct start *start,
			 struct gn_err *err)
{
	int netns = x->o.netns(x->o.context, start->node, err);

	if (netns < 0)
		return netns;
	s->pending = malloc(GN_EXEC_WINDOW);
	int r = s->pending ? spawn(x, start, netns, s->fd, &s->pid) : -ENOMEM;

	if (r < 0)
		return gn_fail(err, r, "cannot start a command in %s: %s", start->node, strerror(-r));
	s->terminal = start->terminal;
	s->credit = GN_EXEC_WINDOW;
	watch(x, s, OUTPUT, EPOLLIN);
	watch(x, s, ERROR_OUTPUT, EPOLLIN);
	watch(x, s, PROCESS, EPOLLIN);
	return 0;
}

static void handle_start(struct gn_guest_exec *x, uint32_t id, struct gn_unpack *u)
{
	struct session *s = NULL;
	struct start start;
	struct gn_err err;

	for (size_t i = 0; i < SESSIONS && !s; i++)
		s = x->sessions[i].used ? NULL : &x->sessions[i];
	bool good = start_parse(&start, u);

	if (!good || find_session(x, id)) {
		tell_failure(x, id, -EINVAL, "the guest does not understand the request");
	} else if (!s) {
		tell_failure(x, id, -EAGAIN, "too many commands run at once in this network");
	} else {
		*s = (struct session){ .used = true, .id = id, .fd = { -1, -1, -1, -1 } };
		int r = start_session(x, s, &start, &err);

		if (r < 0) {
			tell_failure(x, id, r, err.text);
			end_session(x, s);
		}
	}
	start_done(&start);
}

/* Give the command what it takes of its input, and its writer credit for that. */
static void feed(struct gn_guest_exec *x, struct session *s)
{
	size_t before = s->pending_start;

	while (s->fd[INPUT] >= 0 && s->pending_start < s->pending_end) {
		ssize_t n =
			write(s->fd[INPUT], s->pending + s->pending_start, s->pending_end - s->pending_start);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR)
			close_stream(x, s, INPUT);
		else if (n > 0)
			s->pending_start += (size_t)n;
	}
	/* A command that has closed its input: the rest is swallowed, as by a pipe that nobody reads. */
	if (s->fd[INPUT] < 0)
		s->pending_start = s->pending_end;
	if (s->pending_start > before)
		tell(x, s, GN_MESSAGE_EXEC_CREDIT, (uint32_t)(s->pending_start - before));
	if (s->pending_start == s->pending_end) {
		s->pending_start = s->pending_end = 0;
		watch(x, s, INPUT, 0);
		if (s->input_end && !s->terminal)
			close_stream(x, s, INPUT);
	} else {
		watch(x, s, INPUT, EPOLLOUT);
	}
}

static void take_input(struct gn_guest_exec *x, struct session *s, const uint8_t *data, size_t len)
{
	size_t waiting = s->pending_end - s->pending_start;

	if (waiting + len > GN_EXEC_WINDOW)
		return; /* more than it had credit for: not from our client */
	memmove(s->pending, s->pending + s->pending_start, waiting);
	if (len)
		memcpy(s->pending + waiting, data, len);
	s->pending_start = 0;
	s->pending_end = waiting + len;
	feed(x, s);
}

static void hang_up(struct gn_guest_exec *x, struct session *s)
{
	s->closed = true;
	for (int i = INPUT; i <= ERROR_OUTPUT; i++)
		close_stream(x, s, (enum what)i);
	if (s->exited) {
		end_session(x, s);
		return;
	}
	send_signal(s->pid, SIGHUP);
	send_signal(s->pid, SIGCONT); /* one that is stopped would not hear it */
}

/* Send what the command has written, as far as there is credit. */
static void forward(struct gn_guest_exec *x, struct session *s, enum what what)
{
	uint8_t block[4 + CHUNK];

	while (s->credit && s->fd[what] >= 0) {
		ssize_t n = read(s->fd[what], block + 4, GN_MIN((size_t)CHUNK, s->credit));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) { /* a terminal whose last program has gone: EIO */
			close_stream(x, s, what);
			break;
		}
		for (int i = 0; i < 4; i++)
			block[i] = (uint8_t)(s->id >> (8 * i));
		s->credit -= (size_t)n;
		gn_channel_send(x->o.channel,
				what == OUTPUT ? GN_MESSAGE_EXEC_OUTPUT : GN_MESSAGE_EXEC_ERROR_OUTPUT, block,
				4 + (size_t)n, NULL);
	}
	watch(x, s, what, s->credit ? EPOLLIN : 0);
}

/* Forward what there is; the session ends when the command has and nothing more can come of it. */
static void advance(struct gn_guest_exec *x, struct session *s)
{
	if (s->closed)
		return;
	forward(x, s, OUTPUT);
	forward(x, s, ERROR_OUTPUT);
	bool drained = s->credit > 0; /* else the streams were not read to their end */
	bool open = s->fd[OUTPUT] >= 0 || s->fd[ERROR_OUTPUT] >= 0;

	if (!s->exited || !drained || (open && s->terminal && gn_now() < s->deadline))
		return;
	tell(x, s, GN_MESSAGE_EXEC_EXIT, (uint32_t)s->status);
	end_session(x, s);
}

static void handle_exit(struct gn_guest_exec *x, struct session *s)
{
	const struct itimerspec linger = { .it_value = gn_timespec((LINGER_MS + 1) * GN_MSEC) };
	int status = 0;

	if (waitpid(s->pid, &status, WNOHANG) == 0)
		return;
	close_stream(x, s, PROCESS);
	s->exited = true;
	s->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	s->deadline = gn_now() + LINGER_MS * GN_MSEC;
	if (s->terminal)
		timerfd_settime(x->timer, 0, &linger, NULL);
	if (s->closed)
		end_session(x, s);
	else
		advance(x, s);
}

static void handle_timer(struct gn_guest_exec *x)
{
	uint64_t times;

	if (read(x->timer, &times, sizeof(times)) < 0)
		return;
	for (size_t i = 0; i < SESSIONS; i++)
		if (x->sessions[i].used && x->sessions[i].exited)
			advance(x, &x->sessions[i]);
}

void gn_guest_exec_handle(struct gn_guest_exec *x)
{
	struct epoll_event events[32];
	int n = epoll_wait(x->epoll, events, GN_ARRAY_LEN(events), 0);

	for (int i = 0; i < n; i++) {
		uint32_t place = (uint32_t)(events[i].data.u64 >> 32);
		enum what what = (enum what)(uint32_t)events[i].data.u64;
		struct session *s = place < SESSIONS ? &x->sessions[place] : NULL;

		if (!s)
			handle_timer(x);
		else if (!s->used || s->fd[what] < 0)
			continue; /* ended by an event before this one */
		else if (what == PROCESS)
			handle_exit(x, s);
		else if (what == INPUT)
			feed(x, s);
		else
			advance(x, s);
	}
}

static void handle_number(struct gn_guest_exec *x, struct session *s, enum gn_message_type type,
			  struct gn_unpack *u)
{
	uint32_t a = gn_unpack_u32(u);

	if (u->bad)
		return;
	if (type == GN_MESSAGE_EXEC_CREDIT) {
		s->credit = GN_MIN(s->credit + a, (size_t)GN_EXEC_WINDOW);
		advance(x, s);
	} else if (type == GN_MESSAGE_EXEC_SIGNAL) {
		if (a > 0 && a < NSIG && !s->exited)
			send_signal(s->pid, (int)a);
	} else if (s->terminal && s->fd[OUTPUT] >= 0) {
		struct winsize size = { .ws_row = (unsigned short)a,
					.ws_col = (unsigned short)gn_unpack_u32(u) };

		ioctl(s->fd[OUTPUT], TIOCSWINSZ, &size);
	}
}

bool gn_guest_exec_message(struct gn_guest_exec *x, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	if (m->type < GN_MESSAGE_EXEC_START || m->type > GN_MESSAGE_EXEC_CREDIT)
		return false;
	gn_unpack_init(&u, m->data, m->len);
	uint32_t id = gn_unpack_u32(&u);
	struct session *s = find_session(x, id);

	if (u.bad)
		return true;
	if (m->type == GN_MESSAGE_EXEC_START) {
		handle_start(x, id, &u);
	} else if (!s) {
		return true; /* it has just ended, and its client does not know yet */
	} else if (m->type == GN_MESSAGE_EXEC_INPUT) {
		take_input(x, s, u.at, u.left);
	} else if (m->type == GN_MESSAGE_EXEC_INPUT_END) {
		s->input_end = true;
		feed(x, s);
	} else if (m->type == GN_MESSAGE_EXEC_CLOSE) {
		hang_up(x, s);
	} else {
		handle_number(x, s, m->type, &u);
	}
	return true;
}

int gn_guest_exec_new(const struct gn_guest_exec_options *o, struct gn_guest_exec **ret, struct gn_err *err)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)TIMER << 32 };
	struct gn_guest_exec *x = calloc(1, sizeof(*x));

	if (!x)
		return gn_fail(err, -ENOMEM, "out of memory");
	/* A command that does not read its input is no reason for us to die. */
	signal(SIGPIPE, SIG_IGN);
	x->o = *o;
	x->epoll = epoll_create1(EPOLL_CLOEXEC);
	x->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (x->epoll < 0 || x->timer < 0 || epoll_ctl(x->epoll, EPOLL_CTL_ADD, x->timer, &e) < 0) {
		gn_fail(err, -errno, "exec: %m");
		gn_guest_exec_free(x);
		return -EMFILE;
	}
	*ret = x;
	return 0;
}

struct gn_guest_exec *gn_guest_exec_free(struct gn_guest_exec *x)
{
	if (!x)
		return NULL;
	for (size_t i = 0; i < SESSIONS; i++) {
		struct session *s = &x->sessions[i];

		if (!s->used)
			continue;
		if (!s->closed)
			tell_failure(x, s->id, -EPIPE, "the run is over");
		if (!s->exited)
			put_down(s->pid);
		end_session(x, s);
	}
	gn_close_p(&x->epoll);
	gn_close_p(&x->timer);
	free(x);
	return NULL;
}

int gn_guest_exec_fd(const struct gn_guest_exec *x)
{
	return x->epoll;
}
