/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN (-1)
static _Atomic int detected = UNKNOWN;
static _Atomic int limit = IC_SIMD_AVX512;

static ic_simd best_of_machine(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512vbmi2"))
		return IC_SIMD_AVX512;
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
		       __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
		   ? IC_SIMD_AVX2
		   : IC_SIMD_128;
#elif defined(__aarch64__)
	return IC_SIMD_128;
#else
	return IC_SIMD_SCALAR;
#endif
}

static ic_simd detect(void)
{
	static const char *const names[] = { "scalar", "128", "avx2", "avx512" };
	ic_simd best = best_of_machine();
	const char *asked = getenv("ICTUS_SIMD");
	for (int i = 0; asked && i < (int)best; i++)
		if (strcmp(asked, names[i]) == 0)
			return (ic_simd)i;
	return best;
}

ic_simd ic_cpu_simd(void)
{
	int have = atomic_load_explicit(&detected, memory_order_relaxed);
	if (have == UNKNOWN) {
		have = (int)detect();
		atomic_store_explicit(&detected, have, memory_order_relaxed);
	}
	int most = atomic_load_explicit(&limit, memory_order_relaxed);
	return (ic_simd)(have < most ? have : most);
}

void ic_cpu_simd_limit(ic_simd most)
{
	atomic_store_explicit(&limit, (int)most, memory_order_relaxed);
}

unsigned ic_cpu_count(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1; /* more processors than a cpu_set_t holds, or not allowed */
	int n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}
