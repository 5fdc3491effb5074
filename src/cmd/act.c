/* SPDX-License-Identifier: MIT */
/* `set` and `fault`: an entry of a schedule, carried out now on a network that runs. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/control.h"
#include "util/printable.h"

enum { SESSION = 1 };

#define ANSWER_PATIENCE (10 * GN_SEC)

/* ---- the entry as YAML ---- */

/* What stands behind a verb. */
enum form { LINK, PARTS, NOTHING, NODES, AMOUNT };

static const struct verb {
	const char *name;
	enum form form;
} verbs[] = {
	{ "down", LINK },    { "up", LINK },	   { "flap", LINK },   { "partition", PARTS },
	{ "heal", NOTHING }, { "kill", NODES },	   { "leave", NODES }, { "restart", NODES },
	{ "pause", NODES },  { "resume", NODES },  { "churn", NODES }, { "drop-next", AMOUNT },
	{ "cpu", AMOUNT },   { "memory", AMOUNT },
};

static const char *verb_name(const void *context, size_t i)
{
	(void)context;
	return i < GN_ARRAY_LEN(verbs) ? verbs[i].name : NULL;
}

static const struct verb *find_verb(const char *name, struct gn_err *err)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	const char *near = gn_nearest(name, verb_name, NULL);

	gn_fail(err, -EINVAL, "fault: unknown verb \"%s\"%s%s%s; see gossipnet(1)", name,
		near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	return NULL;
}

/* "a-b" or "a,b" as "a, b". */
static int write_link(FILE *f, const char *link, struct gn_err *err)
{
	const char *at = strchr(link, ',');

	if (!at)
		at = strchr(link, '-');
	if (!at || at == link || !at[1] || (*at == '-' && strchr(at + 1, '-')))
		return gn_fail(err, -EINVAL,
			       "\"%s\" names no link: write its two ends as A-B, or as A,B if a name has a -",
			       link);
	fprintf(f, "[%.*s, %s]", (int)(at - link), link, at + 1);
	return 0;
}

/* The arguments that are no KEY=VALUE: "[a], [b,c]", or without brackets. */
static void write_lists(FILE *f, char **arguments, int n, bool brackets)
{
	for (int i = 0; i < n; i++)
		fprintf(f, "%s%s%s%s", i ? ", " : "", brackets ? "[" : "", arguments[i], brackets ? "]" : "");
}

static int write_arguments(FILE *f, const struct verb *v, char **arguments, int n, struct gn_err *err)
{
	const int needed = v->form == NOTHING ? 0 : v->form == AMOUNT ? 2 : 1;

	if (n < needed || (n > needed && (v->form == NOTHING || v->form == LINK)))
		return gn_fail(err, -EINVAL, "fault: %s takes %s; see gossipnet(1)", v->name,
			       v->form == NOTHING  ? "nothing"
			       : v->form == LINK   ? "one link"
			       : v->form == AMOUNT ? "an amount and nodes"
						   : "nodes");
	fprintf(f, "%s: ", v->name);
	switch (v->form) {
	case LINK:
		return write_link(f, arguments[0], err);
	case NOTHING:
		fprintf(f, "true");
		return 0;
	case AMOUNT:
		fprintf(f, "%s, node: ", arguments[0]);
		arguments++;
		n--;
		break;
	case PARTS:
	case NODES:
		break;
	}
	fprintf(f, "[");
	write_lists(f, arguments, n, v->form == PARTS);
	fprintf(f, "]");
	return 0;
}

/* How many arguments stand before the first KEY=VALUE. */
static int count_plain(char **arguments, int n)
{
	int plain = 0;

	while (plain < n && !strchr(arguments[plain], '='))
		plain++;
	return plain;
}

static int write_values(FILE *f, char **arguments, int n, struct gn_err *err)
{
	for (int i = 0; i < n; i++) {
		const char *equals = strchr(arguments[i], '=');

		if (!equals || equals == arguments[i])
			return gn_fail(err, -EINVAL, "\"%s\" is no KEY=VALUE, such as loss=5%%",
				       arguments[i]);
		fprintf(f, ", %.*s: %s", (int)(equals - arguments[i]), arguments[i], equals + 1);
	}
	return 0;
}

static int write_fault(FILE *f, char **argv, int n, struct gn_err *err)
{
	const struct verb *v = find_verb(argv[0], err);
	const int plain = count_plain(argv + 1, n - 1);

	if (!v)
		return -EINVAL;
	int r = write_arguments(f, v, argv + 1, plain, err);

	return r < 0 ? r : write_values(f, argv + 1 + plain, n - 1 - plain, err);
}

static int write_set(FILE *f, char **argv, int n, struct gn_err *err)
{
	fprintf(f, "set: ");
	int r = write_link(f, argv[0], err);

	return r < 0 ? r : write_values(f, argv + 1, n - 1, err);
}

/* ---- the run ---- */

static int take_answer(const struct gn_vm_message *m, bool quiet, struct gn_err *err)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	gn_unpack_u32(&u);
	if (m->type == GN_MESSAGE_ACTED) {
		const double t = (double)gn_unpack_u64(&u) / GN_SEC;

		if (!quiet)
			printf("done, %.3f s after the run's start\n", t);
		return 0;
	}
	if (m->type != GN_MESSAGE_EXEC_FAILED)
		return gn_fail(err, -EBADMSG,
			       "the running network does not understand: is it of another version?");
	int code = (int)gn_unpack_u32(&u);
	GN_CLEANUP(gn_free_p) char *sentence = gn_unpack_string(&u);

	if (sentence)
		gn_make_printable(sentence);
	return gn_fail(err, code > 0 ? -code : -EIO, "%s",
		       sentence ? sentence : "the running network refused");
}

static int send_and_wait(struct gn_channel *c, const char *text, bool quiet, struct gn_err *err)
{
	struct gn_vm_message m;
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, SESSION);
	gn_pack_string(&p, text);
	int r = gn_channel_send_pack(c, GN_MESSAGE_ACT, &p, err);

	if (r == 0)
		r = gn_channel_wait(c, ANSWER_PATIENCE, &m, err);
	return r < 0 ? gn_wrap(err, r, "the running network") : take_answer(&m, quiet, err);
}

static int act(const struct gn_options *o, const char *run, const char *text, struct gn_err *err)
{
	struct gn_running_found found;
	struct gn_running_server server;
	struct gn_channel *c;
	int r = gn_running_find(run, &found, err);

	if (r == 0)
		r = gn_running_connect(found.socket, &c, &server, err);
	if (r < 0)
		return r;
	r = send_and_wait(c, text, o->verbosity < 0, err);
	gn_channel_free(c);
	return r;
}

static int write_and_act(const struct gn_options *o, int argc, char **argv,
			 int (*write)(FILE *f, char **argv, int n, struct gn_err *err), struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = write(f, argv + 2, argc - 2, err);

	if (fclose(f) && r == 0)
		r = gn_fail(err, -ENOMEM, "out of memory");
	return r < 0 ? r : act(o, argv[1], text, err);
}

int cmd_set(const struct gn_options *o, int argc, char **argv, struct gn_err *err)
{
	return write_and_act(o, argc, argv, write_set, err);
}

int cmd_fault(const struct gn_options *o, int argc, char **argv, struct gn_err *err)
{
	return write_and_act(o, argc, argv, write_fault, err);
}
