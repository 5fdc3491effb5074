/* SPDX-License-Identifier: MIT */
/* What this kernel offers, found out by trying, in a child process with a namespace of its own. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "net/internal.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/nft.h"
#include "net/shape.h"

#define PROBE_INDEX 10 /* of the interface that a probe makes */

struct probe {
	int socket;
	struct gn_nl_batch *batch;
};

static void probe_done(struct probe *p)
{
	gn_close_p(&p->socket);
	free(p->batch);
}

static int probe_init(struct probe *p, int protocol, struct gn_err *err)
{
	*p = (struct probe){ .socket = -1, .batch = calloc(1, sizeof(*p->batch)) };
	if (!p->batch)
		return gn_fail(err, -ENOMEM, "no memory");
	int r = gn_nl_open(protocol, &p->socket, err);

	gn_nl_use(p->batch, p->socket);
	return r;
}

/* The child that calls the probes has made the namespace already. */
static int probe_namespace(struct gn_err *err)
{
	(void)err;
	return 0;
}

static void queue_veth(struct probe *p)
{
	const struct gn_veth_end end[2] = {
		{ .name = "p0", .index = PROBE_INDEX, .mac = { 2, 1 }, .netns = -1 },
		{ .name = "p1", .index = PROBE_INDEX + 1, .mac = { 2, 2 }, .netns = -1 },
	};
	struct nlmsghdr *m = gn_nl_request(p->batch, "making a veth pair");

	gn_msg_veth(m, end, 0);
	gn_nl_end(p->batch, m);
}

static int probe_veth(struct gn_err *err)
{
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_ROUTE, err);

	if (r)
		return r;
	queue_veth(&p);
	return gn_nl_flush(p.batch, err);
}

static int probe_bridge(struct gn_err *err)
{
	const uint8_t mac[6] = { 2, 3 };
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_ROUTE, err);

	if (r)
		return r;
	struct nlmsghdr *m = gn_nl_request(p.batch, "making a bridge");

	gn_msg_bridge(m, "br", PROBE_INDEX, mac, "probe");
	gn_nl_end(p.batch, m);
	return gn_nl_flush(p.batch, err);
}

static int probe_nf_tables(struct gn_err *err)
{
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_NETFILTER, err);

	if (r)
		return r;
	gn_nft_queue(p.batch);
	return gn_nl_flush(p.batch, err);
}

static int probe_netem(struct gn_err *err)
{
	const struct gn_netem netem = { .latency = 1000000, .limit = 1000 };
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_ROUTE, err);

	if (r)
		return r;
	queue_veth(&p);
	r = gn_netem_queue(p.batch, PROBE_INDEX, &netem, GN_NETEM_NEW, "putting netem on an interface", err);
	return r ? r : gn_nl_flush(p.batch, err);
}

/* Send what one interface gets through a queue device. */
static int probe_shared(struct gn_err *err)
{
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_ROUTE, err);

	if (r)
		return r;
	queue_veth(&p);
	struct nlmsghdr *m = gn_nl_request(p.batch, "making an ifb");

	gn_msg_queue_device(m, "p2", PROBE_INDEX + 2, "probe");
	gn_nl_end(p.batch, m);
	m = gn_nl_request(p.batch, "putting clsact on an interface");
	gn_msg_hooks(m, PROBE_INDEX);
	gn_nl_end(p.batch, m);
	m = gn_nl_request(p.batch, "leading what an interface gets to another");
	gn_msg_redirect(m, PROBE_INDEX, true, PROBE_INDEX + 2);
	gn_nl_end(p.batch, m);
	return gn_nl_flush(p.batch, err);
}

/* Attach the programs as the network does. */
static int probe_cut(struct gn_err *err)
{
	const struct gn_node node = { .kind = GN_HOST };
	const struct gn_topology t = { .nodes = &node, .n_nodes = 1, .n_links = 1 };
	struct gn_cut *cut = NULL;
	GN_CLEANUP(probe_done) struct probe p;
	int r = probe_init(&p, NETLINK_ROUTE, err);

	if (!r)
		r = gn_cut_new(&t, &cut, err);
	if (r)
		return r;
	queue_veth(&p);
	struct nlmsghdr *m = gn_nl_request(p.batch, "putting clsact on an interface");

	gn_msg_hooks(m, PROBE_INDEX);
	gn_nl_end(p.batch, m);
	gn_cut_queue(p.batch, cut, PROBE_INDEX, "attaching an eBPF program to an interface");
	r = gn_nl_flush(p.batch, err);
	gn_cut_free(cut);
	return r;
}

enum { NAMESPACES, VETH, BRIDGE, NF_TABLES, NETEM, CUT, SHARED };

static const struct gn_feature features[] = {
	[NAMESPACES] = { "network namespaces", "anything: each node lives in one", "CONFIG_NET_NS",
			 probe_namespace },
	[VETH] = { "veth", "links", "CONFIG_VETH", probe_veth },
	[BRIDGE] = { "bridge", "switches", "CONFIG_BRIDGE", probe_bridge },
	[NF_TABLES] = { "nf_tables for bridges", "switches", "CONFIG_NF_TABLES, CONFIG_NF_TABLES_BRIDGE",
			probe_nf_tables },
	[NETEM] = { "netem", "shaped links (delay, jitter, loss, rate)", "CONFIG_NET_SCH_NETEM",
		    probe_netem },
	[CUT] = { "eBPF at interfaces", "links that go down and partitions",
		  "CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF, CONFIG_NET_SCH_INGRESS", probe_cut },
	[SHARED] = { "ifb", "switches whose members share one rate",
		     "CONFIG_IFB, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_MATCHALL, CONFIG_NET_ACT_MIRRED",
		     probe_shared },
};

const struct gn_feature *gn_network_feature(size_t i)
{
	return i < GN_ARRAY_LEN(features) ? &features[i] : NULL;
}

struct verdict {
	int code;
	struct gn_err err;
};

static void try_in_child(const struct gn_feature *f, int answer)
{
	struct verdict v = { 0 };

	if (unshare(CLONE_NEWNET)) {
		v.code = gn_nl_fail(&v.err, -errno, NULL);
		gn_wrap(&v.err, v.code, "making a network namespace");
	} else {
		v.code = f->probe(&v.err);
	}
	_exit(write(answer, &v, sizeof(v)) == sizeof(v) ? 0 : 1);
}

static int read_verdict(int fd, struct verdict *v)
{
	ssize_t len;

	do
		len = read(fd, v, sizeof(*v));
	while (len < 0 && errno == EINTR);
	return len == sizeof(*v) ? 0 : -EIO;
}

/* What a kernel without the feature answers, depending on the kind of feature. */
static bool means_missing(int code)
{
	switch (code) {
	case -EOPNOTSUPP:
	case -ENOENT:
	case -EINVAL:
	case -ENOSYS:
	case -EAFNOSUPPORT:
	case -EPROTONOSUPPORT:
		return true;
	default:
		return false;
	}
}

static int classify(const struct gn_feature *f, const struct verdict *v, struct gn_err *err)
{
	if (!v->code)
		return 0;
	if (v->code == -EPERM || v->code == -EACCES)
		return gn_fail(err, -EPERM, "%s", v->err.text);
	if (means_missing(v->code))
		return gn_fail(err, -EOPNOTSUPP, "this kernel has no %s (%s); %s", f->name, f->config,
			       v->err.text);
	return gn_fail(err, v->code, "%s: %s", f->name, v->err.text);
}

int gn_network_probe(const struct gn_feature *f, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int reader = -1;
	GN_CLEANUP(gn_close_p) int writer = -1;
	struct verdict v = { 0 };
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC))
		return gn_fail(err, -errno, "%s: cannot make a pipe: %m", f->name);
	reader = ends[0];
	writer = ends[1];

	pid_t child = fork();

	if (child < 0)
		return gn_fail(err, -errno, "%s: cannot fork: %m", f->name);
	if (child == 0)
		try_in_child(f, writer);
	gn_close_p(&writer);
	writer = -1;
	r = read_verdict(reader, &v);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (r)
		return gn_fail(err, r, "%s: the process that tried it died", f->name);
	return classify(f, &v, err);
}

int gn_network_missing(const struct gn_topology *t, struct gn_err *err)
{
	const bool needed[GN_ARRAY_LEN(features)] = {
		[NAMESPACES] = true,
		[VETH] = t->n_links > 0,
		[BRIDGE] = gn_network_has_switch(t),
		[NF_TABLES] = gn_network_has_switch(t),
		[NETEM] = gn_network_is_shaped(t),
		[CUT] = gn_network_is_cut(t),
		[SHARED] = gn_network_is_shared(t),
	};
	struct gn_err missing = { "" };

	for (size_t i = 0; i < GN_ARRAY_LEN(features); i++) {
		const size_t used = strlen(missing.text);
		const struct gn_feature *f = &features[i];
		struct gn_err one;
		int r = needed[i] ? gn_network_probe(f, &one) : 0;

		if (r == -EOPNOTSUPP)
			snprintf(missing.text + used, sizeof(missing.text) - used, "%s%s (%s), needed for %s",
				 used ? "; no " : "this kernel has no ", f->name, f->config, f->use);
		else if (r)
			return gn_fail(err, r, "%s", one.text);
	}
	return missing.text[0] ? gn_fail(err, -EOPNOTSUPP, "%s", missing.text) : 0;
}

int gn_network_probe_cut(struct gn_err *err)
{
	return gn_network_probe(&features[CUT], err);
}
