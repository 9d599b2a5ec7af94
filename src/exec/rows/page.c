/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/page.h"

#include "base/hash.h"

enum {
	LIST_MOST = 256,  /* texts of a list */
	LIST_SLOTS = 512, /* of the table that finds them */
	ALIGN = 8,
};

/* What a column will look like; made first, so that the page is allocated once. */
typedef struct plan {
	ic_page_column c;
	bool any_null;
	uint32_t listed;	   /* texts of the list */
	uint64_t text_bytes;	   /* outside offsets and numbers */
	uint16_t first[LIST_MOST]; /* row of a listed text */
	uint8_t number[IC_CHUNK_ROWS];
} plan;

typedef struct span {
	const ic_vector *v;
	uint32_t first, n;
} span;

static uint32_t row_of(const span *s, uint32_t i)
{
	return ic_vector_at(s->v, s->first + i);
}

static bool is_null(const span *s, uint32_t i)
{
	return ic_vector_null(s->v, s->first + i);
}

static ic_str text_of(const span *s, uint32_t i)
{
	return ((const ic_str *)s->v->data)[row_of(s, i)];
}

static bool has_null(const span *s)
{
	bool any = false;
	for (uint32_t i = 0; s->v->nulls && i < s->n && !any; i++)
		any = is_null(s, i);
	return any;
}

/* ---- which form ---------------------------------------------------------------------------- */

static bool is_whole(ic_qtype t)
{
	return t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_DATETIME || t == IC_Q_TIMESPAN;
}

/* A null takes no part: it becomes the least. */
static void plan_whole(plan *p, const span *s)
{
	const int64_t *v = s->v->data;
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (uint32_t i = 0; i < s->n; i++) {
		int64_t one = v[row_of(s, i)];
		if (p->any_null && is_null(s, i))
			continue;
		least = one < least ? one : least;
		most = one > most ? one : most;
	}
	if (least > most)
		least = most = 0;
	uint64_t wide = (uint64_t)most - (uint64_t)least;
	p->c.least = least;
	p->c.width = wide == 0		  ? 0
		     : wide <= UINT8_MAX  ? 1
		     : wide <= UINT16_MAX ? 2
		     : wide <= UINT32_MAX ? 4
					  : 8;
	p->c.form = wide == 0 ? IC_FORM_SAME : IC_FORM_WHOLE;
}

static void plan_fixed(plan *p, const span *s)
{
	size_t size = ic_qtype_size(s->v->type);
	const char *data = s->v->data, *head = data + size * row_of(s, 0);
	bool same = true, v4 = s->v->type == IC_Q_IP;
	for (uint32_t i = 0; i < s->n && (same || v4); i++) {
		const char *one = data + size * row_of(s, i);
		same = same && memcmp(one, head, size) == 0;
		v4 = v4 && (ic_ip_is_v4((const ic_ip *)(const void *)one) || (p->any_null && is_null(s, i)));
	}
	p->c.form = same ? IC_FORM_SAME : v4 ? IC_FORM_V4 : IC_FORM_RAW;
	p->c.width = (uint8_t)(v4 ? 4 : size);
}

/* Numbers the texts if they are few. */
static bool plan_list(plan *p, const span *s)
{
	uint16_t slot[LIST_SLOTS] = { 0 }; /* number + 1 */
	ic_str last = text_of(s, 0);
	p->listed = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		ic_str one = text_of(s, i);
		if (i && (one.p == last.p ? one.n == last.n : ic_str_eq(one, last))) {
			p->number[i] = p->number[i - 1];
			continue;
		}
		last = one;
		uint32_t at = (uint32_t)ic_hash(one.p, one.n) % LIST_SLOTS;
		while (slot[at] && !ic_str_eq(text_of(s, p->first[slot[at] - 1]), one))
			at = (at + 1) % LIST_SLOTS;
		if (!slot[at]) {
			/* a list that grows with the rows is none */
			if (p->listed == LIST_MOST || p->listed > 16 + i / 8)
				return false;
			p->first[p->listed] = (uint16_t)i;
			p->text_bytes += one.n;
			slot[at] = (uint16_t)++p->listed;
		}
		p->number[i] = (uint8_t)(slot[at] - 1);
	}
	return true;
}

static uint8_t offset_width(uint64_t bytes)
{
	return bytes <= UINT16_MAX ? 2 : 4;
}

static void plan_text(plan *p, const span *s)
{
	uint32_t length = text_of(s, 0).n;
	if (plan_list(p, s)) {
		p->c.form = p->listed == 1 ? IC_FORM_SAME : IC_FORM_LISTED;
		p->c.length = length;
		p->c.width = offset_width(p->text_bytes);
		return;
	}
	bool even = true;
	p->text_bytes = 0;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t n = text_of(s, i).n;
		even = even && n == length;
		p->text_bytes += n;
	}
	p->c.form = even ? IC_FORM_EVEN : IC_FORM_VARIED;
	p->c.length = length;
	p->c.width = offset_width(p->text_bytes);
}

static uint64_t data_bytes(const plan *p, uint32_t n)
{
	switch (p->c.form) {
	case IC_FORM_SAME: return ic_qtype_size(p->c.type);
	case IC_FORM_RAW:
	case IC_FORM_V4:
	case IC_FORM_WHOLE: return (uint64_t)p->c.width * n;
	case IC_FORM_LISTED: return n;
	case IC_FORM_VARIED: return (uint64_t)p->c.width * (n + UINT64_C(1));
	default: return 0;
	}
}

static uint64_t aligned(uint64_t at)
{
	return (at + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

/* Lays the column out from byte `at` on; returns where it ends. */
static uint64_t lay_out(plan *p, const span *s, uint64_t at)
{
	p->c = (ic_page_column){ .type = (uint8_t)s->v->type };
	p->text_bytes = 0;
	p->any_null = has_null(s);
	if (s->v->type == IC_Q_STRING)
		plan_text(p, s);
	else if (is_whole(s->v->type))
		plan_whole(p, s);
	else
		plan_fixed(p, s);
	if (p->any_null) {
		p->c.nulls = (uint32_t)at;
		at = aligned(at + (s->n + 7) / 8);
	}
	p->c.data = (uint32_t)at;
	at = aligned(at + data_bytes(p, s->n));
	if (p->c.form == IC_FORM_LISTED) {
		p->c.length = (uint32_t)at; /* of the offsets */
		at += (uint64_t)p->c.width * (p->listed + 1);
	}
	p->c.text = (uint32_t)at;
	return aligned(at + p->text_bytes);
}

/* ---- filling it ------------------------------------------------------------------------------ */

static void put_word(char *base, unsigned width, uint32_t at, uint64_t v)
{
	char *to = base + (size_t)width * at;
	switch (width) {
	case 1: *(uint8_t *)to = (uint8_t)v; break;
	case 2: memcpy(to, &(uint16_t){ (uint16_t)v }, 2); break;
	case 4: memcpy(to, &(uint32_t){ (uint32_t)v }, 4); break;
	default: memcpy(to, &v, 8); break;
	}
}

static void fill_texts(const plan *p, const span *s, char *base)
{
	bool listed = p->c.form == IC_FORM_LISTED, varied = p->c.form == IC_FORM_VARIED;
	uint32_t n = listed ? p->listed : p->c.form == IC_FORM_SAME ? 1 : s->n;
	char *offsets = base + (listed ? p->c.length : p->c.data), *text = base + p->c.text;
	uint64_t at = 0;
	if (listed)
		memcpy(base + p->c.data, p->number, s->n);
	for (uint32_t i = 0; i < n; i++) {
		ic_str one = text_of(s, listed ? p->first[i] : i);
		if (listed || varied)
			put_word(offsets, p->c.width, i, at);
		if (one.n)
			memcpy(text + at, one.p, one.n);
		at += one.n;
	}
	if (listed || varied)
		put_word(offsets, p->c.width, n, at);
}

static void fill_values(const plan *p, const span *s, char *base)
{
	size_t size = ic_qtype_size(p->c.type);
	const char *data = s->v->data;
	char *to = base + p->c.data;
	uint32_t n = p->c.form == IC_FORM_SAME ? 1 : s->n;
	size_t skip = p->c.form == IC_FORM_V4 ? size - 4 : 0;
	for (uint32_t i = 0; i < n; i++)
		memcpy(to + (size - skip) * i, data + size * row_of(s, i) + skip, size - skip);
}

static void fill_whole(const plan *p, const span *s, char *base)
{
	const int64_t *v = s->v->data;
	for (uint32_t i = 0; i < s->n && p->c.width; i++) {
		uint64_t far = (uint64_t)v[row_of(s, i)] - (uint64_t)p->c.least;
		put_word(base + p->c.data, p->c.width, i, p->any_null && is_null(s, i) ? 0 : far);
	}
}

static void fill(const plan *p, const span *s, ic_page *page)
{
	char *base = (char *)page;
	if (p->c.type == IC_Q_STRING)
		fill_texts(p, s, base);
	else if (is_whole(p->c.type))
		fill_whole(p, s, base);
	else
		fill_values(p, s, base);
	for (uint32_t i = 0; p->any_null && i < s->n; i++)
		if (is_null(s, i))
			base[p->c.nulls + i / 8] |= (char)(1 << i % 8);
}

ic_page *ic_page_new(const ic_vector *col, uint32_t columns, uint32_t first, uint32_t n, ic_budget *budget)
{
	plan *p = ic_reallocarray(NULL, columns + (size_t)1, sizeof *p);
	uint64_t bytes = aligned(sizeof(ic_page) + columns * sizeof(ic_page_column));
	ic_page *page = NULL;
	for (uint32_t i = 0; p && i < columns && bytes < UINT32_MAX; i++)
		bytes = lay_out(&p[i], &(span){ &col[i], first, n }, bytes);
	if (!p || bytes >= UINT32_MAX || (budget && ic_budget_take(budget, bytes)))
		goto out;
	page = ic_calloc(1, bytes);
	if (!page) {
		if (budget)
			ic_budget_give(budget, bytes);
		goto out;
	}
	page->bytes = (uint32_t)bytes;
	page->rows = n;
	page->columns = columns;
	for (uint32_t i = 0; i < columns; i++) {
		page->column[i] = p[i].c;
		fill(&p[i], &(span){ &col[i], first, n }, page);
	}
out:
	ic_free(p);
	return page;
}

void ic_page_free(ic_page *p, ic_budget *budget)
{
	if (!p)
		return;
	if (budget)
		ic_budget_give(budget, p->bytes);
	ic_free(p);
}

/* ---- reading it ------------------------------------------------------------------------------ */

void ic_page_copy(const ic_page *p, const ic_page_column *c, uint32_t at, void *to)
{
	const char *data = (const char *)p + c->data;
	size_t size = ic_qtype_size(c->type);
	if (c->form == IC_FORM_V4) {
		ic_ip ip = ic_ip_from_v4(0);
		memcpy(ip.b + sizeof ip.b - 4, data + (size_t)4 * at, 4);
		memcpy(to, &ip, sizeof ip);
	} else {
		memcpy(to, data + (c->form == IC_FORM_SAME ? 0 : size * at), size);
	}
}

ic_value ic_page_value(const ic_page *p, uint32_t column, uint32_t at)
{
	const ic_page_column *c = &p->column[column];
	ic_value v = { .type = c->type };
	if (ic_page_null(p, c, at))
		return ic_value_null(c->type);
	switch (v.type) {
	case IC_Q_STRING: v.s = ic_page_text(p, c, at); break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: v.i = ic_page_whole(p, c, at); break;
	case IC_Q_DECIMAL:
		v.decimal = (const ic_decimal *)(const void *)((const char *)p + c->data) +
			    (c->form == IC_FORM_SAME ? 0 : at);
		break;
	case IC_Q_BOOL: {
		uint8_t truth;
		ic_page_copy(p, c, at, &truth);
		v.b = truth;
		break;
	}
	case IC_Q_REAL: ic_page_copy(p, c, at, &v.d); break;
	case IC_Q_IP: ic_page_copy(p, c, at, &v.ip); break;
	case IC_Q_GUID: ic_page_copy(p, c, at, &v.guid); break;
	default: v.null = true; break;
	}
	return v;
}
