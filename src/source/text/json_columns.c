/* SPDX-License-Identifier: Apache-2.0 */
/* Lines whose keys came before in the same order: their values are found without a scan, queued as
 * cells, and turned into rows column by column with the converters that read TSV. The first line that
 * is another one ends the queue, so rows keep the order of the lines. Values of unusual form take the
 * put of their column, one by one, to the same result. */
#include "source/text/json_columns.h"

#include "base/time.h"
#include "source/text/fast.h"
#include "source/text/json_nodes.h"
#include "source/text/zeek_cells.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
	QUEUE_ROWS = 128,
	WINDOW_LEAST = 1024,
	WINDOW_MOST = UINT16_MAX - 1, /* lines of one shape are read the faster, the more they are */
	ROW_CELLS = 2 * IC_JSON_SOURCES * IC_FIELD_COUNT + 4,
};

struct ic_json_queue {
	const ic_json_plan *plan;
	ic_json_places places;
	uint32_t n;
	size_t window, pause; /* bytes to be looked at, and to be scanned when that was in vain */
	const char *text;     /* of the lines */
	bool misfit;	      /* the next line does not fit */
	uint16_t absent;      /* where cells start that are not there */
	uint64_t line[QUEUE_ROWS];
	bool bad[QUEUE_ROWS]; /* has a value that is refused */
	uint16_t first[QUEUE_ROWS], odd[QUEUE_ROWS + IC_CELLS_PAD];
	uint16_t cell[QUEUE_ROWS * ROW_CELLS];
};
_Static_assert(QUEUE_ROWS *ROW_CELLS <= UINT16_MAX, "first holds 16 bits");

void ic_json_fill_clear(ic_json_fill *f)
{
	ic_free(f->queue);
	f->queue = NULL;
}

/* ---- one cell ---- */

static ic_json_value value_at(const ic_json_queue *q, const uint16_t *e)
{
	const char *p = q->text + e[0];
	const uint32_t n = (uint32_t)e[1] - e[0] - 1;
	if (e[0] == q->absent)
		return (ic_json_value){ .kind = IC_JSON_NONE };
	/* what lines of shapes have; no cell is of a null */
	const ic_json_kind kind = p[-1] == '"'	? IC_JSON_STRING
				  : p[0] == 't' ? IC_JSON_TRUE
				  : p[0] == 'f' ? IC_JSON_FALSE
						: IC_JSON_NUMBER;
	return (ic_json_value){ .p = p, .n = n, .kind = (uint8_t)kind };
}

static bool is_absent(const ic_json_queue *q, unsigned column, uint32_t row)
{
	return q->cell[q->first[row] + q->places.cell[column][0]] == q->absent;
}

static void put_one(ic_json_fill *f, ic_row_counts *c, unsigned column, uint32_t row)
{
	ic_json_queue *q = f->queue;
	const ic_json_column *col = &q->plan->column[column];
	ic_json_value v[IC_JSON_SOURCES];
	if (q->bad[row])
		return;
	if (col->form != IC_JSON_FORM_NONE && col->slots == 1 && is_absent(q, column, row)) {
		ic_batch_null_rest(f->b, f->b->rows + row, ~IC_FIELD_BIT(col->field));
		return;
	}
	for (unsigned k = 0; k < col->slots; k++)
		v[k] = value_at(q, q->cell + q->first[row] + q->places.cell[column][k]);
	f->row = f->b->rows + row;
	f->seen = 0;
	if (!col->put(f, (ic_field)col->field, v)) {
		ic_json_fill_bad(f, c, q->line[row]);
		q->bad[row] = true;
	} else if (!(f->seen & IC_FIELD_BIT(col->field))) {
		ic_batch_null_rest(f->b, f->row, ~IC_FIELD_BIT(col->field));
	}
}

/* ---- columns ---- */

static size_t take_texts(const ic_json_queue *q, const ic_zeek_cells *cells, ic_str *out, uint16_t *odd)
{
	size_t n = 0;
	for (uint32_t i = 0; i < cells->rows; i++) {
		out[i] = ic_zeek_cells_at(cells, i);
		odd[n] = (uint16_t)i;
		n += out[i].p == cells->text + q->absent;
	}
	return n;
}

#if defined(__x86_64__)
/* As ic_json_usual_time, of the day that it saw last. A byte of the form is added what `more` allows there: a
 * digit, or nothing, or anything behind the end. */
__attribute__((target("avx2,bmi,bmi2"))) static size_t
take_times_avx2(const ic_json_fill *f, const ic_zeek_cells *cells, int64_t *out, uint16_t *odd)
{
	enum { ANY = 255, WITH_Z = 27, WITH_OFFSET = 31 };
	static const uint8_t more[2][32] = {
		{ [11] = 2, 9, 0, 5, 9, 0, 5, 9, 0, 9, 9, 9, 9, 9, 9, [31] = ANY },
		{ [11] = 2, 9, 0, 5, 9, 0, 5, 9, 0, 9, 9, 9, 9, 9, 9, [27] = ANY, ANY, ANY, ANY, ANY },
	};
	char form[2][33] = { "____-__-__T00:00:00.000000+0000", "____-__-__T00:00:00.000000Z" };
	const __m256i pick = _mm256_setr_epi8(11, 12, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
					      1, 2, -1, -1, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1);
	const __m256i parts = _mm256_setr_epi16(3600, 60, 0, 0, 0, 0, 0, 0, 1, 0, 10000, 100, 1, 0, 0, 0);
	size_t n = 0;
	for (int k = 0; k < 2; k++)
		memcpy(form[k], f->day, sizeof(f->day));
	for (uint32_t i = 0; i < cells->rows; i++) {
		const ic_str s = ic_zeek_cells_at(cells, i);
		const int z = s.n == WITH_Z;
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)s.p);
		v = _mm256_xor_si256(v, _mm256_loadu_si256((const __m256i *)(const void *)form[z]));
		const __m256i bad =
		    _mm256_subs_epu8(v, _mm256_loadu_si256((const __m256i *)(const void *)more[z]));
		v = _mm256_maddubs_epi16(_mm256_shuffle_epi8(v, pick), _mm256_set1_epi16(0x010a));
		v = _mm256_madd_epi16(v, parts);
		const __m128i low = _mm256_castsi256_si128(v), high = _mm256_extracti128_si256(v, 1);
		const int64_t minutes = _mm_cvtsi128_si32(low), second = _mm_cvtsi128_si32(high);
		const int64_t us = _mm_extract_epi32(high, 1) + _mm_extract_epi32(high, 2);
		out[i] = f->day_ticks + (minutes + second) * IC_TICKS_S + us * IC_TICKS_US;
		odd[n] = (uint16_t)i;
		n += !((z | (s.n == WITH_OFFSET)) & (minutes < 86400) & (_mm256_testz_si256(bad, bad) != 0));
	}
	return n;
}
#endif

static size_t take_times(ic_json_fill *f, const ic_zeek_cells *cells, int64_t *out)
{
	uint16_t *odd = f->queue->odd;
	size_t n = 0;
#if defined(__x86_64__)
	if (f->j->level >= IC_SIMD_AVX2)
		return take_times_avx2(f, cells, out, odd);
#endif
	for (uint32_t i = 0; i < cells->rows; i++) {
		odd[n] = (uint16_t)i;
		n += !ic_json_usual_time(f, ic_zeek_cells_at(cells, i), &out[i]);
	}
	return n;
}

/* starts: the cells of the second slot. */
static size_t take_spans(ic_json_fill *f, const ic_zeek_cells *end, uint32_t starts, double *out)
{
	uint16_t *odd = f->queue->odd;
	int64_t from[QUEUE_ROWS], to[QUEUE_ROWS];
	const ic_zeek_cells start = { end->text, end->next, end->first, end->rows, starts };
	size_t n = take_times(f, &start, from);
	for (size_t i = 0; i < n; i++)
		from[odd[i]] = INT64_MAX; /* after any end */
	n = take_times(f, end, to);
	for (size_t i = 0; i < n; i++)
		to[odd[i]] = INT64_MIN;
	n = 0;
	for (uint32_t i = 0; i < end->rows; i++) {
		out[i] = (double)(int64_t)((uint64_t)to[i] - (uint64_t)from[i]) / (double)IC_TICKS_S;
		odd[n] = (uint16_t)i;
		n += to[i] < from[i];
	}
	return n;
}

/* A bit for each bit of the first n bytes, n up to 8, of a word. */
static uint64_t mask_of(uint32_t n)
{
	char mask[8] = { 0 };
	memset(mask, 0xff, n);
	return ic_fast_load64(mask);
}

static size_t take_names(ic_json_fill *f, ic_json_name_fn fn, const ic_zeek_cells *cells, ic_str *out)
{
	uint16_t *odd = f->queue->odd;
	/* The short name that came last; at first the empty one, which is left to put. */
	uint64_t last = 0, mask = 0;
	uint32_t last_n = 0;
	ic_str ours = { NULL, 0 };
	size_t n = 0;
	for (uint32_t i = 0; i < cells->rows; i++) {
		const ic_str s = ic_zeek_cells_at(cells, i);
		const uint64_t word = ic_fast_load64(s.p);
		ic_str name = ours;
		if (s.n != last_n || ((word ^ last) & mask) != 0) {
			name = ic_json_name(f, fn, s, true);
			if (s.n <= 8 && name.p != s.p) {
				last = word;
				mask = mask_of(s.n);
				last_n = s.n;
				ours = name;
			}
		}
		out[i] = name;
		odd[n] = (uint16_t)i;
		n += !name.p;
	}
	return n;
}

static size_t take_ports(ic_simd level, const ic_zeek_cells *cells, int64_t *out, uint16_t *odd)
{
	int64_t most = 0;
	size_t n = ic_zeek_cells_count(level, cells, out, odd);
	for (uint32_t i = 0; i < cells->rows; i++)
		most |= out[i];
	if ((uint64_t)most <= 65535)
		return n;
	for (n = 0; n < cells->rows; n++)
		odd[n] = (uint16_t)n;
	return n;
}

static void take_column(ic_json_fill *f, ic_row_counts *c, unsigned column)
{
	ic_json_queue *q = f->queue;
	const ic_json_column *op = &q->plan->column[column];
	const uint16_t *place = q->places.cell[column];
	const ic_zeek_cells cells = { q->text, q->cell, q->first, q->n, place[0] };
	const ic_simd level = f->j->level;
	ic_column *col = &f->b->col[op->field];
	const uint32_t row = f->b->rows;
	size_t n = 0;
	switch ((ic_json_form)op->form) {
	case IC_JSON_FORM_TEXT: n = take_texts(q, &cells, col->s + row, q->odd); break;
	case IC_JSON_FORM_COUNT: n = ic_zeek_cells_count(level, &cells, col->i + row, q->odd); break;
	case IC_JSON_FORM_PORT: n = take_ports(level, &cells, col->i + row, q->odd); break;
	case IC_JSON_FORM_REAL: n = ic_zeek_cells_real(level, &cells, col->d + row, q->odd); break;
	case IC_JSON_FORM_IP: n = ic_zeek_cells_ip(level, &cells, col->ip + row, q->odd); break;
	case IC_JSON_FORM_ISO: n = take_times(f, &cells, col->i + row); break;
	case IC_JSON_FORM_SPAN: n = take_spans(f, &cells, place[1], col->d + row); break;
	case IC_JSON_FORM_NAME: n = take_names(f, op->name, &cells, col->s + row); break;
	case IC_JSON_FORM_EPOCH: n = ic_zeek_cells_time(level, &cells, col->i + row, q->odd); break;
	case IC_JSON_FORM_NONE:
		for (uint32_t i = 0; i < q->n; i++)
			put_one(f, c, column, i);
		return;
	}
	for (size_t i = 0; i < n; i++)
		put_one(f, c, column, q->odd[i]);
}

/* Leaves n of the waiting rows, which have values in these columns. */
static void leave_rows(ic_json_fill *f, ic_fieldset columns, const uint16_t *kept, uint32_t n)
{
	ic_json_queue *q = f->queue;
	uint8_t *flags = f->b->flags + f->b->rows;
	ic_batch_gather(f->b, columns, kept, n, q->n);
	for (uint32_t i = 0; i < n; i++) {
		flags[i] = flags[kept[i]];
		q->first[i] = q->first[kept[i]];
		q->line[i] = q->line[kept[i]];
	}
	memset(q->bad, 0, n);
	q->n = n;
}

static void drop_bad(ic_json_fill *f, ic_fieldset columns)
{
	ic_json_queue *q = f->queue;
	uint16_t kept[QUEUE_ROWS];
	uint32_t n = 0;
	if (!memchr(q->bad, true, q->n))
		return;
	for (uint32_t i = 0; i < q->n; i++)
		if (!q->bad[i])
			kept[n++] = (uint16_t)i;
	leave_rows(f, columns, kept, n);
}

/* Drops the rows that the filter does not want. */
static void judge(ic_json_fill *f, ic_row_counts *c)
{
	ic_json_queue *q = f->queue;
	uint16_t kept[QUEUE_ROWS];
	ic_fieldset asked = 0;
	for (unsigned i = 0; i < q->plan->asked; i++)
		asked |= IC_FIELD_BIT(q->plan->column[i].field);
	drop_bad(f, asked);
	const uint32_t n = ic_rows_keep(f->filter, f->b, q->n, kept, c);
	if (n < q->n)
		leave_rows(f, asked, kept, n);
}

static void flush(ic_json_fill *f, ic_row_counts *c)
{
	ic_json_queue *q = f->queue;
	ic_batch *b = f->b;
	const ic_json_plan *p = q->plan;
	f->j->padded = true;
	memset(q->bad, 0, q->n);
	memset(b->stream + b->rows, p->stream, q->n);
	memset(b->flags + b->rows, p->flags, q->n);
	c->read += q->n;
	for (unsigned i = 0; i < p->asked; i++)
		take_column(f, c, i);
	judge(f, c);
	for (unsigned i = p->asked; i < p->columns && q->n; i++)
		take_column(f, c, i);
	drop_bad(f, p->fields);
	for (ic_fieldset left = b->wanted & ~p->fields; left && q->n; left &= left - 1)
		ic_batch_null_column(b, (ic_field)__builtin_ctzll(left), q->n);
	for (uint32_t i = 0; i < q->n; i++)
		b->line[b->rows + i] = (uint32_t)q->line[i];
	b->rows += q->n;
	c->kept += q->n;
	q->n = 0;
}

/* ---- the queue ---- */

size_t ic_json_queue_take(ic_json_fill *f, const char *text, size_t n, ic_row_counts *c)
{
	ic_json_queue *q = f->queue;
	size_t used = 0;
	if (!q || !q->plan)
		return 0;
	if (q->misfit) {
		q->misfit = false;
		return 0;
	}
	n = n < q->window ? n : q->window;
	q->text = text;
	q->absent = (uint16_t)n;
	const uint32_t room = IC_BATCH_ROWS - f->b->rows, most = room < QUEUE_ROWS ? room : QUEUE_ROWS;
	/* Without its time, the last that the filter asks for, the record may be of another plan, or bad. */
	const ic_json_cells to = { q->cell, q->places.all, q->absent, q->places.cell[q->plan->asked - 1][0] };
	bool misfit;
	q->n = ic_json_take_lines(f->j, text, n, q->plan, &to, most, &used, &misfit);
	for (uint32_t i = 0; i < q->n; i++) {
		q->first[i] = (uint16_t)(i * q->places.all);
		q->line[i] = c->lines + i;
	}
	c->lines += q->n;
	/* What comes after a line that does not fit has been looked at in vain, and so has a line that is too long: less
	 * of it the next time. */
	const bool too_long = used == 0 && n == WINDOW_MOST;
	q->misfit = misfit && used > 0; /* else it is scanned at once */
	q->window = misfit || too_long ? 2 * used : 2 * q->window;
	if (q->window > WINDOW_MOST)
		q->window = WINDOW_MOST;
	if (q->window < WINDOW_LEAST)
		q->window = WINDOW_LEAST;
	if (q->n > 0) {
		q->pause = 0;
		flush(f, c);
	}
	return used;
}

size_t ic_json_queue_pause(ic_json_fill *f, const char *text, size_t n)
{
	ic_json_queue *q = f->queue;
	if (!q || !q->plan)
		return n;
	/* one line, then more and more */
	const char *line_end = memchr(text, '\n', n);
	const size_t line = line_end ? (size_t)(line_end - text) + 1 : n, pause = q->pause;
	q->pause = pause ? 2 * pause : WINDOW_LEAST;
	if (q->pause > IC_JSON_SLAB)
		q->pause = IC_JSON_SLAB;
	return line > pause ? line : pause < n ? pause : n;
}

bool ic_json_queue_learn(ic_json_fill *f, const ic_json_plan *plan)
{
	struct ic_json_nodes *t = f->j->nodes;
	shape *h = t->fitted;
	bool timed = plan->asked && plan->column[plan->asked - 1].field == IC_F_TIME;
	if (!h || !plan->by_column || !timed || f->j->nomem)
		return true;
	if (!f->queue) {
		ic_zeek_cells_prepare();
		f->queue = ic_calloc(1, sizeof(*f->queue));
	}
	if (!f->queue)
		return false;
	if (f->queue->plan != plan || h->plan != plan)
		ic_json_plan_places(plan, &f->queue->places);
	f->queue->plan = plan;
	if (h->plan != plan)
		ic_json_shape_plan(f->j, h, plan, &f->queue->places);
	return true;
}
