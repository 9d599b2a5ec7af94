/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of known shapes one after the other: where their values are, without a scan. */
#include "source/text/json_nodes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- plans of shapes ---- */

void ic_json_shapes_forget_plans(ic_json *j)
{
	for (unsigned i = 0; i < SHAPES; i++)
		j->nodes->shapes[i].plan = NULL;
	j->nodes->fitted = NULL;
}

void ic_json_shape_plan(ic_json *j, shape *h, const ic_json_plan *plan)
{
	const uint16_t all = ic_json_plan_cells(plan), nobody = (uint16_t)(all - 2);
	uint16_t cell = 0;
	h->gate_cell = (uint16_t)(all - 4);
	h->absents = h->sames = h->gate_n = 0;
	if (h->gate) {
		if (h->gate->n > sizeof(h->gate_text))
			return;
		h->gate_n = (uint8_t)h->gate->n;
		memcpy(h->gate_text, h->gate->p, h->gate_n);
	}
	for (uint32_t i = 0; i < h->pieces; i++)
		h->piece[i].cell = h->gate && h->piece[i].value == h->gate ? h->gate_cell : nobody;
	for (unsigned c = 0; c < plan->columns; c++) {
		for (unsigned k = 0; k < plan->column[c].slots; k++, cell = (uint16_t)(cell + 2)) {
			const ic_json_value *v = &j->values[plan->column[c].slot[k]];
			uint32_t i = 0;
			while (i < h->pieces && h->piece[i].value != v)
				i++;
			if (i == h->pieces)
				h->absent[h->absents++] = cell;
			else if (h->piece[i].cell == nobody)
				h->piece[i].cell = cell;
			else if (h->sames < IC_FIELD_COUNT)
				h->same[h->sames++] = (struct same_cell){ cell, h->piece[i].cell };
			else
				return;
		}
	}
	h->plan = plan;
}

/* ---- one line ---- */

static inline void put_absent(uint16_t *cell, uint16_t absent)
{
	cell[0] = absent;
	cell[1] = (uint16_t)(absent + 1);
}

/* Whether the line at p[at] fits the shape; its values go to cells. FIT: whether a piece stands at some
 * place; NUMBER: whether p[0..n) is a plain number. */
#define FITS_LINE(FIT, NUMBER)                                                                               \
	do {                                                                                                 \
		const piece *c = h->piece;                                                                   \
		if ((ends[c->mark] & IC_SCAN_MAX) - (size_t)c->back != at || !FIT(c, p + at))                \
			return false;                                                                        \
		do {                                                                                         \
			const size_t value = at + c->length;                                                 \
			uint16_t *to = cells + c->cell;                                                      \
			const bool string = c->string;                                                       \
			c++;                                                                                 \
			at = (ends[c->mark] & IC_SCAN_MAX) - (size_t)c->back;                                \
			if (!FIT(c, p + at))                                                                 \
				return false;                                                                \
			to[0] = (uint16_t)value;                                                             \
			to[1] = (uint16_t)(at + 1);                                                          \
			if (string || NUMBER(p + value, at - value))                                         \
				continue;                                                                    \
			const ic_json_kind kind = plain_scalar(p + value, at - value);                       \
			if (kind == IC_JSON_NONE)                                                            \
				return false;                                                                \
			if (kind == IC_JSON_NULL)                                                            \
				put_absent(to, absent);                                                      \
		} while (!c->last);                                                                          \
		return true;                                                                                 \
	} while (0)

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
AVX2 static inline bool fits_piece_avx2(const piece *c, const char *p)
{
	const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)c->text);
	const __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)c->mask);
	return _mm256_testz_si256(_mm256_xor_si256(v, text), mask);
}

/* As plain_number; n may be anything. */
AVX2 static inline bool number_avx2(const char *p, size_t n)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	v = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
	v = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(9)), v);
	const uint32_t other = _bzhi_u32(~(uint32_t)_mm256_movemask_epi8(v), (uint32_t)n);
	if (n - 1 >= PLAIN_MAX)
		return false;
	if (other == 0)
		return p[0] != '0' || n == 1;
	const uint32_t point = _tzcnt_u32(other);
	return _blsr_u32(other) == 0 && p[point] == '.' && point > 0 && point + 1 < n &&
	       (p[0] != '0' || point == 1);
}

AVX2 static bool fits_line_avx2(const shape *h, const char *p, size_t at, const uint16_t *ends,
				uint16_t *cells, uint16_t absent)
{
	FITS_LINE(fits_piece_avx2, number_avx2);
}
#endif

static inline bool number_any(const char *p, size_t n)
{
	return n - 1 < PLAIN_MAX && plain_number(p, n);
}

static bool fits_line_any(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t *cells,
			  uint16_t absent)
{
	FITS_LINE(fits_piece, number_any);
}

static bool fits_line(ic_simd level, const shape *h, const char *p, size_t at, const uint16_t *ends,
		      uint16_t *cells, const ic_json_cells *to)
{
#if defined(__x86_64__)
	if (level >= IC_SIMD_AVX2 ? !fits_line_avx2(h, p, at, ends, cells, to->absent)
				  : !fits_line_any(h, p, at, ends, cells, to->absent))
		return false;
#else
	(void)level;
	if (!fits_line_any(h, p, at, ends, cells, to->absent))
		return false;
#endif
	for (unsigned i = 0; i < h->absents; i++)
		put_absent(cells + h->absent[i], to->absent);
	for (unsigned i = 0; i < h->sames; i++)
		memcpy(cells + h->same[i].to, cells + h->same[i].from, 2 * sizeof(*cells));
	if (cells[to->needed] == to->absent)
		return false;
	const uint16_t *gate = cells + h->gate_cell;
	return !h->gate ||
	       (gate[1] - gate[0] - 1 == h->gate_n && memcmp(p + gate[0], h->gate_text, h->gate_n) == 0);
}

/* ---- lines ---- */

uint32_t ic_json_take_lines(ic_json *j, const ic_json_slab *s, size_t at, size_t *k, const ic_json_plan *plan,
			    const ic_json_cells *to, uint32_t most)
{
	struct ic_json_nodes *t = j->nodes;
	const uint16_t *ends = s->ends;
	uint16_t *cells = to->cell;
	unsigned which = t->recent, tried = 0;
	uint32_t n = 0;
	size_t mark = *k;
	while (n < most && tried < SHAPES) {
		const shape *h = &t->shapes[which];
		const size_t end = mark + h->line;
		if (h->plan != plan || end >= s->marks || !(ends[end] & IC_SCAN_LINE) ||
		    !fits_line(j->level, h, s->text, at, ends + mark, cells, to)) {
			which = (which + 1) % SHAPES;
			tried++;
			continue;
		}
		at = ends[end] & IC_SCAN_MAX;
		mark = end + 1;
		cells += to->stride;
		tried = 0;
		n++;
	}
	if (n == 0)
		return 0;
	*k = mark;
	t->recent = which % SHAPES;
	t->credit = t->credit + n < CREDIT_MAX ? t->credit + n : CREDIT_MAX;
	return n;
}
