/* SPDX-License-Identifier: MIT */
/* From a protocol's name in a topology file to its code: built in, or somebody's shared object. */
#ifndef GN_PLUGIN_H
#define GN_PLUGIN_H

#include "gossipnet/protocol.h"
#include "util/err.h"

/**
 * gn_plugin_find() - as gn_load_options.find_protocol in topo/load.h.
 *
 * A name with a slash is a file; what it holds runs with the rights of this process from now on, and stays
 * loaded until the process ends, as pointers into it go everywhere.
 */
int gn_plugin_find(const char *name, const struct gn_protocol **ret, struct gn_err *err);

/**
 * gn_plugin_check() - is this a protocol that can be run here?
 * @where: how to call it in the sentence.
 *
 * Return: 0; -EINVAL: another interface version, a missing function, a parameter table that makes no sense.
 */
int gn_plugin_check(const struct gn_protocol *p, const char *where, struct gn_err *err);

#endif
