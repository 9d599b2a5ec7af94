/* SPDX-License-Identifier: Apache-2.0 */
/* What every test needs: cmocka with the headers it asks for, and seeded random numbers. */
#ifndef IC_TESTS_TEST_H
#define IC_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Whether a run by so many threads that others are compared with, or that was made by others too, is of use: the
 * thread sanitizer finds nothing where there is one, and takes long over it. */
static inline bool test_is_of_use(unsigned threads)
{
#ifdef __SANITIZE_THREAD__
	return threads > 1;
#else
	return threads > 0;
#endif
}

/* splitmix64: the same numbers on every machine. */
static inline uint64_t test_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#endif
