/* SPDX-License-Identifier: MIT */
/* Text from somebody who is not trusted, made fit for a terminal and a log of lines. */
#ifndef GN_PRINTABLE_H
#define GN_PRINTABLE_H

/* Replace, in place, each control character and each byte that is not UTF-8 by '?'. Neither escape sequences nor
 * line breaks stay. */
void gn_make_printable(char *text);

#endif
