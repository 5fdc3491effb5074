/* SPDX-License-Identifier: MIT */
#include "vm/pack.h"

#include <string.h>

void gn_pack_init(struct gn_pack *p)
{
	p->len = 0;
	p->overflow = false;
}

void gn_pack_bytes(struct gn_pack *p, const void *data, size_t len)
{
	if (p->overflow || len > sizeof(p->data) - p->len) {
		p->overflow = true;
		return;
	}
	if (len)
		memcpy(p->data + p->len, data, len);
	p->len += len;
}

void gn_pack_u32(struct gn_pack *p, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 24) };

	gn_pack_bytes(p, bytes, sizeof(bytes));
}

void gn_pack_u64(struct gn_pack *p, uint64_t value)
{
	gn_pack_u32(p, (uint32_t)value);
	gn_pack_u32(p, (uint32_t)(value >> 32));
}

void gn_pack_string(struct gn_pack *p, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	if (len > GN_MESSAGE_MAX) {
		p->overflow = true;
		return;
	}
	gn_pack_u32(p, (uint32_t)len);
	gn_pack_bytes(p, s, len);
}

void gn_unpack_init(struct gn_unpack *u, const void *data, size_t len)
{
	*u = (struct gn_unpack){ .at = data, .left = len };
}

static const uint8_t *take(struct gn_unpack *u, size_t len)
{
	const uint8_t *at = u->at;

	if (u->bad || len > u->left) {
		u->bad = true;
		return NULL;
	}
	u->at += len;
	u->left -= len;
	return at;
}

uint32_t gn_unpack_u32(struct gn_unpack *u)
{
	const uint8_t *b = take(u, 4);

	return b ? (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

uint64_t gn_unpack_u64(struct gn_unpack *u)
{
	uint64_t low = gn_unpack_u32(u), high = gn_unpack_u32(u);

	return u->bad ? 0 : high << 32 | low;
}

char *gn_unpack_string(struct gn_unpack *u)
{
	uint32_t len = gn_unpack_u32(u);
	const uint8_t *bytes = take(u, len);
	char *s = NULL;

	if (bytes && !memchr(bytes, 0, len))
		s = strndup((const char *)bytes, len);
	if (!s)
		u->bad = true;
	return s;
}

void gn_pack_strings(struct gn_pack *p, char *const *list)
{
	uint32_t n = 0;

	while (list[n])
		n++;
	gn_pack_u32(p, n);
	for (uint32_t i = 0; i < n; i++)
		gn_pack_string(p, list[i]);
}

char **gn_unpack_strings(struct gn_unpack *u)
{
	uint32_t n = gn_unpack_u32(u);
	/* Each string takes four bytes at least: a lying number must not make us allocate. */
	char **list = u->bad || n > u->left / 4 ? NULL : calloc((size_t)n + 1, sizeof(*list));

	for (uint32_t i = 0; list && i < n; i++)
		list[i] = gn_unpack_string(u);
	if (!list || u->bad) {
		gn_strings_free(list);
		u->bad = true;
		return NULL;
	}
	return list;
}

void gn_strings_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
