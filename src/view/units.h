/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. */
#ifndef GN_VIEW_UNITS_H
#define GN_VIEW_UNITS_H

#include <stddef.h>
#include <stdint.h>

enum { GN_NUMBER_MAX = 32 }; /* bytes that hold any of these */

/* 85.3 us, 612.3 ms, 1.234 s; INT64_MAX, "never": "-". Returns @out. */
const char *gn_duration(char out[GN_NUMBER_MAX], int64_t ns);

/* The same as somebody would have written it: 10 ms, 1.5 s. Returns @out. */
const char *gn_duration_short(char out[GN_NUMBER_MAX], int64_t ns);

/* 999 B, 12.3 kB, 4.56 MB (powers of 1000). Returns @out. */
const char *gn_bytes(char out[GN_NUMBER_MAX], double bytes);

/* Bits per second: 1.5 Mbit/s. Returns @out. */
const char *gn_bit_rate(char out[GN_NUMBER_MAX], double bps);

/**
 * gn_printable() - somebody's text on one line: control characters and broken UTF-8 become "?".
 * @columns: at most so many characters, the last of a longer text is an ellipsis.
 *
 * Return: a new string, released with free(); NULL without memory.
 */
char *gn_printable(const char *text, size_t columns);

#endif
