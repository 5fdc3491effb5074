/* SPDX-License-Identifier: MIT */
/* Memory runs out at each allocation of an import in turn: -ENOMEM, no crash, nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../out_of_memory.h"
#include "import/import.h"

static const struct {
	enum gn_import_format format;
	int want;
	const char *text;
} cases[] = {
	{ GN_IMPORT_GML, 0,
	  "graph [ Network \"x\" node [ id 1 label \"K&#246;ln\" Latitude 50 Longitude 7 ] node [ id 2 ] node [ id 3 ]\n"
	  "edge [ source 1 target 2 LinkSpeedRaw 1000000 ] edge [ source 2 target 2 ] edge [ source 2 target 1 ] ]" },
	{ GN_IMPORT_GRAPHML, 0,
	  "<graphml><key id='d' attr.name='delay'/><graph><node id='a'/><node id='b'/>"
	  "<edge source='a' target='b'><data key='d'>5 ms</data></edge></graph></graphml>" },
	{ GN_IMPORT_CSV, 0, "# x\nfrom,a,b,c\na,0,1,2\nb,1,,3\nc,,,\n" },
	{ GN_IMPORT_GML, -EINVAL,
	  "graph [ node [ label \"x\" ] node [ id 1 Latitude x ] edge [ source 7 ] ]" },
	{ GN_IMPORT_GRAPHML, -EINVAL, "<graphml><graph><node id='a'><data key='x'/></node><hyperedge/>" },
	{ GN_IMPORT_CSV, -EINVAL, "from,a,b\na,x,1\nq,1\n" },
};

static int import_once(size_t i)
{
	struct gn_faults faults = { 0 }, notes = { 0 };
	char *topology = NULL;
	int r = gn_import_text("t", cases[i].format, cases[i].text, strlen(cases[i].text), &topology, &faults,
			       &notes);

	if (!r != !!topology || (r == -EINVAL && !faults.n))
		r = -EBADMSG;
	free(topology);
	gn_faults_done(&faults);
	gn_faults_done(&notes);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		int r = -ENOMEM;
		long k;

		assert_int_equal(import_once(i), cases[i].want);
		for (k = 0; r == -ENOMEM && CAN_FAIL; k++) {
			counter = (struct counter){ .on = true, .left = k };
			r = import_once(i);
			counter.on = false;
			assert_true(r == cases[i].want || r == -ENOMEM);
			assert_int_equal(counter.live, 0);
		}
		print_message("# %ld allocations\n", k);
		assert_true(k > 10 || !CAN_FAIL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
