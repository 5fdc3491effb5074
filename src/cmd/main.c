/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "util/log.h"

enum {
	OPTION_SEED = 256,
	OPTION_SET,
	OPTION_KERNEL,
	OPTION_SCHEMA,
	OPTION_COUNT,
	OPTION_DURATION,
	OPTION_INTERVAL,
	OPTION_RATE,
	OPTION_FLOOD,
	OPTION_SIZE,
	OPTION_JSON,
};

static const struct option_row {
	int code; /* a letter, or above 255: long form only */
	const char *name, *value, *help;
} options[] = {
	{ 'o', "output", "PATH", "write to PATH instead of the default place" },
	{ OPTION_SEED, "seed", "N", "use this seed instead of the file's" },
	{ OPTION_SET, "set", "PATH=VALUE", "set a value of the file, e.g. gossip.fanout=3; repeatable" },
	{ OPTION_KERNEL, "kernel", "WHICH", "auto (default), host or uml: which kernel carries the network" },
	{ OPTION_SCHEMA, "schema", NULL, "print the JSON Schema of topology files, for editors" },
	{ OPTION_COUNT, "count", "N", "send so many datagrams" },
	{ OPTION_DURATION, "duration", "TIME", "send for so long (default: 5s)" },
	{ OPTION_INTERVAL, "interval", "TIME", "from one datagram to the next (default: 20ms)" },
	{ OPTION_RATE, "rate", "RATE", "send at this rate of whole frames instead" },
	{ OPTION_FLOOD, "flood", NULL, "send as fast as possible instead" },
	{ OPTION_SIZE, "size", "N", "bytes of UDP payload, 24 to 1472 (default: 64)" },
	{ OPTION_JSON, "json", NULL, "print the figures as JSON" },
	{ 'q', "quiet", NULL, "errors only: no progress, no summary" },
	{ 'v', "verbose", NULL, "say more" },
	{ 'h', "help", NULL, "show this help" },
};

static const struct command_row {
	const char *name, *args, *help;
	const char *options; /* names of the options it takes besides -q, -v and -h, with spaces around */
	int min_args, max_args;
	gn_command *run;
} commands[] = {
	{ "run", "TOPO", "build the network, run the cluster, leave a result", " output seed set kernel ", 1,
	  1, cmd_run },
	{ "sim", "TOPO", "simulate the same cluster in virtual time, leave a result", " output seed set ", 1,
	  1, cmd_sim },
	{ "study", "STUDY", "make the runs of a study, or those that are missing, and report", " output ", 1,
	  1, cmd_study },
	{ "validate", "TOPO", "check a topology file and name every fault", " seed set schema ", 0, 1,
	  cmd_validate },
	{ "plan", "TOPO", "print everything that would be built", " seed set ", 1, 1, cmd_plan },
	{ "plot", "RUN", "draw the nodes that know against time", " output ", 1, 1, cmd_plot },
	{ "compare", "RUN_A RUN_B", "say whether two results are of one kind, and draw both", " output ", 2,
	  2, cmd_compare },
	{ "fidelity", "RUN", "say how far a run was from what was asked, and whether to trust it", "", 1, 1,
	  cmd_fidelity },
	{ "exec", "RUN NODE -- CMD...", "run a command inside a node of a running network", "", 3, 1 << 20,
	  cmd_exec },
	{ "probe", "RUN A B", "measure the path from node A to node B of a running network",
	  " count duration interval rate flood size json ", 3, 3, cmd_probe },
	{ "set", "RUN LINK KEY=VALUE...", "give a link of a running network other values", "", 3, 64,
	  cmd_set },
	{ "fault", "RUN VERB ARGS...", "do something bad to a running network, or undo it", "", 2, 1 << 20,
	  cmd_fault },
	{ "ls", "", "list the running networks", "", 0, 0, cmd_ls },
	{ "import", "FILE", "make a topology of a network in GML, GraphML or a CSV matrix", " output ", 1, 1,
	  cmd_import },
	{ "doctor", "", "say what this machine offers, what is missing, and what follows", "", 0, 0,
	  cmd_doctor },
	{ "guest", NULL, NULL, "", 0, 16,
	  cmd_guest }, /* the guest kernel's init, not for users; the kernel adds words */
	{ "probe-node", NULL, NULL, "", 2, 8, cmd_probe_node }, /* one end of a probe, inside its node */
};

static bool allows(const struct command_row *c, const struct option_row *o)
{
	char word[32];

	if (o->code == 'q' || o->code == 'v' || o->code == 'h')
		return true;
	snprintf(word, sizeof(word), " %s ", o->name);
	return strstr(c->options, word) != NULL;
}

static void print_option(const struct option_row *o)
{
	char left[40];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->code < 256 ? '-' : ' ',
		 o->code < 256 ? o->code : ' ', o->code < 256 ? "," : " ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	printf("  %-24s %s\n", left, o->help);
}

static void print_command_help(const struct command_row *c)
{
	printf("Usage: gossipnet %s [OPTIONS]%s%s\n\n%s\n\nOptions:\n", c->name, *c->args ? " " : "", c->args,
	       c->help);
	for (size_t i = 0; i < GN_ARRAY_LEN(options); i++)
		if (allows(c, &options[i]))
			print_option(&options[i]);
	printf("\nSee gossipnet(1).\n");
}

static void print_help(void)
{
	printf("Usage: gossipnet COMMAND [OPTIONS] ARGS\n\n"
	       "Measures how fast an event spreads through a cluster, over an emulated network.\n\nCommands:\n");
	for (size_t i = 0; i < GN_ARRAY_LEN(commands); i++)
		if (commands[i].help)
			printf("  %-9s %-19s %s\n", commands[i].name, commands[i].args, commands[i].help);
	printf("\nRUN is a result folder, its run.db, or a topology's name for its latest run.\n"
	       "gossipnet COMMAND --help shows a command's options; gossipnet --version the version.\n"
	       "Exit status: 0 done, 1 failed, 2 bad usage or input, 3 done but the run's own check calls it invalid,\n"
	       "or the results that were compared differ.\n");
}

static const char *command_name(const void *ctx GN_UNUSED, size_t i)
{
	/* The last rows are hidden. */
	return i < GN_ARRAY_LEN(commands) && commands[i].help ? commands[i].name : NULL;
}

static const struct command_row *find_command(const char *name)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int parse_seed(const char *text, struct gn_options *o, struct gn_err *err)
{
	char *end;

	errno = 0;
	o->seed = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return gn_fail(err, -EINVAL,
			       "--seed %s: a whole number from 0 to 18446744073709551615 is needed", text);
	o->has_seed = true;
	return 0;
}

static int take_option(struct gn_options *o, const char **sets, int code, const char *value,
		       struct gn_err *err)
{
	switch (code) {
	case 'o':
		o->output = value;
		return *value ? 0 : gn_fail(err, -EINVAL, "--output: the path is empty");
	case 'q':
		o->verbosity = -1;
		return 0;
	case 'v':
		o->verbosity = 1;
		return 0;
	case OPTION_SEED:
		return parse_seed(value, o, err);
	case OPTION_SET:
		sets[o->n_sets++] = value;
		return 0;
	case OPTION_KERNEL:
		o->kernel = value;
		if (strcmp(value, "auto") && strcmp(value, "host") && strcmp(value, "uml"))
			return gn_fail(err, -EINVAL, "--kernel %s: one of auto, host and uml is needed",
				       value);
		return 0;
	case OPTION_COUNT:
		o->count = value;
		return 0;
	case OPTION_DURATION:
		o->duration = value;
		return 0;
	case OPTION_INTERVAL:
		o->interval = value;
		return 0;
	case OPTION_RATE:
		o->rate = value;
		return 0;
	case OPTION_FLOOD:
		o->flood = true;
		return 0;
	case OPTION_SIZE:
		o->size = value;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	default:
		o->schema = true;
		return 0;
	}
}

/* getopt's own messages do not name the command and the remedy: ours do. */
static int bad_option(const struct command_row *c, int argc, char **argv, int kind, struct gn_err *err)
{
	const char *word = argv[optind - 1];

	if (optind > argc)
		word = argv[argc - 1];
	if (optopt && optopt < 256)
		return gn_fail(err, -EINVAL,
			       kind == ':' ? "option -%c needs a value; see gossipnet %s --help"
					   : "unknown option -%c; see gossipnet %s --help",
			       optopt, c->name);
	return gn_fail(err, -EINVAL,
		       kind == ':' ? "option %s needs a value; see gossipnet %s --help"
				   : "unknown option %s; see gossipnet %s --help",
		       word, c->name);
}

/* Parse the options of @c. Returns 0 with *ret_first the index of the first argument, 1 after --help, or -EINVAL. */
static int parse_options(const struct command_row *c, int argc, char **argv, struct gn_options *o,
			 const char **sets, int *ret_first, struct gn_err *err)
{
	struct option longs[GN_ARRAY_LEN(options) + 1] = { 0 };
	/* exec passes on everything behind its node, so its options end at the first argument. */
	char shorts[32] = "+:";
	size_t n = 0;

	if (c->run != cmd_exec)
		snprintf(shorts, sizeof(shorts), ":");
	for (size_t i = 0; i < GN_ARRAY_LEN(options); i++) {
		if (!allows(c, &options[i]))
			continue;
		longs[n++] =
			(struct option){ options[i].name, options[i].value != NULL, NULL, options[i].code };
		if (options[i].code < 256)
			snprintf(shorts + strlen(shorts), sizeof(shorts) - strlen(shorts), "%c%s",
				 options[i].code, options[i].value ? ":" : "");
	}
	opterr = 0;
	for (;;) {
		int code = getopt_long(argc, argv, shorts, longs, NULL);

		if (code == -1)
			break;
		if (code == '?' || code == ':')
			return bad_option(c, argc, argv, code, err);
		if (code == 'h') {
			print_command_help(c);
			return 1;
		}
		int r = take_option(o, sets, code, optarg, err);

		if (r < 0)
			return r;
	}
	*ret_first = optind;
	return 0;
}

static int run_command(const struct command_row *c, int argc, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) const char **sets = calloc((size_t)argc + 1, sizeof(*sets));
	struct gn_options o = { .sets = sets };
	int first = 0;

	if (!sets)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = parse_options(c, argc, argv, &o, sets, &first, err);

	if (r)
		return r < 0 ? r : 0;
	int n = argc - first;

	if (n < c->min_args)
		return gn_fail(err, -EINVAL, "%s: %s missing; usage: gossipnet %s %s", c->name,
			       n ? "arguments are" : "an argument is", c->name, c->args);
	if (n > c->max_args)
		return gn_fail(err, -EINVAL, "%s: unexpected argument \"%s\"; usage: gossipnet %s %s",
			       c->name, argv[first + c->max_args], c->name, c->args);
	if (o.verbosity)
		gn_log_set_level(o.verbosity < 0 ? GN_LOG_ERROR : GN_LOG_DEBUG);
	argv[first - 1] = argv[0];
	return c->run(&o, n + 1, argv + first - 1, err);
}

/* What the caller may have left us: a closed standard descriptor would be the next file we open, and with an
 * ignored SIGCHLD nobody can wait for a child. */
static void normalize_process(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	gn_close_p(&fd);
	signal(SIGCHLD, SIG_DFL);
	/* Writing to a pipe that nobody reads is an error to report, not a reason to die half-way. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the limit of a file's size (ulimit -f): likewise */
}

int main(int argc, char **argv)
{
	struct gn_err err = { "" };

	normalize_process();
	if (argc < 2) {
		gn_log(GN_LOG_ERROR, "a command is missing; see gossipnet --help");
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("gossipnet %s\n", GN_VERSION);
		return 0;
	}
	const struct command_row *c = find_command(argv[1]);

	if (!c) {
		const char *near = gn_nearest(argv[1], command_name, NULL);

		gn_log(GN_LOG_ERROR, "unknown command \"%s\"%s%s%s; see gossipnet --help", argv[1],
		       near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
		return 2;
	}
	int status = run_command(c, argc - 1, argv + 1, &err);

	if (status < 0 && *err.text)
		gn_log(GN_LOG_ERROR, "%s", err.text);
	if (fflush(stdout) || ferror(stdout)) {
		gn_log(GN_LOG_ERROR, "cannot write to standard output");
		return 1;
	}
	return status == -EINVAL ? 2 : status < 0 ? 1 : status;
}
