/* SPDX-License-Identifier: MIT */
#include "study/schema.h"

#define STRING(x) #x
#define NUMBER(x) STRING(x)
#define VERSION	  NUMBER(GN_STUDY_SCHEMA_VERSION)

const int gn_study_quantiles[GN_STUDY_N_QUANTILES] = { 50, 90, 99, 100 };

/*
 * Ids count from 1 in the order of the study file, not in that of the runs: equal studies have equal rows, however they
 * were shuffled among the cores or interrupted. What may differ stands in `timing` alone.
 *
 * A series' points are equal in every setting but n, and are what a growth law is fitted to. Its key is its
 * backend and label; the label names the settings that tell it from the others.
 */
const char gn_study_tables[] =
	"PRAGMA user_version = " VERSION ";"
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE axis(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);"
	"CREATE TABLE series(id INTEGER PRIMARY KEY, backend TEXT NOT NULL, label TEXT NOT NULL);"
	"CREATE TABLE point(id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,"
	"  n INTEGER NOT NULL);"
	"CREATE TABLE setting(point INTEGER NOT NULL REFERENCES point, axis INTEGER NOT NULL REFERENCES axis,"
	"  value TEXT NOT NULL, PRIMARY KEY(point, axis)) WITHOUT ROWID;"
	"CREATE TABLE run(id INTEGER PRIMARY KEY, point INTEGER NOT NULL REFERENCES point,"
	"  seed INTEGER NOT NULL, ended_by TEXT NOT NULL, counted INTEGER NOT NULL, period_ns INTEGER NOT NULL);"
	/* t_ns since the event's publication; NULL: the run ended before. */
	"CREATE TABLE result(run INTEGER NOT NULL REFERENCES run, event INTEGER NOT NULL,"
	"  quantile INTEGER NOT NULL, t_ns REAL, rounds REAL, PRIMARY KEY(run, event, quantile)) WITHOUT ROWID;"
	"CREATE TABLE metric(run INTEGER NOT NULL REFERENCES run, key TEXT NOT NULL, value REAL NOT NULL,"
	"  PRIMARY KEY(run, key)) WITHOUT ROWID;"
	"CREATE TABLE curve(run INTEGER NOT NULL REFERENCES run, event INTEGER NOT NULL,"
	"  informed INTEGER NOT NULL, t_ns INTEGER NOT NULL, PRIMARY KEY(run, event, informed)) WITHOUT ROWID;"
	"CREATE TABLE timing(run INTEGER PRIMARY KEY REFERENCES run, started_utc TEXT NOT NULL,"
	"  wall_ns INTEGER NOT NULL);"
	"CREATE INDEX run_point ON run(point);"
	"INSERT INTO meta VALUES('schema', " VERSION ");";
