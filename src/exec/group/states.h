/* SPDX-License-Identifier: Apache-2.0 */
/* A few aggregates over numbered groups, for operators that group rows in a way of their own (make-series,
 * top-nested). Private to src/exec. */
#ifndef IC_EXEC_STATES_H
#define IC_EXEC_STATES_H

#include "exec/operator.h"

typedef struct ic_states {
	ic_operator *o;
	const ic_agg *const *agg;
	const ic_agg_kernel **kernel;
	size_t *offset; /* of each aggregate in a state */
	size_t bytes;	/* of a state */
	uint32_t aggs, n, room;
	char **page;
	ic_slab slab;
} ic_states;

/* `agg` is borrowed. An aggregate that cannot be run is a diag. */
ic_status ic_states_init(ic_states *s, ic_operator *o, const ic_agg *const *agg, uint32_t aggs,
			 ic_diag *diag);
void ic_states_clear(ic_states *s); /* all zero is allowed */
/* Forgets all groups. */
void ic_states_reset(ic_states *s);
/* One row into aggregate `which` of a group; groups up to the number n are made as needed. */
ic_status ic_states_add(ic_states *s, ic_worker *w, uint32_t group, uint32_t which, const ic_value *arg);
/* The (first) result of an aggregate; its memory is the arena's. */
ic_status ic_states_result(ic_states *s, ic_worker *w, uint32_t group, uint32_t which, ic_arena *arena,
			   ic_value *ret);

#endif
