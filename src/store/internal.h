/* SPDX-License-Identifier: MIT */
/* Inside src/store only. */
#ifndef GN_STORE_INTERNAL_H
#define GN_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "store/store.h"

enum gn_statement {
	GN_INSERT_META,
	GN_INSERT_NODE,
	GN_INSERT_LINK,
	GN_INSERT_EVENT,
	GN_INSERT_ARRIVAL,
	GN_INSERT_ACTION,
	GN_INSERT_NODE_STAT,
	GN_INSERT_LINK_STAT,
	GN_INSERT_FIDELITY,
	GN_INSERT_CALL,
	GN_INSERT_COVERAGE,
	GN_N_STATEMENTS
};

struct gn_store {
	char *path; /* absolute, or beginning with "./" */
	sqlite3 *db;
	sqlite3_stmt *statements[GN_N_STATEMENTS];
	bool created; /* the tables are there */
	bool in_transaction;
	bool barred; /* gn_store_bar_index() has been called */
	int failed;  /* the first failure, it stays: what came after it is not in the file */
	struct gn_err reason;
};

/* The statement, with a transaction open around it; NULL: the store has failed, see gn_store_failed(). */
sqlite3_stmt *gn_store_statement(struct gn_store *s, enum gn_statement which);

/* Execute a statement that inserts one row. */
int gn_store_insert(struct gn_store *s, sqlite3_stmt *statement, struct gn_err *err);

/* The store's failure, as the caller's. */
int gn_store_failed(const struct gn_store *s, struct gn_err *err);

/* Put a folder where the log's index would be. Return: 0 or -Exxx. */
int gn_store_bar_index(const char *path);

/* Insert a direction of a link. */
int gn_store_describe_link(struct gn_store *s, const struct gn_link *l, uint32_t id, int direction,
			   struct gn_err *err);

/* Fill node, link and meta from the topology. */
int gn_store_describe(struct gn_store *s, const struct gn_topology *t, struct gn_err *err);

#endif
