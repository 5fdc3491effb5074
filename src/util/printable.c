/* SPDX-License-Identifier: MIT */
#include "util/printable.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character at @s, which ends with a zero byte, or 0: none that may be shown. RFC 3629, section 4;
 * U+0080 to U+009F are control characters as well (C1), U+2028 and U+2029 line breaks, U+202A to U+202E
 * and U+2066 to U+2069 turn the text around.
 */
static size_t printable_length(const unsigned char *s)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0xa0 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
	};
	size_t n = 0;

	while (n < 4 && (s[0] & forms[n].mask) != forms[n].lead)
		n++;
	if (n == 4)
		return 0;
	uint32_t c = s[0] & (uint8_t)~forms[n].mask;

	for (size_t i = 1; i <= n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (c < ' ' || c == 0x7f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n + 1;
}

void gn_make_printable(char *text)
{
	for (unsigned char *s = (unsigned char *)text; *s;) {
		size_t n = printable_length(s);

		if (!n)
			*s = '?';
		s += n ? n : 1;
	}
}
