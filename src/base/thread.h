/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IC_BASE_THREAD_H
#define IC_BASE_THREAD_H

#include "ictus.h"

/* Runs fn(ctx, i) for i in 0..n-1 on up to `threads` threads (the caller is one of them; 0 counts as
 * 1), items claimed in ascending order. The first failure stops the claiming and is returned. A
 * thread that cannot be started is done without. */
ic_status ic_parallel_for(unsigned threads, unsigned n, ic_status (*fn)(void *ctx, unsigned i), void *ctx);

#endif
