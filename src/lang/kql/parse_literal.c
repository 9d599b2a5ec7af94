/* SPDX-License-Identifier: Apache-2.0 */
/* Typed literals: datetime(...), long(...), dynamic(...) and kin; strings that stand side by side. */
#include "lang/kql/parser.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

/* Puts more behind *all, which has room for *room bytes. Room doubles: a query may be nothing but pieces. */
static bool join_text(ic_parser *p, ic_str *all, size_t *room, ic_str more)
{
	const size_t n = (size_t)all->n + more.n;
	char *joined = (char *)(uintptr_t)all->p;
	if (n > *room) {
		*room = 2 * n;
		joined = ic_arena_alloc(p->arena, *room);
		if (!joined)
			return ic_parse_nomem(p);
		if (all->n)
			memcpy(joined, all->p, all->n);
	}
	if (more.n)
		memcpy(joined + all->n, more.p, more.n);
	*all = (ic_str){ joined, (uint32_t)n };
	return true;
}

bool ic_kql_string_literal(ic_parser *p, ic_str *ret)
{
	ic_str all = { 0 };
	size_t room = 0;
	bool first = true;
	for (; p->tok.kind == IC_TOKEN_TEXT; first = false) {
		ic_str one;
		ic_status s = ic_kql_string(p->arena, ic_token_text(p), &one, p->tok.at, p->diag);
		if (s != IC_OK) {
			p->status = s;
			return false;
		}
		ic_next(p);
		if (first)
			all = one;
		else if (!join_text(p, &all, &room, one))
			return false;
	}
	*ret = all;
	return true;
}

/* ---- dynamic -------------------------------------------------------------------------- */

static const ic_dyn *dyn_value(ic_parser *p, uint32_t depth);

static ic_dyn *dyn_new(ic_parser *p, ic_dyn_kind kind)
{
	ic_dyn *d = ic_arena_alloc(p->arena, sizeof *d);
	if (!d)
		return ic_parse_nomem(p);
	*d = (ic_dyn){ .kind = kind };
	return d;
}

static const ic_dyn *dyn_array(ic_parser *p, uint32_t depth)
{
	const ic_dyn **item = NULL;
	uint32_t n = 0;
	ic_next(p);
	while (!ic_is_sign(p, ']')) {
		if (!IC_PARSE_ROOM(p, item, n))
			return NULL;
		const ic_dyn *one = dyn_value(p, depth + 1);
		if (!one)
			return NULL;
		item[n++] = one;
		if (!ic_take_sign(p, ','))
			break;
	}
	if (!ic_expect_sign(p, ']', "`,` or `]`"))
		return NULL;
	const ic_dyn *d = ic_dyn_array(p->arena, item, n);
	return d ? d : ic_parse_nomem(p);
}

typedef struct numbered {
	ic_str name;
	uint32_t i;
} numbered;

static int by_name(const void *a, const void *b)
{
	const numbered *x = a, *y = b;
	int order = ic_str_cmp(x->name, y->name);
	return order ? order : x->i < y->i ? -1 : 1;
}

/* Of members with one name the last counts. */
static bool unique_members(ic_parser *p, ic_dyn_member *member, uint32_t *n)
{
	if (*n < 2)
		return true;
	numbered *sorted = ic_arena_alloc(p->arena, *n * sizeof *sorted);
	if (!sorted)
		return ic_parse_nomem(p);
	for (uint32_t i = 0; i < *n; i++)
		sorted[i] = (numbered){ member[i].name, i };
	qsort(sorted, *n, sizeof *sorted, by_name);
	for (uint32_t i = 0; i + 1 < *n; i++)
		if (ic_str_eq(sorted[i].name, sorted[i + 1].name))
			member[sorted[i].i].value = NULL;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < *n; i++)
		if (member[i].value)
			member[kept++] = member[i];
	*n = kept;
	return true;
}

static const ic_dyn *dyn_bag(ic_parser *p, uint32_t depth)
{
	ic_dyn_member *member = NULL;
	uint32_t n = 0;
	ic_next(p);
	while (!ic_is_sign(p, '}')) {
		if (!IC_PARSE_ROOM(p, member, n))
			return NULL;
		if (p->tok.kind != IC_TOKEN_TEXT)
			return ic_expected(p, "a name in quotes");
		if (!ic_kql_string_literal(p, &member[n].name) || !ic_expect_sign(p, ':', "`:`"))
			return NULL;
		if (!(member[n].value = dyn_value(p, depth + 1)))
			return NULL;
		n++;
		if (!ic_take_sign(p, ','))
			break;
	}
	if (!ic_expect_sign(p, '}', "`,` or `}`") || !unique_members(p, member, &n))
		return NULL;
	const ic_dyn *d = ic_dyn_bag(p->arena, member, n);
	return d ? d : ic_parse_nomem(p);
}

static const ic_dyn *dyn_scalar(ic_parser *p)
{
	ic_value v;
	double d;
	/* JSON knows no long: a whole number beyond it is a real */
	if (p->tok.kind == IC_TOKEN_BAD && ic_parse_double(ic_token_text(p), &d)) {
		v = ic_value_real(d);
		ic_next(p);
	} else if (!ic_kql_constant(p, &v)) {
		return ic_expected(p, "a JSON value");
	}
	const ic_dyn *made = ic_dyn_of(p->arena, &v);
	return made ? made : ic_parse_nomem(p);
}

static const ic_dyn *dyn_value(ic_parser *p, uint32_t depth)
{
	if (depth > IC_DYN_DEPTH)
		return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, 1,
				     "a dynamic value is nested deeper than %d levels", IC_DYN_DEPTH);
	if (ic_is_sign(p, '['))
		return dyn_array(p, depth);
	if (ic_is_sign(p, '{'))
		return dyn_bag(p, depth);
	if (ic_take_word(p, "null"))
		return dyn_new(p, IC_DYN_NULL);
	return dyn_scalar(p);
}

static bool dynamic_literal(ic_parser *p, ic_value *ret)
{
	ic_token start = p->tok;
	ic_next(p);
	ic_next(p);
	if (ic_is_sign(p, ')'))
		return ic_parse_fail(p, IC_DIAG_SYNTAX, start.at, start.length, "dynamic() needs a value");
	const ic_dyn *d = dyn_value(p, 1);
	if (!d) {
		if (p->tok.kind == IC_TOKEN_NAME)
			ic_diag_hint(p->diag,
				     "dynamic(...) holds constants; pack_array(...), bag_pack(...) and "
				     "todynamic(...) take expressions");
		return false;
	}
	*ret = ic_value_dyn(d->kind == IC_DYN_NULL ? NULL : d);
	return ic_expect_sign(p, ')', "`)`");
}

/* ---- the others ----------------------------------------------------------------------- */

static bool whole_number(ic_str s, int64_t *ret)
{
	ic_lexer l;
	bool negative = s.n && s.p[0] == '-';
	ic_lexer_init(&l, s, negative || (s.n && s.p[0] == '+') ? 1 : 0);
	ic_token t = ic_kql_lex(&l), end = ic_kql_lex(&l);
	if (t.kind != IC_TOKEN_NUMBER || t.value.type != IC_Q_LONG || end.kind != IC_TOKEN_END)
		return ic_parse_i64(s, ret); /* the least long is no positive number */
	/* in hexadecimal the least long may stand here, which has no opposite */
	*ret = negative ? (int64_t)(0 - (uint64_t)t.value.i) : t.value.i;
	return true;
}

static bool real_number(ic_str s, double *ret)
{
	bool negative = s.n && s.p[0] == '-';
	ic_str bare = negative || (s.n && s.p[0] == '+') ? (ic_str){ s.p + 1, s.n - 1 } : s;
	double v;
	if (ic_str_ieq(bare, IC_STR("nan")))
		v = NAN;
	else if (ic_str_ieq(bare, IC_STR("inf")) || ic_str_ieq(bare, IC_STR("infinity")))
		v = INFINITY;
	else if (!ic_parse_double(bare, &v))
		return false;
	*ret = negative ? -v : v;
	return true;
}

static bool span_of(ic_str s, int64_t *ret)
{
	ic_lexer l;
	bool negative = s.n && s.p[0] == '-';
	ic_lexer_init(&l, s, negative ? 1 : 0);
	ic_token t = ic_kql_lex(&l), end = ic_kql_lex(&l);
	if (t.kind != IC_TOKEN_NUMBER || t.value.type != IC_Q_TIMESPAN || end.kind != IC_TOKEN_END)
		return ic_parse_timespan(s, ret);
	*ret = negative ? -t.value.i : t.value.i;
	return true;
}

static bool decimal_of(ic_parser *p, ic_str s, ic_value *ret)
{
	ic_decimal *d = ic_arena_alloc(p->arena, sizeof *d);
	if (!d)
		return ic_parse_nomem(p);
	if (!ic_parse_decimal(s, d))
		return false;
	ret->decimal = d;
	return true;
}

/* 2024-5-1, 2024 - 05 - 01 and 2024, 5, 1: dates as the documentation also writes them. */
static bool loose_date(ic_str s, int64_t *ret)
{
	uint32_t part[3] = { 0 }, parts = 0;
	bool digits = false;
	for (uint32_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c >= '0' && c <= '9') {
			if (parts > 2 || part[parts] > 999)
				return false;
			part[parts] = part[parts] * 10 + (uint32_t)(c - '0');
			digits = true;
		} else if (c == '-' || c == ',' || c == '/') {
			parts += digits;
			digits = false;
		} else if (c != ' ') {
			return false;
		}
	}
	char text[48];
	int n = snprintf(text, sizeof text, "%04u-%02u-%02u", part[0], part[1], part[2]);
	return parts == 2 && digits && ic_parse_datetime((ic_str){ text, (uint32_t)n }, ret);
}

/* The value that the text between the brackets has; false: it is none of this type. */
static bool value_of(ic_parser *p, ic_qtype type, ic_str s, ic_value *ret)
{
	*ret = (ic_value){ .type = type };
	switch (type) {
	case IC_Q_BOOL:
		ret->b = ic_str_ieq(s, IC_STR("true")) || ic_str_eq(s, IC_STR("1"));
		return ret->b || ic_str_ieq(s, IC_STR("false")) || ic_str_eq(s, IC_STR("0"));
	case IC_Q_INT: return whole_number(s, &ret->i) && ret->i >= INT32_MIN && ret->i <= INT32_MAX;
	case IC_Q_LONG: return whole_number(s, &ret->i);
	case IC_Q_REAL: return real_number(s, &ret->d);
	case IC_Q_DECIMAL: return decimal_of(p, s, ret);
	case IC_Q_DATETIME: return ic_parse_datetime(s, &ret->i) || loose_date(s, &ret->i);
	case IC_Q_TIMESPAN: return span_of(s, &ret->i);
	case IC_Q_GUID: return ic_parse_guid(s, &ret->guid);
	default: return false;
	}
}

static int literal_type(ic_str word)
{
	if (word.n < 3 || ic_str_eq(word, IC_STR("string")))
		return -1;
	return ic_qtype_find(word);
}

bool ic_kql_typed_literal_here(const ic_parser *p)
{
	if (p->tok.kind != IC_TOKEN_NAME || literal_type(ic_token_text(p)) < 0)
		return false;
	ic_token next = ic_peek(p);
	return next.kind == IC_TOKEN_SIGN && next.sign == '(';
}

static ic_str unquoted(ic_str s)
{
	s = ic_str_trim(s);
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		s = ic_str_trim((ic_str){ s.p + 1, s.n - 2 });
	return s;
}

bool ic_kql_typed_literal(ic_parser *p, ic_value *ret)
{
	ic_token start = p->tok;
	ic_qtype type = (ic_qtype)literal_type(ic_token_text(p));
	if (type == IC_Q_DYNAMIC)
		return dynamic_literal(p, ret);
	ic_str raw;
	ic_next(p); /* the lexer is behind the bracket now */
	if (!ic_kql_lex_raw(&p->lex, &raw)) {
		ic_next(p);
		return ic_parse_fail(p, IC_DIAG_SYNTAX, start.at, start.length,
				     "the bracket of %.*s( is not closed", (int)start.length,
				     p->lex.text.p + start.pos);
	}
	p->tok.pos = p->lex.pos - 1;
	p->tok.length = 1;
	ic_next(p);
	ic_str s = unquoted(raw);
	if (ic_str_ieq(s, IC_STR("null"))) {
		*ret = ic_value_null(type);
		return true;
	}
	if (value_of(p, type, s, ret))
		return true;
	if (p->status != IC_OK)
		return false;
	uint32_t length = p->last_end - start.pos;
	ic_parse_fail(p, IC_DIAG_SYNTAX, start.at, length, "`%.*s` is no value of type %s",
		      raw.n > 60 ? 60 : (int)raw.n, raw.p, ic_qtype_name(type));
	ic_diag_hint(p->diag, "%.*s(...) holds a constant; to%s(...) converts an expression",
		     (int)start.length, p->lex.text.p + start.pos,
		     type == IC_Q_REAL ? "real" : ic_qtype_name(type));
	return false;
}
