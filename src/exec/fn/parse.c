/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of known shapes taken apart: CSV, paths, versions, command lines, JSON paths; sizes put together. */
#include <math.h>

#include "base/num.h"
#include "exec/fn/text.h"

/* ---- lists ------------------------------------------------------------------------------- */

/* Texts collected for an array. */
typedef struct list {
	ic_call *call;
	const ic_dyn **item;
	uint32_t n, room;
} list;

static void add(list *l, ic_str s)
{
	if (l->call->failed)
		return;
	if (l->n == l->room) {
		uint32_t room = l->room ? l->room * 2 : 16;
		const ic_dyn **item =
		    room <= IC_ARRAY_ITEMS ? ic_arena_alloc(l->call->arena, room * sizeof *item) : NULL;
		if (!item) {
			if (room > IC_ARRAY_ITEMS)
				ic_call_limit(l->call, "a text fell into more than a million pieces");
			else
				l->call->failed = IC_E_NOMEM;
			return;
		}
		if (l->n)
			memcpy(item, l->item, l->n * sizeof *item);
		l->item = item;
		l->room = room;
	}
	l->item[l->n] = ic_text_dyn(l->call, s);
	l->n += l->item[l->n] != NULL;
}

static ic_value list_value(const list *l)
{
	return l->call->failed ? ic_value_null(IC_Q_DYNAMIC) : ic_text_array(l->call, l->item, l->n);
}

static ic_value parse_csv_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	list l = { .call = c };
	uint32_t i = 0;
	for (bool more = true; more && !c->failed;) {
		ic_text t = ic_text_new(c, 32);
		bool quoted = i < s.n && s.p[i] == '"';
		for (i += quoted; i < s.n; i++) {
			if (quoted && s.p[i] == '"') {
				if (i + 1 < s.n && s.p[i + 1] == '"')
					i++;
				else {
					quoted = false;
					continue;
				}
			} else if (!quoted && (s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == '\r')) {
				break;
			}
			ic_text_char(&t, s.p[i]);
		}
		add(&l, ic_text_value(&t).s);
		more = i < s.n && s.p[i] == ',';
		i += more;
	}
	return list_value(&l);
}

/* As Windows cuts a command line: quotes keep blanks, and backslashes count only before a quote. */
static ic_value parse_command_line_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	list l = { .call = c };
	if (!ic_str_ieq(arg[1].s, IC_STR("windows")))
		return ic_value_null(IC_Q_DYNAMIC);
	for (uint32_t i = 0; !c->failed;) {
		while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
			i++;
		if (i == s.n)
			break;
		ic_text t = ic_text_new(c, 32);
		for (bool quoted = false; i < s.n && (quoted || (s.p[i] != ' ' && s.p[i] != '\t')); i++) {
			uint32_t slashes = 0;
			while (i + slashes < s.n && s.p[i + slashes] == '\\')
				slashes++;
			bool before_quote = i + slashes < s.n && s.p[i + slashes] == '"';
			for (uint32_t k = 0; k < (before_quote ? slashes / 2 : slashes); k++)
				ic_text_char(&t, '\\');
			i += slashes;
			if (before_quote && slashes % 2 == 0) {
				quoted = !quoted;
			} else if (before_quote) {
				ic_text_char(&t, '"');
			} else if (slashes) {
				i--; /* what follows is looked at again */
			} else {
				ic_text_char(&t, s.p[i]);
			}
		}
		add(&l, ic_text_value(&t).s);
	}
	return list_value(&l);
}

/* ---- paths -------------------------------------------------------------------------------- */

static ic_str last_part(ic_str s, const char *separators, ic_str *ret_before)
{
	uint32_t i = s.n;
	while (i > 0 && !(s.p[i - 1] && strchr(separators, s.p[i - 1])))
		i--;
	*ret_before = (ic_str){ s.p, i ? i - 1 : 0 };
	return (ic_str){ s.p + i, s.n - i };
}

static ic_value parse_path_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s, none = IC_STR(""), scheme = none, root = none, folder, stream = none, ignored;
	const char *colon = s.n ? memmem(s.p, s.n, "://", 3) : NULL;
	if (colon) {
		scheme = (ic_str){ s.p, (uint32_t)(colon - s.p) };
		s = (ic_str){ colon + 3, s.n - scheme.n - 3 };
	}
	if (s.n > 1 && s.p[1] == ':')
		root = (ic_str){ s.p, 2 };
	ic_str file = last_part(s, "/\\", &folder);
	colon = file.n && file.p != s.p ? memchr(file.p, ':', file.n) : NULL;
	if (colon) {
		stream = (ic_str){ colon + 1, (uint32_t)(file.p + file.n - colon) - 1 };
		file.n = (uint32_t)(colon - file.p);
	}
	ic_str extension = last_part(file, ".", &ignored);
	if (extension.n == file.n)
		extension = none;
	ic_str name = last_part(folder, "/\\", &ignored);
	if (name.n == folder.n && root.n)
		name = none;
	const ic_str pair[][2] = {
		{ IC_STR("Scheme"), scheme },
		{ IC_STR("RootPath"), root },
		{ IC_STR("DirectoryPath"), folder },
		{ IC_STR("DirectoryName"), name },
		{ IC_STR("Filename"), file },
		{ IC_STR("Extension"), extension },
		{ IC_STR("AlternateDataStreamName"), stream },
	};
	return ic_text_bag(c, pair, sizeof pair / sizeof *pair);
}

/* ---- versions ----------------------------------------------------------------------------- */

/* Up to four numbers of up to eight digits, as one number of 32 digits. */
static ic_value parse_version_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_str_trim(arg[0].s);
	__int128 sum = 0;
	uint32_t parts = 0, i = 0;
	for (; parts < 4; parts++) {
		uint32_t v = 0, digits = 0;
		for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && digits < 9; i++, digits++)
			v = v * 10 + (uint32_t)(s.p[i] - '0');
		if (digits == 0 || digits > 8)
			return ic_value_null(IC_Q_DECIMAL);
		sum = sum * 100000000 + v;
		if (i == s.n || s.p[i] != '.')
			break;
		i++;
	}
	if (i != s.n || parts == 4)
		return ic_value_null(IC_Q_DECIMAL);
	for (; parts < 3; parts++)
		sum *= 100000000;
	ic_decimal *d = ic_arena_alloc(c->arena, sizeof *d);
	if (!d)
		return ic_call_nomem(c);
	*d = (ic_decimal){ .coefficient = sum };
	return (ic_value){ .type = IC_Q_DECIMAL, .decimal = d };
}

/* ---- sizes --------------------------------------------------------------------------------- */

static ic_value format_bytes_row(ic_call *c, const ic_value *arg)
{
	static const char *const units[] = { "Bytes", "KB", "MB", "GB", "TB", "PB", "EB" };
	enum { UNITS = sizeof units / sizeof *units };
	double v = arg[0].type == IC_Q_REAL	 ? arg[0].d
		   : arg[0].type == IC_Q_DECIMAL ? ic_decimal_real(arg[0].decimal)
						 : (double)arg[0].i;
	int64_t precision = c->expr->call.n > 1 ? arg[1].i : 0;
	unsigned unit = 0;
	if (precision < 0 || precision > 15 || !isfinite(v))
		return ic_value_null(IC_Q_STRING);
	if (c->expr->call.n > 2) {
		while (unit < UNITS && !ic_str_ieq(arg[2].s, ic_str_of(units[unit])))
			unit++;
		if (unit == UNITS)
			return ic_value_null(IC_Q_STRING);
		v /= pow(1024, unit);
	} else {
		for (; unit + 1 < UNITS && fabs(v) >= 1024; unit++)
			v /= 1024;
	}
	/* rounded to whole steps first, so that the text is the shortest of that number */
	double step = pow(10, (double)precision), rounded = round(v * step) / step;
	char buf[32];
	ic_text t = ic_text_new(c, 24);
	if (fabs(rounded) < 1e15 && rounded == trunc(rounded)) {
		if (rounded < 0)
			ic_text_char(&t, '-');
		ic_text_number(&t, (uint64_t)fabs(rounded), 1);
	} else {
		ic_text_put(&t, buf, ic_format_double(rounded, buf));
	}
	ic_text_char(&t, ' ');
	ic_text_str(&t, ic_str_of(units[unit]));
	return ic_text_value(&t);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_PARSE_CSV, { .row = parse_csv_row, .strict = true } },
	{ IC_FN_PARSE_COMMAND_LINE, { .row = parse_command_line_row, .strict = true } },
	{ IC_FN_PARSE_PATH, { .row = parse_path_row, .strict = true } },
	{ IC_FN_PARSE_VERSION, { .row = parse_version_row, .strict = true } },
	{ IC_FN_FORMAT_BYTES, { .row = format_bytes_row, .strict = true } },
};
IC_KERNELS(parse, entries);
