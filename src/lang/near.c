/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/near.h"

unsigned ic_letters_apart(ic_str a, ic_str b)
{
	enum { LONGEST = 40 };
	unsigned rows[3][LONGEST + 1];
	if (a.n > LONGEST || b.n > LONGEST)
		return 3;
	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			char x = (char)(a.p[i - 1] | 0x20), y = (char)(b.p[j - 1] | 0x20);
			unsigned best = above[j - 1] + (x != y);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == (char)(b.p[j - 2] | 0x20) &&
			    y == (char)(a.p[i - 2] | 0x20) && higher[j - 2] + 1 < best)
				best = higher[j - 2] + 1;
			row[j] = best;
		}
	}
	unsigned apart = rows[a.n % 3][b.n];
	return apart > 3 ? 3 : apart;
}
