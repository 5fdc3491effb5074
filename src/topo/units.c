/* SPDX-License-Identifier: MIT */
#include "topo/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util/util.h"

struct unit {
	const char *name;
	uint64_t factor; /* the smallest steps in one */
};

/* Smallest first. */
static const struct unit durations[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", UINT64_C(60000000000) },
};

/* As in tc(8): "bit" counts bits, "bps" bytes per second; k is 1000. */
static const struct unit rates[] = {
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "mbit", 1000000 },
	{ "gbit", 1000000000 },
	{ "tbit", UINT64_C(1000000000000) },
	{ "bps", 8 },
	{ "kbps", 8000 },
	{ "mbps", 8000000 },
	{ "gbps", UINT64_C(8000000000) },
	{ "tbps", UINT64_C(8000000000000) },
};

/* As in tc(8): k is 1024, and bytes need no unit. */
static const struct unit sizes[] = {
	{ "b", 1 },
	{ "k", 1024 },
	{ "m", 1024 * 1024 },
};

static const struct unit losses[] = { { "%", 10000 } };
static const struct unit probabilities[] = { { "%", GN_PROBABILITY_ONE / 100 } };

static const struct quantity {
	const struct unit *units;
	size_t n, n_proposed;
	uint64_t bare; /* factor of a number without unit; 0: not allowed */
	bool any_case;
	const char *step, *pattern;
} quantities[] = {
	[GN_QUANTITY_DURATION] = { durations, GN_ARRAY_LEN(durations), 5, 0, false, "1ns",
				   "^[0-9]+([.][0-9]+)?(ns|us|ms|s|m)$" },
	[GN_QUANTITY_RATE] = { rates, GN_ARRAY_LEN(rates), 5, 0, true, "1bit",
			       "^[0-9]+([.][0-9]+)?[kKmMgGtT]?([bB][iI][tT]|[bB][pP][sS])$" },
	[GN_QUANTITY_SIZE] = { sizes, GN_ARRAY_LEN(sizes), 3, 1, false, "1 byte",
			       "^[0-9]+([.][0-9]+)?[bkm]$" },
	[GN_QUANTITY_LOSS] = { losses, GN_ARRAY_LEN(losses), 1, 0, false, "0.0001%",
			       "^[0-9]+([.][0-9]+)?%$" },
	[GN_QUANTITY_PROBABILITY] = { probabilities, GN_ARRAY_LEN(probabilities), 1, GN_PROBABILITY_ONE,
				      false, "0.000000000001", "^[0-9]+([.][0-9]+)?%$" },
	[GN_QUANTITY_DECIMAL] = { NULL, 0, 0, GN_DECIMAL_ONE, false, "0.000001", NULL },
};

/* Digits with at most one point among them; *ret_digits after the point. Return: end of the number. */
static const char *scan_number(const char *s, unsigned __int128 *ret, unsigned *ret_digits, bool *ret_large)
{
	unsigned __int128 value = 0;
	unsigned digits = 0, all = 0;
	bool point = false;
	const char *start = s;

	*ret_large = false;
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point && s != start); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		if (value > UINT64_MAX || all > 60)
			*ret_large = true;
		else
			value = value * 10 + (unsigned)(*s - '0');
		digits += point;
		all++;
	}
	if (s != start && s[-1] == '.')
		s = start; /* "1." */
	*ret = value;
	*ret_digits = digits;
	return s;
}

static const struct unit *find_unit(const struct quantity *q, const char *name)
{
	for (size_t i = 0; i < q->n; i++) {
		if (q->any_case ? !strcasecmp(q->units[i].name, name) : !strcmp(q->units[i].name, name))
			return &q->units[i];
	}
	return NULL;
}

enum gn_unit_result gn_unit_parse(enum gn_quantity quantity, const char *text, uint64_t *ret,
				  const char **ret_unit)
{
	const struct quantity *q = &quantities[quantity];
	unsigned __int128 value;
	unsigned digits;
	bool large;
	const char *end = scan_number(text, &value, &digits, &large);
	const struct unit *unit = find_unit(q, end);
	uint64_t factor = unit ? unit->factor : q->bare;

	if (end == text)
		return GN_UNIT_NOT_A_NUMBER;
	if (!unit && *end) {
		*ret_unit = end;
		return GN_UNIT_UNKNOWN;
	}
	if (!factor)
		return GN_UNIT_MISSING;
	/* A 64-bit value with this many digits after the point cannot be whole in any unit. */
	if (large)
		return digits > 19 ? GN_UNIT_TOO_FINE : GN_UNIT_TOO_LARGE;
	value *= factor;
	for (; digits; digits--) {
		if (value % 10)
			return GN_UNIT_TOO_FINE;
		value /= 10;
	}
	if (value > UINT64_MAX)
		return GN_UNIT_TOO_LARGE;
	*ret = (uint64_t)value;
	return GN_UNIT_OK;
}

const char *gn_unit_name(enum gn_quantity quantity, size_t i)
{
	const struct quantity *q = &quantities[quantity];

	return i < q->n_proposed ? q->units[i].name : NULL;
}

const char *gn_unit_step(enum gn_quantity q)
{
	return quantities[q].step;
}

const char *gn_unit_pattern(enum gn_quantity q)
{
	return quantities[q].pattern;
}

/* value / 10^digits without trailing zeros. */
static void format_fraction(char buf[GN_UNIT_TEXT], uint64_t value, int digits, const char *unit)
{
	char all[GN_UNIT_TEXT];
	int n = snprintf(all, sizeof(all), "%0*" PRIu64, digits + 1, value), whole = n - digits;

	while (n > whole && all[n - 1] == '0')
		n--;
	snprintf(buf, GN_UNIT_TEXT, "%.*s%s%.*s%s", whole, all, n > whole ? "." : "", n - whole, all + whole,
		 unit);
}

const char *gn_unit_format(enum gn_quantity quantity, uint64_t value, char buf[GN_UNIT_TEXT])
{
	const struct quantity *q = &quantities[quantity];
	const struct unit *best = q->units;

	if (quantity == GN_QUANTITY_LOSS) {
		format_fraction(buf, value, 4, "%");
		return buf;
	}
	if (quantity == GN_QUANTITY_DECIMAL) {
		format_fraction(buf, value, 6, "");
		return buf;
	}
	if (quantity == GN_QUANTITY_PROBABILITY) {
		format_fraction(buf, value, 12, "");
		return buf;
	}
	for (size_t i = 1; value && i < q->n_proposed; i++) {
		if (value % q->units[i].factor == 0)
			best = &q->units[i];
	}
	snprintf(buf, GN_UNIT_TEXT, "%" PRIu64 "%s", value / best->factor, best->name);
	return buf;
}

bool gn_whole_parse(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}
