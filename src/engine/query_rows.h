/* SPDX-License-Identifier: Apache-2.0 */
/* A query for another part of the engine, in steps: several of them read the input together. Private to
 * src/engine. */
#ifndef IC_ENGINE_QUERY_ROWS_H
#define IC_ENGINE_QUERY_ROWS_H

#include "engine/query.h"

typedef struct ic_query_rows {
	void *ctx;
	ic_status (*columns)(void *ctx,
			     const ic_schema *s); /* once a run, before the rows; valid until its end */
	ic_status (*push)(void *ctx, const ic_chunk *c); /* IC_E_CLOSED: no more are wanted */
} ic_query_rows;

typedef struct ic_query_job ic_query_job;

/* Borrows all. opt's now may be set later. input: that of all jobs over these paths; budget: of what the job
 * keeps while it runs; beside: so many jobs run together. */
ic_status ic_query_job_new(const ic_query_options *opt, ic_query_input *input, ic_budget *budget,
			   unsigned beside, ic_query_job **ret, ic_error *err);
void ic_query_job_free(ic_query_job *j); /* NULL allowed */
/* *ret_waits: the query asks for now, which opt does not say yet; it is to be bound again. */
ic_status ic_query_job_bind(ic_query_job *j, bool *ret_waits, ic_query_diag *diag, ic_error *err);
/* Whether a run that counts first can spare it groups (see ic_screen_new). */
ic_status ic_query_job_screen(ic_query_job *j, uint64_t cells, bool *ret, ic_error *err);
/* That run; what begins after it has ended makes use of it. */
ic_status ic_query_job_count(ic_query_job *j, ic_exec **ret, ic_error *err);
/* A run of what is bound, for ic_exec_together or a group of scans. */
ic_status ic_query_job_begin(ic_query_job *j, const ic_query_rows *rows, ic_exec **ret, ic_error *err);
/* Ends it. Errors name their place in the query. */
ic_status ic_query_job_end(ic_query_job *j, ic_exec *x, ic_error *err);

#endif
