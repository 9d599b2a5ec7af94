/* SPDX-License-Identifier: Apache-2.0 */
/* Materialised rows: deep copies of chunks, with random access by row. One thread at a time. */
#ifndef IC_EXEC_ROWS_H
#define IC_EXEC_ROWS_H

#include "exec/rows/chunk.h"

typedef struct ic_rowset ic_rowset;

ic_rowset *ic_rowset_new(const ic_schema *schema, ic_budget *budget); /* NULL: out of memory */
void ic_rowset_free(ic_rowset *r);
/* IC_E_NOMEM when memory or budget ends. */
ic_status ic_rowset_append(ic_rowset *r, const ic_chunk *c);
uint64_t ic_rowset_count(const ic_rowset *r);
ic_value ic_rowset_value(const ic_rowset *r, uint64_t row, uint32_t column); /* borrowed */
/* Rows first..first+n-1 as vectors in the rowset's own memory where they lie side by side; n is cut to
 * what does. */
void ic_rowset_chunk(const ic_rowset *r, uint64_t first, uint32_t n, ic_vector *col, ic_chunk *ret);

#endif
