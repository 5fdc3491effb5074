/* SPDX-License-Identifier: MIT */
/* gnuplot as a child process. Inside src/view only. */
#ifndef GN_VIEW_GNUPLOT_H
#define GN_VIEW_GNUPLOT_H

#include <stdio.h>

#include "util/err.h"

/**
 * gn_gnuplot() - run gnuplot, without a shell and without the user's settings.
 * @script: its standard input, an open file, read from the start.
 * @out: its standard output, an open file.
 *
 * Return: 0; -ENOENT: gnuplot is not installed; -EIO with its first complaint.
 */
int gn_gnuplot(int script, int out, struct gn_err *err);

/* Print @text as a gnuplot string that nothing in it can leave: single quotes, doubled inside;
 * double quotes would have gnuplot execute what stands between backquotes. */
void gn_gnuplot_string(FILE *f, const char *text);

#endif
