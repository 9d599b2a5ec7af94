/* SPDX-License-Identifier: Apache-2.0 */
/* The executor: runs a plan. Facade of src/exec for queries.
 *
 * Push-based: workers read units of the scans and push chunks through the operators; operators
 * that need all rows (sort, join, summarize) hold them until their input ends. The rows that come out,
 * and their order, do not depend on threads. */
#ifndef IC_EXEC_EXEC_H
#define IC_EXEC_EXEC_H

#include "exec/rows/chunk.h"
#include "exec/rows/rows.h"

/* Where the rows of tables come from; the engine implements it. A reading goes over one input and serves
 * several scans of it. It is a sequence of units with ascending numbers from 0; several workers read units
 * at the same time, one worker a unit (see reading.h). */
typedef struct ic_scan_source {
	void *ctx;
	/* What the scan reads: scans of equal inputs share a reading. May be NULL: none do. */
	const void *(*input)(void *ctx, const ic_op *scan);
	/* Begins to read for n scans (columns, pushed) of one input. *ret is the reading. */
	ic_status (*open)(void *ctx, const ic_op *const *scan, uint32_t n, unsigned workers, void **ret,
			  ic_error *err);
	/* As in ic_units. */
	ic_status (*next)(void *reading, unsigned worker, void **unit, uint64_t *seq, ic_error *err);
	ic_status (*read)(void *reading, unsigned worker, void *unit, bool *more, ic_error *err);
	/* What scan i sees of the rows that the worker has just read, maybe none; the reading's until it reads
	 * on for this worker. */
	ic_status (*chunk)(void *reading, unsigned worker, uint32_t i, const ic_chunk **ret, ic_error *err);
	bool (*certain)(void *reading, void *unit); /* may be NULL */
	bool (*commit)(void *reading, void *unit);  /* may be NULL */
	/* Reports what was read to the observer. early: nobody wanted more before the end, and how far the workers
	 * had read is chance. */
	void (*close)(void *reading, bool early);
} ic_scan_source;

typedef struct ic_sink {
	void *ctx;
	/* Called from one thread at a time, in order. IC_E_CLOSED ends the run quietly. */
	ic_status (*push)(void *ctx, const ic_chunk *c);
} ic_sink;

typedef struct ic_screen ic_screen;

typedef struct ic_exec_config {
	ic_scan_source source;
	unsigned threads;
	ic_budget *budget;
	unsigned beside;	  /* so many runs read together, so that buffers are smaller; 0: one */
	uint64_t max_made_rows;	  /* range, make-series: 10^7 */
	uint64_t max_joined_rows; /* mv-expand, join: 10^8 (--max-rows) */
	_Atomic bool *stop;	  /* set from outside to end the run; may be NULL */
	/* The aggregate beacon(), which needs a layer that this one does not know; NULL: it is refused. */
	const struct ic_agg_kernel *beacon;
	ic_screen *screen; /* of this plan, and it has counted; NULL: none */
} ic_exec_config;

/* counts: room for plan->ops entries, by operator id; may be NULL. Errors at run time: IC_E_LIMIT and
 * IC_E_USAGE with line and column of the operator in err, IC_E_NOMEM, IC_E_IO. */
ic_status ic_exec_run(ic_plan *plan, const ic_exec_config *cfg, const ic_sink *sink, ic_op_counts *counts,
		      ic_error *err);
/* The same in steps, for several runs that read together: begin, ic_exec_together or groups of scans, end. */
typedef struct ic_exec ic_exec;
ic_status ic_exec_begin(ic_plan *plan, const ic_op *root, const ic_exec_config *cfg, const ic_sink *sink,
			ic_exec **ret, ic_error *err);
/* How the run went, as ic_exec_run. NULL allowed. */
ic_status ic_exec_end(ic_exec *x, ic_op_counts *counts, ic_error *err);
/* A screen spares a summarize the groups that a filter behind it will drop for their few rows, at the price of
 * a reading before (see screen.h). The rows that come out are the same. cells: of its table, a power of two: a
 * few times the number of groups. *ret NULL: nothing can be screened. */
ic_status ic_screen_new(const ic_op *root, uint64_t cells, const ic_exec_config *cfg, ic_screen **ret);
void ic_screen_free(ic_screen *s); /* NULL allowed */
/* Begins the run that counts; as ic_exec_begin, but gives no rows. */
ic_status ic_screen_begin(ic_screen *s, ic_plan *plan, const ic_exec_config *cfg, ic_exec **ret,
			  ic_error *err);
/* Runs them to their ends (NULLs are passed over); what is due at the same time is read once. Which of them
 * failed, and why, ic_exec_end says. */
ic_status ic_exec_together(ic_exec *const *x, uint32_t n, ic_error *err);
/* How often these runs, which have begun and read nothing yet, will read `input` when they run together. */
ic_status ic_exec_readings(ic_exec *const *x, uint32_t n, const void *input, uint32_t *ret, ic_error *err);

/* The scans of `input` (NULL: of the first one that is met) that are due in these runs, for a reading that
 * others share. Runs what comes before them. NULL: out of memory. */
typedef struct ic_scan_group ic_scan_group;
ic_scan_group *ic_scan_group_new(ic_exec *const *x, uint32_t n, const void *input, ic_error *err);
void ic_scan_group_free(ic_scan_group *g); /* NULL allowed */
const ic_op *const *ic_scan_group_ops(const ic_scan_group *g, uint32_t *n);
/* The takers that get their rows from this reading; as many as there are scans. */
struct ic_taker *const *ic_scan_group_begin(ic_scan_group *g, void *reading);
/* The input was read to its end, or nobody wanted more. A reading that was given up is not ended: its runs
 * are of no more use. */
void ic_scan_group_end(ic_scan_group *g);

/* Runs a sub-plan (see ic_catalog.run) into a rowset of its own. */
ic_status ic_exec_collect(ic_plan *plan, ic_op *root, const ic_exec_config *cfg, ic_rowset **ret,
			  ic_error *err);

#endif
