/* SPDX-License-Identifier: Apache-2.0 */
/* The order of units for operators that have an ic_ordering: workers wait for the units before theirs.
 * Private to src/exec. */
#ifndef IC_EXEC_TURNS_H
#define IC_EXEC_TURNS_H

#include <pthread.h>
#include <stdatomic.h>

#include "ictus.h"

typedef struct ic_turns {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	_Atomic uint64_t head; /* first unit that has not ended */
	ic_status failed;
} ic_turns;

void ic_turns_init(ic_turns *t);
void ic_turns_clear(ic_turns *t);
/* Until all units before this one have ended. */
ic_status ic_turns_wait(ic_turns *t, uint64_t unit);
/* The unit, the head, has ended. */
void ic_turns_end(ic_turns *t, uint64_t unit);
/* Ends all waiting; later waits give `code`. */
void ic_turns_abort(ic_turns *t, ic_status code);

#endif
