/* SPDX-License-Identifier: MIT */
/* From a study's file to the keys that it varies. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "study/planning.h"
#include "topo/reader.h"

#define FIELD(type, member) .offset = offsetof(struct type, member)
#define SEEDS_MAX	    1000000

struct raw_more_seeds {
	struct gn_raw raw;
	struct gn_field up_to, seeds;
};

struct raw_range {
	struct gn_raw raw;
	struct gn_field from, to, per_decade;
};

struct raw_series {
	struct gn_raw raw;
	struct gn_field label, set, vary, seeds, more_seeds;
};

struct raw_study {
	struct gn_raw raw;
	struct gn_field name, topology, backend, seed, seeds, more_seeds, vary, series;
};

static const char *const backends[] = { "sim", "live", "both", NULL };

/* clang-format off */
static const struct gn_key more_seeds_keys[] = {
	{ "up_to", "points with at most so many members", GN_TYPE_WHOLE, FIELD(raw_more_seeds, up_to), .min = 1,
	  .max = GN_IDEAL_NODES_MAX, .required = true },
	{ "seeds", "get so many runs", GN_TYPE_WHOLE, FIELD(raw_more_seeds, seeds), .min = 1, .max = SEEDS_MAX,
	  .required = true },
};
static const struct gn_schema more_seeds_schema = {
	"an item of more_seeds", more_seeds_keys, GN_ARRAY_LEN(more_seeds_keys), sizeof(struct raw_more_seeds)
};

static const struct gn_key range_keys[] = {
	{ "from", "the first value", GN_TYPE_WHOLE, FIELD(raw_range, from), .min = 1, .max = INT64_MAX / 2,
	  .required = true },
	{ "to", "no value is above it", GN_TYPE_WHOLE, FIELD(raw_range, to), .min = 1, .max = INT64_MAX / 2,
	  .required = true },
	{ "per_decade", "values from one to ten times that", GN_TYPE_WHOLE, FIELD(raw_range, per_decade), .min = 1,
	  .max = 100, .value = "4" },
};
static const struct gn_schema range_schema = {
	"a range", range_keys, GN_ARRAY_LEN(range_keys), sizeof(struct raw_range)
};

static const struct gn_key series_keys[] = {
	{ "label", "what it is called", GN_TYPE_TEXT, FIELD(raw_series, label), .max = 80, .required = true },
	{ "set", "keys and the value of each", GN_TYPE_TREE, FIELD(raw_series, set) },
	{ "vary", "as in the study; replaces what is there for the same key", GN_TYPE_TREE, FIELD(raw_series, vary) },
	{ "seeds", "as in the study, and instead", GN_TYPE_WHOLE, FIELD(raw_series, seeds), .min = 1, .max = SEEDS_MAX },
	{ "more_seeds", "as in the study, and instead", GN_TYPE_MAPS, FIELD(raw_series, more_seeds),
	  .inner = &more_seeds_schema },
};
static const struct gn_schema series_schema = {
	"a series", series_keys, GN_ARRAY_LEN(series_keys), sizeof(struct raw_series)
};

static const struct gn_key study_keys[] = {
	{ "name", "names the folder of the results", GN_TYPE_NAME, FIELD(raw_study, name),
	  .default_note = "the file's name without .study.yaml" },
	{ "topology", "a topology's file, or the topology itself", GN_TYPE_TREE, FIELD(raw_study, topology),
	  .required = true },
	{ "backend", "how the runs are made", GN_TYPE_CHOICE, FIELD(raw_study, backend), .choices = backends,
	  .value = "sim" },
	{ "seed", "of the runs' order, and of the first run; the others count up", GN_TYPE_WHOLE,
	  FIELD(raw_study, seed), .max = INT64_MAX - GN_STUDY_RUNS_MAX, .value = "1" },
	{ "seeds", "runs of each point", GN_TYPE_WHOLE, FIELD(raw_study, seeds), .min = 1, .max = SEEDS_MAX,
	  .value = "30" },
	{ "more_seeds", "of small points, which cost little; the first item that fits holds", GN_TYPE_MAPS,
	  FIELD(raw_study, more_seeds), .inner = &more_seeds_schema },
	{ "vary", "keys of the topology and the values that each takes", GN_TYPE_TREE, FIELD(raw_study, vary) },
	{ "series", "settings of several keys that belong together", GN_TYPE_MAPS, FIELD(raw_study, series),
	  .inner = &series_schema },
};
static const struct gn_schema study_schema = {
	"a study", study_keys, GN_ARRAY_LEN(study_keys), sizeof(struct raw_study)
};
/* clang-format on */

/* ---- the values of a key ---- */

/* One value, as --set takes it. Return: false after a fault. */
static bool take_value(struct gn_study_planning *p, const struct gn_yaml *y, const char *key,
		       struct gn_study_value *ret)
{
	if (y->kind != GN_YAML_SCALAR || gn_yaml_is_null(y)) {
		if (y->kind != GN_YAML_BAD)
			gn_fault_at(p->report, y->place, "%s: a value must be a single word or number", key);
		return false;
	}
	ret->place = y->place;
	ret->text = y->text;
	if (y->quoted) { /* --set reads YAML again */
		const char *from = y->text;
		char *to = gn_arena_alloc(&p->arena, 2 * strlen(from) + 3);

		ret->text = to;
		if (!to) {
			p->report->no_memory = true;
			return false;
		}
		for (*to++ = '\''; *from; *to++ = *from++) {
			if (*from == '\'')
				*to++ = '\'';
		}
		*to = '\'';
	}
	return true;
}

static bool has_value(const struct gn_study_key *k, const char *text)
{
	for (uint32_t i = 0; i < k->n; i++) {
		if (!strcmp(k->values[i].text, text))
			return true;
	}
	return false;
}

static bool make_room(struct gn_study_planning *p, struct gn_study_key *k, size_t n)
{
	k->n = 0;
	k->values = gn_arena_alloc(&p->arena, n * sizeof(*k->values));
	if (!k->values)
		p->report->no_memory = true;
	return k->values;
}

static void take_list(struct gn_study_planning *p, const struct gn_yaml *list, const char *name,
		      struct gn_study_key *k)
{
	if (!list->n || list->n > GN_STUDY_VALUES_MAX) {
		gn_fault_at(p->report, list->place, "%s must have from 1 to %d values", name,
			    GN_STUDY_VALUES_MAX);
		return;
	}
	if (!make_room(p, k, list->n))
		return;
	for (const struct gn_yaml *y = list->first; y; y = y->next) {
		struct gn_study_value v = { 0 };

		if (!take_value(p, y, name, &v))
			continue;
		if (has_value(k, v.text))
			gn_fault_at(p->report, y->place, "%s: the value %s is given twice", name, v.text);
		else
			k->values[k->n++] = v;
	}
}

/* from x 10^(i / per_decade), rounded; what rounding makes equal is taken once. */
static void take_range(struct gn_study_planning *p, const struct gn_yaml *y, const char *name,
		       struct gn_study_key *k)
{
	struct raw_range range = { 0 };

	gn_schema_walk_as(&range_schema, y, &range, &p->arena, p->report);
	if (range.raw.bad)
		return;
	uint64_t from = range.from.number, to = range.to.number, last = 0;

	if (from > to) {
		gn_fault_at(p->report, range.to.at->place, "%s: to must not be below from", name);
		return;
	}
	if (!make_room(p, k, GN_STUDY_VALUES_MAX))
		return;
	for (uint32_t i = 0; k->n < GN_STUDY_VALUES_MAX; i++) {
		double x = round((double)from * pow(10, (double)i / (double)range.per_decade.number));

		if (x > (double)to)
			return;
		if ((uint64_t)x == last)
			continue;
		last = (uint64_t)x;
		k->values[k->n].text = gn_arena_format(&p->arena, "%" PRIu64, last);
		k->values[k->n].place = y->place;
		p->report->no_memory |= !k->values[k->n++].text;
	}
	gn_fault_at(p->report, y->place, "%s: a range of more than %d values", name, GN_STUDY_VALUES_MAX - 1);
}

/* ---- keys ---- */

static uint32_t axis_of(struct gn_study_planning *p, const char *key)
{
	for (uint32_t i = 0; i < p->p.n_axes; i++) {
		if (!strcmp(p->axes[i], key))
			return i;
	}
	if (gn_grow(&p->axes, p->p.n_axes, &p->cap_axes, sizeof(*p->axes))) {
		p->report->no_memory = true;
		return 0;
	}
	p->axes[p->p.n_axes] = key;
	return p->p.n_axes++;
}

/* The entry's place for a key: that of the same key, whose values yield, or a new one. NULL after a fault. */
static struct gn_study_key *key_slot(struct gn_study_planning *p, struct gn_study_entry *e,
				     const struct gn_yaml *y)
{
	if (!strcmp(y->key, "seed")) {
		gn_fault_at(p->report, y->key_place,
			    "seed: every run has one of its own; seeds says how many");
		return NULL;
	}
	if (strchr(y->key, '=')) {
		gn_fault_at(p->report, y->key_place, "\"%s\": a key has no =", y->key);
		return NULL;
	}
	uint32_t axis = axis_of(p, y->key);

	for (uint32_t i = 0; i < e->n_keys; i++) {
		if (e->keys[i].axis == axis)
			return &e->keys[i];
	}
	if (e->n_keys == GN_STUDY_KEYS_MAX) {
		gn_fault_at(p->report, y->key_place, "more than %d keys", GN_STUDY_KEYS_MAX);
		return NULL;
	}
	e->keys[e->n_keys].axis = axis;
	return &e->keys[e->n_keys++];
}

/* The map of `vary:`, or that of `set:`, whose keys have one value each. */
static void take_keys(struct gn_study_planning *p, const struct gn_field *f, const char *name, bool single,
		      struct gn_study_entry *e)
{
	if (!f->at || f->bad)
		return;
	if (f->at->kind != GN_YAML_MAP) {
		gn_fault_at(p->report, f->at->place, "%s must be a map of keys such as gossip.fanout", name);
		return;
	}
	for (const struct gn_yaml *y = f->at->first; y; y = y->next) {
		struct gn_study_key *k = key_slot(p, e, y);

		if (!k)
			continue;
		if (y->kind == GN_YAML_LIST && !single)
			take_list(p, y, y->key, k);
		else if (y->kind == GN_YAML_MAP && !single)
			take_range(p, y, y->key, k);
		else if (make_room(p, k, 1))
			k->n = take_value(p, y, y->key, &k->values[0]);
	}
}

/* ---- entries ---- */

static const struct gn_study_seeds *take_seeds(struct gn_study_planning *p, const struct gn_field *seeds,
					       const struct gn_field *more)
{
	const struct raw_more_seeds *raw = more->items;
	struct gn_study_seeds *s = gn_arena_alloc(&p->arena, (more->n + 1) * sizeof(*s));

	if (!s) {
		p->report->no_memory = true;
		return NULL;
	}
	for (uint32_t i = 0; i < more->n; i++)
		s[i] = (struct gn_study_seeds){ raw[i].up_to.number, raw[i].seeds.number };
	s[more->n] = (struct gn_study_seeds){ UINT64_MAX, seeds->number };
	return s;
}

/* Of a key that a series both sets and varies one would be ignored. */
static void refuse_set_and_varied(struct gn_study_planning *p, const struct raw_series *series)
{
	const struct gn_yaml *set = series->set.at, *vary = series->vary.at;

	if (!set || !vary || set->kind != GN_YAML_MAP || vary->kind != GN_YAML_MAP)
		return;
	for (const struct gn_yaml *y = vary->first; y; y = y->next) {
		if (gn_yaml_get(set, y->key))
			gn_fault_at(p->report, y->key_place,
				    "%s: this series sets it as well; leave it in set or in vary", y->key);
	}
}

/* What a series gives itself replaces what is the study's. */
static void take_entry(struct gn_study_planning *p, const struct raw_study *study,
		       const struct raw_series *series, struct gn_study_entry *e)
{
	bool own = series->seeds.at || series->more_seeds.at;

	e->label = series->label.text;
	e->place = series->raw.place;
	refuse_set_and_varied(p, series);
	take_keys(p, &series->set, "set", true, e);
	take_keys(p, &series->vary, "vary", false, e);
	if (own)
		e->seeds =
			take_seeds(p, series->seeds.at ? &series->seeds : &study->seeds, &series->more_seeds);
}

static void refuse_equal_labels(struct gn_study_planning *p)
{
	for (uint32_t i = 0; i < p->n_entries; i++) {
		for (uint32_t j = 0; j < i; j++) {
			const struct gn_study_entry *a = &p->entries[i], *b = &p->entries[j];

			if (a->label && b->label && !strcmp(a->label, b->label))
				gn_fault_at(p->report, a->place, "two series are called \"%s\"", a->label);
		}
	}
}

/* Each entry starts as a copy of the study's own. */
static int take_entries(struct gn_study_planning *p, const struct raw_study *study)
{
	const struct raw_series *series = study->series.items;
	struct gn_study_entry own = { .place = study->raw.place };

	p->n_entries = study->series.n ? study->series.n : 1;
	p->entries = calloc(p->n_entries, sizeof(*p->entries));
	if (!p->entries)
		return -ENOMEM;
	own.seeds = take_seeds(p, &study->seeds, &study->more_seeds);
	take_keys(p, &study->vary, "vary", false, &own);
	for (uint32_t i = 0; i < p->n_entries; i++)
		p->entries[i] = own;
	for (uint32_t i = 0; i < study->series.n; i++)
		take_entry(p, study, &series[i], &p->entries[i]);
	refuse_equal_labels(p);
	return 0;
}

/* ---- the file ---- */

/* A path is relative to the study; a map is read as a topology within it, with the study's name. */
static int take_topology(struct gn_study_planning *p, const struct gn_yaml *y)
{
	const char *file = p->report->sources[y->place.source], *slash = strrchr(file, '/');

	if (y->kind == GN_YAML_MAP) {
		p->p.load.within = "topology";
		p->p.load.name = p->p.name;
		return 0;
	}
	if (y->kind != GN_YAML_SCALAR || !*y->text) {
		gn_fault_at(p->report, y->place, "topology must be a file's name, or a topology as a map");
		return 0;
	}
	p->p.load.file = *y->text == '/' || !slash
				 ? y->text
				 : gn_arena_format(&p->arena, "%.*s/%s", (int)(slash - file), file, y->text);
	return p->p.load.file ? 0 : -ENOMEM;
}

/* loglog of loglog.study.yaml. */
static const char *default_name(struct gn_arena *arena, const char *file)
{
	static const char ending[] = ".study";
	char name[GN_NODE_NAME_MAX + 1];

	gn_name_of_file(file, name);
	size_t n = strlen(name), cut = strlen(ending);

	return gn_arena_copy(arena, name, n > cut && !strcmp(name + n - cut, ending) ? n - cut : n);
}

int gn_study_planning_read(struct gn_study_planning *p, const char *file)
{
	struct gn_yaml_reader reader = {
		.arena = &p->arena,
		.report = p->report,
		.limits = gn_limits_default(),
		.if_empty = "the file is empty: a study needs topology, and vary or series",
		.if_no_map = "a study is a map: lines such as \"topology: quickstart.yaml\", \"seeds: 30\"",
	};
	struct gn_yaml *root = gn_yaml_read_file(&reader, file);
	struct raw_study study = { 0 };

	if (!root)
		return p->report->no_memory ? -ENOMEM : 0;
	p->text = gn_yaml_emit(root);
	if (!p->text)
		return -ENOMEM;
	gn_schema_walk_as(&study_schema, root, &study, &p->arena, p->report);
	p->p.text = p->text;
	p->p.name = study.name.text ? study.name.text : default_name(&p->arena, file);
	p->p.seed = study.seed.number;
	p->backend = (enum gn_study_backend)study.backend.number;
	if (!p->p.name)
		return -ENOMEM;
	int r = study.topology.at ? take_topology(p, study.topology.at) : 0;

	return r < 0 ? r : take_entries(p, &study);
}
