/* SPDX-License-Identifier: Apache-2.0 */
/* Check-ins of a connection: whatever is said, what comes out was said, once, and nothing is kept. A word is five
 * bytes: who and how, the time since the last one (it may go back), how much. */
#include <stdlib.h>

#include "source/packet/bursts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORD = 5 };

typedef struct sums {
	uint64_t bytes[2], packets, told;
} sums;

static void count(sums *s, const ic_burst *done, unsigned n)
{
	if (n > IC_BURSTS_DONE)
		abort();
	for (unsigned i = 0; i < n; i++) {
		if (!done[i].begun || !done[i].asked || done[i].known || done[i].packets[0] == 0)
			abort();
		s->bytes[0] += done[i].bytes[0];
		s->bytes[1] += done[i].bytes[1];
		s->packets += done[i].packets[0] + done[i].packets[1];
		s->told++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_budget budget = { .limit = size && data[0] & 8 ? 1 : 0 };
	ic_bursts b = { .told = 0 };
	ic_burst done[IC_BURSTS_DONE];
	sums said = { .told = 0 }, told = said;
	int64_t now = 0;
	unsigned n;
	for (size_t at = 0; at + WORD <= size; at += WORD) {
		const uint8_t *p = data + at;
		const int64_t step = (int64_t)(p[1] << 8 | p[2]) << (p[0] >> 4);
		const ic_word w = {
			.side = p[0] & 1, .ticks = now, .bytes = (uint32_t)(p[3] << 8 | p[4]), .packets = 1
		};
		now += p[0] & 2 ? -step : step;
		said.bytes[w.side] += w.bytes;
		said.packets++;
		(void)ic_bursts_say(&b, &w, &budget, done, &n);
		count(&told, done, n);
		if (p[0] & 4)
			ic_bursts_known(&b);
	}
	ic_bursts_end(&b, &budget, done, &n);
	count(&told, done, n);
	if (told.told == 1 && !budget.limit)
		abort();
	if (told.bytes[0] > said.bytes[0] || told.bytes[1] > said.bytes[1] || told.packets > said.packets ||
	    b.first || budget.used != 0)
		abort();
	return 0;
}
