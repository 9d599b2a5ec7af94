/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV kinds: any bytes, and any way to cut them into blocks, give the same rows and bad rows. The
 * first byte picks the kind, the second the size of the blocks. */
#include <stdlib.h>

#include "source/text/reader.h"

typedef struct totals {
	uint64_t rows, read, bad, lines;
} totals;

static const ic_source_kind *const kinds[] = { &ic_kind_csv, &ic_kind_defender_csv, &ic_kind_qradar_csv };

static totals run(const ic_source_kind *kind, const ic_layout *layout, const char *text, size_t n,
		  size_t step)
{
	const ic_input_request req = { .streams = ~0u,
				       .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
	const ic_reader_config cfg = { .req = &req };
	ic_row_counts counts = { 0 };
	totals t = { 0 };
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_reader *r = kind->begin(&cfg, layout);
	size_t at = 0, end = step < n ? step : n;
	while (b && r) {
		size_t before = at;
		ic_batch_reset(b);
		if (kind->parse(r, text, end, &at, end == n, b, &counts) != IC_OK || at > end)
			abort();
		t.rows += b->rows;
		if (b->rows == IC_BATCH_ROWS || at > before)
			continue;
		if (end == n)
			break;
		end = n - end > step ? end + step : n;
	}
	kind->end(r);
	ic_batch_free(b);
	t.read = counts.read;
	t.bad = counts.bad;
	t.lines = counts.lines;
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const ic_source_kind *kind = kinds[data[0] % 3];
	const char *text = (const char *)data + 2;
	size_t n = size - 2, step = (size_t)data[1] + 1;
	const ic_reader_config cfg = { 0 };
	bool nomem = false;
	unsigned streams;
	int64_t first;
	(void)kind->sniff(text, n);
	const ic_layout *layout = kind->layout(&cfg, text, n, &nomem);
	if (!layout)
		return 0;
	kind->peek(layout, text, n, &streams, &first);
	totals whole = run(kind, layout, text, n, n), cut = run(kind, layout, text, n, step);
	if (whole.rows != cut.rows || whole.read != cut.read || whole.bad != cut.bad ||
	    whole.lines != cut.lines)
		abort();
	kind->layout_free(layout);
	return 0;
}
