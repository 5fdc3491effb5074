/* SPDX-License-Identifier: MIT */
#include "topo/names.h"

#include <stdio.h>
#include <string.h>

#include "topo/topology.h"

enum { NUMBER_DIGITS = 9 }; /* of the largest group's last member; fits 32 bits */

static uint64_t hash_text(const char *s)
{
	uint64_t h = gn_hash_bytes(GN_HASH_START, s, strlen(s));

	return h ^ h >> 32;
}

/* The slot that holds @text, or the free one where it belongs. */
static uint32_t *slot_of(const struct gn_names *t, const char *text)
{
	size_t i = hash_text(text) & (t->n_slots - 1);

	while (t->slots[i] && strcmp(t->names[t->slots[i] - 1].text, text))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static int grow_slots(struct gn_names *t)
{
	size_t n = t->n_slots ? t->n_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	for (size_t i = 0; i < t->n; i++)
		*slot_of(t, t->names[i].text) = (uint32_t)i + 1;
	return 0;
}

int gn_names_add(struct gn_names *t, const struct gn_name *name, const struct gn_name **ret_taken)
{
	if (t->n * 2 >= t->n_slots && grow_slots(t))
		return -ENOMEM;
	if (gn_grow(&t->names, t->n, &t->cap, sizeof(*t->names)))
		return -ENOMEM;
	uint32_t *slot = slot_of(t, name->text);

	if (*slot) {
		*ret_taken = &t->names[*slot - 1];
		return -EEXIST;
	}
	t->names[t->n++] = *name;
	*slot = (uint32_t)t->n;
	return 0;
}

const struct gn_name *gn_names_find(const struct gn_names *t, const char *text)
{
	uint32_t slot = t->n_slots ? *slot_of(t, text) : 0;

	return slot ? &t->names[slot - 1] : NULL;
}

/* The group called as @text without its last @digits characters, or NULL. */
static const struct gn_name *group_before(const struct gn_names *t, const char *text, size_t digits)
{
	char name[GN_NODE_NAME_MAX + 1];
	int n = (int)(strlen(text) - digits);

	if (n > GN_NODE_NAME_MAX)
		return NULL;
	snprintf(name, sizeof(name), "%.*s", n, text);
	const struct gn_name *found = gn_names_find(t, name);

	return found && found->group ? found : NULL;
}

static size_t digits_at_end(const char *text)
{
	size_t n = strlen(text), digits = 0;

	while (digits < n && text[n - digits - 1] >= '0' && text[n - digits - 1] <= '9')
		digits++;
	return digits;
}

/* Where the number begins is not known: n12 may be member 2 of n1. */
const struct gn_name *gn_names_group_of(const struct gn_names *t, const char *text, uint32_t *ret_number)
{
	size_t n = strlen(text), most = GN_MIN(digits_at_end(text), (size_t)NUMBER_DIGITS);

	for (size_t digits = 1; digits <= most; digits++) {
		unsigned long number = strtoul(text + n - digits, NULL, 10);
		const struct gn_name *group = text[n - digits] == '0' ? NULL : group_before(t, text, digits);

		if (!group || number > group->count)
			continue;
		*ret_number = (uint32_t)number;
		return group;
	}
	return NULL;
}

const struct gn_name *gn_names_group_like(const struct gn_names *t, const char *text)
{
	const struct gn_name *group = NULL;

	for (size_t digits = digits_at_end(text); digits && !group; digits--)
		group = group_before(t, text, digits);
	return group;
}

void gn_names_done(struct gn_names *t)
{
	free(t->names);
	free(t->slots);
	*t = (struct gn_names){ 0 };
}
