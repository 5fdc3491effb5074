/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "live/addresses.h"
#include "util/util.h"

enum { NODES = 100, MEMBERS = 50 };

/* Every second node gossips; node i has the address 10.0.0.0 + order(i). */
static struct gn_topology describe(struct gn_node *nodes, uint32_t *members, bool ascending)
{
	for (uint32_t i = 0; i < NODES; i++)
		nodes[i] = (struct gn_node){ .ip = GN_ADDRESS_POOL + (ascending ? i : i * 37 % NODES) };
	for (uint32_t m = 0; m < MEMBERS; m++)
		members[m] = 2 * m;
	return (struct gn_topology){
		.nodes = nodes,
		.n_nodes = NODES,
		.gossip = { .members = members, .n_members = MEMBERS },
	};
}

static void each_member_is_found_and_nobody_else(void **unused)
{
	(void)unused;
	for (int ascending = 0; ascending < 2; ascending++) {
		struct gn_node nodes[NODES];
		uint32_t members[MEMBERS];
		const struct gn_topology t = describe(nodes, members, ascending);
		struct gn_addresses a;

		assert_int_equal(gn_addresses_init(&a, &t), 0);
		assert_int_equal(a.by_ip == NULL, ascending);
		for (uint32_t i = 0; i < NODES; i++)
			assert_int_equal(gn_addresses_find(&a, nodes[i].ip), i % 2 ? GN_NONE : i / 2);
		assert_int_equal(gn_addresses_find(&a, GN_ADDRESS_POOL - 1), GN_NONE);
		assert_int_equal(gn_addresses_find(&a, GN_ADDRESS_POOL + NODES), GN_NONE);
		assert_int_equal(gn_addresses_find(&a, 0), GN_NONE);
		assert_int_equal(gn_addresses_find(&a, UINT32_MAX), GN_NONE);
		gn_addresses_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_member_is_found_and_nobody_else) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
