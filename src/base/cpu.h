/* SPDX-License-Identifier: Apache-2.0 */
/* Which vector instructions may be used. Chosen once at run time; tests lower it. */
#ifndef IC_BASE_CPU_H
#define IC_BASE_CPU_H

typedef enum ic_simd {
	IC_SIMD_SCALAR,
	IC_SIMD_128 /* SSE2 or NEON */,
	IC_SIMD_AVX2 /* with BMI 1 and 2 */,
	IC_SIMD_AVX512 /* with VBMI and VBMI2 */
} ic_simd;

/* The best level of this machine, not above the limit set below. The environment variable
 * ICTUS_SIMD=scalar|128|avx2|avx512 lowers it too (read once). */
ic_simd ic_cpu_simd(void);
void ic_cpu_simd_limit(ic_simd most);
/* Processors this process may run on (sched_getaffinity), at least 1. */
unsigned ic_cpu_count(void);

#endif
