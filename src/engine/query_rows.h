/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a query for another part of the engine. Private to src/engine. */
#ifndef IC_ENGINE_QUERY_ROWS_H
#define IC_ENGINE_QUERY_ROWS_H

#include "exec/chunk.h"
#include "ictus.h"

typedef struct ic_query_rows {
	void *ctx;
	ic_status (*columns)(void *ctx, const ic_schema *s); /* once, before the rows; valid until the end */
	ic_status (*push)(void *ctx, const ic_chunk *c);     /* IC_E_CLOSED: no more are wanted */
} ic_query_rows;

/* As ic_query, but the rows go to `rows`. */
ic_status ic_query_into(const ic_query_options *opt, const ic_observer *obs, const ic_query_rows *rows,
			ic_error *err);

#endif
