/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels over dynamic values have in common. Private to src/exec. */
#ifndef IC_EXEC_DYNAMIC_H
#define IC_EXEC_DYNAMIC_H

#include "exec/eval/kernel.h"

enum { IC_ITEMS_MOST = 1 << 20 }; /* items of an array that a function makes; more is a limit error */

/* Items being collected in the arena of a call. When memory or the limit ends the call is failed, and
 * later adds do nothing. */
typedef struct ic_items {
	ic_call *call;
	const ic_dyn **item;
	uint32_t n, room;
} ic_items;

static inline ic_items ic_items_new(ic_call *c)
{
	return (ic_items){ .call = c };
}
void ic_items_add(ic_items *l, const ic_dyn *d); /* NULL: the call failed already */
void ic_items_add_all(ic_items *l, const ic_dyn *array);
ic_value ic_items_value(const ic_items *l);
const ic_dyn *ic_items_dyn(const ic_items *l); /* NULL: the call failed */

/* The array or bag in an argument; NULL: it is something else. */
static inline const ic_dyn *ic_arg_array(const ic_value *v)
{
	return !v->null && v->dyn->kind == IC_DYN_ARRAY ? v->dyn : NULL;
}
static inline const ic_dyn *ic_arg_bag(const ic_value *v)
{
	return !v->null && v->dyn->kind == IC_DYN_BAG ? v->dyn : NULL;
}
/* A number or bool of a document as a real; false: it is none. */
bool ic_dyn_number(const ic_dyn *d, double *ret);
const ic_dyn *ic_dyn_long(ic_call *c, int64_t v); /* these give NULL when the call failed */
const ic_dyn *ic_dyn_real(ic_call *c, double v);
const ic_dyn *ic_dyn_bool(ic_call *c, bool v);
/* Any argument as an item. */
const ic_dyn *ic_dyn_arg(ic_call *c, const ic_value *v);

/* A set of dynamic values, in the arena of a call. */
typedef struct ic_dyn_set {
	ic_call *call;
	const ic_dyn **slot;
	uint32_t slots, used;
} ic_dyn_set;

/* room: of so many values. */
ic_dyn_set ic_dyn_set_new(ic_call *c, uint32_t room);
bool ic_dyn_set_has(const ic_dyn_set *s, const ic_dyn *d);
/* false: it is there already, or the call failed. */
bool ic_dyn_set_add(ic_dyn_set *s, const ic_dyn *d);

#endif
