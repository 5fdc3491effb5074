/* SPDX-License-Identifier: MIT */
/*
 * Both ends are this program, started inside their nodes as `gossipnet exec` does it: see probe_node.c for what they say.
 */
#include <inttypes.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "cmd/probe_report.h"
#include "live/privileges.h"
#include "live/probe.h"
#include "topo/units.h"
#include "util/log.h"
#include "util/printable.h"

enum { SIZE_DEFAULT = 64, ARGUMENTS_MAX = 16, NUMBER = 24 };

/* Links that duplicate may make several of each datagram; more than so many are nobody's measurement. */
enum { COPIES_MAX = 64 };

#define DURATION_DEFAULT (5 * GN_SEC)
#define INTERVAL_DEFAULT (20 * GN_MSEC)

/* ---- options ---- */

static int parse_quantity(const char *option, const char *text, enum gn_quantity q, const char *what,
			  uint64_t *ret, struct gn_err *err)
{
	const char *unit;

	if (gn_unit_parse(q, text, ret, &unit) != GN_UNIT_OK || *ret == 0)
		return gn_fail(err, -EINVAL, "--%s %s: %s is needed", option, text, what);
	return 0;
}

static int parse_whole(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
		       struct gn_err *err)
{
	if (!gn_whole_parse(text, ret) || *ret < min || *ret > max)
		return gn_fail(err, -EINVAL,
			       "--%s %s: a whole number from %" PRIu64 " to %" PRIu64 " is needed", option,
			       text, min, max);
	return 0;
}

static int choose_interval(const struct gn_options *o, struct gn_probe_flow *flow, struct gn_err *err)
{
	uint64_t rate;

	if (!!o->interval + !!o->rate + o->flood > 1)
		return gn_fail(err, -EINVAL,
			       "probe: only one of --interval, --rate and --flood can be given");
	if (o->flood)
		return 0;
	flow->interval = INTERVAL_DEFAULT;
	if (o->interval)
		return parse_quantity("interval", o->interval, GN_QUANTITY_DURATION, "a time such as 10ms",
				      &flow->interval, err);
	if (!o->rate)
		return 0;
	int r = parse_quantity("rate", o->rate, GN_QUANTITY_RATE, "a rate such as 5mbit", &rate, err);

	if (r == 0)
		flow->interval = (flow->size + GN_PROBE_HEADERS) * 8 * GN_SEC / rate;
	if (r == 0 && flow->interval == 0)
		r = gn_fail(err, -EINVAL,
			    "--rate %s: more than one datagram each ns; --flood sends as fast as "
			    "this machine can",
			    o->rate);
	return r;
}

static int choose_length(const struct gn_options *o, struct gn_probe_flow *flow, struct gn_err *err)
{
	int r = 0;

	flow->count = GN_PROBE_COUNT_MAX;
	flow->duration = o->count ? GN_NEVER : DURATION_DEFAULT;
	if (o->count && o->duration)
		return gn_fail(err, -EINVAL, "probe: only one of --count and --duration can be given");
	if (o->count)
		return parse_whole("count", o->count, 1, GN_PROBE_COUNT_MAX, &flow->count, err);
	if (o->duration)
		r = parse_quantity("duration", o->duration, GN_QUANTITY_DURATION, "a time such as 10s",
				   &flow->duration, err);
	if (r == 0 && flow->interval && flow->duration / flow->interval > GN_PROBE_COUNT_MAX)
		r = gn_fail(err, -EINVAL,
			    "probe: that would be more than %d datagrams; --count, --duration or a longer "
			    "--interval make them fewer",
			    GN_PROBE_COUNT_MAX);
	return r;
}

static int choose_flow(const struct gn_options *o, struct gn_probe_flow *flow, struct gn_err *err)
{
	uint64_t size = SIZE_DEFAULT;
	int r = 0;

	if (o->size)
		r = parse_whole("size", o->size, GN_PROBE_SIZE_MIN, GN_PROBE_SIZE_MAX, &size, err);
	flow->size = (uint32_t)size;
	if (r == 0)
		r = choose_interval(o, flow, err);
	if (r == 0)
		r = choose_length(o, flow, err);
	if (r == 0 && getrandom(&flow->id, sizeof(flow->id), 0) != sizeof(flow->id))
		r = gn_fail(err, -errno, "random numbers: %m");
	return r;
}

/* ---- the two ends ---- */

struct probe {
	const char *run, *from, *to;
	char program[PATH_MAX];
	struct gn_probe_flow flow;
};

/* One end: the client of a command inside the node. */
struct end {
	const char *node;
	pid_t pid; /* 0: none */
	int input; /* its end is the order to come to an end */
	FILE *output;
	FILE *errors;
};

static _Noreturn void run_end(const struct probe *p, const struct end *e, const int streams[3], pid_t parent,
			      const char *const arguments[])
{
	static const struct gn_options none = { 0 };
	const char *argv[ARGUMENTS_MAX] = { "exec", p->run, e->node, "--", p->program, "probe-node" };
	struct gn_err err = { "" };
	int argc = 6, status;

	for (; *arguments; arguments++)
		argv[argc++] = *arguments;
	for (int i = 0; i < 3; i++)
		dup2(streams[i], i);
	close_range(3, ~0u, 0);
	status = gn_die_with_parent(parent, &err);
	if (status == 0) /* it writes to none of its arguments */
		status = cmd_exec(&none, argc, (char **)argv, &err);
	if (status < 0 && *err.text)
		gn_log(GN_LOG_ERROR, "%s", err.text);
	_exit(status < 0 ? 1 : status);
}

/* @arguments: of probe-node, ended by NULL. On failure the caller ends what there is. */
static int start_end(const struct probe *p, struct end *e, const char *const arguments[], struct gn_err *err)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	pid_t self = getpid(), pid = -1;
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = pipe2(pipes[i], O_CLOEXEC) < 0 ? gn_fail(err, -errno, "pipe: %m") : 0;
	if (r == 0) {
		const int streams[] = { pipes[0][0], pipes[1][1], pipes[2][1] };

		pid = fork();
		if (pid == 0)
			run_end(p, e, streams, self, arguments);
		r = pid < 0 ? gn_fail(err, -errno, "cannot start a process: %m") : 0;
	}
	gn_close_p(&pipes[0][0]);
	gn_close_p(&pipes[1][1]);
	gn_close_p(&pipes[2][1]);
	e->pid = GN_MAX(pid, 0);
	e->input = pipes[0][1];
	e->output = pipes[1][0] >= 0 ? fdopen(pipes[1][0], "r") : NULL;
	e->errors = pipes[2][0] >= 0 ? fdopen(pipes[2][0], "r") : NULL;
	if (r == 0 && (!e->output || !e->errors))
		r = gn_fail(err, -ENOMEM, "out of memory");
	return r;
}

static void close_end(struct end *e)
{
	if (e->pid > 0) {
		/* It passes this on to the command; after its own end nothing happens. */
		kill(e->pid, SIGTERM);
		waitpid(e->pid, NULL, 0);
	}
	gn_close_p(&e->input);
	if (e->output)
		fclose(e->output);
	if (e->errors)
		fclose(e->errors);
}

/* It has failed: what it has said, without the program's name. */
static int explain(struct end *e, struct gn_err *err)
{
	static const char own[] = "gossipnet: ";
	char line[sizeof(err->text)] = "";
	int status = 0;

	gn_close_p(&e->input);
	e->input = -1;
	bool said = fgets(line, sizeof(line), e->errors) != NULL;

	waitpid(e->pid, &status, 0);
	e->pid = 0;
	line[strcspn(line, "\n")] = 0;
	if (!said)
		return gn_fail(err, -EIO, "the measuring process in %s has ended too early", e->node);
	gn_make_printable(line);
	return gn_fail(err, -EIO, "%s", strncmp(line, own, strlen(own)) ? line : line + strlen(own));
}

static int is_another(const struct end *e, struct gn_err *err)
{
	return gn_fail(err, -EBADMSG, "the measuring process in %s is another gossipnet", e->node);
}

/* The next line that an end says, as @n numbers. */
static int read_numbers(struct end *e, uint64_t *numbers, size_t n, struct gn_err *err)
{
	char line[256];

	if (!fgets(line, sizeof(line), e->output))
		return explain(e, err);
	for (char *at = line; n; n--, numbers++) {
		char *end;

		*numbers = strtoull(at, &end, 10);
		if (end == at)
			return is_another(e, err);
		at = end;
	}
	return 0;
}

/* @n_sent: datagrams that the other end has sent. */
static int read_arrivals(struct end *e, uint64_t n_sent, struct gn_probe_arrivals *a, struct gn_err *err)
{
	uint64_t numbers[2] = { 0 };
	int r = read_numbers(e, numbers, GN_ARRAY_LEN(numbers), err);

	if (r < 0)
		return r;
	if (numbers[0] > n_sent * COPIES_MAX)
		return is_another(e, err);
	a->refused = numbers[1];
	a->list = calloc(numbers[0] + 1, sizeof(*a->list));
	if (!a->list)
		return gn_fail(err, -ENOMEM, "out of memory");
	a->n = fread(a->list, sizeof(*a->list), numbers[0], e->output);
	return a->n == numbers[0] ? 0 : explain(e, err);
}

static int receive_at(const struct probe *p, struct end *e, char address[64], char port[NUMBER],
		      struct gn_err *err)
{
	char id[NUMBER], line[128];
	const char *const arguments[] = { "receive", id, NULL };

	snprintf(id, sizeof(id), "%" PRIu64, p->flow.id);
	int r = start_end(p, e, arguments, err);

	if (r < 0)
		return r;
	if (!fgets(line, sizeof(line), e->output))
		return explain(e, err);
	if (sscanf(line, "%63s %23s", address, port) != 2)
		return is_another(e, err);
	return 0;
}

static int send_from(const struct probe *p, struct end *e, const char *address, const char *port,
		     struct gn_probe_sent *ret, struct gn_err *err)
{
	const uint64_t values[] = { p->flow.id, p->flow.count, p->flow.interval, p->flow.duration,
				    p->flow.size };
	char texts[GN_ARRAY_LEN(values)][NUMBER];
	const char *const arguments[] = { "send",   address,  port,	texts[0], texts[1],
					  texts[2], texts[3], texts[4], NULL };
	uint64_t n[5] = { 0 };

	for (size_t i = 0; i < GN_ARRAY_LEN(values); i++)
		snprintf(texts[i], NUMBER, "%" PRIu64, values[i]);
	int r = start_end(p, e, arguments, err);

	if (r == 0)
		r = read_numbers(e, n, GN_ARRAY_LEN(n), err);
	if (r == 0 && (n[3] > p->flow.count || n[4] > n[3]))
		r = is_another(e, err);
	if (r == 0)
		*ret = (struct gn_probe_sent){ .start = n[0],
					       .first = n[1],
					       .last = n[2],
					       .interval = p->flow.interval,
					       .n = n[3],
					       .n_refused = n[4],
					       .frame_bytes = p->flow.size + GN_PROBE_HEADERS };
	return r;
}

static int measure(const struct probe *p, struct gn_probe_sent *sent, struct gn_probe_arrivals *arrivals,
		   struct gn_err *err)
{
	struct end receiver = { .node = p->to, .input = -1 }, sender = { .node = p->from, .input = -1 };
	char address[64], port[NUMBER];
	int r = receive_at(p, &receiver, address, port, err);

	if (r == 0)
		r = send_from(p, &sender, address, port, sent, err);
	if (r == 0) {
		gn_close_p(&receiver.input);
		receiver.input = -1;
		r = read_arrivals(&receiver, sent->n, arrivals, err);
	}
	close_end(&sender);
	close_end(&receiver);
	return r;
}

static int report(const struct probe *p, const struct gn_options *o, const struct gn_probe_sent *sent,
		  const struct gn_probe_arrivals *arrivals, struct gn_err *err)
{
	struct gn_probe_report report = {
		.from = p->from,
		.to = p->to,
		.size = p->flow.size,
		.interval = p->flow.interval,
		.refused = arrivals->refused,
		.unsent = sent->n_refused,
	};
	int r = gn_path_measure(sent, arrivals->list, arrivals->n, &report.path, err);

	if (r < 0)
		return r;
	if (arrivals->refused)
		gn_log(GN_LOG_WARNING,
		       "%" PRIu64
		       " datagrams that reached %s were corrupted, or the receiver was too slow for them",
		       arrivals->refused, p->to);
	if (o->json)
		gn_probe_print_json(stdout, &report);
	else
		gn_probe_print(stdout, &report);
	return 0;
}

int cmd_probe(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	struct probe p = { .run = argv[1], .from = argv[2], .to = argv[3] };
	struct gn_probe_arrivals arrivals = { 0 };
	struct gn_probe_sent sent;
	int r = choose_flow(o, &p.flow, err);

	if (r == 0 && !strcmp(p.from, p.to))
		r = gn_fail(err, -EINVAL, "probe: from %s to %s is no path; name two nodes", p.from, p.to);
	if (r < 0)
		return r;
	ssize_t len = readlink("/proc/self/exe", p.program, sizeof(p.program) - 1);

	if (len < 0)
		return gn_fail(err, -errno, "/proc/self/exe: %m");
	p.program[len] = 0;
	r = measure(&p, &sent, &arrivals, err);
	if (r == 0)
		r = report(&p, o, &sent, &arrivals, err);
	free(arrivals.list);
	return r;
}
