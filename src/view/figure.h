/* SPDX-License-Identifier: MIT */
/* A figure being drawn: gnuplot's script, and the file or terminal that the figure goes to. For src/view and src/study. */
#ifndef GN_VIEW_FIGURE_H
#define GN_VIEW_FIGURE_H

#include <stdio.h>

#include "util/err.h"

struct gn_figure_format {
	const char *ending;
	int name_size, text_size; /* of the titles, in the terminal's points */
	/* The key's share of the axes: what surrounds its texts, and each character or row of them. gnuplot takes all
	 * characters for equally wide, whatever is in them. */
	struct {
		double frame_width, character, frame_height, row;
	} key;
};

struct gn_figure {
	FILE *script; /* what gnuplot will do, to be written to; the terminal is set */
	const struct gn_figure_format *format; /* NULL: characters instead of ink */
	const char *path;		       /* borrowed */
};

/* Okabe and Ito's palette, which the colour-blind can tell apart, without its yellow, which nobody sees on white, as
 * gnuplot's rgb. Use the second half dashed, for prints in grey. */
enum { GN_FIGURE_COLOURS = 8 };
extern const char *const gn_figure_palette[GN_FIGURE_COLOURS];
extern const char gn_figure_dashes[]; /* a dashtype */

/**
 * gn_figure_begin() - open a figure.
 * @path: a file's name ending in .svg, .png or .pdf, or "-" for the terminal; borrowed until the end.
 * @width, @height: in units of which a usual figure has 800 x 500; the terminal has its own size.
 * @ret: released with gn_figure_done().
 *
 * Return: 0; -EINVAL: another ending; or -Exxx.
 */
int gn_figure_begin(struct gn_figure *ret, const char *path, unsigned width, unsigned height,
		    struct gn_err *err);

/* Have gnuplot draw it, into memory; only a whole figure becomes a file or is shown. */
int gn_figure_end(struct gn_figure *f, struct gn_err *err);
void gn_figure_done(struct gn_figure *f);

/* Somebody's text as a gnuplot string: printable, on one line, at most so many characters. Nothing in it has a meaning:
 * the terminals are without enhanced text. */
void gn_figure_string(const struct gn_figure *f, const char *text, size_t columns);

/* Axes, tics, grid and key as all our figures have them; not for the terminal of characters. */
void gn_figure_style(const struct gn_figure *f);

#endif
