/* SPDX-License-Identifier: Apache-2.0 */
/* The executor: runs a plan. Facade of src/exec for queries.
 *
 * Push-based: workers read units of the scans and push chunks through the operators; operators
 * that need all rows (sort, join, summarize) hold them until their input ends. The rows that come out,
 * and their order, do not depend on threads. */
#ifndef IC_EXEC_EXEC_H
#define IC_EXEC_EXEC_H

#include "exec/chunk.h"
#include "exec/rows.h"

/* Where the rows of a table come from; the engine implements it. A scan is a sequence of units with
 * ascending numbers from 0; several workers read units at the same time, one worker a unit. */
typedef struct ic_scan_source {
	void *ctx;
	/* Begins the scan of op->scan (columns, pushed). *ret is the scan. */
	ic_status (*open)(void *ctx, const ic_op *scan, unsigned workers, void **ret, ic_error *err);
	/* The next unit for this worker, *unit NULL: there is none. */
	ic_status (*next)(void *scan, unsigned worker, void **unit, uint64_t *seq, ic_error *err);
	/* The next chunk of the unit; *ret NULL at its end. The chunk is the scan's until the next call for
	 * this worker. */
	ic_status (*read)(void *scan, unsigned worker, void *unit, const ic_chunk **ret, ic_error *err);
	/* In order of seq, when the unit's rows may take effect; false: they are void, read it again. May be
	 * NULL: always true. While a unit is not `certain` its rows wait. */
	bool (*certain)(void *scan, void *unit);
	bool (*commit)(void *scan, void *unit);
	void (*close)(void *scan); /* reports what was read to the observer */
} ic_scan_source;

typedef struct ic_sink {
	void *ctx;
	/* Called from one thread at a time, in order. IC_E_CLOSED ends the run quietly. */
	ic_status (*push)(void *ctx, const ic_chunk *c);
} ic_sink;

typedef struct ic_exec_config {
	ic_scan_source source;
	unsigned threads;
	ic_budget *budget;
	uint64_t max_made_rows;	  /* range, make-series: 10^7 */
	uint64_t max_joined_rows; /* mv-expand, join: 10^8 (--max-rows) */
	_Atomic bool *stop;	  /* set from outside to end the run; may be NULL */
	/* The aggregate beacon(), which needs a layer that this one does not know; NULL: it is refused. */
	const struct ic_agg_kernel *beacon;
} ic_exec_config;

/* counts: room for plan->ops entries, by operator id; may be NULL. Errors at run time: IC_E_LIMIT and
 * IC_E_USAGE with line and column of the operator in err, IC_E_NOMEM, IC_E_IO. */
ic_status ic_exec_run(ic_plan *plan, const ic_exec_config *cfg, const ic_sink *sink, ic_op_counts *counts,
		      ic_error *err);
/* Runs a sub-plan (see ic_catalog.run) into a rowset of its own. */
ic_status ic_exec_collect(ic_plan *plan, ic_op *root, const ic_exec_config *cfg, ic_rowset **ret,
			  ic_error *err);

#endif
