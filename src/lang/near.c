/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/near.h"

unsigned ic_letters_apart(ic_str a, ic_str b)
{
	enum { LONGEST = 40 };
	unsigned row[LONGEST + 1];
	if (a.n > LONGEST || b.n > LONGEST)
		return 3;
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			char x = (char)(a.p[i - 1] | 0x20), y = (char)(b.p[j - 1] | 0x20);
			unsigned best = diagonal + (x != y);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.n] > 3 ? 3 : row[b.n];
}
