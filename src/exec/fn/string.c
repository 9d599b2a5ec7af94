/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on text. Positions and lengths count characters (code points); bytes that are not valid UTF-8
 * count one each. */
#include "base/unicode.h"
#include "exec/fn/text.h"

enum { MOST_REPEATS = 1024, MOST_TRANSLATED = 4096 };

/* ---- characters ------------------------------------------------------------------------- */

/* Bytes of the first n characters. */
static uint32_t bytes_of(ic_str s, uint64_t n)
{
	uint32_t at = 0;
	while (n > 0 && at < s.n) {
		unsigned used = 1;
		if ((unsigned char)s.p[at] >= 0x80)
			ic_utf8_read(s.p + at, s.n - at, &used);
		at += used;
		n--;
	}
	return at;
}

static int64_t characters(ic_str s)
{
	int64_t n = 0;
	for (uint32_t at = 0; at < s.n; n++) {
		unsigned used = 1;
		if ((unsigned char)s.p[at] >= 0x80)
			ic_utf8_read(s.p + at, s.n - at, &used);
		at += used;
	}
	return n;
}

static ic_str after(ic_str s, uint32_t bytes)
{
	return (ic_str){ s.p + bytes, s.n - bytes };
}

/* Where `part` begins in s, in bytes; UINT32_MAX: nowhere. */
static uint32_t position(ic_str s, ic_str part)
{
	if (part.n == 0)
		return 0;
	const char *p = part.n <= s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
	return p ? (uint32_t)(p - s.p) : UINT32_MAX;
}

static ic_value strlen_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_long(characters(arg[0].s));
}

static ic_value string_size_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_long(arg[0].s.n);
}

static ic_value is_ascii_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_bool(ic_ascii(arg[0].s));
}

static ic_value is_utf8_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_bool(ic_utf8_valid(arg[0].s));
}

/* ---- joining ---------------------------------------------------------------------------- */

static ic_value strcat_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, 64);
	for (uint32_t i = 0; i < c->expr->call.n; i++)
		ic_text_str(&t, ic_text_of(c, &arg[i]));
	return ic_text_value(&t);
}

static ic_value strcat_delim_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, 64);
	for (uint32_t i = 1; i < c->expr->call.n; i++) {
		if (i > 1)
			ic_text_str(&t, arg[0].s);
		ic_text_str(&t, ic_text_of(c, &arg[i]));
	}
	return ic_text_value(&t);
}

static ic_value strrep_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]), delimiter = c->expr->call.n > 2 ? arg[2].s : IC_STR("");
	int64_t n = arg[1].i < MOST_REPEATS ? arg[1].i : MOST_REPEATS;
	if (n <= 0)
		return ic_value_str(IC_STR(""));
	ic_text t = ic_text_new(c, ((size_t)s.n + delimiter.n) * (size_t)n);
	for (int64_t i = 0; i < n && !c->failed; i++) {
		if (i)
			ic_text_str(&t, delimiter);
		ic_text_str(&t, s);
	}
	return ic_text_value(&t);
}

/* ---- parts ------------------------------------------------------------------------------ */

static ic_value substring_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	int64_t start = arg[1].i, n = c->expr->call.n > 2 ? arg[2].i : INT64_MAX;
	if (start < 0) {
		int64_t all = characters(s);
		start = start < -all ? 0 : all + start;
	}
	if (n <= 0)
		return ic_value_str(IC_STR(""));
	s = after(s, bytes_of(s, (uint64_t)start));
	s.n = bytes_of(s, (uint64_t)n);
	return ic_text_borrow(s);
}

/* Kusto looks for the n-th occurrence with a window that moves on with each one found. */
static ic_value indexof_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]), part = ic_text_of(c, &arg[1]);
	uint32_t args = c->expr->call.n;
	int64_t start = args > 2 ? arg[2].i : 0, length = args > 3 ? arg[3].i : -1;
	int64_t occurrence = args > 4 ? arg[4].i : 1;
	if (length < -1 || occurrence < 1)
		return ic_value_null(IC_Q_LONG);
	if (start < 0) {
		int64_t all = characters(s);
		start = start < -all ? 0 : all + start;
	}
	uint32_t from = bytes_of(s, (uint64_t)start);
	for (;;) {
		ic_str window = after(s, from);
		if (length >= 0)
			window.n = bytes_of(window, (uint64_t)length);
		uint32_t at = position(window, part);
		if (at == UINT32_MAX || (from == s.n && part.n && s.n))
			return ic_value_long(-1);
		if (--occurrence == 0)
			return ic_value_long(characters((ic_str){ s.p, from + at }));
		if (from + at >= s.n)
			return ic_value_long(-1);
		from += at + bytes_of(after(window, at), 1);
	}
}

static ic_value split_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s, delimiter = arg[1].s;
	bool one = c->expr->call.n > 2;
	int64_t wanted = one ? arg[2].i : 0;
	uint32_t pieces = 1;
	if (delimiter.n) {
		ic_str rest = s;
		for (uint32_t at; (at = position(rest, delimiter)) != UINT32_MAX; pieces++)
			rest = after(rest, at + delimiter.n);
	}
	if (pieces > IC_ARRAY_ITEMS)
		return ic_call_limit(c, "split() made more than a million pieces");
	const ic_dyn **item = ic_arena_alloc(c->arena, pieces * sizeof *item);
	if (!item)
		return ic_call_nomem(c);
	if (one && (wanted < 0 || wanted >= pieces))
		return ic_text_array(c, NULL, 0);
	uint32_t n = 0;
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t at = delimiter.n ? position(s, delimiter) : UINT32_MAX;
		ic_str piece = { s.p, at == UINT32_MAX ? s.n : at };
		if (!one || i == wanted) {
			item[n] = ic_text_dyn(c, piece);
			if (!item[n++])
				return ic_value_null(IC_Q_DYNAMIC);
		}
		if (at != UINT32_MAX)
			s = after(s, at + delimiter.n);
	}
	return ic_text_array(c, item, n);
}

static ic_value reverse_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]);
	char *p = ic_arena_alloc(c->arena, (size_t)s.n + 1);
	if (!p)
		return ic_call_nomem(c);
	for (uint32_t at = 0; at < s.n;) {
		unsigned used;
		ic_utf8_read(s.p + at, s.n - at, &used);
		memcpy(p + (s.n - at - used), s.p + at, used);
		at += used;
	}
	return ic_value_str((ic_str){ p, s.n });
}

static ic_value strcmp_row(ic_call *c, const ic_value *arg)
{
	(void)c;
	return ic_value_long(ic_str_cmp(arg[0].s, arg[1].s));
}

/* ---- case ------------------------------------------------------------------------------- */

/* Most text is ASCII, where a letter's cases differ in one bit. */
static ic_value change_ascii(ic_call *c, ic_str s, char from)
{
	char *p = ic_arena_alloc(c->arena, (size_t)s.n + 1);
	if (!p)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < s.n; i++) {
		bool turn = (unsigned char)(s.p[i] - from) < 26;
		p[i] = (char)(s.p[i] ^ (turn ? 32 : 0));
	}
	return ic_value_str((ic_str){ p, s.n });
}

static ic_value change_case(ic_call *c, ic_str s, bool upper)
{
	if (ic_ascii(s))
		return change_ascii(c, s, upper ? 'a' : 'A');
	ic_text t = ic_text_new(c, (size_t)s.n + 4);
	for (uint32_t at = 0; at < s.n && !c->failed;) {
		unsigned used;
		uint32_t code = ic_utf8_read(s.p + at, s.n - at, &used);
		ic_text_code(&t, upper ? ic_char_upper(code) : ic_char_lower(code));
		at += used;
	}
	return ic_text_value(&t);
}

static ic_value tolower_row(ic_call *c, const ic_value *arg)
{
	return change_case(c, arg[0].s, false);
}

static ic_value toupper_row(ic_call *c, const ic_value *arg)
{
	return change_case(c, arg[0].s, true);
}

/* ---- replacing -------------------------------------------------------------------------- */

static ic_value replace(ic_call *c, ic_str s, ic_str from, ic_str to)
{
	uint32_t at = from.n ? position(s, from) : UINT32_MAX;
	if (at == UINT32_MAX)
		return ic_text_borrow(s);
	ic_text t = ic_text_new(c, (size_t)s.n + to.n);
	for (; at != UINT32_MAX && !c->failed; at = position(s, from)) {
		ic_text_put(&t, s.p, at);
		ic_text_str(&t, to);
		s = after(s, at + from.n);
	}
	ic_text_str(&t, s);
	return ic_text_value(&t);
}

static ic_value replace_string_row(ic_call *c, const ic_value *arg)
{
	return replace(c, arg[0].s, arg[1].s, arg[2].s);
}

/* Marks the bytes of `s` that `part` has and nothing before it: by[] is which part, from 1. */
static void mark_part(ic_str s, ic_str part, uint32_t *by, uint32_t mark)
{
	for (uint32_t at = 0; at < s.n;) {
		uint32_t end = at;
		while (end < s.n && !by[end])
			end++;
		ic_str rest = { s.p + at, end - at };
		for (uint32_t i; (i = position(rest, part)) != UINT32_MAX; rest = after(rest, i + part.n))
			for (uint32_t k = 0; k < part.n; k++)
				by[(uint32_t)(rest.p - s.p) + i + k] = mark;
		at = end + 1;
	}
}

/* Items that are no texts find nothing, and put nothing in the place of what was found. */
static ic_value replace_strings_row(ic_call *c, const ic_value *arg)
{
	const ic_dyn *from = arg[1].dyn, *to = arg[2].dyn;
	ic_str s = arg[0].s;
	if (from->kind != IC_DYN_ARRAY || to->kind != IC_DYN_ARRAY || from->n != to->n)
		return ic_value_null(IC_Q_STRING);
	uint32_t *by = ic_arena_alloc(c->arena, (size_t)s.n * sizeof *by);
	if (!by)
		return ic_call_nomem(c);
	memset(by, 0, (size_t)s.n * sizeof *by);
	for (uint32_t i = 0; i < from->n; i++)
		if (from->item[i]->kind == IC_DYN_STRING && from->item[i]->s.n)
			mark_part(s, from->item[i]->s, by, i + 1);
	ic_text t = ic_text_new(c, s.n);
	for (uint32_t at = 0, n; at < s.n && !c->failed; at += n) {
		const ic_dyn *with = by[at] ? to->item[by[at] - 1] : NULL;
		n = by[at] ? from->item[by[at] - 1]->s.n : 1;
		if (with && with->kind == IC_DYN_STRING)
			ic_text_str(&t, with->s);
		else
			ic_text_put(&t, s.p + at, n);
	}
	return ic_text_value(&t);
}

/* A short list of new characters is filled with its last one; an empty one deletes. */
static ic_value translate_row(ic_call *c, const ic_value *arg)
{
	ic_str from = arg[0].s, to = arg[1].s, s = arg[2].s;
	if (from.n > MOST_TRANSLATED)
		return ic_call_limit(c, "translate() takes a list of at most 4096 bytes");
	ic_text t = ic_text_new(c, s.n);
	for (uint32_t at = 0; at < s.n && !c->failed;) {
		unsigned used, step;
		ic_utf8_read(s.p + at, s.n - at, &used);
		uint32_t f = 0;
		int64_t index = 0;
		for (; f < from.n; f += step, index++) {
			ic_utf8_read(from.p + f, from.n - f, &step);
			if (step == used && memcmp(from.p + f, s.p + at, used) == 0)
				break;
		}
		if (f == from.n) {
			ic_text_put(&t, s.p + at, used);
		} else if (to.n) {
			int64_t last = characters(to) - 1;
			ic_str one = after(to, bytes_of(to, (uint64_t)(index < last ? index : last)));
			ic_text_put(&t, one.p, bytes_of(one, 1));
		}
		at += used;
	}
	return ic_text_value(&t);
}

/* ---- numbers in text -------------------------------------------------------------------- */

static ic_value unicode_from_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	if (s.n > IC_ARRAY_ITEMS)
		return ic_call_limit(c, "a text has more than a million characters");
	const ic_dyn **item = ic_arena_alloc(c->arena, ((size_t)s.n + 1) * sizeof *item);
	if (!item)
		return ic_call_nomem(c);
	uint32_t n = 0;
	for (uint32_t at = 0; at < s.n;) {
		unsigned used;
		ic_value code = ic_value_long(ic_utf8_read(s.p + at, s.n - at, &used));
		at += used;
		item[n] = ic_dyn_of(c->arena, &code);
		if (!item[n++])
			return ic_call_nomem(c);
	}
	return ic_text_array(c, item, n);
}

static bool put_code(ic_text *t, int64_t code)
{
	if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	ic_text_code(t, (uint32_t)code);
	return true;
}

static ic_value unicode_to_row(ic_call *c, const ic_value *arg)
{
	ic_text t = ic_text_new(c, 32);
	for (uint32_t i = 0; i < c->expr->call.n; i++) {
		const ic_value *v = &arg[i];
		bool ok = (v->type == IC_Q_INT || v->type == IC_Q_LONG) && put_code(&t, v->i);
		if (v->type == IC_Q_DYNAMIC && v->dyn->kind == IC_DYN_LONG)
			ok = put_code(&t, v->dyn->i);
		if (v->type == IC_Q_DYNAMIC && v->dyn->kind == IC_DYN_ARRAY) {
			ok = true;
			for (uint32_t k = 0; k < v->dyn->n && ok; k++)
				ok = v->dyn->item[k]->kind == IC_DYN_LONG && put_code(&t, v->dyn->item[k]->i);
		}
		if (!ok)
			return ic_value_null(IC_Q_STRING);
	}
	return ic_text_value(&t);
}

/* ---- terms ------------------------------------------------------------------------------ */

/* s has `term` with no letter or digit beside it, in any case. */
static bool has_term(ic_str s, ic_str term)
{
	bool edge = true; /* the character before `at` is no letter or digit */
	if (term.n == 0)
		return true;
	for (uint32_t at = 0; at < s.n;) {
		unsigned used, a_used, b_used;
		uint32_t a = at, b = 0;
		while (edge && b < term.n && a < s.n &&
		       ic_char_fold(ic_utf8_read(s.p + a, s.n - a, &a_used)) ==
			   ic_char_fold(ic_utf8_read(term.p + b, term.n - b, &b_used))) {
			a += a_used;
			b += b_used;
		}
		if (edge && b == term.n &&
		    (a == s.n || !ic_char_alnum(ic_utf8_read(s.p + a, s.n - a, &a_used))))
			return true;
		edge = !ic_char_alnum(ic_utf8_read(s.p + at, s.n - at, &used));
		at += used;
	}
	return false;
}

static ic_str item_text(ic_call *c, const ic_dyn *array, uint32_t i)
{
	ic_value v = ic_value_dyn(array->item[i]);
	return ic_text_of(c, &v);
}

static ic_value has_any_index_row(ic_call *c, const ic_value *arg)
{
	ic_str s = ic_text_of(c, &arg[0]);
	const ic_dyn *terms = arg[1].dyn;
	if (terms->kind != IC_DYN_ARRAY)
		return ic_value_long(-1);
	for (uint32_t i = 0; i < terms->n && !c->failed; i++)
		if (has_term(s, item_text(c, terms, i)))
			return ic_value_long(i);
	return ic_value_long(-1);
}

static const ic_kernel_entry entries[] = {
	{ IC_FN_STRCAT, { .row = strcat_row } },
	{ IC_FN_STRCAT_DELIM, { .row = strcat_delim_row } },
	{ IC_FN_STRLEN, { .row = strlen_row, .strict = true } },
	{ IC_FN_STRING_SIZE, { .row = string_size_row, .strict = true } },
	{ IC_FN_SUBSTRING, { .row = substring_row, .strict = true } },
	{ IC_FN_INDEXOF, { .row = indexof_row, .strict = true } },
	{ IC_FN_SPLIT, { .row = split_row, .strict = true } },
	{ IC_FN_REPLACE_STRING, { .row = replace_string_row, .strict = true } },
	{ IC_FN_REPLACE_STRINGS, { .row = replace_strings_row, .strict = true } },
	{ IC_FN_TRANSLATE, { .row = translate_row, .strict = true } },
	{ IC_FN_REVERSE, { .row = reverse_row } },
	{ IC_FN_TO_LOWER, { .row = tolower_row, .strict = true } },
	{ IC_FN_TO_UPPER, { .row = toupper_row, .strict = true } },
	{ IC_FN_STRREP, { .row = strrep_row, .strict = true } },
	{ IC_FN_STRCMP, { .row = strcmp_row, .strict = true } },
	{ IC_FN_HAS_ANY_INDEX, { .row = has_any_index_row, .strict = true } },
	{ IC_FN_UNICODE_FROM, { .row = unicode_from_row, .strict = true } },
	{ IC_FN_UNICODE_TO, { .row = unicode_to_row, .strict = true } },
	{ IC_FN_IS_ASCII, { .row = is_ascii_row, .strict = true } },
	{ IC_FN_IS_UTF8, { .row = is_utf8_row, .strict = true } },
	/* AQL's of the same meaning */
	{ IC_FN_AQL_LOWER, { .row = tolower_row, .strict = true } },
	{ IC_FN_AQL_UPPER, { .row = toupper_row, .strict = true } },
	{ IC_FN_AQL_STRLEN, { .row = strlen_row, .strict = true } },
	{ IC_FN_AQL_CONCAT, { .row = strcat_row } },
	{ IC_FN_AQL_SUBSTRING, { .row = substring_row, .strict = true } },
};
IC_KERNELS(string, entries);
