/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/json_put.h"

#include "base/num.h"
#include "base/time.h"
#include "source/text/fast.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* The quick ways read whole words, so they need room after the value and the byte order of x86. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define QUICK 1
#else
#define QUICK 0
#endif

static bool refuse(ic_json_fill *f, ic_field field, const char *cause, ic_str text)
{
	f->cause = cause;
	f->bad_field = field;
	f->bad_text = text;
	return false;
}

bool ic_json_usual_time(ic_json_fill *f, ic_str s, int64_t *ret)
{
	uint64_t fraction, w;
	if (!QUICK || s.n < 27 || s.p[10] != 'T' || s.p[19] != '.')
		return false;
	if (!(s.n == 27 && s.p[26] == 'Z') &&
	    !(s.n == 31 && memcmp(s.p + 26, "+000", 4) == 0 && s.p[30] == '0'))
		return false;
	/* the clock as digits, its colons as zero: what is added makes the top bit of anything else */
	w = ic_fast_load64(s.p + 11) ^ UINT64_C(0x30303a30303a3030);
	if (((w + UINT64_C(0x76767f76767f7676)) | w) & UINT64_C(0x8080808080808080) ||
	    !ic_fast_digits8(s.p + 20, 6, &fraction))
		return false;
	const uint64_t hour = (w & 15) * 10 + (w >> 8 & 15), minute = (w >> 24 & 15) * 10 + (w >> 32 & 15),
		       second = (w >> 48 & 15) * 10 + (w >> 56);
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	_Static_assert(sizeof(f->day) == 10, "compared in words");
	if (ic_fast_load64(f->day) != ic_fast_load64(s.p) || memcmp(f->day + 8, s.p + 8, 2) != 0) {
		char midnight[] = "2024-05-01T00:00:00Z";
		memcpy(midnight, s.p, sizeof(f->day));
		if (!ic_time_from_text((ic_str){ midnight, sizeof(midnight) - 1 }, &f->day_ticks))
			return false;
		memcpy(f->day, s.p, sizeof(f->day));
	}
	*ret = f->day_ticks + (int64_t)(hour * 3600 + minute * 60 + second) * IC_TICKS_S +
	       (int64_t)fraction * IC_TICKS_US;
	return true;
}

static bool read_time(ic_json_fill *f, const ic_json_value *v, ic_str text, int64_t *ret)
{
	double d;
	if (v->kind == IC_JSON_STRING && !v->escaped && ic_json_usual_time(f, text, ret))
		return true;
	if (v->kind == IC_JSON_STRING && memchr(text.p, ':', text.n))
		return ic_time_from_text(text, ret) || refuse(f, IC_F_TIME, "is not a time", text);
	if (ic_time_from_epoch_text(text, ret))
		return true;
	if (!ic_parse_double(text, &d))
		return refuse(f, IC_F_TIME, "is not a time", text);
	/* Zeek can be told to write milliseconds; as seconds those since 1978 lie after the year 9999 */
	if (ic_time_from_number(d, IC_TICKS_MS, ret))
		return true;
	return refuse(f, IC_F_TIME, d < 0 ? "is negative" : "is after the year 9999", text);
}

bool ic_json_time(ic_json_fill *f, const ic_json_value *v, int64_t *ret)
{
	return read_time(f, v, (ic_str){ v->p, v->n }, ret);
}

#if defined(__x86_64__)
/* The number of n digits (1 to 3) at p. */
static inline uint32_t octet(const char *p, unsigned n)
{
	uint32_t w;
	memcpy(&w, p, sizeof(w));
	w = (w & 0x0f0f0f0fu) << (32 - 8 * n);
	return (w >> 24) + 10 * (w >> 16 & 0xff) + 100 * (w >> 8 & 0xff);
}

/* "10.20.1.180"; other spellings are left to ic_ip_parse. */
static bool quick_quad(const char *p, uint32_t n, ic_ip *ret)
{
	if (n - 7 > 8)
		return false;
	const uint32_t all = (1u << n) - 1;
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i d = _mm_sub_epi8(v, _mm_set1_epi8('0'));
	const uint32_t digits =
	    (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d)) & all;
	const uint32_t dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('.'))) & all;
	const uint32_t zeros = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('0')));
	const uint32_t starts = dots << 1 | 1, second = dots & (dots - 1), third = second & (second - 1);
	/* other bytes, numbers that are empty, of four digits, or written with a leading zero */
	if ((digits | dots) != all || (starts & (dots | ~all)) || (dots >> (n - 1)) ||
	    (digits & digits >> 1 & digits >> 2 & digits >> 3) || (zeros & starts & digits >> 1) ||
	    third == 0 || (third & (third - 1)))
		return false;
	const unsigned a = (unsigned)__builtin_ctz(dots), b = (unsigned)__builtin_ctz(second),
		       c = (unsigned)__builtin_ctz(third);
	const uint32_t w = octet(p, a), x = octet(p + a + 1, b - a - 1), y = octet(p + b + 1, c - b - 1),
		       z = octet(p + c + 1, n - c - 1);
	*ret = ic_ip_from_v4(w << 24 | x << 16 | y << 8 | z);
	return (w | x | y | z) <= 255;
}
#else
static bool quick_quad(const char *p, uint32_t n, ic_ip *ret)
{
	(void)p;
	(void)n;
	(void)ret;
	return false;
}
#endif

/* "0.312535": correctly rounded, as the mantissa and the power of ten are exact. */
static bool quick_real(const char *p, uint32_t n, double *ret)
{
	static const uint32_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };
	uint32_t before = 1;
	uint64_t whole, fraction;
	while (before < n && p[before] != '.')
		before++;
	uint32_t after = n - before - 1;
	if (before > 7 || after - 1 > 7 || !ic_fast_digits8(p, before, &whole) ||
	    !ic_fast_digits8(p + before + 1, after, &fraction))
		return false;
	*ret = (double)(whole * tens[after] + fraction) / (double)tens[after];
	return true;
}

static bool put_long(ic_json_fill *f, ic_field field, ic_str text, bool quick)
{
	int64_t v;
	uint64_t u;
	double d;
	if (quick && text.n - 1 < 16 && ic_fast_digits16(text.p, text.n, &u)) {
		v = (int64_t)u;
	} else if (!ic_parse_whole(text, &v)) {
		return refuse(f, field,
			      ic_parse_double(text, &d) ? "is not a whole number" : "is not a number", text);
	}
	if (v < 0)
		return refuse(f, field, "is negative", text);
	if ((field == IC_F_DST_PORT || field == IC_F_SRC_PORT) && v > 65535)
		return refuse(f, field, "is over 65535", text);
	f->b->col[field].i[f->row] = v;
	return true;
}

static bool put_real(ic_json_fill *f, ic_field field, ic_str text, bool quick)
{
	double d;
	if (!(quick && quick_real(text.p, text.n, &d)) && !ic_parse_double(text, &d))
		return refuse(f, field, "is not a number", text);
	f->b->col[field].d[f->row] = d;
	return true;
}

static bool put_bool(ic_json_fill *f, ic_field field, const ic_json_value *v, ic_str text)
{
	bool yes = v->kind == IC_JSON_TRUE || ic_name_is(text, "true|T|ok", false);
	f->b->col[field].b[f->row] = yes;
	return true;
}

bool ic_json_put(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	bool good = true;
	if (!ic_batch_has(f->b, field) || v->kind == IC_JSON_NONE || v->kind == IC_JSON_NULL)
		return true;
	ic_str text = { v->p, v->n };
	if (v->escaped || v->kind == IC_JSON_ARRAY) {
		text = ic_json_text(f->j, v, &f->b->arena);
		if (!text.p)
			return true; /* out of memory: the caller of the reader is told */
	}
	const bool quick = QUICK && f->j->padded && text.p == v->p;
	switch (ic_fields[field].type) {
	case IC_T_BOOL: good = put_bool(f, field, v, text); break;
	case IC_T_LONG: good = put_long(f, field, text, quick); break;
	case IC_T_REAL: good = put_real(f, field, text, quick); break;
	case IC_T_TIME: good = read_time(f, v, text, &f->b->col[field].i[f->row]); break;
	case IC_T_IP:
		good = (quick && quick_quad(text.p, text.n, &f->b->col[field].ip[f->row])) ||
		       ic_ip_parse(text, &f->b->col[field].ip[f->row]) ||
		       refuse(f, field, "is not an address", text);
		break;
	case IC_T_STRING: f->b->col[field].s[f->row] = text; break;
	}
	f->seen |= IC_FIELD_BIT(field);
	return good;
}

void ic_json_put_str(ic_json_fill *f, ic_field field, ic_str s)
{
	if (!s.p || !ic_batch_has(f->b, field))
		return;
	f->b->col[field].s[f->row] = s;
	f->seen |= IC_FIELD_BIT(field);
}

/* The bytes of a text of 1 to 16 bytes in two words, which together with its length tell it. */
static inline void key_of(ic_str s, bool padded, uint64_t key[2])
{
	if (QUICK && padded) {
		key[0] = ic_fast_word(s.p, s.n < 8 ? s.n : 8);
		key[1] = ic_fast_word(s.p + 8, s.n < 8 ? 0 : s.n - 8);
		return;
	}
	memset(key, 0, 16);
	memcpy(key, s.p, s.n);
}

ic_str ic_json_name(ic_json_fill *f, ic_json_name_fn fn, ic_str theirs, bool padded)
{
	uint64_t key[2];
	if (theirs.n - 1 >= 16)
		return fn(theirs);
	key_of(theirs, padded, key);
	const uint64_t hash = key[0] * UINT64_C(0x9e3779b97f4a7c15) + key[1] * UINT64_C(0xc2b2ae3d27d4eb4f);
	const unsigned i = (unsigned)(hash >> 58);
	_Static_assert(IC_NAMES_KEPT == 64, "six bits");
	if (f->names[i].key[0] != key[0] || f->names[i].key[1] != key[1] || f->names[i].n != theirs.n ||
	    f->names[i].fn != fn) {
		const ic_str ours = fn(theirs);
		f->names[i].fn = fn;
		f->names[i].key[0] = key[0];
		f->names[i].key[1] = key[1];
		f->names[i].n = theirs.n;
		f->names[i].same = ours.p == theirs.p;
		f->names[i].ours = ours;
	}
	/* without a branch: names come in any order */
	const bool same = f->names[i].same;
	const ic_str ours = f->names[i].ours;
	return (ic_str){ same ? theirs.p : ours.p, same ? theirs.n : ours.n };
}

void ic_json_fill_bad(const ic_json_fill *f, ic_row_counts *c, uint64_t line)
{
	if (c->has_sample && line < c->sample_line)
		c->has_sample = false;
	ic_row_bad(c, line, 0, "%s %s: %.*s", ic_fields[f->bad_field].name, f->cause,
		   (int)(f->bad_text.n < 40 ? f->bad_text.n : 40), f->bad_text.p ? f->bad_text.p : "");
}

/* ---- plans ---- */

bool ic_json_put_service(ic_json_fill *f, ic_field field, const ic_json_value *v)
{
	if (v->kind != IC_JSON_NONE)
		ic_json_put_str(f, field,
				ic_json_name(f, ic_service_name, ic_json_text(f->j, v, &f->b->arena), false));
	return true;
}

static ic_json_form form_of(ic_field field)
{
	if (field == IC_F_SRC_PORT || field == IC_F_DST_PORT)
		return IC_JSON_FORM_PORT;
	switch (ic_fields[field].type) {
	case IC_T_LONG: return IC_JSON_FORM_COUNT;
	case IC_T_REAL: return IC_JSON_FORM_REAL;
	case IC_T_TIME: return IC_JSON_FORM_EPOCH;
	case IC_T_IP: return IC_JSON_FORM_IP;
	case IC_T_STRING: return IC_JSON_FORM_TEXT;
	case IC_T_BOOL: break;
	}
	return IC_JSON_FORM_NONE;
}

ic_json_column *ic_json_plan_add(ic_json_plan *p, ic_fieldset wanted, ic_field field, unsigned slot,
				 ic_json_put_fn put)
{
	if (!(wanted >> field & 1) || p->fields >> field & 1)
		return NULL;
	ic_json_column *c = &p->column[p->columns++];
	p->fields |= IC_FIELD_BIT(field);
	*c = (ic_json_column){ .field = (uint8_t)field, .slots = 1, .slot = { (uint16_t)slot } };
	c->put = put ? put : ic_json_put;
	c->name = put == ic_json_put_service ? ic_service_name : NULL;
	c->form = (uint8_t)(c->name ? IC_JSON_FORM_NAME : put ? IC_JSON_FORM_NONE : form_of(field));
	return c;
}

/* The usual form of a value into its column; false: it has another one. */
static inline bool put_usual(ic_column *col, uint32_t row, unsigned form, const ic_json_value *v)
{
	uint64_t u;
	switch (form) {
	case IC_JSON_FORM_TEXT:
		col->s[row] = (ic_str){ v->p, v->n };
		return (v->kind == IC_JSON_STRING || v->kind == IC_JSON_NUMBER) && !v->escaped;
	case IC_JSON_FORM_PORT:
		if (v->kind != IC_JSON_NUMBER || v->n - 1 > 4 || !ic_fast_digits8(v->p, v->n, &u) ||
		    u > 65535)
			return false;
		col->i[row] = (int64_t)u;
		return true;
	case IC_JSON_FORM_COUNT:
		if (v->kind != IC_JSON_NUMBER || v->n - 1 > 15 || !ic_fast_digits16(v->p, v->n, &u))
			return false;
		col->i[row] = (int64_t)u;
		return true;
	case IC_JSON_FORM_IP: return v->kind == IC_JSON_STRING && quick_quad(v->p, v->n, &col->ip[row]);
	default: return false;
	}
}

/* Puts columns first..last-1. */
static bool put_columns(const ic_json_plan *p, ic_json_fill *f, unsigned first, unsigned last)
{
	const ic_json *const j = f->j;
	const bool quick = QUICK && j->padded;
	for (unsigned i = first; i < last; i++) {
		const ic_json_column *col = &p->column[i];
		const ic_json_value *v = ic_json_get(j, col->slot[0]);
		if (quick && put_usual(&f->b->col[col->field], f->row, col->form, v)) {
			f->seen |= IC_FIELD_BIT(col->field);
			continue;
		}
		ic_json_value all[IC_JSON_SOURCES] = { *v };
		for (unsigned k = 1; k < col->slots; k++)
			all[k] = *ic_json_get(j, col->slot[k]);
		if (!col->put(f, (ic_field)col->field, all))
			return false;
	}
	return true;
}

void ic_json_plan_row(const ic_json_plan *p, ic_json_fill *f, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	const ic_fieldset asked =
	    IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_TIME);
	const uint32_t row = b->rows;
	f->b = b;
	f->row = row;
	f->seen = 0;
	b->stream[row] = p->stream;
	b->flags[row] = p->flags;
	if (!ic_json_has(f->j, p->time)) {
		ic_row_bad(c, line, 0, "%s", p->no_time);
		return;
	}
	if (!put_columns(p, f, 0, p->asked)) {
		ic_json_fill_bad(f, c, line);
		return;
	}
	const ic_fieldset missing = asked & ~f->seen;
	ic_batch_null_rest(b, row, ~missing);
	bool keep = ic_row_keep(f->filter, b, row, c);
	/* The place is used again for the next row. */
	ic_batch_clear_nulls(b, missing, row);
	if (!keep)
		return;
	if (!put_columns(p, f, p->asked, p->columns)) {
		ic_json_fill_bad(f, c, line);
		return;
	}
	if (f->j->nomem)
		return;
	ic_batch_null_rest(b, row, f->seen);
	b->line[row] = (uint32_t)line;
	if (p->stream == IC_STREAM_HTTP || p->stream == IC_STREAM_WEBSOCKET)
		ic_http_row_finish(b, row);
	b->rows++;
	c->kept++;
}
