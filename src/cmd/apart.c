/* SPDX-License-Identifier: MIT */
#include "cmd/apart.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/signals.h"
#include "live/privileges.h"

/* Pass on what asks for the end until the child is gone. Return: its status; *ret_killed: it did not listen. */
static int wait_for(pid_t child, struct gn_signals *signals, bool *ret_killed)
{
	struct pollfd fd = { .fd = signals->fd, .events = POLLIN };
	int status;

	while (waitpid(child, &status, WNOHANG) != child) {
		poll(&fd, 1, -1);
		switch (gn_signals_read(signals)) {
		case GN_SIGNALS_NOTHING:
			break;
		case GN_SIGNALS_INTERRUPT:
			kill(child, SIGTERM);
			break;
		case GN_SIGNALS_INSIST:
			*ret_killed = kill(child, SIGKILL) == 0;
			break;
		}
	}
	return status;
}

static int judge(const char *whose, int status, bool killed, int *ret_status, struct gn_err *err)
{
	if (killed)
		return gn_fail(err, -EPROTO, "%s did not return when asked for the end, and was killed",
			       whose);
	if (WIFSIGNALED(status))
		return gn_fail(err, -EPROTO, "%s crashed: its process was ended by signal %d (%s)", whose,
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	*ret_status = WEXITSTATUS(status);
	return 1;
}

int gn_apart(const char *whose, int *ret_status, struct gn_err *err)
{
	struct gn_signals signals = GN_SIGNALS_NONE;
	bool killed = false;
	int r = gn_signals_open(&signals, err);

	if (r)
		return r;
	const int parent = getpid();
	const pid_t child = fork();

	if (child == 0) {
		sigprocmask(SIG_SETMASK, &signals.old_mask, NULL);
		gn_close_p(&signals.fd);
		return gn_die_with_parent(parent, err);
	}
	if (child < 0)
		r = gn_fail(err, -errno, "cannot fork: %m");
	const int status = r ? 0 : wait_for(child, &signals, &killed);

	gn_signals_close(&signals);
	return r ? r : judge(whose, status, killed, ret_status, err);
}
