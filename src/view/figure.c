/* SPDX-License-Identifier: MIT */
/*
 * gnuplot writes into memory; only a whole figure becomes a file. Texts of the user reach gnuplot as single-quoted
 * strings on terminals without enhanced text, so that nothing in them has a meaning.
 */
#include "view/figure.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "util/save.h"
#include "view/gnuplot.h"
#include "view/units.h"

enum { SVG, PNG, PDF, FORMATS };

static const struct gn_figure_format formats[FORMATS] = {
	[SVG] = { ".svg", 18, 12, { 0.120, 0.0165, 0.068, 0.0790 } },
	[PNG] = { ".png", 26, 17, { 0.096, 0.0128, 0.098, 0.0465 } },
	[PDF] = { ".pdf", 13, 8, { 0.096, 0.0128, 0.098, 0.0465 } },
};

const char *const gn_figure_palette[GN_FIGURE_COLOURS] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
							   "#e69f00", "#56b4e9", "#000000", "#7f7f7f" };
const char gn_figure_dashes[] = "(10,4)";

static int choose_format(const char *path, const struct gn_figure_format **ret, struct gn_err *err)
{
	size_t n = strlen(path);

	*ret = NULL;
	if (!strcmp(path, "-"))
		return 0;
	for (size_t i = 0; i < FORMATS; i++)
		if (n > 4 && !strcasecmp(path + n - 4, formats[i].ending))
			*ret = &formats[i];
	if (*ret)
		return 0;
	return gn_fail(err, -EINVAL,
		       "%s: the name of a figure ends in .svg, .png or .pdf (or is -, for the terminal)",
		       path);
}

static void set_terminal(const struct gn_figure *f, unsigned width, unsigned height)
{
	struct winsize w;

	if (f->format == &formats[SVG])
		fprintf(f->script,
			"set terminal svg noenhanced size %u,%u dynamic background 'white'"
			" font 'Helvetica,Arial,sans-serif,15' linewidth 1.2\n",
			width, height);
	else if (f->format == &formats[PNG])
		fprintf(f->script,
			"set terminal pngcairo noenhanced size %u,%u font 'sans,21' linewidth 2.2\n",
			2 * width, 2 * height);
	else if (f->format)
		fprintf(f->script,
			"set terminal pdfcairo noenhanced size %ucm,%ucm font 'sans,11' linewidth 1.5\n",
			width / 50, height / 50);
	else if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col >= 40 && w.ws_row >= 12)
		fprintf(f->script, "set terminal dumb noenhanced size %u, %u\n", w.ws_col, w.ws_row - 2u);
	else
		fputs("set terminal dumb noenhanced size 80, 24\n", f->script);
}

int gn_figure_begin(struct gn_figure *ret, const char *path, unsigned width, unsigned height,
		    struct gn_err *err)
{
	struct gn_figure f = { .path = path };
	int r = choose_format(path, &f.format, err);

	if (r)
		return r;
	int script = memfd_create("gnuplot-script", MFD_CLOEXEC);

	f.script = script < 0 ? NULL : fdopen(script, "w");
	if (!f.script) {
		r = gn_fail(err, -errno, "gnuplot's script: %m");
		gn_close_p(&script);
		return r;
	}
	fputs("set encoding utf8\n", f.script);
	set_terminal(&f, width, height);
	*ret = f;
	return 0;
}

void gn_figure_done(struct gn_figure *f)
{
	if (f->script)
		fclose(f->script);
	f->script = NULL;
}

void gn_figure_string(const struct gn_figure *f, const char *text, size_t columns)
{
	GN_CLEANUP(gn_free_p) char *printable = gn_printable(text, columns);

	gn_gnuplot_string(f->script, printable ? printable : "?");
}

void gn_figure_style(const struct gn_figure *f)
{
	fputs("set tics nomirror out scale 0.6\n"
	      "set border 3 linewidth 0.8 linecolor rgb '#404040'\n"
	      "set grid linetype 1 linewidth 0.5 linecolor rgb '#e0e0e0'\n"
	      "set key Left reverse samplen 2.2 spacing 1.15 width 1\n"
	      "set rmargin 3\n",
	      f->script);
}

/* ---- output ---- */

static int copy(int from, off_t at, int to)
{
	char buffer[65536];
	ssize_t n;

	while ((n = pread(from, buffer, sizeof(buffer), at)) > 0) {
		const int r = gn_write_all(to, buffer, (size_t)n);

		if (r)
			return r;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

static int write_file(const char *path, int figure, struct gn_err *err)
{
	struct gn_save file;
	int r = gn_save_begin(path, &file);

	if (!r)
		r = gn_save_end(&file, copy(figure, 0, file.fd));
	return r ? gn_fail(err, r, "%s: cannot write the figure: %s", path, strerror(-r)) : 0;
}

/* gnuplot's terminal of characters begins with a form feed, which is for printers. */
static int show(int figure, struct gn_err *err)
{
	char first = '\0';

	if (pread(figure, &first, 1, 0) < 0)
		return gn_fail(err, -errno, "gnuplot's figure: %m");
	fflush(stdout);
	int r = copy(figure, first == '\f', STDOUT_FILENO);

	return r ? gn_fail(err, r, "standard output: %s", strerror(-r)) : 0;
}

int gn_figure_end(struct gn_figure *f, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int figure = memfd_create("figure", MFD_CLOEXEC);

	if (figure < 0)
		return gn_fail(err, -errno, "figure: %m");
	if (fflush(f->script))
		return gn_fail(err, -errno, "gnuplot's script: %m");
	int r = gn_gnuplot(fileno(f->script), figure, err);

	if (r)
		return r;
	return f->format ? write_file(f->path, figure, err) : show(figure, err);
}
