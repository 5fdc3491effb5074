/* SPDX-License-Identifier: MIT */
/* Names for nodes from the names of places. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/map.h"
#include "topo/names.h"
#include "topo/schema.h"
#include "topo/topology.h"

/* Room for a number that makes a name different. */
enum { BASE_MAX = GN_NODE_NAME_MAX - 6 };

/* The letter below the accent: U+00C0 to U+017F, Latin-1 and Latin Extended-A. */
static const char plain_letters[] = "AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
				    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLl"
				    "LlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/* The next character of @s, which is UTF-8, as one that a name may have. Return: how many bytes it took. */
static size_t plain(const char *s, char *ret)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t number = n == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu) : 0;
	bool kept = n == 1 && (isalnum(c[0]) || strchr("-_.", c[0]));

	*ret = '_';
	if (kept)
		*ret = *s;
	else if (number >= 0xc0 && number < 0x180)
		*ret = plain_letters[number - 0xc0];
	return n;
}

/* @label as a name; "" if nothing of it can be one. */
static void make_name(const char *label, char ret[BASE_MAX + 1])
{
	size_t n = 0, taken;
	char c;

	for (; *label && n < BASE_MAX; label += taken) {
		taken = plain(label, &c);
		if (!n && (c == '-' || c == '.' || c == '_'))
			continue;
		if (c != '_' || ret[n - 1] != '_')
			ret[n++] = c;
	}
	while (n && ret[n - 1] == '_')
		n--;
	ret[n] = '\0';
}

/* Names of hosts begin with the group's name and end with a number. */
static bool is_for_hosts(const char *name)
{
	size_t n = strlen(GN_IMPORT_GROUP);

	return !strncmp(name, GN_IMPORT_GROUP, n) && strspn(name + n, "0123456789") == strlen(name + n);
}

static int name_site(struct gn_map *m, struct gn_names *names, struct gn_site *site)
{
	char base[BASE_MAX + 1];
	const struct gn_name *taken;
	int r = -EEXIST;

	make_name(*site->label ? site->label : site->id, base);
	for (unsigned number = 1; r == -EEXIST; number++) {
		const char *stem = *base ? base : "place";
		struct gn_name name = { .text = number == 1
							? gn_arena_format(&m->arena, "%s", stem)
							: gn_arena_format(&m->arena, "%s-%u", stem, number) };

		if (!name.text)
			return -ENOMEM;
		r = is_for_hosts(name.text) ? -EEXIST : gn_names_add(names, &name, &taken);
		site->name = name.text;
	}
	return r;
}

int gn_map_name(struct gn_map *m)
{
	struct gn_names names = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < m->n_sites; i++)
		r = name_site(m, &names, &m->sites[i]);
	gn_names_done(&names);
	return r;
}
