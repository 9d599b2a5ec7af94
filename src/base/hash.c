/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "base/hash.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

static _Atomic uint64_t seed; /* 0: not chosen yet */

/* Where the kernel gives no random bytes (a filtered getrandom), clock, process and stack address
 * still differ from run to run. */
static uint64_t seed_choose(void)
{
	uint64_t v = 0;
	if (getrandom(&v, sizeof v, GRND_NONBLOCK) != (ssize_t)sizeof v) {
		struct timespec now = { 0 };
		clock_gettime(CLOCK_MONOTONIC, &now);
		v = ic_mix((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30, (uint64_t)getpid(),
			   (uint64_t)(uintptr_t)&now);
	}
	return v ? v : 1;
}

uint64_t ic_hash_seed(void)
{
	uint64_t v = atomic_load_explicit(&seed, memory_order_relaxed);
	if (__builtin_expect(v != 0, 1))
		return v;
	uint64_t chosen = seed_choose(), none = 0;
	return atomic_compare_exchange_strong(&seed, &none, chosen) ? chosen : none;
}

void ic_hash_seed_set(uint64_t v)
{
	atomic_store(&seed, v ? v : 1);
}

uint64_t ic_hash(const void *p, size_t n)
{
	return XXH3_64bits_withSeed(p, n, ic_hash_seed());
}

uint64_t ic_hash_stable(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}
