/* SPDX-License-Identifier: MIT */
/*
 * The control socket of a run: how `gossipnet ls` and `gossipnet exec` find and reach a running main
 * process. An abstract Unix socket, @gossipnet-<pid>: nothing in the file system, gone with the
 * process. Both sides check by SO_PEERCRED that the other is root or of their own user.
 */
#ifndef GN_CMD_CONTROL_H
#define GN_CMD_CONTROL_H

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

/* Guest: the channel to relay sessions over, borrowed; NULL when it goes. */
void gn_control_set_channel(struct gn_control_server *s, struct gn_channel *channel);

/* Guest: a message that came from the channel. Returns true if it was one of ours. */
bool gn_control_message(struct gn_control_server *s, const struct gn_message *m);

/* The client's side: one running network. */
struct gn_running {
	int pid;
	char *name, *folder, *phase;
	bool guest;
	uint32_t nodes;
	gn_dur elapsed; /* since the main process started */
};

/**
 * gn_running_list() - ask every running network what it is.
 *
 * One that does not answer within a second has the name "?" and the phase "busy"; one of another user, which is
 * not asked, the phase "foreign".
 * @ret: array owned by the caller, the longest-running first; gn_running_free().
 */
int gn_running_list(struct gn_running **ret, size_t *ret_n, struct gn_err *err);
void gn_running_free(struct gn_running *runs, size_t n);

/* Connect to a running network. Return: 0; -ECONNREFUSED or -ENOENT: it is gone; -EPERM: of another user. */
int gn_running_connect(int pid, struct gn_channel **ret, struct gn_err *err);

#endif
