/* SPDX-License-Identifier: MIT */
#include "live/path.h"

#include <math.h>

#define Z_95 1.959963984540054 /* of the normal distribution, both sides */

static int by_value(const void *a, const void *b)
{
	const gn_dur *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of ascending values; the smallest that the part @q of them does not exceed. */
static gn_dur quantile(const gn_dur *values, size_t n, double q)
{
	size_t rank = (size_t)ceil(q * (double)n);

	return values[rank > 0 ? rank - 1 : 0];
}

/* How many of n independent values are below the true quantile is binomial, nearly normal. */
static struct gn_delay_interval quantile_interval(const gn_dur *values, size_t n, double q)
{
	double half = Z_95 * sqrt(q * (1 - q) / (double)n);

	return (struct gn_delay_interval){ quantile(values, n, GN_MAX(q - half, 0)),
					   quantile(values, n, GN_MIN(q + half, 1)) };
}

/* Sorts @values. */
static struct gn_delays summarize(gn_dur *values, size_t n)
{
	struct gn_delays d = { 0 };
	double squares = 0;

	if (n == 0)
		return d;
	qsort(values, n, sizeof(*values), by_value);
	d.min = values[0];
	d.median = quantile(values, n, 0.5);
	d.p90 = quantile(values, n, 0.9);
	d.p99 = quantile(values, n, 0.99);
	d.max = values[n - 1];
	d.median_interval = quantile_interval(values, n, 0.5);
	d.p99_interval = quantile_interval(values, n, 0.99);
	for (size_t i = 0; i < n; i++)
		d.mean += (double)values[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += ((double)values[i] - d.mean) * ((double)values[i] - d.mean);
	if (n > 1)
		d.deviation = sqrt(squares / (double)(n - 1));
	d.mean_error = d.deviation / sqrt((double)n);
	return d;
}

/* ---- loss ---- */

struct fates {
	uint64_t lost;
	uint64_t kept_then_lost, lost_then_kept; /* of neighbours */
	double burst_squares;
};

static void end_burst(struct gn_path *p, struct fates *f, uint64_t length)
{
	p->bursts++;
	p->burst_longest = GN_MAX(p->burst_longest, length);
	p->burst_lengths[GN_MIN(length, (uint64_t)GN_LOSS_BURST_MAX)]++;
	f->burst_squares += (double)length * (double)length;
}

static void count_bursts(struct gn_path *p, struct fates *f, const uint8_t *came)
{
	uint64_t length = 0;

	for (uint64_t i = 0; i < p->sent; i++) {
		if (!came[i]) {
			f->lost++;
			f->kept_then_lost += i > 0 && came[i - 1];
			length++;
		} else if (length) {
			f->lost_then_kept++;
			end_burst(p, f, length);
			length = 0;
		}
	}
	if (length)
		end_burst(p, f, length);
}

/*
 * With a correlation r of neighbours that fades as r^k, as in a Markov chain of two states, n datagrams tell as much
 * about the mean as n (1 - r) / (1 + r) independent ones.
 */
static double independent(const struct gn_path *p, const struct fates *f)
{
	double kept = (double)(p->sent - f->lost), lost = (double)f->lost;
	double r = lost > 0 && kept > 0
			   ? 1 - (double)f->kept_then_lost / kept - (double)f->lost_then_kept / lost
			   : 0;

	return r > 0 ? (double)p->sent * (1 - r) / (1 + r) : (double)p->sent;
}

/* E. B. Wilson, Journal of the American Statistical Association 22, 1927. */
static void estimate_loss(struct gn_path *p, const struct fates *f)
{
	double n = independent(p, f), z2 = Z_95 * Z_95;
	double loss = (double)f->lost / (double)p->sent;
	double middle = (loss + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z_95 * sqrt(loss * (1 - loss) / n + z2 / (4 * n * n)) / (1 + z2 / n);

	p->loss = loss;
	p->loss_error = sqrt(loss * (1 - loss) / n);
	p->loss_low = f->lost ? GN_MAX(middle - half, 0) : 0;
	p->loss_high = f->lost < p->sent ? GN_MIN(middle + half, 1) : 1;
}

static void measure_loss(struct gn_path *p, const uint8_t *came)
{
	struct fates f = { 0 };

	count_bursts(p, &f, came);
	if (p->sent)
		estimate_loss(p, &f);
	if (!p->bursts)
		return;
	double n = (double)p->bursts;

	p->burst_mean = (double)f.lost / n;
	if (p->bursts > 1)
		p->burst_error =
			sqrt(GN_MAX(f.burst_squares / n - p->burst_mean * p->burst_mean, 0) / (n - 1));
}

/* ---- the rest ---- */

/* First copies, their order, and the others. @delays: room for one of each datagram. */
static int take_arrivals(struct gn_path *p, const struct gn_probe_arrival *arrivals, size_t n, uint8_t *came,
			 gn_dur *delays)
{
	uint64_t next_expected = 0;

	for (size_t i = 0; i < n; i++) {
		const struct gn_probe_arrival *a = &arrivals[i];

		if (a->number >= p->sent || a->arrived < a->sent)
			return -EBADMSG;
		if (came[a->number]) {
			p->duplicates++;
			continue;
		}
		came[a->number] = 1;
		delays[p->received++] = a->arrived - a->sent;
		if (a->number < next_expected)
			p->reordered++;
		else
			next_expected = a->number + 1;
	}
	return 0;
}

static void measure_lateness(struct gn_path *p, const struct gn_probe_sent *sent,
			     const struct gn_probe_arrival *arrivals, size_t n, gn_dur *late)
{
	size_t known = 0;

	/* Each datagram once: copies would be more than there is room for. */
	for (size_t i = 0; i < n && known < p->received; i++) {
		gn_time due = sent->start + arrivals[i].number * sent->interval;

		late[known++] = arrivals[i].sent - GN_MIN(due, arrivals[i].sent);
	}
	if (!known)
		return;
	struct gn_delays d = summarize(late, known);

	p->late_p99 = d.p99;
	p->late_max = d.max;
}

/* So many frames from the first to the last moment, the first frame not counted: at its moment it has just come. */
static double rate(uint64_t n, uint32_t frame_bytes, gn_time first, gn_time last)
{
	if (n < 2 || last <= first)
		return 0;
	return (double)(n - 1) * frame_bytes * 8 * (double)GN_SEC / (double)(last - first);
}

static void measure_rates(struct gn_path *p, const struct gn_probe_sent *sent,
			  const struct gn_probe_arrival *arrivals, size_t n)
{
	gn_time first = GN_NEVER, last = 0;

	for (size_t i = 0; i < n; i++) {
		first = GN_MIN(first, arrivals[i].arrived);
		last = GN_MAX(last, arrivals[i].arrived);
	}
	p->sent_bps = rate(sent->n - sent->n_refused, sent->frame_bytes, sent->first, sent->last);
	p->received_bps = rate(n, sent->frame_bytes, first, last);
}

int gn_path_measure(const struct gn_probe_sent *sent, const struct gn_probe_arrival *arrivals, size_t n,
		    struct gn_path *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) uint8_t *came = calloc(sent->n + 1, sizeof(*came));
	GN_CLEANUP(gn_free_p) gn_dur *values = calloc(sent->n + 1, sizeof(*values));
	struct gn_path p = { .sent = sent->n };

	if (!came || !values)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (take_arrivals(&p, arrivals, n, came, values) < 0)
		return gn_fail(err, -EBADMSG, "a datagram came that was not sent");
	p.delay = summarize(values, p.received);
	measure_loss(&p, came);
	if (p.received) {
		p.reordering = (double)p.reordered / (double)p.received;
		p.duplication = (double)p.duplicates / (double)p.received;
	}
	measure_rates(&p, sent, arrivals, n);
	if (sent->interval)
		measure_lateness(&p, sent, arrivals, n, values);
	*ret = p;
	return 0;
}
