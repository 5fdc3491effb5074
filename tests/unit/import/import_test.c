/* SPDX-License-Identifier: MIT */
/* Networks of others: what comes of them, and exactly these sentences at exactly these places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "import/import.h"

static char *join(const struct gn_faults *lines)
{
	char *text = gn_strdup("");

	for (size_t i = 0; i < lines->n; i++) {
		char *more = gn_format("%s%s\n", text, lines->lines[i]);

		free(text);
		text = more;
	}
	return text;
}

/* The topology or, of a bad file, its faults; @notes: NULL, or gets the notes. Texts for free(). */
static char *import(enum gn_import_format format, const char *text, size_t n, char **notes)
{
	static const char *const files[] = { "t.gml", "t.graphml", "t.csv" };
	struct gn_faults faults = { 0 }, said = { 0 };
	char *topology = NULL;
	int r = gn_import_text(files[format], format, text, n, &topology, &faults, &said);

	assert_true(r == 0 || r == -EINVAL);
	assert_true(topology ? !faults.n : faults.n > 0);
	if (!topology)
		topology = join(&faults);
	if (notes)
		*notes = join(&said);
	gn_faults_done(&faults);
	gn_faults_done(&said);
	return topology;
}

static void assert_has(const char *text, const char *piece)
{
	if (!strstr(text, piece)) {
		print_error("no \"%s\" in:\n%s", piece, text);
		fail();
	}
}

#define XML(inner)                                                                                  \
	"<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"                               \
	"<key id=\"d1\" for=\"node\" attr.name=\"Latitude\" attr.type=\"double\"/>\n"               \
	"<key id=\"d2\" for=\"node\" attr.name=\"Longitude\" attr.type=\"double\"/>\n"              \
	"<key id=\"d3\" for=\"edge\" attr.name=\"latency\" attr.type=\"string\"/>\n<graph>\n" inner \
	"</graph>\n</graphml>\n"

static void faults_are_exact(void **state)
{
	static const struct {
		const char *why;
		enum gn_import_format format;
		const char *text, *want;
	} cases[] = {
		{ "nothing", GN_IMPORT_GML, "",
		  "t.gml:1:1: there is no graph with nodes in this file: graph [ node [ id 1 ] ... ]\n" },
		{ "a text", GN_IMPORT_GML, "graph [ node \"x\" ]",
		  "t.gml:1:1: there is no graph with nodes in this file: graph [ node [ id 1 ] ... ]\n" },
		{ "a list that does not end", GN_IMPORT_GML, "graph [\n  node [ id 1\n",
		  "t.gml:2:8: not GML: the list that begins here does not end\n" },
		{ "a text that does not end", GN_IMPORT_GML, "graph [\n  label \"x ]\n",
		  "t.gml:2:9: not GML: the text that begins here does not end\n" },
		{ "too many brackets", GN_IMPORT_GML, "graph [ ] ]",
		  "t.gml:1:11: not GML: no list ends here\n" },
		{ "no value", GN_IMPORT_GML, "graph [ node [ id ] ]",
		  "t.gml:1:16: not GML: a key without a value\n" },
		{ "no key", GN_IMPORT_GML, "graph [ 5 5 ]", "t.gml:1:9: not GML: a key was expected here\n" },
		{ "YAML", GN_IMPORT_GML, "nodes:\n  - {name: n}\n",
		  "t.gml:1:1: not GML: a key was expected here\n" },
		{ "a node without id, an id twice", GN_IMPORT_GML,
		  "graph [\nnode [ id 1 ]\nnode [ label \"x\" ]\nnode [ id 1 ] ]",
		  "t.gml:3:1: a node needs an id\n"
		  "t.gml:4:1: the node in line 2 has the same id, \"1\"\n" },
		{ "edges to nowhere", GN_IMPORT_GML,
		  "graph [\nnode [ id 1 ]\nedge [ source 1 target 7 ]\nedge [ source 1 ] ]",
		  "t.gml:3:24: no node has the id \"7\"\n"
		  "t.gml:4:1: an edge needs a target\n" },
		{ "coordinates", GN_IMPORT_GML, "graph [\nnode [ id 1 Latitude 91.5 Longitude east ] ]",
		  "t.gml:2:22: Latitude must be a number of degrees from -90 to 90, not \"91.5\"\n"
		  "t.gml:2:37: Longitude must be a number of degrees from -180 to 180, not \"east\"\n" },
		{ "delays", GN_IMPORT_GML,
		  "graph [ node [ id 1 ] node [ id 2 ]\nedge [ source 1 target 2 delay -1 ]\n"
		  "edge [ source 1 target 2 latency \"5 parsec\" ] ]",
		  "t.gml:2:32: delay must be a number of ms or a time such as 10ms, at most an hour, not \"-1\"\n"
		  "t.gml:3:34: latency must be a number of ms or a time such as 10ms, at most an hour, not \"5 parsec\"\n" },
		{ "nowhere", GN_IMPORT_GML,
		  "graph [ node [ id 1 ] node [ id 2 ]\nedge [ source 1 target 2 ] ]",
		  "t.gml:2:1: this edge has no delay, and node \"1\" neither Latitude and Longitude nor a neighbour that "
		  "has them\n" },

		{ "nothing", GN_IMPORT_GRAPHML, "", "t.graphml:1:1: not XML: no element found\n" },
		{ "HTML", GN_IMPORT_GRAPHML, "<html>\n<br>\n</html>\n",
		  "t.graphml:3:3: not XML: mismatched tag\n" },
		{ "no graph", GN_IMPORT_GRAPHML, "<html/>\n",
		  "t.graphml:1:1: there is no graph with nodes in this file\n" },
		{ "cut off", GN_IMPORT_GRAPHML, "<graphml><graph>\n<node id=\"1\"/>\n<node",
		  "t.graphml:3:1: not XML: unclosed token\n" },
		{ "a hyperedge", GN_IMPORT_GRAPHML, XML("<node id=\"a\"/><hyperedge/>\n"),
		  "t.graphml:6:15: hyperedges are not supported: a link has two ends\n" },
		{ "a graph in a node", GN_IMPORT_GRAPHML, XML("<node id=\"a\"><graph/></node>\n"),
		  "t.graphml:6:14: a graph within a graph is not supported\n" },
		{ "a key that is not there", GN_IMPORT_GRAPHML,
		  XML("<node id=\"a\"><data key=\"d9\">5</data></node>\n"),
		  "t.graphml:6:14: no key has the id \"d9\"\n" },
		{ "a latitude", GN_IMPORT_GRAPHML,
		  XML("<node id=\"a\"><data key=\"d1\">north</data></node>\n"),
		  "t.graphml:6:14: Latitude must be a number of degrees from -90 to 90, not \"north\"\n" },
		{ "edges to nowhere", GN_IMPORT_GRAPHML,
		  XML("<node id=\"a\"/>\n<edge source=\"a\" target=\"b\"/>\n<edge target=\"a\"/>\n"),
		  "t.graphml:7:1: no node has the id \"b\"\n"
		  "t.graphml:8:1: an edge needs a source\n" },
		{ "a billion laughs", GN_IMPORT_GRAPHML,
		  "<!DOCTYPE graphml [\n<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">\n]>\n<graphml>&b;</graphml>",
		  "t.graphml:2:12: entity declarations are not supported\n" },

		{ "nothing", GN_IMPORT_CSV, "# only this\n",
		  "t.csv:2:1: a head with two places at least was expected: from,paris,rome\n" },
		{ "one place", GN_IMPORT_CSV, "from,a\na,0\n",
		  "t.csv:1:6: a head with two places at least was expected: from,paris,rome\n" },
		{ "names", GN_IMPORT_CSV, "from,a,a,,b\n",
		  "t.csv:1:8: the place \"a\" is named twice\n"
		  "t.csv:1:10: the name of a place was expected here\n" },
		{ "times", GN_IMPORT_CSV, "from,a,b\na,0,fast\nb,-3,0x10\n",
		  "t.csv:2:5: a round-trip time is a number of ms, not \"fast\"\n"
		  "t.csv:3:3: a round-trip time is from 0 to 3.6e+06 ms, not -3\n"
		  "t.csv:3:6: a round-trip time is a number of ms, not \"0x10\"\n" },
		{ "ragged rows", GN_IMPORT_CSV, "from,a,b\n\n# one more\na,0\nb,1,2,3\n",
		  "t.csv:4:1: this row has 1 times, and the head 2 places\n"
		  "t.csv:5:1: this row has 3 times, and the head 2 places\n" },
		{ "rows", GN_IMPORT_CSV, "from,a,b\na,0,1\na,0,1\nc,1,1\n",
		  "t.csv:3:1: a second row of \"a\"\n"
		  "t.csv:4:1: the place \"c\" is not in the head\n" },
		{ "a row is missing", GN_IMPORT_CSV, "from,a,b\na,0,1\n",
		  "t.csv:1:8: there is no row of \"b\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		GN_CLEANUP(gn_free_p)
		char *got = import(cases[i].format, cases[i].text, strlen(cases[i].text), NULL);

		print_message("# %s\n", cases[i].why);
		assert_string_equal(got, cases[i].want);
	}
}

static void zero_bytes_are_no_text(void **state)
{
	static const char gml[] = "graph [\n\0]", csv[] = "a,b\0,c\n";
	GN_CLEANUP(gn_free_p) char *of_gml = import(GN_IMPORT_GML, gml, sizeof(gml) - 1, NULL);
	GN_CLEANUP(gn_free_p) char *of_csv = import(GN_IMPORT_CSV, csv, sizeof(csv) - 1, NULL);

	(void)state;
	assert_has(of_gml, "t.gml:");
	assert_string_equal(of_csv, "t.csv:1:1: byte 0x00 is not text\n");
}

/* Deep lists are refused before they could take the stack. */
static void deep_lists_are_refused(void **state)
{
	enum { DEPTH = 1000000 };
	GN_CLEANUP(gn_free_p) char *text = malloc(3 * DEPTH);

	(void)state;
	for (int i = 0; i < DEPTH; i++)
		memcpy(text + 3 * (size_t)i, "a [", 3);
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, text, 3 * DEPTH, NULL);

	assert_has(got, "not GML: lists more than 64 deep\n");
}

#define PARIS	  " Latitude 48.85341 Longitude 2.3488 ]\n"
#define BRUSSELS  " Latitude 50.85045 Longitude 4.34878 ]\n"
#define AMSTERDAM " Latitude 52.37403 Longitude 4.88969 ]\n"

/* 264.5 km of great circle from Paris to Brussels, 173.4 km from there to Amsterdam. */
static void delays_are_of_the_distance_unless_given(void **state)
{
	static const char text[] =
		"# a comment\ngraph [ directed 0 Network \"Three\" hierarchy [ node 3 ]\n"
		"node [ id 1 label \"Paris\"" PARIS "node [ id 2 label \"Brussels\"" BRUSSELS
		"node [ id 3 label \"Amsterdam\" graphics [ x 1 y 2 ] " AMSTERDAM
		"edge [ source 1 target 2 LinkSpeedRaw 2500000000.0 ]\n"
		"edge [ source 2 target 3 LinkSpeed \"10\" LinkSpeedUnits \"G\" ]\n"
		"edge [ source 1 target 3 latency \"2500 us\" LinkSpeed \"<2\" LinkSpeedUnits \"G\" ]\n]";
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, text, sizeof(text) - 1, &notes);

	(void)state;
	assert_has(got, "\n# The file says of itself: Three.\n");
	assert_has(got, "{name: n, count: 3}\n  - {name: Paris, kind: router} # 48.85341, 2.34880\n");
	assert_has(got, "\nroutes: delay\n");
	assert_has(got, "spread: n\n    over: [Paris, Brussels, Amsterdam]\n");
	assert_has(got, "[Paris, Brussels], delay: 1.322ms, rate: 2500mbit}");
	assert_has(got, "[Brussels, Amsterdam], delay: 0.867ms, rate: 10gbit}");
	assert_has(got, "[Paris, Amsterdam], delay: 2.5ms}");
	assert_string_equal(notes, "");
}

/* A chain without coordinates is spread evenly over the great circle between its ends. */
static void missing_coordinates_are_interpolated(void **state)
{
	static const char text[] = "graph [ node [ id 1 label \"a\" Latitude 0 Longitude 0 ]\n"
				   "node [ id 2 ] node [ id 3 label \"c\" Latitude 7 ]\n"
				   "node [ id 4 label \"d\" Latitude 0 Longitude 9 ]\n"
				   "edge [ source 2 target 1 ] edge [ source 2 target 3 ]\n"
				   "edge [ source 3 target 4 ] ]";
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, text, sizeof(text) - 1, &notes);

	(void)state;
	assert_string_equal(notes,
			    "2 places without coordinates, put in the middle of their neighbours: 2, c\n");
	assert_has(got, "\n# 2 places without coordinates, put in the middle of their neighbours: 2, c\n");
	/* 3 degrees of 111.195 km. */
	assert_has(got, "{name: 2, kind: router} # 0.00000, 3.00000, interpolated\n");
	assert_has(got, "[2, a], delay: 1.668ms}");
	assert_has(got, "[2, c], delay: 1.668ms}");
	assert_has(got, "[c, d], delay: 1.668ms}");
}

static void loops_and_parallels_become_one_link(void **state)
{
	static const char text[] = XML("<node id=\"a\"/><node id=\"b\"/><node id=\"c\"/>\n"
				       "<edge source=\"a\" target=\"b\"><data key=\"d3\"> 7 </data></edge>\n"
				       "<edge source=\"b\" target=\"b\"><data key=\"d3\">1ms</data></edge>\n"
				       "<edge source=\"b\" target=\"a\"><data key=\"d3\">5</data></edge>\n");
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GRAPHML, text, sizeof(text) - 1, &notes);

	(void)state;
	assert_string_equal(
		notes,
		"1 edge from a node to itself, left out\n"
		"1 more edge between nodes that have one already: one link with the sum of their speeds (if all "
		"are given) and the shortest delay\n"
		"2 parts that are not connected: hosts are only in the largest, of 2 places\n");
	assert_has(got, "{name: n, count: 2}\n");
	assert_has(got, "over: [a, b]\n  - {between: [a, b], delay: 5ms}\n");
}

/* An edge each way is one cable; only those of one direction add up. */
static void directed_edges_are_the_ways_of_a_link(void **state)
{
	static const char gml[] = "graph [ node [ id a ] node [ id b ] node [ id c ]\n"
				  "edge [ source a target b delay 1 LinkSpeedRaw 8000 ]\n"
				  "edge [ source b target a delay 2 LinkSpeedRaw 16000 ]\n"
				  "edge [ source b target a delay 3 LinkSpeedRaw 16000 ]\n"
				  "edge [ source c target b delay 4 ] directed 1 ]";
	static const char graphml[] =
		"<graphml><key id=\"d\" attr.name=\"delay\"/><graph edgedefault=\"directed\">\n"
		"<node id=\"a\"/><node id=\"b\"/><node id=\"c\"/>\n"
		"<edge source=\"a\" target=\"b\"><data key=\"d\">1</data></edge>\n"
		"<edge source=\"b\" target=\"a\"><data key=\"d\">2</data></edge>\n"
		"<edge source=\"b\" target=\"c\" directed=\"false\"><data key=\"d\">3</data></edge>\n"
		"</graph></graphml>";
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *none = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, gml, sizeof(gml) - 1, &notes);
	GN_CLEANUP(gn_free_p) char *more = import(GN_IMPORT_GRAPHML, graphml, sizeof(graphml) - 1, &none);

	(void)state;
	assert_has(got, "[a, b], a_to_b: {delay: 1ms, rate: 8kbit}, b_to_a: {delay: 2ms, rate: 32kbit}}\n");
	assert_has(got, "[c, b], delay: 4ms}\n");
	assert_string_equal(
		notes,
		"1 more edge between nodes that have one already: one link with the sum of their speeds (if all "
		"are given) and the shortest delay\n"
		"1 edge between nodes that have none back: a link with the same values in both directions\n");
	assert_has(more, "[a, b], a_to_b: {delay: 1ms}, b_to_a: {delay: 2ms}}\n");
	assert_has(more, "[b, c], delay: 3ms}\n");
	assert_string_equal(none, "");
}

/* What a topology cannot have is left out. */
static void rates_stay_within_bounds(void **state)
{
	static const char text[] = "graph [ node [ id a ] node [ id b ] node [ id c ]\n"
				   "edge [ source a target b delay 1 LinkSpeedRaw 1000000000000 ]\n"
				   "edge [ source a target b delay 1 LinkSpeedRaw 8 ]\n"
				   "edge [ source b target c delay 3600000 LinkSpeedRaw 1000000000000 ]\n"
				   "edge [ source a target c delay 2 LinkSpeedRaw 7 ] ]";
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, text, sizeof(text) - 1, &notes);

	(void)state;
	assert_has(got, "[a, b], delay: 1ms, rate: 1tbit}\n");
	assert_has(got, "[b, c], delay: 3600000ms}\n");
	assert_has(got, "[a, c], delay: 2ms}\n");
	assert_has(notes, "1 link too long for so high a rate: without a rate\n");
}

/* What a key's default says holds for all that say nothing else. */
static void defaults_of_keys_hold(void **state)
{
	static const char text[] =
		"<graphml><key id=\"d\" for=\"edge\" attr.name=\"delay\"><desc>x</desc><default> 7 </default></key>\n"
		"<key id=\"r\" attr.name=\"LinkSpeedRaw\"><default>8000</default></key>\n"
		"<key id=\"l\" for=\"node\" attr.name=\"label\"><default>London</default></key><graph>\n"
		"<node id=\"a\"/><node id=\"b\"><data key=\"l\">Bonn</data></node><node id=\"c\"/>\n"
		"<edge source=\"a\" target=\"b\"/>\n"
		"<edge source=\"b\" target=\"c\"><data key=\"d\">3</data></edge></graph></graphml>";
	static const char bad[] =
		"<graphml>\n<key id=\"d\" attr.name=\"Latitude\"><default>north</default></key><graph>\n"
		"<node id=\"a\"/><node id=\"b\"/><edge source=\"a\" target=\"b\"/></graph></graphml>";
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GRAPHML, text, sizeof(text) - 1, NULL);
	GN_CLEANUP(gn_free_p) char *faults = import(GN_IMPORT_GRAPHML, bad, sizeof(bad) - 1, NULL);

	(void)state;
	assert_has(got, "[London, Bonn], delay: 7ms, rate: 8kbit}\n");
	assert_has(got, "[Bonn, London-2], delay: 3ms, rate: 8kbit}\n");
	assert_string_equal(
		faults,
		"t.graphml:2:34: Latitude must be a number of degrees from -90 to 90, not \"north\"\n");
}

/* Names are valid, different, and none that a host has. */
static void names_are_made(void **state)
{
	static const char *const labels[][2] = {
		{ "Z\xc3\xbcrich", "Zurich" },
		{ "Z\xfcrich", "Zurich-2" },
		{ "Z&#252;rich", "Zurich-3" },
		{ "S\xc3\xa3o Paulo / SP", "Sao_Paulo_SP" },
		{ "\xc5\x81\xc3\xb3\x64\xc5\xba", "Lodz" },
		{ "\xe6\x9d\xb1\xe4\xba\xac", "place" },
		{ "n", "n-2" },
		{ "n12", "n12-2" },
		{ "no", "\"no\"" },
		{ "", "10" },
		{ "\xf4\xb4\xb4\xb4", "o" },
		{ "-._x-", "x-" },
		{ "&quot;A&amp;B&quot;", "A_B" },
		{ "null", "\"null\"" },
		{ "x-2", "x-2" },
		{ "x", "x" },
		{ "x", "x-3" },
		{ "x-2", "x-2-2" },
		{ "x", "x-4" },
	};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	fprintf(f, "graph [\n");
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		fprintf(f, "node [ id %zu label \"%s\" ]\n", i + 1, labels[i][0]);
	fprintf(f, "]\n");
	fclose(f);
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_GML, text, size, NULL);

	free(text);
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		GN_CLEANUP(gn_free_p) char *line = gn_format("{name: %s, kind: router}", labels[i][1]);

		assert_has(got, line);
	}
	assert_has(got, "# Z\xc3\xbcrich\n"); /* be it UTF-8, Latin-1 or an entity */
}

/* One way is half of the mean of the two round trips, or of the one that is given. */
static void matrices_become_meshes(void **state)
{
	static const char text[] = "\xef\xbb\xbf# times\nfrom, a ,\"b, c\",d\r\n"
				   "a,2,10,\r\n\"b, c\",13,,7.5\r\n\r\n# no more\r\nd,,,0";
	GN_CLEANUP(gn_free_p) char *notes = NULL;
	GN_CLEANUP(gn_free_p) char *got = import(GN_IMPORT_CSV, text, sizeof(text) - 1, &notes);

	(void)state;
	assert_string_equal(
		notes, "1 pairs of places have no time, so no link: they reach each other over others\n");
	assert_has(got, "over: [a, b_c, d]\n"
			"  - {between: [a, b_c], delay: 5.75ms}\n"
			"  - {between: [b_c, d], delay: 3.75ms}\n");
	assert_null(strstr(got, "routes:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_exact),
		cmocka_unit_test(zero_bytes_are_no_text),
		cmocka_unit_test(deep_lists_are_refused),
		cmocka_unit_test(delays_are_of_the_distance_unless_given),
		cmocka_unit_test(missing_coordinates_are_interpolated),
		cmocka_unit_test(loops_and_parallels_become_one_link),
		cmocka_unit_test(directed_edges_are_the_ways_of_a_link),
		cmocka_unit_test(defaults_of_keys_hold),
		cmocka_unit_test(rates_stay_within_bounds),
		cmocka_unit_test(names_are_made),
		cmocka_unit_test(matrices_become_meshes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
