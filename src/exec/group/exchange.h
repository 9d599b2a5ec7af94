/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange: rows made by many workers, in units with sequence numbers, go to partitions; every
 * partition sees its rows in the same order, whatever the threads. No lock on the row path.
 *
 * A worker fills parcels for the unit that it reads and hands them over; they become visible in unit
 * order. They are cut into windows of a fixed number of rows; inside a window the rows of a partition
 * can be sorted. Each partition is drained by one worker at a time, a window at once, so that its tables
 * stay in the cache. Memory is bounded: a worker that runs ahead drains, or waits for the worker of the
 * head unit (the first one that is not ended). */
#ifndef IC_EXEC_EXCHANGE_H
#define IC_EXEC_EXCHANGE_H

#include "ictus.h"
#include "base/alloc.h"

#define IC_PARTITIONS  256
#define IC_PARCEL_ROWS 16384

typedef struct ic_exchange ic_exchange;
typedef struct ic_parcel {
	char *rows;    /* row r at rows + r * row_bytes */
	uint8_t *part; /* partition of row r, set by the producer */
	uint32_t n;    /* rows filled */
	uint32_t room; /* at most IC_PARCEL_ROWS */
} ic_parcel;

/* Called for one partition with n rows of it side by side, in order. Never concurrently for the same
 * partition. */
typedef ic_status (*ic_drain_fn)(void *ctx, unsigned partition, const char *rows, uint32_t n);

/* window_rows: rows of a window, 0 or too many: the default of 384 Ki. sorted: rows begin with a key, an int64_t, by
 * which those of a window are sorted, ascending; rows of one key keep the input's order, as all do that are not
 * sorted. NULL: out of memory. */
ic_exchange *ic_exchange_new(size_t row_bytes, uint64_t window_rows, bool sorted, ic_drain_fn drain,
			     void *ctx);
/* Before the first parcel: `before` is to be called ahead of the draining of each window, with how many of its rows each
 * partition has. Then no partition is drained before all have done with the window before: what it sees is the same,
 * whatever the threads. */
typedef void (*ic_window_fn)(void *ctx, const uint32_t rows[IC_PARTITIONS]);
void ic_exchange_before(ic_exchange *x, ic_window_fn before);
void ic_exchange_free(ic_exchange *x); /* NULL allowed; no worker may still use it */

/* A parcel to fill for unit `seq`. May drain, or wait until others have. The owner of the head unit
 * waits only while others drain. */
ic_status ic_exchange_get(ic_exchange *x, uint64_t seq, ic_parcel **ret);
/* Hands the parcel over (an empty one is taken back). `certain`: the rows of the unit cannot be
 * discarded any more, so they may become visible before the unit ends. */
ic_status ic_exchange_put(ic_exchange *x, uint64_t seq, ic_parcel *p, bool certain);
/* Waits (draining meanwhile) until `seq` is the head unit. */
ic_status ic_exchange_turn(ic_exchange *x, uint64_t seq);
/* Throws away what the head unit handed over so far. */
void ic_exchange_discard(ic_exchange *x, uint64_t seq);
/* Ends the head unit: its rows become visible, the next unit is the head. */
void ic_exchange_end(ic_exchange *x, uint64_t seq);

/* When all units have ended: drains every row that is left. May be called by several workers at
 * once, who share the work. */
ic_status ic_exchange_finish(ic_exchange *x);
/* Stops all waiting workers; later calls return `code`. */
void ic_exchange_abort(ic_exchange *x, ic_status code);

#endif
