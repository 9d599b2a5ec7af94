/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a known shape. */
#include "source/text/json_nodes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static inline bool fits_piece(const piece *c, const char *p)
{
#if defined(__x86_64__)
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)c->text);
	uint32_t same = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
	if (c->length > 16) {
		a = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
		b = _mm_loadu_si128((const __m128i *)(const void *)(c->text + 16));
		same |= (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) << 16;
	}
	return (c->need & ~same) == 0;
#else
	return memcmp(p, c->text, c->length) == 0;
#endif
}

static bool fits(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t record)
{
	const piece *c = h->piece;
	if (!fits_piece(c, p + at))
		return false;
	for (;;) {
		const size_t value = at + c->length;
		const piece *next = c + 1;
		at = (ends[next->mark] & IC_SCAN_MAX) - (size_t)next->back;
		if (!fits_piece(next, p + at))
			return false;
		ic_json_kind kind = IC_JSON_STRING;
		if (!c->string) {
			kind = plain_scalar(p + value, at - value);
			if (kind == IC_JSON_NONE)
				return false;
		}
		set_value(c->value, p + value, at - value, kind, false, record);
		if (next->last)
			return true;
		c = next;
	}
}

/* Adds the text from `from` to `to` as the next piece; false: it does not go. */
static bool add_piece(shape *h, const char *p, size_t from, size_t to, size_t mark, size_t back)
{
	const size_t n = to - from;
	if (h->pieces == PIECES || n > PIECE_MAX || back > UINT8_MAX)
		return false;
	piece *c = &h->piece[h->pieces++];
	*c = (piece){ .need = n == 32 ? UINT32_MAX : (1u << n) - 1,
		      .mark = (uint16_t)mark,
		      .back = (uint8_t)back,
		      .length = (uint8_t)n };
	memcpy(c->text, p + from, n);
	return true;
}

/* Whether a value that is asked for, or an object with such values, came before in this line. */
static bool came_before(const shape *h, const node *const *opened, size_t n, const node *e)
{
	for (uint32_t i = 0; i < h->pieces; i++)
		if (e->slot != IC_JSON_SLOTS && h->piece[i].value == e->value)
			return true;
	for (size_t i = 0; i < n; i++)
		if (opened[i] == e)
			return true;
	return false;
}

/* Blanks where writers put them, after colons and commas. */
static size_t after_blanks(const char *p, size_t at)
{
	while (p[at] == ' ')
		at++;
	return at;
}

/* The shape of the line at text[at], which has passed a scan. False: it has none (lists, odd blanks,
 * names that come twice or are not remembered). ends: the marks of the line. */
static bool take_shape(ic_json *j, shape *h, const char *p, size_t at, const uint16_t *ends)
{
	const struct ic_json_nodes *t = j->nodes;
	const node *stack[IC_JSON_DEPTH + 1] = { &t->list[ROOT] }, *opened[PIECES];
	size_t depth = 1, k = 0, from = at, mark = 0, objects = 0;
	*h = (shape){ .marks = 0 };
	for (at++; depth > 0; at++) {
		at = after_blanks(p, at);
		if (p[at] != '"' || p[AFTER(k + 1)] != ':')
			return false;
		const ic_str key = { p + at + 1, (uint32_t)(AFTER(k + 1) - at - 2) };
		const node *e = ic_json_node(j, stack[depth - 1], key);
		if (!e || e->flags & (IC_JSON_WHOLE | IC_JSON_LISTS) || came_before(h, opened, objects, e))
			return false;
		at = after_blanks(p, AFTER(k + 1) + 1);
		k += 2;
		h->marks |= e->marks;
		if (p[at] == '{') {
			if (e->slot != IC_JSON_SLOTS || depth == IC_JSON_DEPTH || objects == PIECES)
				return false;
			opened[objects++] = stack[depth++] = e;
			continue;
		}
		const bool string = p[at] == '"', gated = (e->flags & IC_JSON_GATE) != 0;
		at += string;
		if (p[at - string] == '[' || e->flags & INNER || (gated && h->gate) ||
		    !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
			return false;
		h->piece[h->pieces - 1].string = string;
		h->piece[h->pieces - 1].value = e->value;
		if (gated)
			h->gate = e->value;
		mark = k;
		if (string) {
			mark = k + 1;
			from = AFTER(mark) - 1;
			at = from + 1;
			k += 2;
		} else {
			from = at = ic_json_pass_scalar(p, at, at + PLAIN_MAX).at;
		}
		for (; p[at] == '}' && depth > 0; at++)
			depth--;
		if (depth > 0 && p[at] != ',')
			return false;
	}
	/* at is one behind the line end */
	if (p[at - 1] != '\n' || !add_piece(h, p, from, at, mark, (ends[mark] & IC_SCAN_MAX) - from))
		return false;
	h->piece[h->pieces - 1].last = true;
	h->line = (uint32_t)k;
	return h->pieces > 1;
}

void ic_json_shape_learn(ic_json *j, const char *p, size_t at, const uint16_t *ends)
{
	struct ic_json_nodes *t = j->nodes;
	shape *oldest = &t->shapes[t->oldest++ % SHAPES];
	if (!take_shape(j, oldest, p, at, ends))
		oldest->pieces = 0;
}

shape *ic_json_shape_find(ic_json *j, const ic_json_slab *s, size_t at, size_t k)
{
	struct ic_json_nodes *t = j->nodes;
	for (unsigned i = 0; i < SHAPES; i++) {
		const unsigned which = (t->recent + i) % SHAPES;
		shape *h = &t->shapes[which];
		if (h->pieces == 0 || k + h->line >= s->marks || !(s->ends[k + h->line] & IC_SCAN_LINE) ||
		    !fits(h, s->text, at, s->ends + k, j->record))
			continue;
		t->recent = which;
		return h;
	}
	return NULL;
}

/* ---- rows taken together ---- */

void ic_json_shapes_forget_plans(ic_json *j)
{
	for (unsigned i = 0; i < SHAPES; i++)
		j->nodes->shapes[i].plan = NULL;
	j->nodes->fitted = NULL;
}

void ic_json_shape_plan(ic_json *j, shape *h, const ic_json_plan *plan)
{
	const uint16_t all = ic_json_plan_cells(plan), nobody = (uint16_t)(all - 2);
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
	uint16_t cell = 0;
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

/* Up to 8 digits without a leading zero: what most numbers of a log are. */
static inline bool few_digits(const char *p, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	if (n - 1 >= 8 || (n > 1 && p[0] == '0'))
		return false;
	w = (w ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n);
	return (((w + UINT64_C(0x7676767676767676)) | w) & UINT64_C(0x8080808080808080)) == 0;
#else
	(void)p;
	(void)n;
	return false;
#endif
}

static inline void put_absent(uint16_t *cell, uint16_t absent)
{
	cell[0] = absent;
	cell[1] = (uint16_t)(absent + 1);
}

/* As fits(). FIT: how to compare a piece. */
#define FITS_CELLS(FIT)                                                                                      \
	do {                                                                                                 \
		const piece *c = h->piece;                                                                   \
		if (!FIT(c, p + at))                                                                         \
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
			if (string || few_digits(p + value, at - value))                                     \
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
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)c->text);
	return (c->need & ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b))) == 0;
}

AVX2 static bool fits_cells_avx2(const shape *h, const char *p, size_t at, const uint16_t *ends,
				 uint16_t *cells, uint16_t absent)
{
	FITS_CELLS(fits_piece_avx2);
}
#endif

static bool fits_cells(const shape *h, const char *p, size_t at, const uint16_t *ends, uint16_t *cells,
		       uint16_t absent)
{
	FITS_CELLS(fits_piece);
}

static bool fits_row(ic_simd level, const shape *h, const char *p, size_t at, const uint16_t *ends,
		     uint16_t *cells, uint16_t absent)
{
#if defined(__x86_64__)
	if (level >= IC_SIMD_AVX2 ? !fits_cells_avx2(h, p, at, ends, cells, absent)
				  : !fits_cells(h, p, at, ends, cells, absent))
		return false;
#else
	(void)level;
	if (!fits_cells(h, p, at, ends, cells, absent))
		return false;
#endif
	for (unsigned i = 0; i < h->absents; i++)
		put_absent(cells + h->absent[i], absent);
	for (unsigned i = 0; i < h->sames; i++)
		memcpy(cells + h->same[i].to, cells + h->same[i].from, 2 * sizeof(*cells));
	const uint16_t *gate = cells + h->gate_cell;
	return !h->gate ||
	       (gate[1] - gate[0] - 1 == h->gate_n && memcmp(p + gate[0], h->gate_text, h->gate_n) == 0);
}

bool ic_json_shape_cells(ic_json *j, const ic_json_slab *s, size_t at, size_t *k, const ic_json_plan *plan,
			 uint16_t *cells, uint16_t absent)
{
	struct ic_json_nodes *t = j->nodes;
	for (unsigned i = 0; i < SHAPES; i++) {
		const unsigned which = (t->recent + i) % SHAPES;
		const shape *h = &t->shapes[which];
		if (h->pieces == 0 || h->plan != plan || *k + h->line >= s->marks ||
		    !(s->ends[*k + h->line] & IC_SCAN_LINE) ||
		    !fits_row(j->level, h, s->text, at, s->ends + *k, cells, absent))
			continue;
		t->recent = which;
		t->credit += t->credit < CREDIT_MAX;
		*k += h->line;
		return true;
	}
	return false;
}
