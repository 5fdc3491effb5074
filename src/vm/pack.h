/* SPDX-License-Identifier: MIT */
/* Numbers and strings in a message: u32 little-endian; a string is its length as u32, its bytes, no NUL. */
#ifndef GN_VM_PACK_H
#define GN_VM_PACK_H

#include <stdbool.h>

#include "util/util.h"

enum { GN_MESSAGE_MAX = 64 * 1024 }; /* bytes of payload */

/* Writer. Too much content sets @overflow and is not written; one check at the end is enough. */
struct gn_pack {
	size_t len;
	bool overflow;
	uint8_t data[GN_MESSAGE_MAX];
};

void gn_pack_init(struct gn_pack *p);
void gn_pack_u32(struct gn_pack *p, uint32_t value);
void gn_pack_u64(struct gn_pack *p, uint64_t value);
void gn_pack_bytes(struct gn_pack *p, const void *data, size_t len);
void gn_pack_string(struct gn_pack *p, const char *s); /* NULL is written as "" */

void gn_pack_strings(struct gn_pack *p, char *const *list); /* NULL at the end of @list */

/* Reader of untrusted bytes. Reading past the end sets @bad and gives 0 or NULL from then on. */
struct gn_unpack {
	const uint8_t *at;
	size_t left;
	bool bad;
};

void gn_unpack_init(struct gn_unpack *u, const void *data, size_t len);
uint32_t gn_unpack_u32(struct gn_unpack *u);
uint64_t gn_unpack_u64(struct gn_unpack *u);
/* A copy that the caller frees; NULL if there is none (bad is set), if it holds a NUL byte (likewise), or
 * without memory (likewise). */
char *gn_unpack_string(struct gn_unpack *u);

/* What gn_pack_strings() wrote, NULL at the end; gn_strings_free(). NULL as gn_unpack_string(). */
char **gn_unpack_strings(struct gn_unpack *u);
void gn_strings_free(char **list);

#endif
