/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of table files: text to values, and text to the types it may have. */
#include <math.h>

#include "base/num.h"
#include "engine/table_file.h"

static ic_value unfit(ic_qtype type, bool *fits)
{
	*fits = false;
	return ic_value_null(type);
}

/* The text between the quotes, with its escapes resolved. .p NULL: it is no JSON string. */
static ic_str json_text(ic_arena *a, ic_str json)
{
	if (json.n < 2 || json.p[0] != '"' || json.p[json.n - 1] != '"')
		return (ic_str){ NULL, 0 };
	if (!memchr(json.p, '\\', json.n))
		return (ic_str){ json.p + 1, json.n - 2 };
	bool ok = true;
	const ic_dyn *d = ic_dyn_parse(a, json, &ok);
	return d && d->kind == IC_DYN_STRING ? d->s : (ic_str){ NULL, 0 };
}

static bool real(ic_str s, double *ret)
{
	if (ic_str_eq(s, IC_STR("NaN")))
		*ret = (double)NAN;
	else if (ic_str_eq(s, IC_STR("Infinity")))
		*ret = (double)INFINITY;
	else if (ic_str_eq(s, IC_STR("-Infinity")))
		*ret = -(double)INFINITY;
	else
		return ic_parse_double(s, ret);
	return true;
}

/* The types that are read from plain text whatever the file: false leaves *v as it is. */
static bool of_text(ic_arena *a, ic_qtype type, ic_str s, ic_value *v)
{
	ic_decimal *m;
	switch (type) {
	case IC_Q_INT: return ic_parse_whole(s, &v->i) && v->i >= INT32_MIN && v->i <= INT32_MAX;
	case IC_Q_LONG: return ic_parse_whole(s, &v->i);
	case IC_Q_REAL: return real(s, &v->d);
	case IC_Q_DATETIME: return ic_parse_datetime(s, &v->i);
	case IC_Q_TIMESPAN: return ic_parse_timespan(s, &v->i);
	case IC_Q_GUID: return ic_parse_guid(s, &v->guid);
	case IC_Q_DECIMAL:
		m = ic_arena_alloc(a, sizeof *m + sizeof(__int128));
		if (!m)
			return false;
		/* the arena aligns to 8 bytes, a decimal wants 16 */
		m = (ic_decimal *)(((uintptr_t)m + 15) & ~(uintptr_t)15);
		v->decimal = m;
		return ic_parse_decimal(s, m);
	default: return false;
	}
}

ic_value ic_cell_of_json(ic_arena *a, ic_qtype type, ic_str json, bool *fits)
{
	ic_value v = { .type = type };
	bool ok = true, quoted = json.n && json.p[0] == '"';
	*fits = true;
	if (ic_str_eq(json, IC_STR("null")))
		return ic_value_null(type);
	ic_str text = quoted ? json_text(a, json) : json;
	if (!text.p)
		return unfit(type, fits);
	switch (type) {
	case IC_Q_STRING: v.s = text; return v;
	case IC_Q_BOOL:
		v.b = ic_str_eq(json, IC_STR("true"));
		return v.b || ic_str_eq(json, IC_STR("false")) ? v : unfit(type, fits);
	case IC_Q_DYNAMIC: v.dyn = ic_dyn_parse(a, json, &ok); return v.dyn ? v : unfit(type, fits);
	case IC_Q_INT:
	case IC_Q_LONG:
		if (quoted)
			return unfit(type, fits);
		break;
	case IC_Q_REAL:
		if (quoted && text.n && text.p[text.n - 1] <= '9')
			return unfit(type, fits);
		break;
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN:
	case IC_Q_GUID:
		if (!quoted)
			return unfit(type, fits);
		break;
	default: break;
	}
	return of_text(a, type, text, &v) ? v : unfit(type, fits);
}

/* "" in a quoted cell stands for one quote. .p NULL: out of memory. */
static ic_str undouble(ic_arena *a, ic_str s)
{
	char *out = ic_arena_alloc(a, s.n);
	uint32_t n = 0;
	for (uint32_t i = 0; out && i < s.n; i++) {
		out[n++] = s.p[i];
		i += s.p[i] == '"' && i + 1 < s.n && s.p[i + 1] == '"';
	}
	return (ic_str){ out, n };
}

ic_value ic_cell_of_csv(ic_arena *a, ic_qtype type, ic_str cell, bool doubled, bool *fits)
{
	ic_value v = { .type = type };
	bool ok = true;
	*fits = true;
	if (cell.n == 0)
		return ic_value_null(type);
	if (doubled)
		cell = undouble(a, cell);
	if (!cell.p)
		return unfit(type, fits);
	if (type == IC_Q_STRING) {
		v.s = cell;
		return v;
	}
	if (type == IC_Q_BOOL) {
		v.b = ic_str_ieq(cell, IC_STR("true"));
		return v.b || ic_str_ieq(cell, IC_STR("false")) ? v : unfit(type, fits);
	}
	if (type == IC_Q_DYNAMIC) {
		v.dyn = ic_dyn_parse(a, cell, &ok);
		if (ok && v.dyn && v.dyn->kind == IC_DYN_NULL)
			return ic_value_null(type);
		ic_value text = ic_value_str(cell);
		if (!v.dyn)
			v.dyn = ic_dyn_of(a, &text);
		return v.dyn ? v : unfit(type, fits);
	}
	return of_text(a, type, cell, &v) ? v : unfit(type, fits);
}

/* ---- types ------------------------------------------------------------------------------- */

/* A number as JSON writes it: no leading zeros, no sign +. */
static unsigned seen_number(ic_str s)
{
	int64_t i;
	double d;
	uint32_t first = s.n && s.p[0] == '-';
	bool digit = s.n > first && s.p[first] >= '0' && s.p[first] <= '9';
	bool zeros = s.n > first + 1 && s.p[first] == '0' && s.p[first + 1] >= '0' && s.p[first + 1] <= '9';
	if (!digit || zeros)
		return IC_SEEN_TEXT;
	if (ic_parse_i64(s, &i))
		return IC_SEEN_WHOLE;
	return ic_parse_double(s, &d) ? IC_SEEN_NUMBER : IC_SEEN_TEXT;
}

/* RFC 3339, with a blank for the T as is usual. */
static bool is_time(ic_str s)
{
	int64_t t;
	return s.n >= 19 && s.p[4] == '-' && s.p[7] == '-' &&
	       (s.p[10] == 'T' || s.p[10] == 't' || s.p[10] == ' ') && s.p[13] == ':' &&
	       ic_parse_datetime(s, &t);
}

unsigned ic_cell_seen_json(ic_arena *a, ic_str json)
{
	if (json.n == 0 || ic_str_eq(json, IC_STR("null")))
		return 0;
	switch (json.p[0]) {
	case '"': return is_time(json_text(a, json)) ? IC_SEEN_TIME : IC_SEEN_TEXT;
	case '{':
	case '[': return IC_SEEN_NESTED;
	case 't':
	case 'f': return IC_SEEN_BOOL;
	default: return seen_number(json);
	}
}

unsigned ic_cell_seen_csv(ic_arena *a, ic_str cell, bool doubled)
{
	bool ok = true;
	if (cell.n == 0)
		return 0;
	if (doubled)
		cell = undouble(a, cell);
	if (!cell.p)
		return IC_SEEN_TEXT;
	if (ic_str_eq(cell, IC_STR("true")) || ic_str_eq(cell, IC_STR("false")))
		return IC_SEEN_BOOL;
	if ((cell.p[0] == '{' || cell.p[0] == '[') && ic_dyn_parse(a, cell, &ok) && ok)
		return IC_SEEN_NESTED;
	if (is_time(cell))
		return IC_SEEN_TIME;
	return seen_number(cell);
}

ic_qtype ic_cell_type(unsigned seen)
{
	if (seen & IC_SEEN_NESTED)
		return IC_Q_DYNAMIC;
	switch (seen) {
	case IC_SEEN_WHOLE: return IC_Q_LONG;
	case IC_SEEN_NUMBER:
	case IC_SEEN_NUMBER | IC_SEEN_WHOLE: return IC_Q_REAL;
	case IC_SEEN_BOOL: return IC_Q_BOOL;
	case IC_SEEN_TIME: return IC_Q_DATETIME;
	default: return IC_Q_STRING;
	}
}
