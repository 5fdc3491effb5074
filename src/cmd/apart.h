/* SPDX-License-Identifier: MIT */
/* A process apart for somebody's own code, which may crash, or never return. */
#ifndef GN_CMD_APART_H
#define GN_CMD_APART_H

#include "util/err.h"

/**
 * gn_apart() - fork; the child goes on with the work, the parent waits for it.
 * @whose: the code that may misbehave, for the sentence.
 * @ret_status: parent: the child's exit status.
 *
 * The signals that end a run early go on to the child; when they come again a second later, the child is killed.
 * Return: child: 0; parent: 1, or -Exxx with a sentence (-EPROTO: the child crashed or had to be killed).
 */
int gn_apart(const char *whose, int *ret_status, struct gn_err *err);

#endif
