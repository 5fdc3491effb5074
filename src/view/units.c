/* SPDX-License-Identifier: MIT */
#include "view/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Four digits that count: 1.234, 12.34, 123.4 */
static int decimals(double value)
{
	return value < 9.9995 ? 3 : value < 99.995 ? 2 : 1;
}

const char *gn_duration(char out[GN_NUMBER_MAX], int64_t ns)
{
	if (ns == INT64_MAX)
		snprintf(out, GN_NUMBER_MAX, "-");
	else if (ns < 1000000 && ns > -1000000)
		snprintf(out, GN_NUMBER_MAX, "%.1f us", (double)ns / 1e3);
	else if (ns < 1000000000 && ns > -1000000000)
		snprintf(out, GN_NUMBER_MAX, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(out, GN_NUMBER_MAX, "%.*f s", decimals((double)ns / 1e9), (double)ns / 1e9);
	return out;
}

const char *gn_duration_short(char out[GN_NUMBER_MAX], int64_t ns)
{
	if (ns < 1000000)
		snprintf(out, GN_NUMBER_MAX, "%.4g us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(out, GN_NUMBER_MAX, "%.4g ms", (double)ns / 1e6);
	else
		snprintf(out, GN_NUMBER_MAX, "%.4g s", (double)ns / 1e9);
	return out;
}

static void scaled(char out[GN_NUMBER_MAX], double value, const char *unit)
{
	static const char prefixes[] = "kMGTPE";
	size_t i = 0;

	if (value < 1000) {
		snprintf(out, GN_NUMBER_MAX, "%.4g %s", value, unit);
		return;
	}
	for (value /= 1000; value >= 1000 && i < sizeof(prefixes) - 2; i++)
		value /= 1000;
	snprintf(out, GN_NUMBER_MAX, "%.3g %c%s", value, prefixes[i], unit);
}

const char *gn_bytes(char out[GN_NUMBER_MAX], double bytes)
{
	scaled(out, bytes, "B");
	return out;
}

const char *gn_bit_rate(char out[GN_NUMBER_MAX], double bps)
{
	scaled(out, bps, "bit/s");
	return out;
}

/* Bytes of the character that begins here; 0: not UTF-8, or a control character. */
static size_t character(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : 4;

	if (*p < 0x20 || *p == 0x7f || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF, and the C1 controls. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
	    (*p == 0xf4 && p[1] > 0x8f) || (*p == 0xc2 && p[1] < 0xa0))
		return 0;
	return n;
}

char *gn_printable(const char *text, size_t columns)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	const unsigned char *p = (const unsigned char *)text;
	char *out = malloc(strlen(text) + sizeof(ellipsis)), *end = out, *last = out;

	if (!out)
		return NULL;
	for (size_t used = 0; *p; used++) {
		size_t n = character(p);

		if (used == columns) {
			end = last;
			end += sprintf(end, "%s", ellipsis);
			break;
		}
		last = end;
		if (n)
			memcpy(end, p, n);
		else
			*end = '?';
		end += n ? n : 1;
		p += n ? n : 1;
	}
	*end = '\0';
	return out;
}
