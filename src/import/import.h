/* SPDX-License-Identifier: MIT */
/* Networks that others have written down, as topology files. */
#ifndef GN_IMPORT_H
#define GN_IMPORT_H

#include "topo/load.h"

enum gn_import_format {
	GN_IMPORT_GML, /* M. Himsolt, GML: A portable Graph File Format, 1997; as the Internet Topology Zoo has it */
	GN_IMPORT_GRAPHML, /* U. Brandes and others, GraphML, 2002; likewise */
	GN_IMPORT_CSV,	   /* a matrix of round-trip times in ms */
};

/* By the ending of the file's name. Return: false if it has none of .gml, .graphml and .csv. */
bool gn_import_format_of(const char *file, enum gn_import_format *ret);

/**
 * gn_import_text() - a network as a topology file.
 * @file: its name, for faults, comments and the topology's name.
 * @text: of @n bytes, whatever they are.
 * @ret: on success the topology as YAML with comments, a text owned by the caller, released with free().
 * @faults: initialised by the caller to zeros; filled when -EINVAL is returned.
 * @notes: likewise; what the caller should know of the result, also written as comments.
 *
 * Return: 0; -EINVAL: the file is wrong, all faults are in @faults; -ENOMEM.
 */
int gn_import_text(const char *file, enum gn_import_format format, const char *text, size_t n, char **ret,
		   struct gn_faults *faults, struct gn_faults *notes);

#endif
