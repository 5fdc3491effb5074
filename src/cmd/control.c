/* SPDX-License-Identifier: MIT */
#include "cmd/control.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vm/enter.h"

enum {
	/* Each may have GN_EXEC_WINDOW bytes on the way to the guest: all together fit into its queue, with room for
	 * what the run itself has to say. */
	CLIENTS = 16,
	QUEUE_MAX = 4 * GN_EXEC_WINDOW,
	/* Messages taken from one client at a time. One that sends more is not ours. */
	BURST = 1000,
};
enum { LISTENER = UINT32_MAX };

struct client {
	struct gn_channel *channel; /* NULL: this place is free */
	uint32_t events;	    /* what epoll watches */
	uint32_t session;	    /* its number on the guest's channel; 0: none */
	uint32_t name;		    /* its number as the client calls it */
	size_t input_credit;	    /* bytes of input that the client may send */
};

struct gn_control_server {
	struct gn_control_options o; /* strings are owned */
	char phase[24];
	gn_time start;
	int listener, epoll;
	struct gn_control_network network;
	bool has_network;
	gn_control_act *act;
	void *act_context;
	struct gn_channel *guest;
	uint32_t last_session;
	struct client clients[CLIENTS];
};

/* ---- talking to the guest ---- */

/* Send @m on with another session number. Return: as gn_channel_send(). */
static int send_as(struct gn_channel *to, const struct gn_vm_message *m, uint32_t session)
{
	uint8_t data[GN_MESSAGE_MAX];

	if (m->len < 4)
		return -EBADMSG;
	memcpy(data, m->data, m->len);
	for (int i = 0; i < 4; i++)
		data[i] = (uint8_t)(session >> (8 * i));
	return gn_channel_send(to, m->type, data, m->len, NULL);
}

static void drop(struct gn_control_server *s, struct client *c)
{
	if (c->session && s->guest) {
		struct gn_pack p;

		gn_pack_init(&p);
		gn_pack_u32(&p, c->session);
		gn_channel_send_pack(s->guest, GN_MESSAGE_EXEC_CLOSE, &p, NULL);
	}
	c->channel = gn_channel_free(c->channel);
	*c = (struct client){ 0 };
}

/* Watch for what the client's channel needs now. */
static void rewatch(struct gn_control_server *s, struct client *c)
{
	/* poll's and epoll's bits are the same. */
	uint32_t events = (uint32_t)gn_channel_events(c->channel);
	struct epoll_event e = { .events = events, .data.u32 = (uint32_t)(c - s->clients) };

	if (events == c->events)
		return;
	epoll_ctl(s->epoll, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, gn_channel_fd(c->channel), &e);
	c->events = events;
}

bool gn_control_message(struct gn_control_server *s, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	if ((m->type < GN_MESSAGE_EXEC_CREDIT || m->type > GN_MESSAGE_EXEC_FAILED) &&
	    m->type != GN_MESSAGE_ACTED)
		return false;
	gn_unpack_init(&u, m->data, m->len);
	uint32_t session = gn_unpack_u32(&u), number = gn_unpack_u32(&u);

	for (size_t i = 0; session && i < CLIENTS; i++) {
		struct client *c = &s->clients[i];

		if (!c->channel || c->session != session)
			continue;
		if (m->type == GN_MESSAGE_EXEC_CREDIT)
			c->input_credit = GN_MIN(c->input_credit + number, (size_t)GN_EXEC_WINDOW);
		if (m->type == GN_MESSAGE_EXEC_EXIT || m->type == GN_MESSAGE_EXEC_FAILED ||
		    m->type == GN_MESSAGE_ACTED)
			c->session = 0;
		/* It never has more under way than its credit; one that does not read is dropped. */
		if (send_as(c->channel, m, c->name) < 0)
			drop(s, c);
		else
			rewatch(s, c);
		break;
	}
	return true;
}

void gn_control_set_channel(struct gn_control_server *s, struct gn_channel *channel)
{
	if (!s)
		return;
	s->guest = NULL;
	for (size_t i = 0; i < CLIENTS; i++)
		if (s->clients[i].session)
			drop(s, &s->clients[i]);
	s->guest = channel;
}

/* ---- talking to clients ---- */

static void send_info(const struct gn_control_server *s, struct client *c)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_string(&p, s->o.name);
	gn_pack_string(&p, s->o.folder);
	gn_pack_string(&p, s->phase);
	gn_pack_u32(&p, s->o.guest);
	gn_pack_u32(&p, s->o.nodes);
	gn_pack_u64(&p, gn_now() - s->start);
	gn_channel_send_pack(c->channel, GN_MESSAGE_INFO, &p, NULL);
}

static void refuse(struct client *c, uint32_t name, int code, const char *sentence)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, name);
	gn_pack_u32(&p, (uint32_t)-code);
	gn_pack_string(&p, sentence);
	gn_channel_send_pack(c->channel, GN_MESSAGE_EXEC_FAILED, &p, NULL);
}

/* Native: hand over the node; the client enters it and runs the command. */
static void hand_over(struct gn_control_server *s, struct client *c, uint32_t name, const char *node)
{
	struct gn_err err;
	int netns = s->network.netns(s->network.context, node, &err);
	struct gn_pack p;

	if (netns < 0) {
		refuse(c, name, netns, err.text);
		return;
	}
	gn_pack_init(&p);
	gn_pack_u32(&p, name);
	gn_pack_string(&p, node);
	int r = gn_channel_send_fds(c->channel, GN_MESSAGE_EXEC_ENTER, &p,
				    (const int[GN_CHANNEL_FDS]){ netns, s->network.hosts }, &err);

	if (r < 0)
		refuse(c, name, r, err.text);
}

/* The guest answers for itself: the session is known there from now on. */
static int pass_on(struct gn_control_server *s, struct client *c, const struct gn_vm_message *m,
		   uint32_t name)
{
	c->session = ++s->last_session;
	c->name = name;
	c->input_credit = GN_EXEC_WINDOW;
	return send_as(s->guest, m, c->session);
}

static void refuse_now(struct gn_control_server *s, struct client *c, uint32_t name, const char *what)
{
	GN_CLEANUP(gn_free_p) char *wait = gn_format("%s is %s; %s", s->o.name, s->phase, what);

	refuse(c, name, -EAGAIN, wait ? wait : "out of memory");
}

static int handle_start(struct gn_control_server *s, struct client *c, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	uint32_t name = gn_unpack_u32(&u);
	GN_CLEANUP(gn_free_p) char *node = gn_unpack_string(&u);

	if (u.bad || c->session)
		return -EBADMSG;
	if (s->o.guest && s->guest && (!strcmp(s->phase, "starting") || !strcmp(s->phase, "running")))
		return pass_on(s, c, m, name);
	if (!s->o.guest && s->has_network)
		hand_over(s, c, name, node);
	else
		refuse_now(s, c, name, "its nodes are not there now");
	return 0;
}

/* Native: carry it out and answer. */
static void act_here(struct gn_control_server *s, struct client *c, uint32_t name, const char *text)
{
	struct gn_err err;
	struct gn_pack p;
	int64_t t;
	int r = s->act(s->act_context, text, &t, &err);

	if (r < 0) {
		refuse(c, name, r, err.text);
		return;
	}
	gn_pack_init(&p);
	gn_pack_u32(&p, name);
	gn_pack_u64(&p, (uint64_t)t);
	gn_channel_send_pack(c->channel, GN_MESSAGE_ACTED, &p, NULL);
}

static int handle_act(struct gn_control_server *s, struct client *c, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	uint32_t name = gn_unpack_u32(&u);
	GN_CLEANUP(gn_free_p) char *text = gn_unpack_string(&u);

	if (u.bad || c->session)
		return -EBADMSG;
	if (s->o.guest && s->guest && !strcmp(s->phase, "running"))
		return pass_on(s, c, m, name);
	if (s->act)
		act_here(s, c, name, text);
	else
		refuse_now(s, c, name, "nothing can be done to it now");
	return 0;
}

/* Return: 0, or -Exxx: a client that is not worth keeping. */
static int handle_message(struct gn_control_server *s, struct client *c, const struct gn_vm_message *m)
{
	if (m->type == GN_MESSAGE_INFO) {
		send_info(s, c);
		return 0;
	}
	if (m->type == GN_MESSAGE_EXEC_START)
		return handle_start(s, c, m);
	if (m->type == GN_MESSAGE_ACT)
		return handle_act(s, c, m);
	if (m->type < GN_MESSAGE_EXEC_START || m->type > GN_MESSAGE_EXEC_CREDIT)
		return -EBADMSG;
	if (!c->session || !s->guest)
		return 0; /* the session has just ended, and the client does not know yet */
	if (m->type == GN_MESSAGE_EXEC_INPUT) {
		if (m->len < 4 || m->len - 4 > c->input_credit)
			return -EBADMSG;
		c->input_credit -= m->len - 4;
	}
	return send_as(s->guest, m, c->session);
}

static void handle_client(struct gn_control_server *s, struct client *c)
{
	struct gn_vm_message m;
	int r = gn_channel_flush(c->channel, NULL);

	for (int i = 0; r >= 0; i++) {
		r = i < BURST ? gn_channel_next(c->channel, &m, NULL) : -EBADMSG;
		if (r == 0)
			break;
		r = r < 0 ? r : handle_message(s, c, &m);
	}
	if (r < 0)
		drop(s, c);
	else
		rewatch(s, c);
}

/* Is the process at the other end root or of our own user? */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void accept_client(struct gn_control_server *s)
{
	GN_CLEANUP(gn_close_p) int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = NULL;

	if (fd < 0 || !is_trusted(fd))
		return;
	for (size_t i = 0; i < CLIENTS && !c; i++)
		c = s->clients[i].channel ? NULL : &s->clients[i];
	/* Without a free place the connection closes: the client says that the run is busy. */
	if (c && gn_channel_new(gn_steal_fd(&fd), QUEUE_MAX, &c->channel, NULL) == 0)
		rewatch(s, c);
}

void gn_control_handle(struct gn_control_server *s)
{
	struct epoll_event events[CLIENTS + 1];
	int n = epoll_wait(s->epoll, events, GN_ARRAY_LEN(events), 0);

	for (int i = 0; i < n; i++) {
		uint32_t place = events[i].data.u32;

		if (place == LISTENER)
			accept_client(s);
		else if (s->clients[place].channel)
			handle_client(s, &s->clients[place]);
	}
}

/* ---- life ---- */

/* Random, so that it is free whoever else makes sockets: other users, and other PID namespaces on this network. */
static int bind_somewhere(int fd)
{
	uint32_t random;

	for (int tries = 0; tries < 10; tries++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -1;
		/* An abstract name: a NUL byte, and not ended by one. */
		int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "gossipnet-%d-%08x", (int)getpid(),
				 random);
		socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);

		if (bind(fd, (struct sockaddr *)&a, len) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
	}
	return -1;
}

static int listen_here(struct gn_control_server *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = LISTENER };

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->epoll < 0 || s->listener < 0 || bind_somewhere(s->listener) < 0 ||
	    listen(s->listener, CLIENTS) < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &e) < 0)
		return -errno;
	return 0;
}

int gn_control_open(const struct gn_control_options *o, struct gn_control_server **ret, struct gn_err *err)
{
	struct gn_control_server *s = calloc(1, sizeof(*s));

	if (!s)
		return gn_fail(err, -ENOMEM, "out of memory");
	s->o = *o;
	s->o.name = gn_strdup(o->name);
	s->o.folder = gn_strdup(o->folder);
	s->start = gn_now();
	s->listener = s->epoll = -1;
	gn_control_set_phase(s, o->guest ? "booting" : "wiring");
	int r = s->o.name && s->o.folder ? listen_here(s) : -ENOMEM;

	if (r < 0) {
		gn_control_free(s);
		return gn_fail(err, r, "control socket: %s", strerror(-r));
	}
	*ret = s;
	return 0;
}

struct gn_control_server *gn_control_free(struct gn_control_server *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < CLIENTS; i++)
		if (s->clients[i].channel)
			drop(s, &s->clients[i]);
	gn_close_p(&s->listener);
	gn_close_p(&s->epoll);
	free((void *)(uintptr_t)s->o.name);
	free((void *)(uintptr_t)s->o.folder);
	free(s);
	return NULL;
}

int gn_control_fd(const struct gn_control_server *s)
{
	return s->epoll;
}

void gn_control_set_phase(struct gn_control_server *s, const char *phase)
{
	if (s)
		snprintf(s->phase, sizeof(s->phase), "%s", phase);
}

void gn_control_set_network(struct gn_control_server *s, const struct gn_control_network *network)
{
	if (!s)
		return;
	s->has_network = network != NULL;
	if (network)
		s->network = *network;
}

void gn_control_set_act(struct gn_control_server *s, gn_control_act *act, void *context)
{
	if (!s)
		return;
	s->act = act;
	s->act_context = context;
}
