/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange: rows made by many workers, in units with sequence numbers, go to partitions; every
 * partition sees its rows in the order of the input, whatever the threads. No lock on the row path.
 *
 * A worker fills parcels of its current unit; parcels of a committed unit become visible in unit
 * order, those of the head unit at once. Each partition is drained by one worker at a time. Memory
 * is bounded: workers that run ahead wait or drain. */
#ifndef IC_EXEC_EXCHANGE_H
#define IC_EXEC_EXCHANGE_H

#include "ictus.h"
#include "base/alloc.h"

#define IC_PARTITIONS 256 /* by the top byte of a row's hash */

typedef struct ic_exchange ic_exchange;
typedef struct ic_parcel {
	char *rows;    /* row r at rows + r * row_bytes */
	uint8_t *part; /* partition of row r, set by the producer */
	uint32_t n, room;
} ic_parcel;

/* Called for one partition with the rows at `index[0..n)` of a parcel, in order. Never concurrently
 * for the same partition. */
typedef ic_status (*ic_drain_fn)(void *ctx, unsigned partition, const char *rows, const uint32_t *index,
				 uint32_t n);

ic_exchange *ic_exchange_new(size_t row_bytes, unsigned threads, ic_drain_fn drain,
			     void *ctx); /* NULL: no memory */
void ic_exchange_free(ic_exchange *x);

/* Producer side, for the unit `seq` that this worker reads. get: a parcel with room (maybe after
 * waiting or draining); put: hand it over. begin/end bracket a unit; end(discard=true) throws away
 * what the unit produced (it is begun again). commit must be called by the owner of the unit in unit
 * order (see ic_exchange_wait_head). */
ic_status ic_exchange_get(ic_exchange *x, uint64_t seq, ic_parcel **ret);
void ic_exchange_put(ic_exchange *x, uint64_t seq, ic_parcel *p);
/* Marks the unit finished. */
void ic_exchange_end(ic_exchange *x, uint64_t seq, bool discard);

/* No more units: drain everything that is left. Call from each worker after its last unit. */
ic_status ic_exchange_finish(ic_exchange *x);
/* Stops all waiting workers; later calls return `code`. */
void ic_exchange_abort(ic_exchange *x, ic_status code);

#endif
