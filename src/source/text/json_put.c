/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text/json_put.h"

#include "base/num.h"
#include "base/time.h"

void ic_json_fill_begin(ic_json_fill *f, ic_batch *b, ic_stream s, uint8_t flags)
{
	f->b = b;
	f->row = b->rows;
	f->seen = 0;
	f->cause = NULL;
	b->stream[f->row] = (uint8_t)s;
	b->flags[f->row] = flags;
}

static bool refuse(ic_json_fill *f, ic_field field, const char *cause, ic_str text)
{
	f->cause = cause;
	f->bad_field = field;
	f->bad_text = text;
	return false;
}

static unsigned two_digits(const char *p)
{
	unsigned tens = (unsigned)(unsigned char)p[0] - '0', ones = (unsigned)(unsigned char)p[1] - '0';
	return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* "2024-05-01T00:00:00.123456+0000", also with Z: the form of EVE and of Zeek. Days are remembered. */
static bool usual_time(ic_json_fill *f, ic_str s, int64_t *ret)
{
	if (s.n < 27 || s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':' || s.p[19] != '.')
		return false;
	if (!(s.n == 27 && s.p[26] == 'Z') && !(s.n == 31 && memcmp(s.p + 26, "+0000", 5) == 0))
		return false;
	unsigned hour = two_digits(s.p + 11), minute = two_digits(s.p + 14), second = two_digits(s.p + 17);
	unsigned a = two_digits(s.p + 20), b = two_digits(s.p + 22), c = two_digits(s.p + 24);
	if (hour > 23 || minute > 59 || second > 59 || a > 99 || b > 99 || c > 99)
		return false;
	if (memcmp(f->day, s.p, sizeof(f->day)) != 0) {
		char midnight[] = "2024-05-01T00:00:00Z";
		memcpy(midnight, s.p, sizeof(f->day));
		if (!ic_time_from_text((ic_str){ midnight, sizeof(midnight) - 1 }, &f->day_ticks))
			return false;
		memcpy(f->day, s.p, sizeof(f->day));
	}
	*ret = f->day_ticks + (int64_t)(hour * 3600 + minute * 60 + second) * IC_TICKS_S +
	       (int64_t)(a * 10000 + b * 100 + c) * IC_TICKS_US;
	return true;
}

static bool read_time(ic_json_fill *f, const ic_json_value *v, ic_str text, int64_t *ret)
{
	double d;
	if (v->kind == IC_JSON_STRING && usual_time(f, text, ret))
		return true;
	if (v->kind == IC_JSON_STRING && memchr(text.p, ':', text.n))
		return ic_time_from_text(text, ret) || refuse(f, IC_F_TIME, "is not a time", text);
	if (ic_time_from_epoch_text(text, ret))
		return true;
	if (!ic_parse_double(text, &d))
		return refuse(f, IC_F_TIME, "is not a time", text);
	return refuse(f, IC_F_TIME, d < 0 ? "is negative" : "is after the year 9999", text);
}

bool ic_json_time(ic_json_fill *f, const ic_json_value *v, int64_t *ret)
{
	return read_time(f, v, (ic_str){ v->p, v->n }, ret);
}

static bool put_long(ic_json_fill *f, ic_field field, ic_str text)
{
	int64_t v;
	double d;
	if (!ic_parse_i64(text, &v)) {
		if (!ic_parse_double(text, &d))
			return refuse(f, field, "is not a number", text);
		if (!(d > -9e18 && d < 9e18) || d != (double)(int64_t)d)
			return refuse(f, field, "is not a whole number", text);
		v = (int64_t)d;
	}
	if (v < 0)
		return refuse(f, field, "is negative", text);
	if ((field == IC_F_DST_PORT || field == IC_F_SRC_PORT) && v > 65535)
		return refuse(f, field, "is over 65535", text);
	f->b->col[field].i[f->row] = v;
	return true;
}

static bool put_real(ic_json_fill *f, ic_field field, ic_str text)
{
	double d;
	if (!ic_parse_double(text, &d))
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
	switch (ic_fields[field].type) {
	case IC_T_BOOL: good = put_bool(f, field, v, text); break;
	case IC_T_LONG: good = put_long(f, field, text); break;
	case IC_T_REAL: good = put_real(f, field, text); break;
	case IC_T_TIME: good = read_time(f, v, text, &f->b->col[field].i[f->row]); break;
	case IC_T_IP:
		good = ic_ip_parse(text, &f->b->col[field].ip[f->row]) ||
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

ic_str ic_json_service(ic_json_fill *f, ic_str theirs)
{
	if (theirs.n == 0 || theirs.n > sizeof(f->services[0].name))
		return ic_service_name(theirs);
	unsigned i = ((unsigned char)theirs.p[0] + 7u * theirs.n) % IC_SERVICE_CACHE;
	if (f->services[i].n != theirs.n || memcmp(f->services[i].name, theirs.p, theirs.n) != 0) {
		ic_str ours = ic_service_name(theirs);
		memcpy(f->services[i].name, theirs.p, theirs.n);
		f->services[i].n = (uint8_t)theirs.n;
		f->services[i].same = ours.p == theirs.p;
		f->services[i].ours = ours;
	}
	return f->services[i].same ? theirs : f->services[i].ours;
}

static void clear_nulls(ic_json_fill *f, ic_fieldset set)
{
	for (set &= f->b->wanted; set; set &= set - 1)
		f->b->col[__builtin_ctzll(set)].nulls[f->row >> 6] &= ~(UINT64_C(1) << (f->row & 63));
}

bool ic_json_fill_keep(ic_json_fill *f, const ic_row_filter *filter, ic_row_counts *c)
{
	const ic_fieldset asked =
	    IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_TIME);
	const ic_fieldset missing = asked & ~f->seen;
	ic_batch_null_rest(f->b, f->row, ~missing);
	bool keep = ic_row_keep(filter, f->b, f->row, c);
	/* The place is used again for the next row. */
	clear_nulls(f, missing);
	return keep;
}

void ic_json_fill_end(ic_json_fill *f, ic_row_counts *c, uint64_t line)
{
	ic_batch_null_rest(f->b, f->row, f->seen);
	f->b->line[f->row] = (uint32_t)line;
	if (f->b->stream[f->row] == IC_STREAM_HTTP || f->b->stream[f->row] == IC_STREAM_WEBSOCKET)
		ic_http_row_finish(f->b, f->row);
	f->b->rows++;
	c->kept++;
}

void ic_json_fill_bad(const ic_json_fill *f, ic_row_counts *c, uint64_t line)
{
	ic_row_bad(c, line, 0, "%s %s: %.*s", ic_fields[f->bad_field].name, f->cause,
		   (int)(f->bad_text.n < 40 ? f->bad_text.n : 40), f->bad_text.p ? f->bad_text.p : "");
}
