/* SPDX-License-Identifier: MIT */
/*
 * Is what the simulator says of a protocol what tests/reference says of its model? Those are plain loops that
 * share no line with gossipnet. The times to each quantile are compared by the two-sample Kolmogorov-Smirnov
 * test. Seeds are fixed: what passes once passes always. Times are in rounds, or periods.
 *
 *   reference          within a minute
 *   reference long     with ten times the seeds
 */
#include "../reference/reference.h"
#include "models.h"

/* What to say to the simulator, and to the reference, of one and the same model. */
struct model {
	const char *name;
	const char *sets[SETS_MAX]; /* as --set */
	const char *reference;	    /* the model there */
	const char *options[3];	    /* its key=value */
	uint32_t n_least;	    /* where it makes sense */
	bool slow;		    /* to set up: a quarter of the seeds will do */
};

static void run_reference(struct outcome *o, const struct model *m, uint32_t n, uint64_t seed)
{
	struct options options = options_default(n);

	for (size_t i = 0; i < GN_ARRAY_LEN(m->options) && m->options[i]; i++) {
		if (!options_set(&options, m->options[i]))
			abort();
	}
	if (!reference_run(m->reference, &options, seed, o))
		abort();
}

/* ---- distributions ---- */

/* The first moments when so many knew, and the curve's crossings between two points, which have fewer ties. */
enum { CROSSINGS = QUANTILES, COLUMNS = QUANTILES + Q100 };

enum { ALL_COLUMNS = (1 << COLUMNS) - 1, FIRST_MOMENTS = (1 << QUANTILES) - 1 };

static const char *const column_names[COLUMNS] = { "T50", "T90", "T99", "T100", "50 %", "90 %", "99 %" };

struct sample {
	double *column[COLUMNS];
	size_t n;
};

static struct sample sample_of(size_t n)
{
	struct sample s = { .n = n };

	for (int c = 0; c < COLUMNS; c++)
		s.column[c] = need(n, sizeof(double));
	return s;
}

static void sample_done(struct sample *s)
{
	for (int c = 0; c < COLUMNS; c++)
		free(s->column[c]);
}

/* A crossing as both sides compute it to the last digit: else ties would be none. */
static double rounded(double t)
{
	return round(t * 1e6) / 1e6;
}

static void sample_simulator(struct sample *s, const struct test *t, const struct model *m, uint32_t n)
{
	for (size_t i = 0; i < s->n; i++) {
		struct simulated run;

		run_model(&run, t, m->sets, n, i + 1);
		for (int q = 0; q < QUANTILES; q++)
			s->column[q][i] = simulate_first(&run, 0, quantile[q]);
		for (int q = 0; q < Q100; q++)
			s->column[CROSSINGS + q][i] = rounded(simulate_crossing(&run, 0, quantile[q]));
		simulate_done(&run);
	}
}

static void sample_reference(struct sample *s, const struct model *m, uint32_t n)
{
	for (size_t i = 0; i < s->n; i++) {
		struct outcome run;

		run_reference(&run, m, n, i + 1);
		for (int q = 0; q < QUANTILES; q++)
			s->column[q][i] = run.t[q];
		for (int q = 0; q < Q100; q++)
			s->column[CROSSINGS + q][i] = rounded(run.x[q]);
	}
}

struct least {
	double p;
	uint32_t n;
	int column;
};

static void compare_at(const struct test *t, const struct model *m, uint32_t n, size_t seeds,
		       unsigned columns, struct least *least)
{
	struct sample a = sample_of(seeds), b = sample_of(n <= 1000 ? 4 * seeds : seeds);

	sample_simulator(&a, t, m, n);
	sample_reference(&b, m, n);
	for (int c = 0; c < COLUMNS; c++) {
		double p = ks_probability(a.column[c], a.n, b.column[c], b.n);

		if (columns >> c & 1 && p < least->p)
			*least = (struct least){ p, n, c };
	}
	sample_done(&a);
	sample_done(&b);
}

struct size {
	uint32_t n;
	size_t seeds;
};

static const struct size sizes[] = { { 3, 3000 }, { 10, 3000 }, { 100, 1000 }, { 1000, 250 }, { 10000, 50 } };

static const struct model models[] = {
	{ .name = "push", .sets = { PROTOCOL("push") }, .reference = "push", .n_least = 3 },
	{ .name = "pull", .sets = { PROTOCOL("pull") }, .reference = "pull", .n_least = 3 },
	{ .name = "push-pull", .reference = "push-pull", .n_least = 3 },
	{ .name = "push, 3 calls",
	  .sets = { PROTOCOL("push"), "gossip.fanout=3" },
	  .reference = "push",
	  .options = { "k=3" },
	  .n_least = 10 },
	{ .name = "pull, 2 calls",
	  .sets = { PROTOCOL("pull"), "gossip.fanout=2" },
	  .reference = "pull",
	  .options = { "k=2" },
	  .n_least = 10 },
	{ .name = "push-pull, 3 calls",
	  .sets = { "gossip.fanout=3" },
	  .reference = "push-pull",
	  .options = { "k=3" },
	  .n_least = 10 },
	{ .name = "push, 30 % of calls lost",
	  .sets = { PROTOCOL("push"), "network.call_loss=30%" },
	  .reference = "push",
	  .options = { "loss=.3" },
	  .n_least = 3 },
	{ .name = "pull, 10 % of calls lost",
	  .sets = { PROTOCOL("pull"), "network.call_loss=10%" },
	  .reference = "pull",
	  .options = { "loss=.1" },
	  .n_least = 3 },
	{ .name = "push-pull, 30 % of calls lost",
	  .sets = { "network.call_loss=30%" },
	  .reference = "push-pull",
	  .options = { "loss=.3" },
	  .n_least = 3 },
	{ .name = "pull, 30 % of datagrams lost",
	  .sets = { PROTOCOL("pull"), "network.loss=30%" },
	  .reference = "pull",
	  .options = { "datagram_loss=.3" },
	  .n_least = 3 },
	{ .name = "push-pull, 10 % of datagrams lost",
	  .sets = { "network.loss=10%" },
	  .reference = "push-pull",
	  .options = { "datagram_loss=.1" },
	  .n_least = 3 },
	{ .name = "push-pull, forgotten after 3 rounds",
	  .sets = { "gossip.forget=after 3 rounds", "duration=40s" },
	  .reference = "push-pull",
	  .options = { "forget_after=3" },
	  .n_least = 3 },
	{ .name = "push-pull, interest lost with probability 0.3",
	  .sets = { "gossip.forget=lost interest with probability 0.3", "duration=60s" },
	  .reference = "push-pull",
	  .options = { "lose_interest=.3" },
	  .n_least = 3 },
	{ .name = "pull, forgotten after 3 rounds",
	  .sets = { PROTOCOL("pull"), "gossip.forget=after 3 rounds", "duration=40s" },
	  .reference = "pull",
	  .options = { "forget_after=3" },
	  .n_least = 3 },
	{ .name = "power-law",
	  .sets = { PROTOCOL("power-law") },
	  .reference = "power-law",
	  .n_least = 3,
	  .slow = true },
	{ .name = "power-law, beta 2.2",
	  .sets = { PROTOCOL("power-law"), "gossip.beta=2.2" },
	  .reference = "power-law",
	  .options = { "beta=2.2" },
	  .n_least = 3,
	  .slow = true },
	{ .name = "power-law, redrawn",
	  .sets = { PROTOCOL("power-law"), "gossip.redrawn=true" },
	  .reference = "power-law",
	  .options = { "redraw=1" },
	  .n_least = 3,
	  .slow = true },
	{ .name = "power-law, push only",
	  .sets = { PROTOCOL("power-law"), "gossip.direction=push" },
	  .reference = "power-law",
	  .options = { "push_only=1" },
	  .n_least = 3,
	  .slow = true },
	{ .name = "power-law, pull only",
	  .sets = { PROTOCOL("power-law"), "gossip.direction=pull" },
	  .reference = "power-law",
	  .options = { "pull_only=1" },
	  .n_least = 3,
	  .slow = true },
	{ .name = "power-law, cap 3",
	  .sets = { PROTOCOL("power-law"), "gossip.cap=3" },
	  .reference = "power-law",
	  .options = { "cap=3" },
	  .n_least = 3,
	  .slow = true },
	{ .name = "median-counter",
	  .sets = { PROTOCOL("median-counter"), "duration=60s" },
	  .reference = "median-counter",
	  .n_least = 3 },
	{ .name = "median-counter, 30 % of calls lost",
	  .sets = { PROTOCOL("median-counter"), "duration=60s", "network.call_loss=30%" },
	  .reference = "median-counter",
	  .options = { "loss=.3" },
	  .n_least = 3 },
	{ .name = "median-counter, to 4",
	  .sets = { PROTOCOL("median-counter"), "duration=60s", "gossip.counter_max=4" },
	  .reference = "median-counter",
	  .options = { "counter_max=4" },
	  .n_least = 3 },
	{ .name = "push-pull on Chung-Lu's graph",
	  .sets = { "gossip.overlay=chung-lu" },
	  .reference = "chung-lu",
	  .n_least = 100 },
	{ .name = "push-pull on Barabasi and Albert's graph",
	  .sets = { "gossip.overlay=barabasi-albert" },
	  .reference = "barabasi-albert",
	  .n_least = 10 },
	{ .name = "the same with memory",
	  .sets = { "gossip.overlay=barabasi-albert", "gossip.memory=true" },
	  .reference = "barabasi-albert",
	  .options = { "memory=1" },
	  .n_least = 10 },
	{ .name = "push-pull, periodic clock",
	  .sets = { "gossip.clock=periodic" },
	  .reference = "periodic",
	  .n_least = 3 },
	{ .name = "push-pull, periodic clock, latency 0.1",
	  .sets = { "gossip.clock=periodic", "network.delay=100ms" },
	  .reference = "periodic",
	  .options = { "latency=.1" },
	  .n_least = 3 },
	{ .name = "push-pull, periodic clock, latency 0.25, 10 % of datagrams lost",
	  .sets = { "gossip.clock=periodic", "network.delay=250ms", "network.loss=10%" },
	  .reference = "periodic",
	  .options = { "latency=.25", "datagram_loss=.1" },
	  .n_least = 3 },
	{ .name = "push-pull, Poisson clocks",
	  .sets = { "gossip.clock=poisson" },
	  .reference = "poisson",
	  .n_least = 3 },
};

static void distributions(struct test *t)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(models); i++) {
		const struct model *m = &models[i];
		struct least least = { .p = 2 };

		for (size_t k = 0; k < GN_ARRAY_LEN(sizes); k++) {
			const size_t seeds = sizes[k].seeds * (t->is_long ? 10 : 1) / (m->slow ? 4 : 1);

			if (sizes[k].n >= m->n_least)
				compare_at(t, m, sizes[k].n, seeds, ALL_COLUMNS, &least);
		}
		check(t, least.p > 0.001,
		      "%s: distributed as in the reference from n = %u on (least p = %.4f, at n = %u, %s)",
		      m->name, m->n_least, least.p, least.n, column_names[least.column]);
	}
}

/*
 * haeupler-malkhi may end with several leaders. The protocol's then wait a little for members that will not come,
 * where the loops look at all nodes at once: so what becomes of half of the members is compared where that is
 * rare, and where it is not only what becomes of all. The first member tells its leader without waiting for the
 * others, which moves no quantile but the line from that point to the next.
 */
static void clusters(struct test *t)
{
	static const struct model m = {
		.name = "haeupler-malkhi",
		.sets = { PROTOCOL("haeupler-malkhi"), "duration=80s" },
		.reference = "haeupler-malkhi",
	};
	const size_t more = t->is_long ? 10 : 1;
	struct least least = { .p = 2 };

	compare_at(t, &m, 3, 3000 * more, FIRST_MOMENTS, &least);
	compare_at(t, &m, 10, 3000 * more, FIRST_MOMENTS, &least);
	compare_at(t, &m, 100, 1000 * more, 1u << Q99 | 1u << Q100, &least);
	compare_at(t, &m, 1000, 250 * more, FIRST_MOMENTS, &least);
	check(t, least.p > 0.001, "%s: distributed as in the reference (least p = %.4f, at n = %u, %s)",
	      m.name, least.p, least.n, column_names[least.column]);
}

int main(int argc, char **argv)
{
	struct test t;

	test_begin(&t, argc, argv);
	distributions(&t);
	clusters(&t);
	return test_end(&t);
}
