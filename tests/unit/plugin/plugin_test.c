/* SPDX-License-Identifier: MIT */
/* Which protocols can be run: those built in, and of others those whose tables make sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "plugin/plugin.h"
#include "proto/proto.h"

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	(void)c;
	*ret = (struct gn_sizes){ 0 };
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	(void)c, (void)head, (void)body, (void)in, (void)out, (void)deadline;
	return 0;
}

#define PROTOCOL(name_, help_, sizes_, step_) \
	.abi = GN_PROTOCOL_ABI, .name = name_, .help = help_, .sizes = sizes_, .step = step_
#define GOOD PROTOCOL("good-2", "does", sizes, step)

static void assert_check(const struct gn_protocol *p, const char *want)
{
	struct gn_err err = { "" };
	int r = gn_plugin_check(p, "here", &err);

	if (r != (want ? -EINVAL : 0) || (want && (strncmp(err.text, "here", 4) || !strstr(err.text, want))))
		fail_msg("said \"%s\" (%d), wanted \"%s\"", err.text, r, want ? want : "");
}

static void built_in_protocols_are_sound(void **state)
{
	const struct gn_protocol *p, *found;
	struct gn_err err;

	(void)state;
	for (size_t i = 0; (p = gn_protocol_at(i)); i++) {
		assert_check(p, NULL);
		assert_int_equal(gn_plugin_find(p->name, &found, &err), 0);
		assert_ptr_equal(found, p);
	}
}

static void functions_and_names(void **state)
{
	static const struct {
		struct gn_protocol p;
		const char *want;
	} cases[] = {
		{ { GOOD }, NULL },
		/* What lies behind another version's .abi is not looked at. */
		{ { .abi = 1, .name = (const char *)1 },
		  "for version 1 of the protocol interface, this gossipnet has version" },
		{ { .abi = GN_PROTOCOL_ABI + 1 }, "compile it against this gossipnet's" },
		{ { PROTOCOL("good", "does", sizes, NULL) }, "no step()" },
		{ { PROTOCOL("good", "does", NULL, step) }, "no sizes()" },
		{ { PROTOCOL("good", NULL, sizes, step) }, "no help" },
		{ { PROTOCOL("good", "two\nlines", sizes, step) }, "no help" },
		{ { PROTOCOL(NULL, "does", sizes, step) }, "name" },
		{ { PROTOCOL("", "does", sizes, step) }, "name" },
		{ { PROTOCOL("a b", "does", sizes, step) }, "name" },
		{ { PROTOCOL("2nd", "does", sizes, step) }, "name" },
		{ { PROTOCOL("../x", "does", sizes, step) }, "name" },
		{ { PROTOCOL("abcdefghijklmnopqrstuvwxyz-12345", "does", sizes, step) }, "name" },
		{ { GOOD, .n_parameters = 1 }, "parameters is NULL" },
		{ { GOOD, .n_parameters = GN_PARAMETERS_MAX + 1 }, "more than GN_PARAMETERS_MAX" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_check(&cases[i].p, cases[i].want);
}

static void parameters(void **state)
{
	static const char *const colours[] = { "red", "green", NULL }, *const none[] = { NULL };
	static const struct {
		struct gn_parameter k;
		const char *want;
	} cases[] = {
		{ { "n_1", "h", GN_PARAMETER_WHOLE, -5, 5, NULL, -5 }, NULL },
		{ { "n", "h", GN_PARAMETER_DECIMAL, 0, 0, NULL, 0 }, NULL },
		{ { "n", "h", GN_PARAMETER_DURATION, 0, INT64_MAX, NULL, 1 }, NULL },
		{ { "n", "h", GN_PARAMETER_CHOICE, 0, 0, colours, 1 }, NULL },
		{ { "n", "h", GN_PARAMETER_SWITCH, 0, 0, NULL, 1 }, NULL },
		{ { "N", "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 }, "the name of parameter 0" },
		{ { "n-1", "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 }, "the name of parameter 0" },
		{ { NULL, "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 }, "the name of parameter 0" },
		{ { "n", NULL, GN_PARAMETER_WHOLE, 0, 1, NULL, 0 }, "n has no help" },
		{ { "n", "h", GN_PARAMETER_WHOLE, 1, 0, NULL, 0 }, "n has a min above its max" },
		{ { "n", "h", GN_PARAMETER_WHOLE, 1, 2, NULL, 3 }, "n has a default that it may not have" },
		{ { "n", "h", GN_PARAMETER_WHOLE, 1, 2, NULL, 0 }, "n has a default that it may not have" },
		{ { "n", "h", GN_PARAMETER_DURATION, -1, 2, NULL, 0 },
		  "n is a duration with a negative min" },
		{ { "n", "h", GN_PARAMETER_CHOICE, 0, 0, NULL, 0 }, "n is a choice without choices" },
		{ { "n", "h", GN_PARAMETER_CHOICE, 0, 0, none, 0 }, "n is a choice without choices" },
		{ { "n", "h", GN_PARAMETER_CHOICE, 0, 2, colours, 2 },
		  "n has a default that it may not have" },
		{ { "n", "h", GN_PARAMETER_SWITCH, 0, 2, NULL, 2 }, "n has a default that it may not have" },
		{ { "n", "h", (enum gn_parameter_type)5, 0, 2, NULL, 2 },
		  "n has a type that does not exist" },
	};
	static const struct gn_parameter twice[] = {
		{ "a", "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 },
		{ "b", "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 },
		{ "a", "h", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_protocol p = { GOOD, .parameters = &cases[i].k, .n_parameters = 1 };

		assert_check(&p, cases[i].want);
	}
	const struct gn_protocol p = { GOOD, .parameters = twice, .n_parameters = 3 };

	assert_check(&p, "two parameters are called a");
}

/* A % stands for a folder with a pipe and a text. */
static void files_that_are_no_protocol(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "mine.so", "a file's name needs a slash: ./mine.so" },
		{ "../no/where/mine.so", "cannot load ../no/where/mine.so: No such file" },
		{ "/no/mine.so", "load /no/mine.so: No such file" },
		{ "./", "./: it is not a file" },
		{ "%/pipe", "pipe: it is not a file" },
		{ "%/text", "text: " },
	};
	char folder[] = "/tmp/gossipnet-test.XXXXXX", path[128];
	const struct gn_protocol *p = NULL;
	struct gn_err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/text", folder);
	FILE *f = fopen(path, "w");

	fputs("this is not a shared object\n", f);
	fclose(f);
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		if (cases[i].name[0] == '%')
			snprintf(path, sizeof(path), "%s%s", folder, cases[i].name + 1);
		else
			snprintf(path, sizeof(path), "%s", cases[i].name);
		assert_int_equal(gn_plugin_find(path, &p, &err), -EINVAL);
		assert_null(p);
		if (!strstr(err.text, cases[i].want))
			fail_msg("said \"%s\", wanted \"%s\"", err.text, cases[i].want);
	}
	snprintf(path, sizeof(path), "%s/text", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/pipe", folder);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_protocols_are_sound),
		cmocka_unit_test(functions_and_names),
		cmocka_unit_test(parameters),
		cmocka_unit_test(files_that_are_no_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
