/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON kind read whole by the best vector instructions, and in pieces by the scalar way, must give
 * the same rows and counts. The first byte of the input is the size of the pieces. */
#ifndef FUZZ_JSON_KIND_H
#define FUZZ_JSON_KIND_H

#include <stdlib.h>

#include "base/cpu.h"
#include "source/text/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

static inline uint64_t mix_row(uint64_t h, const ic_batch *b, uint32_t row)
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
		case IC_T_STRING: h = mix(h, c->s[row].p ? c->s[row].p : "", c->s[row].n); break;
		}
	}
	return h;
}

static inline size_t piece_end(const ic_source_kind *kind, const char *text, size_t to, size_t n)
{
	if (to >= n)
		return n;
	const char *end = kind->lines ? memchr(text + to - 1, '\n', n - to + 1) : NULL;
	if (kind->lines)
		return end ? (size_t)(end - text) + 1 : n;
	return to;
}

static inline uint64_t digest(const ic_source_kind *kind, const char *text, size_t n, size_t piece)
{
	const ic_input_request req = { .wanted = IC_ALL_FIELDS,
				       .streams = ~0u,
				       .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
	const ic_reader_config cfg = { .req = &req };
	bool nomem = false;
	const ic_layout *layout = kind->layout(&cfg, text, n, &nomem);
	ic_reader *r = layout ? kind->begin(&cfg, layout) : NULL;
	ic_batch *b = ic_batch_new(IC_ALL_FIELDS);
	ic_row_counts c = { 0 };
	uint64_t h = 1;
	size_t from = 0, to = 0;
	if (!r || !b)
		abort();
	do {
		to = piece_end(kind, text, to + piece, n);
		size_t at = 0, before;
		do {
			before = at;
			ic_batch_reset(b);
			if (kind->parse(r, text + from, to - from, &at, to == n, b, &c) != IC_OK ||
			    at > to - from)
				abort();
			for (uint32_t i = 0; i < b->rows; i++)
				h = mix_row(h, b, i);
		} while (at != before);
		if (to == n && at != n - from)
			abort();
		from += at;
	} while (to < n);
	const uint64_t counts[] = { c.read, c.kept, c.bad, c.other_stream, c.lines, c.sample_line };
	if (c.read != c.kept + c.bad + c.other_stream)
		abort();
	h = mix(h, counts, sizeof(counts));
	kind->end(r);
	kind->layout_free(layout);
	ic_batch_free(b);
	return h;
}

static inline void try_kind(const ic_source_kind *kind, const uint8_t *data, size_t size)
{
	if (size < 2)
		return;
	/* Memory of its own size, so that reading past it is seen. */
	size_t n = size - 1;
	char *text = malloc(n);
	if (!text)
		return;
	memcpy(text, data + 1, n);
	const ic_reader_config cfg = { 0 };
	unsigned streams;
	int64_t first;
	bool nomem;
	(void)kind->sniff(text, n);
	const ic_layout *layout = kind->layout(&cfg, text, n, &nomem);
	if (!layout)
		abort();
	kind->peek(layout, text, n, &streams, &first);
	kind->layout_free(layout);
	uint64_t whole = digest(kind, text, n, n);
	ic_cpu_simd_limit(IC_SIMD_SCALAR);
	uint64_t cut = digest(kind, text, n, (size_t)data[0] + 1);
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	if (whole != cut)
		abort();
	free(text);
}

#endif
