/* SPDX-License-Identifier: Apache-2.0 */
/* One reading, many takers: workers read units of an input side by side, and every taker sees the rows of
 * each unit. A reading of telemetry feeds the detectors, every rule and every scan of a query.
 *
 * A taker gives its rows effect in the order of the units. The worker of the first unit that has not ended
 * waits for nobody, so that any number of takers, each with an order of its own, cannot block each other. */
#ifndef IC_EXEC_READING_H
#define IC_EXEC_READING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ictus.h"

/* What is read: units with ascending numbers from 0, one worker a unit. */
typedef struct ic_units {
	void *ctx;
	/* The next unit for this worker, *unit NULL: there is none. */
	ic_status (*next)(void *ctx, unsigned worker, void **unit, uint64_t *seq, ic_error *err);
	/* Reads on, for the takers to look at; *more false: the unit is at its end. */
	ic_status (*read)(void *ctx, unsigned worker, void *unit, bool *more, ic_error *err);
	/* In order of seq, when the unit's rows may take effect; false: they are void, read it again. May be
	 * NULL: always true. While a unit is not `certain` its rows wait. */
	bool (*certain)(void *ctx, void *unit);
	bool (*commit)(void *ctx, void *unit);
} ic_units;

typedef struct ic_taker ic_taker;

typedef struct ic_taker_class {
	/* The rows that were just read. An error counts in the unit's turn and ends the taker, IC_E_CLOSED
	 * (enough) and IC_E_NOMEM end it at once; the others go on. */
	ic_status (*take)(ic_taker *t, unsigned worker, uint64_t seq, bool certain, ic_error *err);
	/* The worker has read the unit to its end. */
	ic_status (*flush)(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err);
	/* Waits until all units before this one have ended. */
	ic_status (*turn)(ic_taker *t, unsigned worker, uint64_t seq);
	/* In its turn: throws the rows of the unit away, they will come again. */
	void (*discard)(ic_taker *t, unsigned worker, uint64_t seq);
	/* In its turn: the rows take effect. */
	ic_status (*end)(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err);
	/* Ends all waiting; later calls of the above fail. */
	void (*abort)(ic_taker *t, ic_status code);
} ic_taker_class;

/* The first member of whatever takes. */
struct ic_taker {
	const ic_taker_class *class;
	ic_status status; /* how it ended: IC_OK at the end of the input */
	ic_error err;	  /* of it; code IC_OK: none was told */
	_Atomic bool over;
};

/* Reads with so many workers until the input ends or no taker wants more. Fails only when reading does;
 * then every taker that was not over has that status. */
ic_status ic_read_units(const ic_units *from, ic_taker *const *taker, uint32_t n, unsigned workers,
			ic_error *err);

#endif
