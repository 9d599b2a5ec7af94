/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded hashing: keys come from attackers. Unkeyed hashing only for names that must be stable. */
#ifndef IC_BASE_HASH_H
#define IC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Random once a process (getrandom); tests may set it. */
uint64_t ic_hash_seed(void);
void ic_hash_seed_set(uint64_t seed);

/* XXH3 with the process seed. */
uint64_t ic_hash(const void *p, size_t n);
/* XXH3 without a seed: stable across runs and machines. */
uint64_t ic_hash_stable(const void *p, size_t n);

/* A mix of two words with a seed: the multiply-fold of wyhash. For short fixed keys. */
static inline uint64_t ic_mix(uint64_t a, uint64_t b, uint64_t seed)
{
	__uint128_t m = (__uint128_t)(a ^ seed ^ 0xa0761d6478bd642full) * (b ^ 0xe7037ed1a0b428dbull);
	uint64_t x = (uint64_t)m ^ (uint64_t)(m >> 64);
	m = (__uint128_t)(x ^ seed) * 0x8ebc6af09c88c6e3ull;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

#endif
