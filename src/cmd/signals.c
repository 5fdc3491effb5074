/* SPDX-License-Identifier: MIT */
#include "cmd/signals.h"

#include <sys/signalfd.h>

int gn_signals_open(struct gn_signals *s, struct gn_err *err)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < GN_ARRAY_LEN(ending); i++) {
		struct sigaction now;

		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&set, ending[i]);
	}
	s->first = GN_NEVER;
	sigprocmask(SIG_BLOCK, &set, &s->old_mask);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd >= 0)
		return 0;
	int r = gn_fail(err, -errno, "cannot watch for signals: %m");

	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	return r;
}

enum gn_signals_answer gn_signals_read(struct gn_signals *s)
{
	enum gn_signals_answer answer = GN_SIGNALS_NOTHING;
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof(info)) == sizeof(info)) {
		gn_time now = gn_now();

		if (info.ssi_signo == SIGCHLD)
			continue;
		if (s->first == GN_NEVER)
			s->first = now;
		answer = now - s->first > GN_SEC ? GN_SIGNALS_INSIST : GN_SIGNALS_INTERRUPT;
	}
	return answer;
}

void gn_signals_close(struct gn_signals *s)
{
	if (s->fd < 0)
		return;
	gn_signals_read(s);
	gn_close_p(&s->fd);
	s->fd = -1;
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}
