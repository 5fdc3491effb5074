/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cmocka.h>

#include "view/view.h"

static struct gn_status running(double elapsed, uint32_t informed)
{
	return (struct gn_status){ .phase = "running",
				   .members = 50,
				   .n_events = 2,
				   .published = 1,
				   .event = informed < 50,
				   .informed = informed,
				   .complete = informed == 50,
				   .elapsed = (gn_dur)(elapsed * 1e9),
				   .duration = 10 * GN_SEC };
}

static void plain_lines_when_not_a_terminal(GN_UNUSED void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = tmpfile(), *out = open_memstream(&text, &size);
	struct gn_status starting = { .phase = "starting", .done = 40, .total = 50 };
	struct gn_status wiring = { .phase = "wiring", .done = 3, .total = 100 };
	struct gn_status stopping = { .phase = "stopping" };
	struct gn_progress p;

	gn_progress_init(&p, f);
	assert_false(p.terminal);
	gn_progress_show(&p, &wiring, 1 * GN_SEC);
	gn_progress_show(&p, &starting, 1 * GN_SEC + 1);
	starting.done = 41;
	gn_progress_show(&p, &starting, 2 * GN_SEC); /* too soon for a second line of the phase */
	for (int i = 0; i < 110; i++) {
		struct gn_status s = running(i * 0.1, (uint32_t)GN_MIN(i, 50));

		gn_progress_show(&p, &s, 10 * GN_SEC + (gn_time)i * GN_SEC / 10);
	}
	gn_progress_show(&p, &stopping, 21 * GN_SEC);
	gn_progress_end(&p);
	rewind(f);
	for (int c; (c = fgetc(f)) != EOF;)
		fputc(c, out);
	fclose(out);
	fclose(f);
	assert_string_equal(text,
			    "wiring, 3 of 100\n"
			    "starting, 40 of 50 nodes ready\n"
			    "running, 0.0 of 10 s, event 1: 0/50 nodes, 0 of 2 events complete, 1 published\n"
			    "running, 5.0 of 10 s, 1 of 2 events complete, 1 published\n"
			    "running, 10.0 of 10 s, 1 of 2 events complete, 1 published\n"
			    "stopping\n");
	free(text);
}

static void a_simulation_says_how_fast_it_is(GN_UNUSED void **state)
{
	static const struct {
		double left;
		const char *text;
	} cases[] = {
		{ -1,
		  "simulating, 2.5 of 10 s, 12.3 million steps/s, event 1: 7/50 nodes, 0 of 2 events complete, 1 published\n" },
		{ 59.6,
		  "simulating, 2.5 of 10 s, 12.3 million steps/s, 1:00 left, event 1: 7/50 nodes, 0 of 2 events complete, 1 published\n" },
		{ 3723,
		  "simulating, 2.5 of 10 s, 12.3 million steps/s, 1:02:03 left, event 1: 7/50 nodes, 0 of 2 events complete, 1 published\n" },
		{ 1e9,
		  "simulating, 2.5 of 10 s, 12.3 million steps/s, event 1: 7/50 nodes, 0 of 2 events complete, 1 published\n" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_status s = running(2.5, 7);
		char text[256] = "";
		FILE *f = tmpfile();
		struct gn_progress p;

		strcpy(s.phase, "simulating");
		s.steps_per_second = 12.34e6;
		s.left_seconds = cases[i].left;
		gn_progress_init(&p, f);
		gn_progress_show(&p, &s, GN_SEC);
		rewind(f);
		assert_non_null(fgets(text, sizeof(text), f));
		assert_string_equal(text, cases[i].text);
		fclose(f);
	}
}

/* A terminal: its other end, which has what was written to it. */
struct terminal {
	int master;
	FILE *f;
};

static struct terminal open_terminal(unsigned short columns)
{
	struct terminal t = { .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };
	struct winsize w = { .ws_row = 24, .ws_col = columns };
	struct termios mode;

	assert_true(t.master >= 0);
	assert_int_equal(grantpt(t.master) | unlockpt(t.master), 0);
	int slave = open(ptsname(t.master), O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &mode), 0);
	cfmakeraw(&mode);
	assert_int_equal(tcsetattr(slave, TCSANOW, &mode), 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &w), 0);
	t.f = fdopen(slave, "w");
	return t;
}

/* All that was written; closes the terminal, since only then is it certain that all has come. */
static void written(struct terminal *t, char *out, size_t size)
{
	size_t used = 0;
	ssize_t n;

	fclose(t->f);
	while (used < size - 1 && (n = read(t->master, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(t->master);
}

static void one_line_on_a_terminal(GN_UNUSED void **state)
{
	struct terminal t = open_terminal(100);
	struct gn_status s = running(3.2, 47);
	struct gn_progress p;
	char text[512];

	setenv("TERM", "xterm", 1);
	gn_progress_init(&p, t.f);
	assert_true(p.terminal);
	gn_progress_show(&p, &s, 1);
	s.elapsed += 200 * GN_MSEC;
	gn_progress_show(&p, &s, 2); /* each is shown, the last one stands */
	gn_progress_end(&p);
	gn_progress_end(&p); /* nothing to clean any more */
	written(&t, text, sizeof(text));
	assert_string_equal(
		text,
		"\rrunning, 3.2 of 10 s, event 1: 47/50 nodes, 0 of 2 events complete, 1 published\033[K"
		"\rrunning, 3.4 of 10 s, event 1: 47/50 nodes, 0 of 2 events complete, 1 published\033[K"
		"\r\033[K");
}

static void fits_any_width(GN_UNUSED void **state)
{
	static const char full[] =
		"running, 3.2 of 10 s, event 1: 47/50 nodes, 0 of 2 events complete, 1 published";
	struct gn_status s = running(3.2, 47);
	char text[512];

	for (unsigned short columns = 1; columns < 130; columns++) {
		struct terminal t = open_terminal(columns);
		struct gn_progress p;

		gn_progress_init(&p, t.f);
		gn_progress_show(&p, &s, 1);
		written(&t, text, sizeof(text));
		assert_true(strlen(text) - strlen("\r\033[K") < columns);
		/* Whole parts from the left: what stands there is the beginning of the full line. */
		text[strlen(text) - strlen("\033[K")] = '\0';
		assert_memory_equal(full, text + 1, strlen(text + 1));
		assert_true(strchr(",", full[strlen(text + 1)]) || !text[1]);
	}
}

static void a_dumb_terminal_gets_plain_lines(GN_UNUSED void **state)
{
	struct terminal t = open_terminal(80);
	struct gn_progress p;

	setenv("TERM", "dumb", 1);
	gn_progress_init(&p, t.f);
	assert_false(p.terminal);
	unsetenv("TERM");
	gn_progress_init(&p, t.f);
	assert_false(p.terminal);
	fclose(t.f);
	close(t.master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lines_when_not_a_terminal),
		cmocka_unit_test(a_simulation_says_how_fast_it_is),
		cmocka_unit_test(one_line_on_a_terminal),
		cmocka_unit_test(fits_any_width),
		cmocka_unit_test(a_dumb_terminal_gets_plain_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
