/* SPDX-License-Identifier: Apache-2.0 */
/* Every level of the scans for delimiters and lines against the scalar one; the first byte is the separator. */
#include <stdlib.h>
#include <string.h>

#include "source/text/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint16_t expected[IC_SCAN_ROOM], got[IC_SCAN_ROOM];
	if (size == 0 || data[0] == '\n' || size - 1 > IC_SCAN_MAX)
		return 0;
	const char *p = (const char *)data + 1;
	bool slash_expected, slash;
	size_t n = ic_scan_cells(IC_SIMD_SCALAR, p, size - 1, (char)data[0], expected, &slash_expected);
	for (int level = IC_SIMD_128; level <= (int)ic_cpu_simd(); level++)
		if (ic_scan_cells((ic_simd)level, p, size - 1, (char)data[0], got, &slash) != n ||
		    slash != slash_expected || memcmp(got, expected, (n + IC_SCAN_PAD) * sizeof(got[0])) != 0)
			abort();
	static uint16_t ends_expected[IC_SCAN_ROOM], ends[IC_SCAN_ROOM];
	size_t ended_expected, ended;
	n = ic_scan_rows(IC_SIMD_SCALAR, p, size - 1, (char)data[0], expected, ends_expected, &ended_expected,
			 &slash_expected);
	for (int level = IC_SIMD_128; level <= (int)ic_cpu_simd(); level++)
		if (ic_scan_rows((ic_simd)level, p, size - 1, (char)data[0], got, ends, &ended, &slash) !=
			n ||
		    slash != slash_expected || memcmp(got, expected, n * sizeof(got[0])) != 0 ||
		    ended != ended_expected || memcmp(ends, ends_expected, ended * sizeof(ends[0])) != 0)
			abort();
	static ic_scan_line lines_expected[IC_SCAN_MAX + IC_SCAN_LINES], lines[IC_SCAN_MAX + IC_SCAN_LINES];
	const size_t most = 1 + (size - 1) / 2;
	n = ic_scan_lines(IC_SIMD_SCALAR, p, size - 1, (char)data[0], lines_expected, most);
	for (int level = IC_SIMD_128; level <= (int)ic_cpu_simd(); level++)
		if (ic_scan_lines((ic_simd)level, p, size - 1, (char)data[0], lines, most) != n ||
		    memcmp(lines, lines_expected, n * sizeof(lines[0])) != 0)
			abort();
	return 0;
}
