/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the JSON readers: the rows of a text, however it is cut. */
#ifndef TESTS_SOURCE_JSON_ROWS_H
#define TESTS_SOURCE_JSON_ROWS_H

#include "base/alloc.h"
#include "base/cpu.h"
#include "source/text/reader.h"
#include "support.h"

static inline void add_rows(const ic_batch *b, ic_buf *out)
{
	for (uint32_t i = 0; i < b->rows; i++) {
		ic_buf_printf(out, "%u ", b->line[i]);
		put_row_text(out, b, i);
	}
}

typedef struct cut_plan {
	size_t most;	/* bytes of a block; 0: all at once */
	unsigned state; /* of the random lengths */
} cut_plan;

static inline size_t next_cut(cut_plan *p, const ic_source_kind *kind, const char *text, size_t from,
			      size_t n)
{
	if (p->most == 0)
		return n;
	p->state = p->state * 1103515245u + 12345u;
	size_t to = from + 1 + (p->state >> 8) % p->most;
	if (to >= n)
		return n;
	const char *end = kind->lines ? memchr(text + to - 1, '\n', n - to + 1) : NULL;
	if (kind->lines)
		return end ? (size_t)(end - text) + 1 : n;
	return to;
}

/* Parses text in blocks, each in memory of its own size; rows and the counts as text. */
static inline char *json_rows(const ic_source_kind *kind, const ic_input_request *req,
			      const ic_field_map *map, const char *text, size_t n, size_t most)
{
	const ic_reader_config cfg = { .req = req, .map = map };
	bool nomem = false;
	const ic_layout *layout = kind->layout(&cfg, text, n < 65536 ? n : 65536, &nomem);
	ic_reader *r = kind->begin(&cfg, layout);
	ic_batch *b = ic_batch_new(req->wanted);
	ic_row_counts c = { 0 };
	cut_plan cuts = { most, 1 };
	ic_buf out;
	ic_buf_init(&out, 0);
	assert_non_null(r);
	assert_non_null(b);
	for (size_t from = 0, to = 0; to < n || from < n;) {
		to = next_cut(&cuts, kind, text, to, n);
		char *own = malloc(to - from ? to - from : 1);
		assert_non_null(own);
		memcpy(own, text + from, to - from);
		size_t at = 0, before;
		do {
			before = at;
			ic_batch_reset(b);
			assert_int_equal(kind->parse(r, own, to - from, &at, to == n, b, &c), IC_OK);
			add_rows(b, &out);
		} while (at != before);
		free(own);
		if (to == n)
			assert_int_equal(at, to - from);
		from += at;
		if (to == n)
			break;
	}
	ic_buf_printf(&out, "read %u kept %u bad %u ports %u time %u other %u lines %u", (unsigned)c.read,
		      (unsigned)c.kept, (unsigned)c.bad, (unsigned)c.out_ports, (unsigned)c.out_time,
		      (unsigned)c.other_stream, (unsigned)c.lines);
	if (c.has_sample)
		ic_buf_printf(&out, " (line %u: %s)", (unsigned)c.sample_line, c.sample);
	ic_buf_putc(&out, '\0');
	kind->end(r);
	kind->layout_free(layout);
	ic_batch_free(b);
	return out.p;
}

static inline ic_input_request all_of(ic_fieldset wanted)
{
	return (ic_input_request){ .wanted = wanted,
				   .streams = IC_ALL_STREAMS,
				   .filter = { .since = IC_TIME_NONE, .until = IC_TIME_NONE } };
}

/* The rows of text; the same however it is cut and whatever the vector instructions. */
static inline char *steady_rows(const ic_source_kind *kind, const ic_input_request *req,
				const ic_field_map *map, const char *text, size_t n)
{
	char *rows = json_rows(kind, req, map, text, n, 0);
	static const size_t cuts[] = { 1, 7, 100, 3000 };
	for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
		ic_cpu_simd_limit((ic_simd)level);
		for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
			if (n / cuts[i] > 20000)
				continue;
			char *other = json_rows(kind, req, map, text, n, cuts[i]);
			assert_string_equal(other, rows);
			ic_free(other);
		}
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	return rows;
}

#endif
