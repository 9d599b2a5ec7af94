/* SPDX-License-Identifier: Apache-2.0 */
/* Queries: their tables, scans and files. Private to src/engine.
 *
 * Every table that a query can name is an ic_relation, made in the plan's arena while the query is bound.
 * What reads it is its class; a scan begins with its class too, so that the executor's one source can
 * serve tables of every origin. */
#ifndef IC_ENGINE_QUERY_H
#define IC_ENGINE_QUERY_H

#include <pthread.h>

#include "engine/run.h"
#include "engine/views.h"
#include "exec/exec.h"
#include "exec/kernel.h"

typedef struct ic_relation ic_relation;

/* What all parts of one run share. */
typedef struct ic_query_run {
	const ic_query_options *opt;
	ic_run run;
	unsigned language;
	ic_exec_config exec;
	bool no_push;		     /* rows in and out of each step are wanted: sources drop none */
	bool checking;		     /* nothing is run */
	bool stdin_begun;	     /* standard input can be read once */
	bool reported;		     /* the files of the telemetry were told of */
	ic_input *spare;	     /* opened to look at, not read yet; the first scan takes it */
	ic_relation *relations;	     /* those that the query names */
	struct ic_table_file *files; /* looked at so far */
	ic_error failed;	     /* the last trouble with a file that a binder met */
} ic_query_run;

/* As ic_scan_source; open gives a scan that begins with a pointer to the class. */
typedef struct ic_relation_class {
	ic_status (*open)(ic_query_run *q, const ic_op *scan, unsigned workers, void **ret, ic_error *err);
	ic_status (*next)(void *scan, unsigned worker, void **unit, uint64_t *seq, ic_error *err);
	ic_status (*read)(void *scan, unsigned worker, void *unit, const ic_chunk **ret, ic_error *err);
	bool (*certain)(void *scan, void *unit);
	bool (*commit)(void *scan, void *unit);
	void (*close)(void *scan);
} ic_relation_class;

struct ic_relation {
	ic_table table; /* origin: the relation itself */
	const ic_relation_class *class;
	const ic_view *view;	    /* of telemetry */
	struct ic_table_file *file; /* of a file; the run's */
	int32_t time_column;	    /* when a row happened, -1: it does not say */
	ic_relation *next;
};

/* query.c: a sentence for the observer, made safe for a terminal. */
void ic_query_note(const ic_query_run *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* query_catalog.c: what the binders ask. */
ic_catalog ic_query_catalog(ic_query_run *q);
/* Closes the files that were looked at. */
void ic_query_close_files(ic_query_run *q);
/* Name i of the tables a query of this language can use; NULL past the end. */
ic_str ic_query_table_name(const ic_query_run *q, size_t i);

/* query_scan.c: one source for all relations. */
ic_scan_source ic_query_source(ic_query_run *q);
/* The greatest value of the time column over all rows, IC_TIME_NONE if there is none. */
ic_status ic_query_newest(ic_query_run *q, const ic_relation *r, int64_t *newest, ic_error *err);

/* query_telemetry.c: the input as it was opened, all fields and streams, to be had from q->spare. */
ic_status ic_query_look(ic_query_run *q, const ic_input_facts **ret, ic_error *err);
extern const ic_relation_class ic_telemetry_relation;
extern const ic_agg_kernel ic_query_beacon;	 /* query_beacon.c */
extern const ic_relation_class ic_file_relation; /* table_scan.c */

#endif
