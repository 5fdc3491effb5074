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

/* The names that are taken, and of each stem, in .first, the number from which on to look for a free one. */
struct naming {
	struct gn_names taken, stems;
};

/* Return: 0 or -ENOMEM; *@ret is where the number of @stem is. */
static int find_number(struct gn_map *m, struct naming *n, const char *stem, uint32_t **ret)
{
	const struct gn_name *found = gn_names_find(&n->stems, stem);
	const struct gn_name new = { .text = found ? "" : gn_arena_format(&m->arena, "%s", stem),
				     .first = 1 };

	if (!found && (!new.text || gn_names_add(&n->stems, &new, &found)))
		return -ENOMEM;
	*ret = &n->stems.names[found ? (size_t)(found - n->stems.names) : n->stems.n - 1].first;
	return 0;
}

static int name_site(struct gn_map *m, struct naming *n, struct gn_site *site)
{
	char base[BASE_MAX + 1], name[GN_NODE_NAME_MAX + 1];
	const struct gn_name *taken;
	uint32_t *number;

	make_name(*site->label ? site->label : site->id, base);
	const char *stem = *base ? base : "place";
	int r = find_number(m, n, stem, &number);

	if (r)
		return r;
	do {
		if (*number == 1)
			snprintf(name, sizeof(name), "%s", stem);
		else
			snprintf(name, sizeof(name), "%s-%u", stem, *number);
		++*number;
	} while (is_for_hosts(name) || gn_names_find(&n->taken, name));
	const struct gn_name own = { .text = gn_arena_format(&m->arena, "%s", name) };

	site->name = own.text;
	return own.text ? gn_names_add(&n->taken, &own, &taken) : -ENOMEM;
}

int gn_map_name(struct gn_map *m)
{
	struct naming n = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < m->n_sites; i++)
		r = name_site(m, &n, &m->sites[i]);
	gn_names_done(&n.taken);
	gn_names_done(&n.stems);
	return r;
}
