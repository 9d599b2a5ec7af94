/* SPDX-License-Identifier: Apache-2.0 */
/* Queries: their tables, scans and files. Private to src/engine.
 *
 * Every table that a query can name is an ic_relation, made in the plan's arena while the query is bound.
 * What reads it is its class; a scan begins with its class too, so that the executor's one source can
 * serve tables of every origin. */
#ifndef IC_ENGINE_QUERY_H
#define IC_ENGINE_QUERY_H

#include "engine/run.h"
#include "engine/views.h"
#include "exec/exec.h"
#include "exec/eval/kernel.h"

typedef struct ic_relation ic_relation;

/* The telemetry that queries read: one query's, or that of all rules of a run. */
typedef struct ic_query_input {
	ic_input *spare;	     /* opened to look at, not read yet; the first reading takes it */
	const ic_input_facts *facts; /* of an input that somebody else has open; NULL: look for oneself */
	bool begun, once;	     /* it was read; it can be read only once */
	bool again;		     /* somebody wanted to read once more what can be read only once */
	ic_spool *spool;	     /* of its pipes, for all that read it; NULL: each run has its own */
} ic_query_input;

/* What all parts of one run share. */
typedef struct ic_query_run {
	const ic_query_options *opt;
	ic_run run;
	unsigned language;
	ic_exec_config exec;
	bool no_push;  /* rows in and out of each step are wanted: sources drop none */
	bool checking; /* nothing is run */
	bool likely;   /* run.newest is likely the newest row, not surely: the reading looks at all of them */
	_Atomic int64_t seen; /* the newest row that was looked at */
	bool reported;	      /* the files of the telemetry were told of */
	bool part;	      /* what runs is computed before the query, which leaves out other rows */
	ic_query_input *input;
	ic_relation *relations;	     /* those that the query names */
	struct ic_table_file *files; /* looked at so far */
	ic_error failed;	     /* the last trouble with a file that a binder met */
} ic_query_run;

/* As ic_scan_source; open gives a reading that begins with a pointer to the class. */
typedef struct ic_relation_class {
	const void *(*input)(const ic_query_run *q, const ic_op *scan);
	ic_status (*open)(const ic_op *const *scan, uint32_t n, unsigned workers, void **ret, ic_error *err);
	ic_status (*next)(void *reading, unsigned worker, void **unit, uint64_t *seq, ic_error *err);
	ic_status (*read)(void *reading, unsigned worker, void *unit, bool *more, ic_error *err);
	ic_status (*chunk)(void *reading, unsigned worker, uint32_t i, const ic_chunk **ret, ic_error *err);
	bool (*certain)(void *reading, void *unit);
	bool (*commit)(void *reading, void *unit);
	void (*close)(void *reading, bool early);
} ic_relation_class;

struct ic_relation {
	ic_table table;	 /* origin: the relation itself */
	ic_query_run *q; /* of the query that names it */
	const ic_relation_class *class;
	const ic_view *view;	    /* of telemetry */
	struct ic_table_file *file; /* of a file; the run's */
	int32_t time_column;	    /* when a row happened, -1: it does not say */
	ic_relation *next;
};

/* query.c: whether what the query takes for its "now" is the newest row, as far as the input was read. */
bool ic_query_now_holds(const ic_query_run *q);

/* query_catalog.c: what the binders ask. */
ic_catalog ic_query_catalog(ic_query_run *q);
/* Closes the files that were looked at. */
void ic_query_close_files(ic_query_run *q);

/* query_scan.c: one source for all relations. */
ic_scan_source ic_query_source(void);
/* The greatest value of the time column over all rows, IC_TIME_NONE if there is none. */
ic_status ic_query_newest(const ic_relation *r, int64_t *newest, ic_error *err);

/* query_push.c: rows that a scan can do without, in the terms of the readers. */
typedef struct ic_query_bounds {
	int64_t since, until; /* as in ic_row_filter */
	uint64_t *ports;      /* owned; NULL: any */
} ic_query_bounds;
/* What the scan's conditions say, within the filter of the run. On failure too *ret->ports is to be freed. */
ic_status ic_query_push(const ic_op *scan, const ic_view_column *columns, const ic_row_filter *own,
			ic_query_bounds *ret, ic_error *err);
/* All that one or the other lets pass. */
void ic_query_widen(ic_query_bounds *all, const ic_query_bounds *more);

/* Whether memory ended because of --memory. */
static inline bool ic_query_outgrew(const ic_query_run *q)
{
	return q->exec.budget->limit && q->exec.budget->refused;
}
#define IC_MSG_OUTGREW "the query needs more memory than --memory leaves it"

/* query_telemetry.c: the input as it was opened, all fields and streams. */
ic_status ic_query_look(ic_query_run *q, const ic_input_facts **ret, ic_error *err);
/* The plan will read the telemetry more than `most` times: if it comes from pipes, they are kept first. */
ic_status ic_query_keep(ic_query_run *q, ic_plan *plan, const ic_op *root, uint32_t most, ic_error *err);
/* Keeps the pipes of the input that was looked at. */
ic_status ic_query_spool(ic_query_run *q, ic_error *err);
/* A reading for these scans that somebody else makes: `at` says what each worker has read. Batches need the
 * fields *ret_wanted. Columns of other logs may be put into batches: whoever wants to see them as they were
 * read looks first. Close it as any reading. */
ic_status ic_telemetry_share(const ic_op *const *scan, uint32_t n, unsigned workers, const ic_batch_at *at,
			     void **ret, ic_fieldset *ret_wanted, ic_error *err);
extern const ic_relation_class ic_telemetry_relation;
extern const ic_agg_kernel ic_query_beacon;	 /* query_beacon.c */
extern const ic_relation_class ic_file_relation; /* table_scan.c */

#endif
