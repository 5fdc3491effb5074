/* SPDX-License-Identifier: MIT */
/*
 * The control socket of a run: how `gossipnet ls` and `gossipnet exec` find and reach a running main
 * process. An abstract Unix socket, @gossipnet-<pid>-<8 random hexadecimal digits>: nothing in the file
 * system, gone with the process, and a name that nobody else can have taken before; /proc/net/unix lists it.
 *
 * Anybody may make such a socket, so both sides look by SO_PEERCRED who the other is. A server serves root and its own
 * user. A client talks to its own user's servers, and root to all; but a run of another user is a stranger to root: it
 * comes last, gets little patience and no environment, and root enters no namespace that it hands over.
 */
#ifndef GN_CMD_CONTROL_H
#define GN_CMD_CONTROL_H

#include <sys/types.h>

#include "vm/channel.h"

struct gn_control_server;

struct gn_control_options {
	const char *name;   /* of the run */
	const char *folder; /* its result folder, absolute */
	uint32_t nodes;
	bool guest; /* the network is in the guest: sessions are relayed over @channel */
};

/* Copies @o. The phase is "booting" (guest) or "wiring" at first. */
int gn_control_open(const struct gn_control_options *o, struct gn_control_server **ret, struct gn_err *err);
struct gn_control_server *gn_control_free(struct gn_control_server *s);

/* Readable when gn_control_handle() has something to do. */
int gn_control_fd(const struct gn_control_server *s);

/* Never blocks; a client that hangs, lies or dies does not disturb the run. */
void gn_control_handle(struct gn_control_server *s);

/* A struct gn_status's phase. The guest has nodes while it is "starting" or "running". */
void gn_control_set_phase(struct gn_control_server *s, const char *phase);

/* Native: from when the network stands until it goes (then call with NULL). All borrowed. */
struct gn_control_network {
	/* The namespace of a node, borrowed, or -Exxx with a sentence. */
	int (*netns)(void *context, const char *node, struct gn_err *err);
	void *context;
	int hosts; /* from gn_hosts_open() */
};
void gn_control_set_network(struct gn_control_server *s, const struct gn_control_network *network);

/* Native: carries out an action by hand, gn_conduct_by_hand(). NULL: not now. @context is borrowed. */
typedef int gn_control_act(void *context, const char *text, int64_t *ret_t, struct gn_err *err);
void gn_control_set_act(struct gn_control_server *s, gn_control_act *act, void *context);

/* Guest: the channel to relay sessions over, borrowed; NULL when it goes. */
void gn_control_set_channel(struct gn_control_server *s, struct gn_channel *channel);

/* Guest: a message that came from the channel. Returns true if it was one of ours. */
bool gn_control_message(struct gn_control_server *s, const struct gn_vm_message *m);

/* The client's side: one running network. */
struct gn_running {
	char socket[32]; /* its abstract name, without the leading zero byte */
	int pid;	 /* as the name has it: of another PID namespace, perhaps */
	bool stranger;	 /* another user's, but we are root; what it says of itself is made printable */
	char *name, *folder, *phase;
	bool guest;
	uint32_t nodes;
	gn_dur elapsed; /* since the main process started */
};

/**
 * gn_running_list() - ask every running network what it is.
 *
 * One that does not answer within a second (strangers: all of them together) has the name "?" and the phase "busy";
 * one of another user, which is not asked, the phase "foreign".
 * @ret: array owned by the caller, the longest-running first; gn_running_free().
 */
int gn_running_list(struct gn_running **ret, size_t *ret_n, struct gn_err *err);
void gn_running_free(struct gn_running *runs, size_t n);

/* Enough to connect to a running network. */
struct gn_running_found {
	char socket[sizeof(((struct gn_running *)NULL)->socket)];
	bool guest;
};

/* The running network that @run means: a result's folder or file, or the latest of that name. Return: 0; -ENOENT, -ESRCH: there
 * is none, @err says what there is instead. */
int gn_running_find(const char *run, struct gn_running_found *ret, struct gn_err *err);

/* Who serves a running network. */
struct gn_running_server {
	pid_t pid; /* 0: in another PID namespace */
	bool stranger;
};

/* Connect to a running network by its socket's name. Return: 0; -ECONNREFUSED or -ENOENT: it is gone; -EAGAIN: it is
 * busy; -EPERM: of another user. */
int gn_running_connect(const char *name, struct gn_channel **ret, struct gn_running_server *ret_server,
		       struct gn_err *err);

#endif
