/* SPDX-License-Identifier: MIT */
/* Quantities as people write them: "10ms", "1.5mbit", "0.5%", "512k". Exact: no floating point, and what
 * does not fit the unit's smallest step is refused instead of rounded. */
#ifndef GN_TOPO_UNITS_H
#define GN_TOPO_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gn_quantity {
	GN_QUANTITY_DURATION,	 /* ns */
	GN_QUANTITY_RATE,	 /* bits per second */
	GN_QUANTITY_SIZE,	 /* bytes */
	GN_QUANTITY_LOSS,	 /* parts per million */
	GN_QUANTITY_PROBABILITY, /* GN_PROBABILITY_ONE is 1 */
	GN_QUANTITY_DECIMAL,	 /* GN_DECIMAL_ONE is 1 */
};

#define GN_DECIMAL_ONE	   UINT64_C(1000000)
#define GN_PROBABILITY_ONE UINT64_C(1000000000000)

enum gn_unit_result {
	GN_UNIT_OK,
	GN_UNIT_NOT_A_NUMBER,
	GN_UNIT_MISSING, /* a bare number */
	GN_UNIT_UNKNOWN, /* *ret_unit points to it in the text */
	GN_UNIT_TOO_FINE,
	GN_UNIT_TOO_LARGE,
};

enum gn_unit_result gn_unit_parse(enum gn_quantity q, const char *text, uint64_t *ret, const char **ret_unit);

/* The i-th unit's name, or NULL past the last; of rates and sizes the forms worth proposing. */
const char *gn_unit_name(enum gn_quantity q, size_t i);

/* The smallest step, as people write it: "1ns". */
const char *gn_unit_step(enum gn_quantity q);

/* A regular expression (ECMA 262) that matches every text of this quantity. */
const char *gn_unit_pattern(enum gn_quantity q);

/* The value in its largest unit without a fraction: 1500000 ns is "1500us". Return: @buf. */
#define GN_UNIT_TEXT 32
const char *gn_unit_format(enum gn_quantity q, uint64_t value, char buf[GN_UNIT_TEXT]);

/* A decimal whole number up to UINT64_MAX without sign or spaces. */
bool gn_whole_parse(const char *text, uint64_t *ret);

#endif
