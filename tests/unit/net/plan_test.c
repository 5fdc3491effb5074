/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../tools/made_topology.h"
#include "net/plan.h"

/* The port of bridge @b that @ip is behind, or 0; fails if there are two. */
static uint32_t port_for(const struct gn_plan *p, const struct gn_topology *t, uint32_t b, uint32_t ip)
{
	uint32_t found = 0;

	for (size_t i = 0; i < p->n_entries; i++) {
		const uint32_t index = p->entries[i].index, end = index - gn_plan_index(0, 0);
		uint32_t owner = end < 2 * t->n_links ? p->bridge_of[end] : GN_NONE;

		for (uint32_t k = 0; owner == GN_NONE && k < p->n_bridges; k++)
			if (p->bridges[k].leaf != GN_NONE && p->bridges[k].trunk[0] == index)
				owner = p->bridges[k].parent;
		if (owner != b || p->entries[i].ip != ip)
			continue;
		assert_int_equal(found, 0);
		found = index;
	}
	return found;
}

static void one_switch_is_one_bridge(void **state)
{
	struct made m = { 0 };
	const struct gn_topology *t = made_lan(&m, 3);
	struct gn_plan p;

	(void)state;
	assert_int_equal(gn_plan_init(&p, t, NULL), 0);
	assert_int_equal(p.n_bridges, 1);
	assert_int_equal(p.bridges[0].parent, GN_NONE);
	assert_int_equal(p.n_entries, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(p.bridge_of[2 * i], GN_NONE);
		assert_int_equal(p.bridge_of[2 * i + 1], 0);
		assert_int_equal(port_for(&p, t, 0, made_ip(0, i)), gn_plan_index(i, 1));
	}
	gn_plan_done(&p);
	made_done(&m);
}

/* sw0 (root) - sw1 - sw2, a blocked second link sw0 - sw2, one host at each: nodes 3, 4, 5. */
static void each_bridge_knows_what_is_below_it(void **state)
{
	struct made m = { 0 };
	uint32_t up1, up2, host[3];
	struct gn_plan p;

	(void)state;
	for (int i = 0; i < 3; i++)
		made_switch(&m, 0);
	up1 = made_link(&m, 0, 1);
	up2 = made_link(&m, 2, 1);
	m.links[made_link(&m, 0, 2)].blocked = true;
	m.nodes[1].uplink = up1;
	m.nodes[2].uplink = up2;
	for (uint32_t i = 0; i < 3; i++)
		host[i] = made_link(&m, made_host(&m, made_ip(0, i)), i);
	const struct gn_topology *t = made_finish(&m);

	assert_int_equal(gn_plan_init(&p, t, NULL), 0);
	assert_int_equal(p.n_bridges, 3);
	assert_int_equal(p.bridges[1].parent, 0);
	assert_int_equal(p.bridges[2].parent, 1);
	assert_int_equal(p.n_entries, 1 + 2 + 3);
	assert_int_equal(port_for(&p, t, 0, made_ip(0, 0)), gn_plan_index(host[0], 1));
	assert_int_equal(port_for(&p, t, 0, made_ip(0, 1)), gn_plan_index(up1, 0));
	assert_int_equal(port_for(&p, t, 0, made_ip(0, 2)), gn_plan_index(up1, 0));
	assert_int_equal(port_for(&p, t, 1, made_ip(0, 1)), gn_plan_index(host[1], 1));
	assert_int_equal(port_for(&p, t, 1, made_ip(0, 2)), gn_plan_index(up2, 1));
	assert_int_equal(port_for(&p, t, 2, made_ip(0, 2)), gn_plan_index(host[2], 1));
	assert_int_equal(port_for(&p, t, 1, made_ip(0, 0)), 0);
	assert_true(gn_plan_is_uplink(t, up1, 1));
	assert_false(gn_plan_is_uplink(t, up1, 0));
	assert_true(gn_plan_is_uplink(t, up2, 0));
	gn_plan_done(&p);
	made_done(&m);
}

static void large_switches_are_split(void **state)
{
	static const struct {
		uint32_t hosts, bridges;
	} cases[] = { { 1023, 1 }, { 1024, 1 + 2 }, { 2044, 1 + 2 }, { 2045, 1 + 3 }, { 5000, 1 + 5 } };

	(void)state;
	for (size_t c = 0; c < GN_ARRAY_LEN(cases); c++) {
		struct made m = { 0 };
		const struct gn_topology *t = made_lan(&m, cases[c].hosts);
		uint32_t ports[8] = { 0 };
		struct gn_plan p;

		assert_int_equal(gn_plan_init(&p, t, NULL), 0);
		assert_int_equal(p.n_bridges, cases[c].bridges);
		for (uint32_t i = 0; i < t->n_links; i++)
			ports[p.bridge_of[2 * i + 1]]++;
		for (uint32_t b = 1; b < p.n_bridges; b++) {
			assert_in_range(ports[b], 1, GN_BRIDGE_PORTS - 1); /* and the trunk */
			assert_int_equal(p.bridges[b].parent, 0);
			assert_int_equal(p.bridges[b].down, p.bridges[b].trunk[0]);
		}
		assert_int_equal(ports[0], p.n_bridges == 1 ? cases[c].hosts : 0);
		assert_int_equal(p.n_entries, cases[c].hosts * (p.n_bridges == 1 ? 1 : 2));
		if (p.n_bridges > 1) {
			const uint32_t leaf = p.bridge_of[2 * 700 + 1];

			assert_int_equal(port_for(&p, t, leaf, made_ip(0, 700)), gn_plan_index(700, 1));
			assert_int_equal(port_for(&p, t, 0, made_ip(0, 700)), p.bridges[leaf].trunk[0]);
		}
		gn_plan_done(&p);
		made_done(&m);
	}
}

/* A split switch below another: its uplink stays at the core. */
static void a_split_switch_keeps_its_uplink(void **state)
{
	struct made m = { 0 };
	struct gn_plan p;

	(void)state;
	made_switch(&m, 0);
	made_switch(&m, 0);
	const uint32_t up = made_link(&m, 1, 0);
	m.nodes[1].uplink = up;
	for (uint32_t i = 0; i < 1500; i++)
		made_link(&m, made_host(&m, made_ip(0, i)), 1);
	const struct gn_topology *t = made_finish(&m);

	assert_int_equal(gn_plan_init(&p, t, NULL), 0);
	assert_int_equal(p.n_bridges, 1 + 1 + 2);
	assert_int_equal(p.bridge_of[2 * up], 1);
	assert_int_equal(p.bridges[1].parent, 0);
	assert_int_equal(p.bridges[1].down, gn_plan_index(up, 1));
	assert_int_equal(p.n_entries, 3 * 1500);
	assert_int_equal(port_for(&p, t, 0, made_ip(0, 1499)), gn_plan_index(up, 1));
	gn_plan_done(&p);
	made_done(&m);
}

static void two_ports_on_one_lan_count_once(void **state)
{
	struct made m = { 0 };
	struct gn_plan p;

	(void)state;
	made_switch(&m, 0);
	made_switch(&m, 1);
	made_router(&m, made_ip(0, 0));
	const uint32_t first = made_link(&m, 2, 0);
	made_link(&m, 2, 0);
	const uint32_t other_lan = made_link(&m, 1, 2);
	const struct gn_topology *t = made_finish(&m);

	assert_int_equal(gn_plan_init(&p, t, NULL), 0);
	assert_int_equal(p.n_entries, 2);
	assert_int_equal(port_for(&p, t, 0, made_ip(0, 0)), gn_plan_index(first, 1));
	assert_int_equal(port_for(&p, t, 1, made_ip(0, 0)), gn_plan_index(other_lan, 0));
	gn_plan_done(&p);
	made_done(&m);
}

static void a_ring_of_uplinks_is_refused(void **state)
{
	struct made m = { 0 };
	struct gn_err err = { "" };
	struct gn_plan p;

	(void)state;
	made_switch(&m, 0);
	made_switch(&m, 0);
	m.nodes[0].uplink = made_link(&m, 0, 1);
	m.nodes[1].uplink = made_link(&m, 1, 0);
	made_link(&m, made_host(&m, made_ip(0, 0)), 0);
	assert_int_equal(gn_plan_init(&p, made_finish(&m), &err), -EINVAL);
	assert_non_null(strstr(err.text, "ring"));
	assert_null(p.entries);
	made_done(&m);
}

static void an_uplink_leads_to_a_switch(void **state)
{
	struct made m = { 0 };
	struct gn_err err = { "" };
	struct gn_plan p;

	(void)state;
	made_switch(&m, 0);
	m.nodes[0].uplink = made_link(&m, 0, made_host(&m, made_ip(0, 0)));
	assert_int_equal(gn_plan_init(&p, made_finish(&m), &err), -EINVAL);
	assert_string_equal(err.text, "switch sw0: its uplink does not lead to a switch");
	made_done(&m);
}

/* All names fit, and indexes are unique, at the largest numbers. */
static void names_and_indexes(void **state)
{
	struct made m = { 0 };
	struct gn_bridge b = { .node = 4294967294, .leaf = GN_NONE, .index = 4294967294 };
	char name[IFNAMSIZ];

	(void)state;
	made_switch(&m, 0);
	made_switch(&m, 0);
	made_host(&m, made_ip(0, 0));
	made_link(&m, 0, 1);
	made_link(&m, 2, 1);
	const struct gn_topology *t = made_finish(&m);

	gn_plan_end_name(t, 0, 0, name);
	assert_string_equal(name, "p0a");
	gn_plan_end_name(t, 0, 1, name);
	assert_string_equal(name, "p0b");
	gn_plan_end_name(t, 1, 0, name);
	assert_string_equal(name, "eth0");
	gn_plan_end_name(t, 1, 1, name);
	assert_string_equal(name, "p1");
	gn_plan_bridge_name(&b, name);
	assert_string_equal(name, "sw4294967294");
	b.leaf = 0;
	gn_plan_bridge_name(&b, name);
	assert_string_equal(name, "leaf4294967294");
	b.index = 429496729;
	gn_plan_trunk_name(&b, 0, name);
	assert_string_equal(name, "trunk429496729d");
	assert_int_not_equal(gn_plan_index(0, 0), 0);
	assert_int_equal(gn_plan_index(0, 1) + 1, gn_plan_index(1, 0));
	made_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_switch_is_one_bridge),
		cmocka_unit_test(each_bridge_knows_what_is_below_it),
		cmocka_unit_test(large_switches_are_split),
		cmocka_unit_test(a_split_switch_keeps_its_uplink),
		cmocka_unit_test(two_ports_on_one_lan_count_once),
		cmocka_unit_test(a_ring_of_uplinks_is_refused),
		cmocka_unit_test(an_uplink_leads_to_a_switch),
		cmocka_unit_test(names_and_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
