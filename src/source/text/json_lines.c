/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of known shapes one after the other: where their values are, without a scan. */
#include "source/text/fast.h"
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

/* The place of the slot, if one of the first columns has it. */
static bool has_place(const ic_json_plan *plan, const ic_json_places *places, unsigned columns, uint16_t slot,
		      uint16_t *ret)
{
	for (unsigned c = 0; c < columns; c++)
		for (unsigned k = 0; k < plan->column[c].slots; k++)
			if (plan->column[c].slot[k] == slot) {
				*ret = places->cell[c][k];
				return true;
			}
	return false;
}

void ic_json_plan_places(const ic_json_plan *plan, ic_json_places *ret)
{
	uint16_t next = 0;
	for (unsigned c = 0; c < plan->columns; c++)
		for (unsigned k = 0; k < plan->column[c].slots; k++)
			if (!has_place(plan, ret, c, plan->column[c].slot[k], &ret->cell[c][k])) {
				ret->cell[c][k] = next;
				next = (uint16_t)(next + 2);
			}
	ret->gate = next;
	ret->nobody = (uint16_t)(next + 2);
	ret->all = (uint16_t)(next + 4);
}

void ic_json_shape_plan(ic_json *j, shape *h, const ic_json_plan *plan, const ic_json_places *places)
{
	h->plan = NULL; /* until all of it is known */
	h->gate_cell = places->gate;
	h->absents = h->gate_n = 0;
	/* null in the line at hand, it may be something in the next one */
	for (uint32_t i = 0; i < h->pieces && plan->without != IC_JSON_SLOTS; i++)
		if (h->piece[i].value == &j->values[plan->without])
			return;
	if (h->gate) {
		if (h->gate->n > sizeof(h->gate_text))
			return;
		h->gate_n = (uint8_t)h->gate->n;
		memcpy(h->gate_text, h->gate->p, h->gate_n);
		memset(h->gate_mask, 0, sizeof(h->gate_mask));
		memset(h->gate_mask, 0xff, h->gate_n);
	}
	for (uint32_t i = 0; i < h->pieces; i++)
		h->piece[i].cell = h->gate && h->piece[i].value == h->gate ? places->gate : places->nobody;
	for (unsigned c = 0; c < plan->columns; c++) {
		for (unsigned k = 0; k < plan->column[c].slots; k++) {
			const uint16_t cell = places->cell[c][k];
			const ic_json_value *v = &j->values[plan->column[c].slot[k]];
			uint32_t i = 0;
			while (i < h->pieces && h->piece[i].value != v)
				i++;
			if (i == h->pieces) {
				h->absent[h->absents++] = cell;
				continue;
			}
			if (v == h->gate) /* it has a cell */
				return;
			h->piece[i].cell = cell;
		}
	}
	ic_json_shape_join(h, places->nobody);
	h->plan = plan;
}

static inline void put_absent(uint16_t *cell, uint16_t absent)
{
	cell[0] = absent;
	cell[1] = (uint16_t)(absent + 1);
}

/* Whether the value at the gate is the one that the plan is for. */
static inline bool same_gate(const shape *h, const char *p, const uint16_t *cells)
{
	const uint16_t *gate = cells + h->gate_cell;
	uint64_t differ = 0;
	if (!h->gate)
		return true;
	for (unsigned i = 0; i < h->gate_n; i += 8)
		differ |= (ic_fast_load64(p + gate[0] + i) ^ ic_fast_load64(h->gate_text + i)) &
			  ic_fast_load64(h->gate_mask + i);
	return differ == 0 && gate[1] - gate[0] - 1 == h->gate_n;
}

/* ---- one line ---- */

/* Where the value at p[at] ends, if it is one that shapes have. p[end]: the line end. */
static size_t value_end(const piece *c, ic_simd level, const char *p, size_t at, size_t end)
{
	bool escaped = false;
	if (is_text(c->form)) {
		const size_t close = ic_json_close(level, p, at, end, &escaped);
		return escaped || close > end ? end : close;
	}
	while (p[at] > ' ' && p[at] != ',' && p[at] != '}')
		at++;
	return at;
}

/* Whether the line at p[at] fits the shape; its values go to cells. */
static bool fits_line(const shape *h, ic_simd level, const char *p, size_t at, size_t end, uint16_t *cells,
		      const ic_json_cells *to)
{
	const piece *c = h->piece;
	if (!fits_piece(c, p + at))
		return false;
	for (; !c->last; c++) {
		const size_t value = at + c->length;
		uint16_t *cell = cells + c->cell;
		at = value_end(c, level, p, value, end);
		if (!fits_piece(c + 1, p + at))
			return false;
		cell[0] = (uint16_t)value;
		cell[1] = (uint16_t)(at + 1);
		if (is_text(c->form))
			continue;
		const ic_json_kind kind = plain_scalar(p + value, at - value);
		if (kind == IC_JSON_NONE)
			return false;
		if (kind == IC_JSON_NULL)
			put_absent(cell, to->absent);
	}
	for (unsigned i = 0; i < h->absents; i++)
		put_absent(cells + h->absent[i], to->absent);
	return cells[to->needed] != to->absent && same_gate(h, p, cells);
}

/* Forgets what this line, which fits the shape, has not: usual values, short texts and numbers without a point. */
static bool forget_usual(shape *h, ic_simd level, const char *p, size_t at, size_t end)
{
	bool forgotten = false;
	for (uint32_t i = 0; !h->piece[i].last; i++) {
		piece *c = &h->piece[i];
		usual_value *u = &h->usual[i];
		const size_t value = at + c->length;
		at = value_end(c, level, p, value, end);
		const size_t n = at - value;
		if (u->n && (u->n != n || memcmp(u->text, p + value, n) != 0)) {
			u->n = 0;
			forgotten = true;
		}
		if (c->form == FORM_WHOLE && memchr(p + value, '.', n)) {
			c->form = FORM_REAL;
			forgotten = true;
		}
		if (c->form == FORM_TEXT && n > TEXT_MAX) {
			c->form = FORM_LONG;
			forgotten = true;
		}
	}
	return forgotten;
}

/* ---- many lines of one shape, run by run ---- */

typedef struct alike {
	const char *p;
	uint32_t n;
	const char *value[TOGETHER_MOST]; /* where the next value of each starts, behind its run */
	uint16_t *cells[TOGETHER_MOST];	  /* where its values go */
} alike;

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

/* What is wrong with some line; which one is of no interest. */
typedef struct wrong {
	__m256i bytes; /* that are not those of the run, where it is compared */
	__m128i
	    start; /* the least of: the first two bytes of numbers, less '0'; under 10: a zero and a digit */
	uint64_t word;	 /* bits that words have not */
	uint32_t first;	 /* bit 0: a number begins with something else */
	uint32_t point;	 /* bytes behind points of numbers that are no digits */
	uint32_t length; /* of numbers that may have a point, all bits */
} wrong;

/* A bit for each of 32 bytes that is no digit. v: the bytes less '0'. */
AVX2 static inline uint32_t others_avx2(__m256i v)
{
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(9)), v));
}

AVX2 static inline __m256i load32(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 static inline __m256i less_zero(const char *p)
{
	return _mm256_sub_epi8(load32(p), _mm256_set1_epi8('0'));
}

/* The length of a number. v: its bytes less '0'; other: a bit for each that is no digit. */
AVX2 static inline size_t see_whole(wrong *w, __m256i v, uint32_t other)
{
	const __m128i swap = _mm_setr_epi8(1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
	const uint32_t n = _tzcnt_u32(other);
	w->start = _mm_min_epu16(w->start, _mm_shuffle_epi8(_mm256_castsi256_si128(v), swap));
	w->first |= other;
	return n;
}

/* The same with one point at the most, and a digit before and behind it. dots: a bit for each point. */
AVX2 static inline size_t see_real(wrong *w, __m256i v, uint32_t other, uint32_t dots)
{
	const uint32_t point = _blsi_u32(other) & dots, n = _tzcnt_u32(other ^ point);
	(void)see_whole(w, v, other);
	w->point |= other & point << 1;
	w->length |= n;
	return n;
}

/* What ends a text, or makes it an unusual one, by the lower half of the byte. */
static const char ends_by_half[16] = { [0] = 1, ['"' & 15] = '"', ['\n' & 15] = '\n', ['\\' & 15] = '\\' };

/* A bit for each of 32 bytes that ends a text. */
AVX2 static inline uint32_t text_ends_avx2(const char *p)
{
	const __m256i by_half =
	    _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)ends_by_half));
	const __m256i v = load32(p);
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(by_half, v), v));
}

/* The length of a text; TEXT_MAX if its end is not that near. */
AVX2 static inline size_t text_avx2(const char *p)
{
	_Static_assert(TEXT_MAX == 32, "looked at together");
	return _tzcnt_u32(text_ends_avx2(p));
}

/* The same; 64 if its end is not near. */
AVX2 static inline size_t long_text_avx2(const char *p)
{
	return _tzcnt_u64(text_ends_avx2(p) | (uint64_t)text_ends_avx2(p + 32) << 32);
}

AVX2 static inline size_t whole_avx2(wrong *w, const char *p)
{
	const __m256i v = less_zero(p);
	return see_whole(w, v, others_avx2(v));
}

AVX2 static inline size_t real_avx2(wrong *w, const char *p)
{
	const __m256i v = less_zero(p), dots = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('.' - '0'));
	return see_real(w, v, others_avx2(v), (uint32_t)_mm256_movemask_epi8(dots));
}

AVX2 static inline size_t word_avx2(wrong *w, const char *p)
{
	static const struct {
		char text[8];
		uint64_t mask; /* little-endian */
	} words[2] = { { "true", UINT64_C(0xffffffff) }, { "false", UINT64_C(0xffffffffff) } };
	const size_t no = *p == 'f';
	w->word |= (ic_fast_load64(p) ^ ic_fast_load64(words[no].text)) & words[no].mask;
	return 4 + no;
}

#define AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl")))

AVX512 static inline size_t long_text_avx512(const char *p)
{
	const __m512i by_half =
	    _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)ends_by_half));
	const __m512i v = _mm512_loadu_si512(p);
	return _tzcnt_u64(_mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(by_half, v), v));
}

AVX512 static inline size_t whole_avx512(wrong *w, const char *p)
{
	const __m256i v = less_zero(p);
	return see_whole(w, v, _mm256_cmpgt_epu8_mask(v, _mm256_set1_epi8(9)));
}

AVX512 static inline size_t real_avx512(wrong *w, const char *p)
{
	const __m256i v = less_zero(p);
	return see_real(w, v, _mm256_cmpgt_epu8_mask(v, _mm256_set1_epi8(9)),
			_mm256_cmpeq_epi8_mask(v, _mm256_set1_epi8('.' - '0')));
}

/* 32 bytes of a run and which of them count. */
typedef struct expected {
	__m256i text, mask;
} expected;

enum { WIDE = 32 };

AVX2 static inline expected expect(const run *c, size_t from)
{
	static const uint8_t counts[RUN_MAX + WIDE] = { [0 ... RUN_MAX - 1] = 0xff };
	return (expected){ load32(c->text + from), load32(counts + RUN_MAX + from - c->length) };
}

AVX2 static inline bool nothing_wrong(const wrong *w, __m256i mask)
{
	return !((w->first & 1) | w->point | (w->length > PLAIN_MAX) | (w->word != 0) |
		 (_mm_extract_epi16(w->start, 0) <= 9)) &&
	       _mm256_testz_si256(w->bytes, mask);
}

/* Whether the rest of a long run fits in each line. */
AVX2 static bool fit_rest_avx2(const run *c, const alike *a)
{
	for (size_t from = WIDE; from < c->length; from += WIDE) {
		const size_t n = a->n, back = c->length - from;
		const expected e = expect(c, from);
		__m256i other = _mm256_setzero_si256();
#pragma GCC unroll 4
		for (size_t i = 0; i < n; i++)
			other = _mm256_or_si256(other, _mm256_xor_si256(load32(a->value[i] - back), e.text));
		if (!_mm256_testz_si256(other, e.mask))
			return false;
	}
	return true;
}

/* The run does not wait for the value before it to end: that was seen to when it was the next one. */
#define EACH_LINE(LENGTH, PUT)                                                                               \
	_Pragma("GCC unroll 2") for (size_t i = 0; i < n; i++)                                               \
	{                                                                                                    \
		const char *const value = a->value[i];                                                       \
		w.bytes = _mm256_or_si256(w.bytes, _mm256_xor_si256(load32(value - back), e.text));          \
		const size_t length = (LENGTH);                                                              \
		a->value[i] = value + length + next;                                                         \
		PUT;                                                                                         \
	}
#define PUT_VALUE                                                                                            \
	do {                                                                                                 \
		const uint32_t start = (uint32_t)(value - p), end = start + (uint32_t)length + 1;            \
		const uint32_t both = start | end << 16;                                                     \
		memcpy(a->cells[i] + cell, &both, sizeof(both));                                             \
	} while (0)

/* Whether in each line the run is followed by a value of its form; false for unusual values, too. next: the length
 * of the next run. */
#define FIT(name, TARGET, LENGTH)                                                                            \
	TARGET static bool name(const run *c, alike *a, size_t next, bool wanted)                            \
	{                                                                                                    \
		const char *const p = a->p;                                                                  \
		const size_t n = a->n, cell = c->cell, back = c->length;                                     \
		const expected e = expect(c, 0);                                                             \
		wrong w = { .bytes = _mm256_setzero_si256(), .start = _mm_set1_epi8(-1) };                   \
		if (wanted)                                                                                  \
			EACH_LINE(LENGTH, PUT_VALUE)                                                         \
		else                                                                                         \
			EACH_LINE(LENGTH, (void)0)                                                           \
		return nothing_wrong(&w, e.mask);                                                            \
	}
FIT(fit_texts_avx2, AVX2, text_avx2(value))
FIT(fit_long_texts_avx2, AVX2, long_text_avx2(value))
FIT(fit_wholes_avx2, AVX2, whole_avx2(&w, value))
FIT(fit_reals_avx2, AVX2, real_avx2(&w, value))
FIT(fit_words_avx2, AVX2, word_avx2(&w, value))
FIT(fit_nothing_avx2, AVX2, 0)
FIT(fit_texts_avx512, AVX512, text_avx2(value))
FIT(fit_long_texts_avx512, AVX512, long_text_avx512(value))
FIT(fit_wholes_avx512, AVX512, whole_avx512(&w, value))
FIT(fit_reals_avx512, AVX512, real_avx512(&w, value))

typedef bool (*fit_fn)(const run *c, alike *a, size_t next, bool wanted);
static const fit_fn fit_form[2][FORM_NOTHING + 1] = {
	{ fit_texts_avx2, fit_long_texts_avx2, fit_wholes_avx2, fit_reals_avx2, fit_words_avx2,
	  fit_nothing_avx2 },
	{ fit_texts_avx512, fit_long_texts_avx512, fit_wholes_avx512, fit_reals_avx512, fit_words_avx2,
	  fit_nothing_avx2 },
};

/* False: some line is of another shape, or has an unusual value. A value ends where its form does, and the next run
 * must begin there. As long as the runs fit nothing is looked at that is more than IC_JSON_PAD bytes behind a line: no
 * value goes beyond its end, no run but the last has one, and one run and what follows it are looked at together.
 * nobody: the cell of values that are not wanted. */
static bool fit_runs(ic_simd level, const shape *h, alike *a, uint16_t nobody)
{
	const fit_fn *const fit = fit_form[level >= IC_SIMD_AVX512];
	for (const run *c = h->run;; c++) {
		const size_t next = c->last ? 0 : c[1].length;
		if ((c->length > WIDE && !fit_rest_avx2(c, a)) ||
		    !fit[c->form](c, a, next, c->cell != nobody))
			return false;
		if (c->last)
			return true;
	}
}
#endif

/* Whether all the lines fit, none of them with an unusual value. False, too, when that cannot be told quickly. */
static bool fit_together(ic_simd level, const shape *h, alike *a, const ic_json_cells *to)
{
#if defined(__x86_64__)
	if (level < IC_SIMD_AVX2 || !fit_runs(level, h, a, (uint16_t)(to->stride - 2)))
		return false;
	for (unsigned k = 0; k < h->absents; k++) {
		if (h->absent[k] == to->needed)
			return false;
		for (uint32_t i = 0; i < a->n; i++)
			put_absent(a->cells[i] + h->absent[k], to->absent);
	}
	for (uint32_t i = 0; h->gate && !h->gate_in_run && i < a->n; i++)
		if (!same_gate(h, a->p, a->cells[i]))
			return false;
	return true;
#else
	(void)level;
	(void)h;
	(void)a;
	(void)to;
	return false;
#endif
}

/* ---- lines ---- */

/* Lines in their order, each with a shape that it may have. */
typedef struct candidates {
	const char *p;
	uint32_t n;
	ic_scan_line line[1 + TOGETHER_MOST + IC_SCAN_LINES]; /* the end of none, then of each */
	uint8_t shape[TOGETHER_MOST];
	uint32_t lines[SHAPES]; /* of each shape: how many, and which */
	uint8_t which[SHAPES][TOGETHER_MOST];
} candidates;

static inline size_t start_of(const candidates *c, uint32_t i)
{
	return c->line[i].end;
}

/* Of its line end. */
static inline size_t end_of(const candidates *c, uint32_t i)
{
	return c->line[i + 1].end - 1u;
}

static inline uint32_t quotes_of(const candidates *c, uint32_t i)
{
	return c->line[i + 1].marks - c->line[i].marks - 1u;
}

/* The first lines of p[0..n) that have as many quotes as a shape with this plan. Returns how many lines were looked
 * at: more, if another one follows. */
static size_t find_candidates(const ic_json *j, const char *p, size_t n, const ic_json_plan *plan,
			      uint32_t most, candidates *ret)
{
	const struct ic_json_nodes *t = j->nodes;
	uint8_t shape_of[MARKS_MOST + 1];
	memset(shape_of, SHAPES, sizeof(shape_of));
	for (unsigned k = SHAPES; k-- > 0;) {
		const unsigned which = (t->recent + k) % SHAPES;
		if (t->shapes[which].plan == plan)
			shape_of[t->shapes[which].line] = (uint8_t)which;
	}
	const size_t lines = ic_scan_lines(j->level, p, n, '"', ret->line + 1, most);
	ret->line[0] = (ic_scan_line){ 0, 0 };
	ret->p = p;
	ret->n = 0;
	memset(ret->lines, 0, sizeof(ret->lines));
	while (ret->n < lines) {
		const uint32_t quotes = quotes_of(ret, ret->n);
		const unsigned which = shape_of[quotes < MARKS_MOST ? quotes : MARKS_MOST];
		if (which == SHAPES)
			break;
		ret->shape[ret->n] = (uint8_t)which;
		ret->which[which][ret->lines[which]++] = (uint8_t)ret->n++;
	}
	return lines;
}

/* The shape that the line fits: the one that it may have, or another with as many marks. NULL: none. */
static shape *fitted(ic_json *j, const candidates *c, uint32_t i, const ic_json_plan *plan,
		     const ic_json_cells *to)
{
	for (unsigned k = 0; k < SHAPES; k++) {
		shape *h = &j->nodes->shapes[(c->shape[i] + k) % SHAPES];
		if (h->plan == plan && h->line == quotes_of(c, i) &&
		    fits_line(h, j->level, c->p, start_of(c, i), end_of(c, i), to->cell + i * to->stride, to))
			return h;
	}
	return NULL;
}

/* Lines that may have one shape. */
typedef struct group {
	const candidates *c;
	shape *h;
	const uint8_t *line; /* in their order */
	const ic_json_plan *plan;
	const ic_json_cells *to;
	bool forgotten; /* of the shape */
} group;

static bool all_fit(const ic_json *j, const group *g, uint32_t from, uint32_t to)
{
	alike a;
	a.p = g->c->p;
	a.n = to - from;
	for (uint32_t i = 0; i < a.n; i++) {
		const uint32_t k = g->line[from + i];
		a.value[i] = a.p + start_of(g->c, k) + g->h->run[0].length;
		a.cells[i] = g->to->cell + k * g->to->stride;
	}
	return fit_together(j->level, g->h, &a, g->to);
}

/* The first line of the group, from its from-th to before its to-th, that does not fit after all; the number of
 * all candidates if there is none. */
static uint32_t first_misfit(ic_json *j, group *g, uint32_t from, uint32_t to)
{
	const candidates *c = g->c;
	uint32_t misfit = c->n;
	if (all_fit(j, g, from, to))
		return misfit;
	if (to - from > 1) {
		const uint32_t middle = from + (to - from) / 2;
		misfit = first_misfit(j, g, from, middle);
		return misfit < c->n ? misfit : first_misfit(j, g, middle, to);
	}
	const uint32_t k = g->line[from];
	const shape *its = fitted(j, c, k, g->plan, g->to);
	if (!its)
		return k;
	/* Only lines that are taken together have any use for it. */
	if (its == g->h && j->level >= IC_SIMD_AVX2)
		g->forgotten |= forget_usual(g->h, j->level, c->p, start_of(c, k), end_of(c, k));
	return misfit;
}

uint32_t ic_json_take_lines(ic_json *j, const char *text, size_t n, const ic_json_plan *plan,
			    const ic_json_cells *to, uint32_t most, size_t *used, bool *misfit)
{
	struct ic_json_nodes *t = j->nodes;
	candidates c;
	const size_t seen =
	    find_candidates(j, text, n, plan, most < TOGETHER_MOST ? most : TOGETHER_MOST, &c);
	uint32_t lines = c.n;
	for (unsigned which = 0; which < SHAPES; which++) {
		group g = { &c, &t->shapes[which], c.which[which], plan, to, false };
		const uint32_t first = c.lines[which] ? first_misfit(j, &g, 0, c.lines[which]) : c.n;
		lines = first < lines ? first : lines;
		if (g.forgotten)
			ic_json_shape_join(g.h, (uint16_t)(to->stride - 2));
	}
	*used = start_of(&c, lines);
	*misfit = lines < seen;
	if (lines == 0)
		return 0;
	t->recent = c.shape[lines - 1];
	t->credit = t->credit + lines < CREDIT_MAX ? t->credit + lines : CREDIT_MAX;
	return lines;
}
