/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Zeek log: read in slabs by the best level of the machine, and line by line by the
 * scalar one, with and without filters. Both must give the same rows and counts. */
#include <stdlib.h>

#include "base/cpu.h"
#include "source/text/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t mix_row(uint64_t h, const ic_batch *b, uint32_t row)
{
	h = mix(h, &b->stream[row], 1);
	h = mix(h, &b->flags[row], 1);
	h = mix(h, &b->line[row], sizeof(b->line[row]));
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		const ic_column *c = &b->col[f];
		h = mix(h, &f, sizeof(f)) + ic_column_null(c, row);
		switch (ic_fields[f].type) {
		case IC_T_BOOL: h = mix(h, &c->b[row], 1); break;
		case IC_T_LONG:
		case IC_T_TIME: h = mix(h, &c->i[row], 8); break;
		case IC_T_REAL: h = mix(h, &c->d[row], 8); break;
		case IC_T_IP: h = mix(h, &c->ip[row], 16); break;
		case IC_T_STRING:
			if (c->s[row].n)
				h = mix(h, c->s[row].p, c->s[row].n);
			break;
		}
	}
	return h;
}

/* A digest of all rows; text is given in pieces of whole lines of at least `piece` bytes. */
static uint64_t digest(const char *text, size_t n, const ic_row_filter *filter, size_t piece,
		       ic_row_counts *c)
{
	const ic_source_kind *kind = &ic_kind_zeek_tsv;
	const ic_input_request req = { .wanted = IC_ALL_FIELDS, .streams = ~0u, .filter = *filter };
	const ic_reader_config cfg = { .req = &req };
	bool nomem;
	uint64_t h = 14695981039346656037u;
	const ic_layout *layout = kind->layout(&cfg, text, n < 65536 ? n : 65536, &nomem);
	ic_reader *r = layout ? kind->begin(&cfg, layout) : NULL;
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	if (!r || !b)
		abort();
	for (size_t at = 0; at < n;) {
		const char *end = n - at > piece ? memchr(text + at + piece, '\n', n - at - piece) : NULL;
		size_t length = end ? (size_t)(end - text) + 1 - at : n - at, used = 0;
		while (used < length) {
			ic_batch_reset(b);
			if (kind->parse(r, text + at, length, &used, true, b, c) != IC_OK)
				abort();
			for (uint32_t row = 0; row < b->rows; row++)
				h = mix_row(h, b, row);
		}
		at += length;
	}
	const ic_layout *after = kind->layout_after(r, &nomem);
	if (after != layout)
		kind->layout_free(after);
	kind->end(r);
	kind->layout_free(layout);
	ic_batch_free(b);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t ports[1024] = { [443 >> 6] = UINT64_C(1) << (443 & 63) };
	const ic_row_filter filters[] = {
		{ NULL, false, IC_TIME_NONE, IC_TIME_NONE },
		{ ports, true, INT64_C(10000000), IC_TIME_NONE },
	};
	const char *text = (const char *)data;
	unsigned streams;
	int64_t first;
	bool nomem;
	(void)ic_kind_zeek_tsv.sniff(text, size);
	const ic_layout *layout = ic_kind_zeek_tsv.layout(NULL, text, size, &nomem);
	ic_kind_zeek_tsv.peek(layout, text, size, &streams, &first);
	ic_kind_zeek_tsv.layout_free(layout);
	for (size_t i = 0; i < 2; i++) {
		ic_row_counts slabs = { 0 }, lines = { 0 };
		ic_cpu_simd_limit(IC_SIMD_AVX512);
		uint64_t a = digest(text, size, &filters[i], size, &slabs);
		ic_cpu_simd_limit(IC_SIMD_SCALAR);
		uint64_t b = digest(text, size, &filters[i], 0, &lines);
		ic_cpu_simd_limit(IC_SIMD_AVX512);
		if (a != b || slabs.read != lines.read || slabs.bad != lines.bad ||
		    slabs.lines != lines.lines || slabs.out_ports != lines.out_ports ||
		    slabs.out_time != lines.out_time || slabs.other_stream != lines.other_stream ||
		    slabs.sample_line != lines.sample_line || strcmp(slabs.sample, lines.sample) != 0)
			abort();
	}
	return 0;
}
