/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of known shapes one after the other: where their values are, without a scan. */
#include <pthread.h>

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
		memset(h->gate_mask, 0, sizeof(h->gate_mask));
		memset(h->gate_mask, 0xff, h->gate_n);
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

/* Whether the line at p[at] fits the shape; its values go to cells. */
static bool fits_line(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t *cells,
		      const ic_json_cells *to)
{
	const piece *c = h->piece;
	if ((ends[c->mark] & IC_SCAN_MAX) - (size_t)c->back != at || !fits_piece(c, p + at))
		return false;
	for (; !c->last; c++) {
		const size_t value = at + c->length;
		uint16_t *cell = cells + c->cell;
		at = (ends[c[1].mark] & IC_SCAN_MAX) - (size_t)c[1].back;
		if (!fits_piece(c + 1, p + at))
			return false;
		cell[0] = (uint16_t)value;
		cell[1] = (uint16_t)(at + 1);
		if (c->form == FORM_TEXT)
			continue;
		const ic_json_kind kind = plain_scalar(p + value, at - value);
		if (kind == IC_JSON_NONE)
			return false;
		if (kind == IC_JSON_NULL)
			put_absent(cell, to->absent);
	}
	for (unsigned i = 0; i < h->absents; i++)
		put_absent(cells + h->absent[i], to->absent);
	for (unsigned i = 0; i < h->sames; i++)
		memcpy(cells + h->same[i].to, cells + h->same[i].from, 2 * sizeof(*cells));
	return cells[to->needed] != to->absent && same_gate(h, p, cells);
}

/* ---- many lines of one shape, piece by piece ---- */

typedef struct alike {
	const char *p;
	uint32_t n;
	const uint16_t *ends[TOGETHER_MOST]; /* the marks of each */
	uint16_t *cells[TOGETHER_MOST];	     /* where its values go */
} alike;

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

/* Whole numbers by their length: the least byte at each place, and how much more may be there. */
static struct whole_form {
	_Alignas(64) uint8_t least[32];
	uint8_t more[32];
} whole_forms[PLAIN_MAX + 1];

static void fill_whole_forms(void)
{
	for (unsigned n = 0; n <= PLAIN_MAX; n++) {
		struct whole_form *f = &whole_forms[n];
		for (unsigned i = 0; i < 32; i++) {
			f->least[i] = '0';
			f->more[i] = i < n ? 9 : UINT8_MAX;
		}
		f->least[0] = n > 1 ? '1' : '0';
		f->more[0] = n > 1 ? 8 : 9;
	}
}

void ic_json_lines_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill_whole_forms);
}

/* What is wrong with some line; which one is of no interest. */
typedef struct wrong {
	__m256i bytes;	/* that are not those of the pieces, or no digits */
	uint64_t point; /* bytes of numbers with a point that do not belong there */
	uint64_t word;	/* bits that words have not */
	size_t number_length, word_length;
} wrong;

/* p[0..n), of which 32 bytes can be read, as digits without a leading zero. */
AVX2 static inline void see_whole(wrong *w, const char *p, size_t n)
{
	const struct whole_form *f = &whole_forms[n & PLAIN_MAX];
	const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i more = _mm256_sub_epi8(v, _mm256_load_si256((const __m256i *)(const void *)f->least));
	w->bytes = _mm256_or_si256(
	    w->bytes, _mm256_subs_epu8(more, _mm256_load_si256((const __m256i *)(const void *)f->more)));
	w->number_length |= n;
}

/* As plain_number. */
AVX2 static inline void see_real(wrong *w, const char *p, size_t n)
{
	const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i digits = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
	const uint32_t other = ~(uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits));
	const uint32_t zero = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('0')));
	const uint32_t dot = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('.')));
	const uint32_t within = _bzhi_u32(other, (uint32_t)n);
	/* one point at the most, a digit behind it, a digit before it, no zero and more */
	w->point |=
	    _blsr_u32(within) | (within & (~dot | other >> 1)) | (other & 1) | (zero & ~(other >> 1) & 1);
	w->number_length |= n;
}

AVX2 static inline void see_word(wrong *w, const char *p, size_t n)
{
	static const struct {
		char text[8];
		uint64_t mask; /* little-endian */
	} words[2] = { { "true", UINT64_C(0xffffffff) }, { "false", UINT64_C(0xffffffffff) } };
	uint64_t v, text;
	memcpy(&v, p, sizeof(v));
	memcpy(&text, words[n & 1].text, sizeof(text));
	w->word |= (v ^ text) & words[n & 1].mask;
	w->word_length |= n - 4;
}

#define EACH_VALUE(SEE)                                                                                      \
	_Pragma("GCC unroll 4") for (size_t i = 0; i < n; i++)                                               \
	{                                                                                                    \
		const uint16_t *const mark = ends[i];                                                        \
		const size_t value = (mark[before] & IC_SCAN_MAX) + behind;                                  \
		const size_t at = (mark[after] & IC_SCAN_MAX) - back;                                        \
		w.bytes = _mm256_or_si256(w.bytes, other_bytes(e, p + at));                                  \
		SEE;                                                                                         \
	}
#define PUT_VALUE                                                                                            \
	do {                                                                                                 \
		const uint32_t both = (uint32_t)value | (uint32_t)(at + 1) << 16;                            \
		memcpy(cells[i] + cell, &both, sizeof(both));                                                \
	} while (0)
#define SEE_VALUES(SEE)                                                                                      \
	do {                                                                                                 \
		if (wanted)                                                                                  \
			EACH_VALUE(SEE; PUT_VALUE)                                                           \
		else                                                                                         \
			EACH_VALUE(SEE)                                                                      \
	} while (0)

/* The text of a piece and which of its bytes count. */
typedef struct expected {
	__m256i text, mask;
} expected;

AVX2 static inline expected expect(const piece *c)
{
	return (expected){ _mm256_loadu_si256((const __m256i *)(const void *)c->text),
			   _mm256_loadu_si256((const __m256i *)(const void *)c->mask) };
}

AVX2 static inline __m256i other_bytes(expected e, const char *p)
{
	const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	return _mm256_and_si256(_mm256_xor_si256(v, e.text), e.mask);
}

/* Whether the first piece of each line fits: else there is no telling where the others are. */
AVX2 static bool begin_avx2(const piece *c, const alike *a)
{
	const expected e = expect(c);
	__m256i other = _mm256_setzero_si256();
	for (uint32_t i = 0; i < a->n; i++) {
		const size_t at = (a->ends[i][c->mark] & IC_SCAN_MAX) - (size_t)c->back;
		other = _mm256_or_si256(other, other_bytes(e, a->p + at));
	}
	return _mm256_testz_si256(other, other);
}

/* False: some line is of another shape, or has an unusual value. Whether the pieces stand where they should,
 * and how the values before them look. nobody: the cell of values that are not wanted. */
AVX2 static bool fit_avx2(const shape *h, const alike *a, uint16_t nobody)
{
	const char *const p = a->p;
	const uint16_t *const *const ends = a->ends;
	uint16_t *const *const cells = a->cells;
	const size_t n = a->n;
	if (!begin_avx2(h->piece, a))
		return false;
	for (const piece *c = h->piece; !c->last; c++) {
		const piece *next = c + 1;
		const expected e = expect(next);
		const size_t before = c->mark, behind = (size_t)c->length - c->back;
		const size_t after = next->mark, back = next->back, cell = c->cell;
		const bool wanted = cell != nobody;
		wrong w = { .bytes = _mm256_setzero_si256() };
		switch ((piece_form)c->form) {
		case FORM_TEXT: SEE_VALUES((void)value); break;
		case FORM_WHOLE: SEE_VALUES(see_whole(&w, p + value, at - value)); break;
		case FORM_REAL: SEE_VALUES(see_real(&w, p + value, at - value)); break;
		case FORM_WORD: SEE_VALUES(see_word(&w, p + value, at - value)); break;
		}
		if (w.point | w.word | (w.number_length > PLAIN_MAX) | (w.word_length > 1) |
		    !_mm256_testz_si256(w.bytes, w.bytes))
			return false;
	}
	return true;
}
#else
void ic_json_lines_prepare(void) {}
#endif

/* Whether all the lines fit, none of them with an unusual value. False, too, when that cannot be told quickly. */
static bool fit_together(ic_simd level, const shape *h, const alike *a, const ic_json_cells *to)
{
#if defined(__x86_64__)
	if (level < IC_SIMD_AVX2 || !fit_avx2(h, a, (uint16_t)(to->stride - 2)))
		return false;
	for (unsigned k = 0; k < h->absents; k++) {
		if (h->absent[k] == to->needed)
			return false;
		for (uint32_t i = 0; i < a->n; i++)
			put_absent(a->cells[i] + h->absent[k], to->absent);
	}
	for (unsigned k = 0; k < h->sames; k++)
		for (uint32_t i = 0; i < a->n; i++)
			memcpy(a->cells[i] + h->same[k].to, a->cells[i] + h->same[k].from,
			       2 * sizeof(*a->cells[i]));
	for (uint32_t i = 0; h->gate && i < a->n; i++)
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
	size_t at; /* where the first starts */
	uint32_t n;
	uint16_t first[TOGETHER_MOST + 1]; /* the first mark of each, and of what comes after the last */
	uint8_t shape[TOGETHER_MOST];
	uint32_t lines[SHAPES]; /* of each shape: how many, and which */
	uint8_t line[SHAPES][TOGETHER_MOST];
} candidates;

/* Whether a line with this first mark ends, and begins, where those of the shape do. */
static inline bool may_have(const shape *h, const ic_json_plan *plan, const ic_json_slab *s, size_t at,
			    size_t mark)
{
	const piece *c = h->piece;
	return h->plan == plan && mark + h->line < s->marks && s->ends[mark + h->line] & IC_SCAN_LINE &&
	       (s->ends[mark + c->mark] & IC_SCAN_MAX) - (size_t)c->back == at;
}

static void find_candidates(const struct ic_json_nodes *t, const ic_json_slab *s, size_t at, size_t mark,
			    const ic_json_plan *plan, uint32_t most, candidates *ret)
{
	unsigned which = t->recent, tried = 0;
	ret->at = at;
	ret->n = 0;
	memset(ret->lines, 0, sizeof(ret->lines));
	while (ret->n < most && tried < SHAPES) {
		const shape *h = &t->shapes[which];
		if (!may_have(h, plan, s, at, mark)) {
			which = (which + 1) % SHAPES;
			tried++;
			continue;
		}
		ret->first[ret->n] = (uint16_t)mark;
		ret->shape[ret->n] = (uint8_t)which;
		ret->line[which][ret->lines[which]++] = (uint8_t)ret->n++;
		mark += h->line;
		at = s->ends[mark++] & IC_SCAN_MAX;
		tried = 0;
	}
	ret->first[ret->n] = (uint16_t)mark;
}

/* Whether the line fits a shape: the one that it may have, or another with as many marks. */
static bool fits_any(const struct ic_json_nodes *t, const ic_json_slab *s, const candidates *c, uint32_t i,
		     const ic_json_plan *plan, const ic_json_cells *to)
{
	const size_t mark = c->first[i], end = c->first[i + 1] - 1u;
	const size_t at = i ? s->ends[mark - 1] & IC_SCAN_MAX : c->at;
	for (unsigned k = 0; k < SHAPES; k++) {
		const shape *h = &t->shapes[(c->shape[i] + k) % SHAPES];
		if (h->plan == plan && mark + h->line == end &&
		    fits_line(h, s->text, at, s->ends + mark, to->cell + i * to->stride, to))
			return true;
	}
	return false;
}

/* The first line of a shape that does not fit after all, c->n if there is none. */
static uint32_t first_misfit(ic_json *j, const ic_json_slab *s, const candidates *c, unsigned which,
			     const ic_json_plan *plan, const ic_json_cells *to)
{
	shape *h = &j->nodes->shapes[which];
	const uint8_t *line = c->line[which];
	alike a;
	a.p = s->text;
	a.n = c->lines[which];
	for (uint32_t i = 0; i < a.n; i++) {
		a.ends[i] = s->ends + c->first[line[i]];
		a.cells[i] = to->cell + line[i] * to->stride;
	}
	if (fit_together(j->level, h, &a, to))
		return c->n;
	for (uint32_t i = 0; i < a.n; i++)
		if (!fits_any(j->nodes, s, c, line[i], plan, to))
			return line[i];
	/* They do fit, so it was a value: from now on numbers may have a point. */
	for (uint32_t i = 0; i < h->pieces; i++)
		if (h->piece[i].form == FORM_WHOLE)
			h->piece[i].form = FORM_REAL;
	return c->n;
}

uint32_t ic_json_take_lines(ic_json *j, const ic_json_slab *s, size_t at, size_t *k, const ic_json_plan *plan,
			    const ic_json_cells *to, uint32_t most)
{
	struct ic_json_nodes *t = j->nodes;
	candidates c;
	uint32_t n;
	find_candidates(t, s, at, *k, plan, most < t->together ? most : t->together, &c);
	n = c.n;
	for (unsigned which = 0; which < SHAPES; which++) {
		const uint32_t misfit = c.lines[which] ? first_misfit(j, s, &c, which, plan, to) : c.n;
		n = misfit < n ? misfit : n;
	}
	/* What comes after a line that does not fit has been looked at in vain: less of it the next time. */
	if (n < c.n)
		t->together = TOGETHER_LEAST;
	else if (n == t->together)
		t->together = 2 * n < TOGETHER_MOST ? 2 * n : TOGETHER_MOST;
	if (n == 0)
		return 0;
	*k = c.first[n];
	t->recent = c.shape[n - 1];
	t->credit = t->credit + n < CREDIT_MAX ? t->credit + n : CREDIT_MAX;
	return n;
}
