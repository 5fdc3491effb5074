/* SPDX-License-Identifier: MIT */
/* What a probe has measured, for people and for programs. */
#ifndef GN_CMD_PROBE_REPORT_H
#define GN_CMD_PROBE_REPORT_H

#include <stdio.h>

#include "live/path.h"

struct gn_probe_report {
	const char *from, *to; /* names of nodes */
	uint32_t size;	       /* bytes of UDP payload */
	gn_dur interval;       /* 0: as fast as possible */
	uint64_t refused;      /* by the receiver's socket */
	uint64_t unsent;       /* refused by the sender's kernel */
	struct gn_path path;
};

void gn_probe_print(FILE *f, const struct gn_probe_report *r);
void gn_probe_print_json(FILE *f, const struct gn_probe_report *r);

#endif
