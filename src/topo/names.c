/* SPDX-License-Identifier: MIT */
#include "topo/names.h"

#include <string.h>

/* FNV-1a */
static uint64_t hash_text(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
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

void gn_names_done(struct gn_names *t)
{
	free(t->names);
	free(t->slots);
	*t = (struct gn_names){ 0 };
}
