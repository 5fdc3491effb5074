/* SPDX-License-Identifier: MIT */
/* Two results, or two sets of them, in one figure. */
#ifndef GN_VIEW_COMPARE_H
#define GN_VIEW_COMPARE_H

#include <stddef.h>

#include "util/err.h"

struct gn_compared {
	const char *name;
	char *const *databases; /* run.db of each run */
	size_t n;
};

/**
 * gn_plot_compared() - draw the coverage curves of both: the median over all events of all runs, and where there are
 * several the band from 5 to 95 %.
 * @out: as in gn_plot().
 *
 * Return: 0; -ENODATA: in one of the runs nothing spread; or another -Exxx.
 */
int gn_plot_compared(const struct gn_compared sides[2], const char *out, struct gn_err *err);

#endif
