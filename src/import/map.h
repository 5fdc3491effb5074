/* SPDX-License-Identifier: MIT */
/* A network on the map: places and the links between them, as a file has them, on the way to a topology. */
#ifndef GN_IMPORT_MAP_H
#define GN_IMPORT_MAP_H

#include "import/import.h"
#include "topo/report.h"
#include "util/time.h"

#define GN_IMPORT_GROUP "n" /* the hosts of an imported network are n1, n2, .. */

#define GN_IMPORT_RATE_MAX 1e12 /* bit/s; what a topology may have */

struct gn_site {
	const char *id;	   /* as links name it; NULL: it has none */
	const char *label; /* UTF-8 without control characters; "" if it has none */
	const char *name;  /* in the topology */
	struct gn_place at;
	bool has_latitude, has_longitude;
	double latitude, longitude; /* degrees */
	bool interpolated;
	uint32_t part; /* the connected part it is in: the smallest number of a site there */
};

struct gn_cable {
	const char *ends[2]; /* ids; NULL: not given */
	uint32_t site[2];
	struct gn_place at, end_at[2];
	double speed, unit; /* LinkSpeed and what its unit is in bit/s; 0: not given */
	bool directed;	    /* of one direction, way[0], alone */
	/* From the first end to the second, and back. A file says what way[0] is. */
	struct gn_cable_way {
		bool given, has_delay;
		gn_dur delay;
		uint64_t rate_bps; /* 0: not given */
	} way[2];
};

struct gn_map {
	struct gn_arena arena; /* of the texts */
	struct gn_report *report;
	enum gn_import_format format;
	const char *file, *network, *source; /* what the file says of itself, or NULL */
	struct gn_site *sites;
	size_t n_sites, cap_sites;
	struct gn_cable *cables;
	size_t n_cables, cap_cables;
	bool directed; /* what edges are that do not say it */
	struct gn_faults *notes;
	uint32_t part, part_sites; /* the largest part, and how many sites it has */
	uint32_t by_distance;	   /* cables whose delay is that of their length */
};

/* A new site or cable, for what the file says next. Return: NULL without memory (noted in the report). */
struct gn_site *gn_map_add_site(struct gn_map *m, struct gn_place at);
struct gn_cable *gn_map_add_cable(struct gn_map *m, struct gn_place at);

/* What a file says of the network, of the last site, or of the last cable; @at: where the value is. What means nothing
 * here is passed over. */
void gn_map_say(struct gn_map *m, const char *key, const char *value);
void gn_map_say_site(struct gn_map *m, const char *key, const char *value, struct gn_place at);
void gn_map_say_cable(struct gn_map *m, const char *key, const char *value, struct gn_place at);

/* Text from a file: UTF-8, or where it is not, Latin-1; control characters as spaces. NULL without memory (noted). */
const char *gn_map_text(struct gn_map *m, const char *s, size_t n);

/* Note something for the user. */
void gn_map_note(struct gn_map *m, const char *fmt, ...) GN_PRINTF(2, 3);

/* The parsers of the formats. Faults go to the report. */
void gn_gml_read(struct gn_map *m, const char *text, size_t n);
void gn_graphml_read(struct gn_map *m, const char *text, size_t n);
void gn_matrix_read(struct gn_map *m, const char *text, size_t n);

/* From what the file says to what the topology needs, in this order; 0 or -ENOMEM, faults go to the report. */
int gn_map_connect(struct gn_map *m); /* which sites cables join; loops and parallel cables; parts */
int gn_map_measure(struct gn_map *m); /* where sites are, how long cables are */
int gn_map_name(struct gn_map *m);    /* names that are valid and different */

/* The topology as text, or NULL without memory. */
char *gn_map_write(const struct gn_map *m);

#endif
