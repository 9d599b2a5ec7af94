/* SPDX-License-Identifier: Apache-2.0 */
/* What mv-expand and mv-apply make of a row. Private to src/exec. */
#ifndef IC_EXEC_EXPAND_H
#define IC_EXEC_EXPAND_H

#include "exec/rows/chunk.h"

/* How many items a row has: those of its longest column. A null is one item, an empty array or bag none,
 * any other value is its own item. `in`: the columns of the input. */
uint32_t ic_expand_count(const ic_op *op, const ic_vector *in, uint32_t row);
/* Item i of column `which` of op->expand, null past the end. *ok false: out of memory. */
ic_value ic_expand_item(const ic_op *op, const ic_vector *in, uint32_t row, uint32_t which, uint32_t i,
			ic_arena *arena, bool *ok);

#endif
