/* SPDX-License-Identifier: MIT */
#include "cmd/probe_report.h"

#include <inttypes.h>

#include "view/units.h"

static const char *percent(char out[GN_NUMBER_MAX], double part)
{
	snprintf(out, GN_NUMBER_MAX, "%.3g %%", 100 * part);
	return out;
}

static void print_delay(FILE *f, const struct gn_delays *d)
{
	const struct {
		const char *name;
		gn_dur value;
	} quantiles[] = { { "min", d->min },
			  { "median", d->median },
			  { "p90", d->p90 },
			  { "p99", d->p99 },
			  { "max", d->max } };

	fprintf(f, "one-way delay  ms");
	for (size_t i = 0; i < GN_ARRAY_LEN(quantiles); i++)
		fprintf(f, "  %s %.3f", quantiles[i].name, (double)quantiles[i].value / 1e6);
	fprintf(f, "\n               ms  mean %.3f +- %.3f  standard deviation %.3f\n", d->mean / 1e6,
		1.96 * d->mean_error / 1e6, d->deviation / 1e6);
}

static void print_loss(FILE *f, const struct gn_path *p)
{
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX], c[GN_NUMBER_MAX];

	fprintf(f, "lost           %" PRIu64 " of %" PRIu64 ", %s (95 %%: %s to %s)\n", p->sent - p->received,
		p->sent, percent(a, p->loss), percent(b, p->loss_low), percent(c, p->loss_high));
	if (p->bursts)
		fprintf(f, "lost in a row  %.3g in the mean, at most %" PRIu64 "\n", p->burst_mean,
			p->burst_longest);
}

void gn_probe_print(FILE *f, const struct gn_probe_report *r)
{
	const struct gn_path *p = &r->path;
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX];

	fprintf(f, "%s to %s: %" PRIu64 " datagrams of %u bytes, ", r->from, r->to, p->sent, r->size);
	if (r->interval)
		fprintf(f, "one each %s\n", gn_duration_short(a, (int64_t)r->interval));
	else
		fprintf(f, "as fast as possible\n");
	if (p->received)
		print_delay(f, &p->delay);
	print_loss(f, p);
	if (p->received) {
		fprintf(f, "reordered      %" PRIu64 " of %" PRIu64 ", %s\n", p->reordered, p->received,
			percent(a, p->reordering));
		fprintf(f, "duplicates     %" PRIu64 " of %" PRIu64 ", %s\n", p->duplicates, p->received,
			percent(a, p->duplication));
	}
	fprintf(f, "rate           %s sent, %s received, in whole Ethernet frames\n",
		gn_bit_rate(a, p->sent_bps), gn_bit_rate(b, p->received_bps));
	if (r->interval && p->received)
		fprintf(f, "the sender     99 %% of the datagrams at most %s late, the last of all %s\n",
			gn_duration_short(a, (int64_t)p->late_p99),
			gn_duration_short(b, (int64_t)p->late_max));
}

static void print_burst_lengths(FILE *f, const struct gn_path *p)
{
	const char *separator = "";

	fprintf(f, "\"lengths\": {");
	for (int k = 1; k <= GN_LOSS_BURST_MAX; k++) {
		if (!p->burst_lengths[k])
			continue;
		fprintf(f, "%s\"%d\": %" PRIu64, separator, k, p->burst_lengths[k]);
		separator = ", ";
	}
	fprintf(f, "}");
}

static void print_json_delay(FILE *f, const struct gn_delays *d)
{
	if (!d) {
		fprintf(f, "  \"delay_ns\": null,\n");
		return;
	}
	fprintf(f, "  \"delay_ns\": {\"min\": %" PRIu64 ", \"median\": %" PRIu64 ", \"p90\": %" PRIu64,
		d->min, d->median, d->p90);
	fprintf(f, ", \"p99\": %" PRIu64 ", \"max\": %" PRIu64 ",\n", d->p99, d->max);
	fprintf(f,
		"    \"median_interval\": [%" PRIu64 ", %" PRIu64 "], \"p99_interval\": [%" PRIu64
		", %" PRIu64 "],\n",
		d->median_interval.low, d->median_interval.high, d->p99_interval.low, d->p99_interval.high);
	fprintf(f, "    \"mean\": %.1f, \"mean_error\": %.1f, \"deviation\": %.1f},\n", d->mean,
		d->mean_error, d->deviation);
}

/* Names of nodes are letters, digits, '.', '_' and '-'. */
void gn_probe_print_json(FILE *f, const struct gn_probe_report *r)
{
	const struct gn_path *p = &r->path;

	fprintf(f, "{\n  \"from\": \"%s\", \"to\": \"%s\", \"size\": %u, \"interval_ns\": %" PRIu64 ",\n",
		r->from, r->to, r->size, r->interval);
	fprintf(f, "  \"sent\": %" PRIu64 ", \"unsent\": %" PRIu64 ", \"received\": %" PRIu64, p->sent,
		r->unsent, p->received);
	fprintf(f, ", \"refused\": %" PRIu64 ",\n", r->refused);
	print_json_delay(f, p->received ? &p->delay : NULL);
	fprintf(f, "  \"loss\": %.9g, \"loss_error\": %.9g, \"loss_interval\": [%.9g, %.9g],\n", p->loss,
		p->loss_error, p->loss_low, p->loss_high);
	fprintf(f,
		"  \"bursts\": {\"n\": %" PRIu64
		", \"mean\": %.9g, \"mean_error\": %.9g, \"longest\": %" PRIu64 ", ",
		p->bursts, p->burst_mean, p->burst_error, p->burst_longest);
	print_burst_lengths(f, p);
	fprintf(f, "},\n  \"reordered\": %" PRIu64 ", \"reordering\": %.9g,\n", p->reordered, p->reordering);
	fprintf(f, "  \"duplicates\": %" PRIu64 ", \"duplication\": %.9g,\n", p->duplicates, p->duplication);
	fprintf(f, "  \"sent_bps\": %.9g, \"received_bps\": %.9g,\n", p->sent_bps, p->received_bps);
	fprintf(f, "  \"late_ns\": {\"p99\": %" PRIu64 ", \"max\": %" PRIu64 "}\n}\n", p->late_p99,
		p->late_max);
}
