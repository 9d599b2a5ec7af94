/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text, as Kusto writes them. The readers are in read.c, decimals in decimal.c. */
#include <math.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"
#include "plan/text.h"
#include "plan/value.h"

/* ---- types ------------------------------------------------------------------------- */

const char *ic_qtype_name(ic_qtype t)
{
	static const char *const names[IC_QTYPES] = {
		[IC_Q_BOOL] = "bool",	    [IC_Q_INT] = "int",		  [IC_Q_LONG] = "long",
		[IC_Q_REAL] = "real",	    [IC_Q_DECIMAL] = "decimal",	  [IC_Q_STRING] = "string",
		[IC_Q_IP] = "string",	    [IC_Q_DATETIME] = "datetime", [IC_Q_TIMESPAN] = "timespan",
		[IC_Q_DYNAMIC] = "dynamic", [IC_Q_GUID] = "guid",	  [IC_Q_NULL] = "null",
	};
	return t < IC_QTYPES ? names[t] : "unknown";
}

int ic_qtype_find(ic_str name)
{
	static const struct {
		const char *name;
		ic_qtype type;
	} known[] = {
		{ "bool", IC_Q_BOOL },	       { "boolean", IC_Q_BOOL },      { "int", IC_Q_INT },
		{ "int32", IC_Q_INT },	       { "long", IC_Q_LONG },	      { "int64", IC_Q_LONG },
		{ "real", IC_Q_REAL },	       { "double", IC_Q_REAL },	      { "decimal", IC_Q_DECIMAL },
		{ "string", IC_Q_STRING },     { "datetime", IC_Q_DATETIME }, { "date", IC_Q_DATETIME },
		{ "timespan", IC_Q_TIMESPAN }, { "time", IC_Q_TIMESPAN },     { "dynamic", IC_Q_DYNAMIC },
		{ "guid", IC_Q_GUID },	       { "uuid", IC_Q_GUID },	      { "uniqueid", IC_Q_GUID },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ic_str_eq(name, ic_str_of(known[i].name)))
			return (int)known[i].type;
	return -1;
}

size_t ic_qtype_size(ic_qtype t)
{
	switch (t) {
	case IC_Q_BOOL: return 1;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: return sizeof(int64_t);
	case IC_Q_REAL: return sizeof(double);
	case IC_Q_DECIMAL: return sizeof(ic_decimal);
	case IC_Q_STRING: return sizeof(ic_str);
	case IC_Q_IP: return sizeof(ic_ip);
	case IC_Q_DYNAMIC: return sizeof(const ic_dyn *);
	case IC_Q_GUID: return sizeof(ic_guid);
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return 1;
}

/* ---- numbers ------------------------------------------------------------------------- */

/* Digits without trailing zeros, and the power of ten of the first one, of a text that does not start with 0. */
static size_t split_digits(const char *text, char digits[32], int *ret_power)
{
	size_t n = 0;
	int power = -1, exponent = 0;
	bool point = false;
	for (; *text && *text != 'e'; text++) {
		if (*text == '.') {
			point = true;
		} else {
			digits[n++] = *text;
			power += !point;
		}
	}
	if (*text == 'e') {
		bool negative = text[1] == '-';
		for (text += 2; *text; text++)
			exponent = exponent * 10 + (*text - '0');
		exponent = negative ? -exponent : exponent;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	*ret_power = power + exponent;
	return n;
}

/* A real as text: shortest that reads back the same; whole ones get ".0" (1.0), from 1E+15 on and below
 * 0.0001 with an exponent; NaN, Infinity. buf holds at least 40 bytes. Returns the length. */
static size_t real_text(double v, char *buf)
{
	if (isnan(v))
		return (size_t)snprintf(buf, 40, "NaN");
	if (isinf(v))
		return (size_t)snprintf(buf, 40, "%sInfinity", v < 0 ? "-" : "");
	const double a = fabs(v);
	if (a == 0 || (a >= 1e-4 && a < 1e15)) {
		size_t n = ic_format_double(v, buf);
		if (!memchr(buf, '.', n)) {
			buf[n++] = '.';
			buf[n++] = '0';
		}
		return n;
	}
	char plain[40], digits[32];
	int power;
	ic_format_double(a, plain);
	int n = (int)split_digits(plain, digits, &power);
	return (size_t)snprintf(buf, 40, "%s%.1s%s%.*sE%c%02d", v < 0 ? "-" : "", digits, n > 1 ? "." : "",
				n - 1, digits + 1, power < 0 ? '-' : '+', power < 0 ? -power : power);
}

/* ---- times --------------------------------------------------------------------------- */

static size_t datetime_text(int64_t ticks, char *buf)
{
	ic_civil c = ic_civil_from_ticks(ticks);
	return (size_t)snprintf(buf, 64, "%04d-%02u-%02uT%02u:%02u:%02u.%07uZ", c.year, c.month, c.day,
				c.hour, c.minute, c.second, c.fraction);
}

static size_t timespan_text(int64_t ticks, char *buf)
{
	uint64_t t = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
	uint64_t fraction = t % (uint64_t)IC_TICKS_S, s = t / (uint64_t)IC_TICKS_S;
	char days[24] = "", part[16] = "";
	if (s >= 86400)
		snprintf(days, sizeof days, "%llu.", (unsigned long long)(s / 86400));
	if (fraction)
		snprintf(part, sizeof part, ".%07u", (unsigned)fraction);
	return (size_t)snprintf(buf, 64, "%s%s%02u:%02u:%02u%s", ticks < 0 ? "-" : "", days,
				(unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60), part);
}

static size_t guid_text(const ic_guid *g, char *buf)
{
	size_t n = 0;
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf[n++] = '-';
		ic_hex_write(g->b[i], 2, buf + n);
		n += 2;
	}
	return n;
}

size_t ic_small_text(const ic_value *v, char buf[IC_SMALL_TEXT])
{
	if (v->null)
		return 0;
	switch (v->type) {
	case IC_Q_BOOL: return (size_t)snprintf(buf, IC_SMALL_TEXT, "%s", v->b ? "True" : "False");
	case IC_Q_INT:
	case IC_Q_LONG: return ic_format_i64(v->i, buf);
	case IC_Q_REAL: return real_text(v->d, buf);
	case IC_Q_DECIMAL: return ic_decimal_text(v->decimal, buf);
	case IC_Q_IP: return ic_ip_format(&v->ip, buf);
	case IC_Q_DATETIME: return datetime_text(v->i, buf);
	case IC_Q_TIMESPAN: return timespan_text(v->i, buf);
	case IC_Q_GUID: return guid_text(&v->guid, buf);
	case IC_Q_STRING:
	case IC_Q_DYNAMIC:
	case IC_Q_NULL:
	case IC_QTYPES: break;
	}
	return 0;
}

ic_str ic_value_text(ic_arena *a, const ic_value *v)
{
	if (v->null)
		return IC_STR("");
	if (v->type == IC_Q_STRING)
		return v->s.p ? v->s : IC_STR("");
	if (v->type == IC_Q_DYNAMIC)
		return ic_dyn_plain_text(a, v->dyn);
	char buf[IC_SMALL_TEXT];
	size_t n = ic_small_text(v, buf);
	return (ic_str){ ic_arena_dup(a, buf, n), (uint32_t)n };
}

ic_value ic_value_copy(ic_arena *a, const ic_value *v, bool *ok)
{
	ic_value r = *v;
	*ok = true;
	if (v->null)
		return r;
	if (v->type == IC_Q_STRING) {
		r.s.p = ic_arena_dup(a, v->s.p, v->s.n);
		*ok = r.s.p != NULL;
	} else if (v->type == IC_Q_DYNAMIC) {
		r.dyn = ic_dyn_copy(a, v->dyn);
		*ok = r.dyn != NULL;
	} else if (v->type == IC_Q_DECIMAL) {
		ic_decimal *d = ic_arena_alloc(a, sizeof *d);
		*ok = d != NULL;
		if (d)
			*d = *v->decimal;
		r.decimal = d;
	}
	return r;
}
