/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on regular expressions: matches regex, extract, replace_regex and kin, AQL's MATCHES.
 *
 * A constant pattern is compiled once a plan; each worker keeps the last few that came from the data. */
#include "base/unicode.h"
#include "exec/eval/compare.h"
#include "exec/fn/convert.h"
#include "exec/fn/regex.h"
#include "exec/fn/text.h"
#include "exec/eval/vector.h"

enum { KEPT = 8, EXTRACTS = 1 << 20 };

typedef struct kept_pattern {
	ic_regex *re; /* NULL: free */
	char *text;
	uint32_t n;
} kept_pattern;

typedef struct worker {
	ic_regex_match *match;
	kept_pattern kept[KEPT];
	uint32_t next;
} worker;

static void worker_free(void *p)
{
	worker *w = p;

	for (uint32_t i = 0; i < KEPT; i++) {
		ic_regex_free(w->kept[i].re);
		ic_free(w->kept[i].text);
	}
	ic_regex_match_free(w->match);
	ic_free(w);
}

/* Which argument is the pattern. */
static uint32_t pattern_at(ic_fn_id fn)
{
	return fn == IC_FN_EXTRACT || fn == IC_FN_EXTRACT_ALL || fn == IC_FN_REPLACE_OLD ? 0 : 1;
}

static unsigned flags_of(ic_fn_id fn)
{
	if (fn == IC_FN_SQL_MATCHES)
		return IC_REGEX_JAVA | IC_REGEX_WHOLE;
	if (fn == IC_FN_SQL_IMATCHES)
		return IC_REGEX_JAVA | IC_REGEX_WHOLE | IC_REGEX_ANY_CASE;
	return 0;
}

static ic_status regex_prepare(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	const ic_expr *x = call->call.arg[pattern_at(call->call.fn)];
	ic_regex *re;
	ic_status st;

	(void)p;
	if (x->kind != IC_X_CONST || x->value.null || x->value.type != IC_Q_STRING)
		return IC_OK;
	st = ic_regex_new(x->value.s, flags_of(call->call.fn), x->at, &re, diag);
	if (st != IC_OK)
		return st;
	if (call->call.fn == IC_FN_EXTRACT_ALL && ic_regex_groups(re) == 0) {
		ic_regex_free(re);
		return ic_diag_fail(diag, IC_DIAG_TYPE, x->at, x->value.s.n + 2,
				    "extract_all needs a group in its expression: (...)");
	}
	*state = re;
	return IC_OK;
}

static void regex_dispose(void *state)
{
	ic_regex_free(state);
}

static worker *worker_of(ic_call *c)
{
	worker *w = c->scratch;

	if (w)
		return w;
	w = ic_calloc(1, sizeof *w);
	if (w)
		w->match = ic_regex_match_new();
	if (w && !w->match) {
		ic_free(w);
		w = NULL;
	}
	if (!w)
		(void)ic_call_nomem(c);
	return c->scratch = w;
}

/* The pattern of the call, or that of this row. NULL: the call has failed. */
static const ic_regex *regex_of(ic_call *c, worker *w, ic_str pattern)
{
	ic_diag diag = { 0 };
	kept_pattern *k;
	ic_status st;

	if (c->state)
		return c->state;
	for (uint32_t i = 0; i < KEPT; i++)
		if (w->kept[i].re && ic_str_eq((ic_str){ w->kept[i].text, w->kept[i].n }, pattern))
			return w->kept[i].re;
	k = &w->kept[w->next++ % KEPT];
	ic_regex_free(k->re);
	ic_free(k->text);
	*k = (kept_pattern){ .n = pattern.n, .text = ic_malloc((size_t)pattern.n + 1) };
	if (k->text && pattern.n)
		memcpy(k->text, pattern.p, pattern.n);
	st = k->text ? ic_regex_new(pattern, flags_of(c->expr->call.fn), c->expr->at, &k->re, &diag)
		     : IC_E_NOMEM;
	if (st == IC_OK)
		return k->re;
	if (st == IC_E_NOMEM)
		(void)ic_call_nomem(c);
	else
		(void)ic_call_limit(c, "a regular expression that came from the data is not valid");
	return NULL;
}

/* false: none, or the call has failed. */
static bool find(ic_call *c, const ic_regex *re, const worker *w, ic_str s, size_t from)
{
	int n = ic_regex_find(re, w->match, s, from);

	if (n == IC_REGEX_NOMEM)
		(void)ic_call_nomem(c);
	else if (n < 0)
		(void)ic_call_limit(c, "a regular expression took too many steps; make it simpler");
	return n > 0;
}

/* ---- matches ------------------------------------------------------------------------------- */

static void matches_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	const ic_str *s = arg[0].data, *pattern = arg[1].data;
	worker *w = worker_of(c);
	ic_vector_out o;

	if (!w || !ic_call_out(c, &o, rows))
		return;
	for (uint32_t i = 0; i < rows && c->failed == IC_OK; i++) {
		const ic_regex *re;
		o.b[i] = 0;
		if (arg[0].type != IC_Q_STRING || arg[1].type != IC_Q_STRING || ic_vector_null(&arg[0], i))
			continue;
		re = regex_of(c, w, pattern[ic_vector_at(&arg[1], i)]);
		o.b[i] = re && find(c, re, w, s[ic_vector_at(&arg[0], i)], 0);
	}
	ic_call_done(&o, arg, 2, rows, ret);
}

/* ---- extract --------------------------------------------------------------------------------- */

static ic_value extract_row(ic_call *c, const ic_value *arg)
{
	worker *w = worker_of(c);
	const ic_regex *re = w ? regex_of(c, w, arg[0].s) : NULL;
	ic_str part = { NULL, 0 };
	ic_value v;

	if (!re || arg[1].null) /* a fourth argument is a type, not a value */
		return ic_value_null(c->expr->type);
	if (arg[1].i >= 0 && arg[1].i <= IC_REGEX_GROUPS && find(c, re, w, arg[2].s, 0))
		part = ic_regex_group(w->match, arg[2].s, (uint32_t)arg[1].i);
	if (c->failed != IC_OK || (!part.p && c->expr->type != IC_Q_STRING))
		return ic_value_null(c->expr->type);
	v = ic_value_str(part.p ? part : IC_STR(""));
	return c->expr->type == IC_Q_STRING ? v : ic_value_convert(c, c->expr->type, &v);
}

/* Which groups extract_all gives: all, or those whose numbers or names are in the array. */
static uint32_t groups_wanted(const ic_regex *re, const ic_value *list, uint32_t *ret)
{
	uint32_t n = 0;

	if (!list || list->null || list->type != IC_Q_DYNAMIC || list->dyn->kind != IC_DYN_ARRAY) {
		for (uint32_t i = 1; i <= ic_regex_groups(re); i++)
			ret[n++] = i;
		return n;
	}
	for (uint32_t i = 0; i < list->dyn->n && n < IC_REGEX_GROUPS; i++) {
		const ic_dyn *d = list->dyn->item[i];
		uint32_t named = d->kind == IC_DYN_STRING ? ic_regex_group_named(re, d->s) : 0;
		if (named)
			ret[n++] = named;
		else if (d->kind == IC_DYN_LONG && d->i >= 0 && (uint64_t)d->i <= ic_regex_groups(re))
			ret[n++] = (uint32_t)d->i;
	}
	return n;
}

static const ic_dyn *group_text(ic_call *c, const worker *w, ic_str s, uint32_t group)
{
	ic_str part = ic_regex_group(w->match, s, group);
	ic_value v = ic_value_str(part.p ? part : IC_STR(""));

	return ic_dyn_of(c->arena, &v);
}

/* The groups of one match: a text if there is one group, else an array of them. */
static const ic_dyn *one_match(ic_call *c, const worker *w, ic_str s, const uint32_t *group, uint32_t groups)
{
	const ic_dyn *part[IC_REGEX_GROUPS + 1];

	if (groups == 1)
		return group_text(c, w, s, group[0]);
	for (uint32_t i = 0; i < groups; i++)
		if (!(part[i] = group_text(c, w, s, group[i])))
			return NULL;
	return ic_dyn_array(c->arena, part, groups);
}

static ic_value extract_all_row(ic_call *c, const ic_value *arg)
{
	worker *w = worker_of(c);
	const ic_regex *re = w ? regex_of(c, w, arg[0].s) : NULL;
	bool listed = c->expr->call.n > 2;
	uint32_t group[IC_REGEX_GROUPS + 1], groups, n = 0, room = 16;
	const ic_dyn **item, *ret;
	char buf[48];
	ic_str s = ic_value_plain_text(&arg[listed ? 2 : 1], buf);

	if (!re || (arg[listed ? 2 : 1].null))
		return ic_value_null(IC_Q_DYNAMIC);
	groups = groups_wanted(re, listed ? &arg[1] : NULL, group);
	item = ic_reallocarray(NULL, room, sizeof *item);
	for (size_t from = 0; item && from != SIZE_MAX && find(c, re, w, s, from);
	     from = ic_regex_next(w->match, s)) {
		if (n == room) {
			const ic_dyn **more = ic_reallocarray(item, room *= 2, sizeof *item);
			if (!more)
				break;
			item = more;
		}
		if (n >= EXTRACTS) {
			(void)ic_call_limit(c, "extract_all found more than a million matches in one text");
			break;
		}
		item[n] = one_match(c, w, s, group, groups);
		if (!item[n++])
			break;
	}
	/* a list that ended early has no room or a part that is missing */
	ret = item && n <= room && (n == 0 || item[n - 1]) && c->failed == IC_OK
		  ? ic_dyn_array(c->arena, item, n)
		  : NULL;
	ic_free(item);
	if (c->failed != IC_OK)
		return ic_value_null(IC_Q_DYNAMIC);
	if (!ret)
		return ic_call_nomem(c);
	return n ? ic_value_dyn(ret) : ic_value_null(IC_Q_DYNAMIC);
}

/* ---- replace ---------------------------------------------------------------------------------- */

/* The replacement for the last match: \1 to \9 are groups, \0 all of it, \\ a backslash. */
static void put_replacement(ic_text *t, const worker *w, ic_str s, ic_str with)
{
	for (uint32_t i = 0; i < with.n; i++) {
		char c = with.p[i], next = i + 1 < with.n ? with.p[i + 1] : '\0';
		if (c == '\\' && next >= '0' && next <= '9') {
			ic_str part = ic_regex_group(w->match, s, (uint32_t)(next - '0'));
			if (part.p)
				ic_text_str(t, part);
			i++;
		} else if (c == '\\' && next == '\\') {
			ic_text_char(t, c);
			i++;
		} else
			ic_text_char(t, c);
	}
}

static ic_value replaced(ic_call *c, ic_str s, ic_str pattern, ic_str with)
{
	worker *w = worker_of(c);
	const ic_regex *re = w ? regex_of(c, w, pattern) : NULL;
	size_t done = 0;
	ic_text t;

	if (!re)
		return ic_value_null(IC_Q_STRING);
	if (!find(c, re, w, s, 0))
		return ic_text_borrow(s);
	t = ic_text_new(c, s.n + 16);
	for (size_t from = 0; c->failed == IC_OK && from != SIZE_MAX && find(c, re, w, s, from);
	     from = ic_regex_next(w->match, s)) {
		ic_str all = ic_regex_group(w->match, s, 0);
		size_t start = all.p && s.p ? (size_t)(all.p - s.p) : 0;
		if (start > done)
			ic_text_put(&t, s.p + done, start - done);
		put_replacement(&t, w, s, with);
		done = start + all.n;
	}
	if (done < s.n)
		ic_text_put(&t, s.p + done, s.n - done);
	return ic_text_value(&t);
}

static ic_value replace_row(ic_call *c, const ic_value *arg)
{
	return replaced(c, arg[0].s, arg[1].s, arg[2].s);
}

static ic_value replace_old_row(ic_call *c, const ic_value *arg)
{
	return replaced(c, arg[2].s, arg[0].s, arg[1].s);
}

/* ---- indexof_regex, regex_quote ------------------------------------------------------------------ */

static uint32_t characters(ic_str s, size_t end)
{
	uint32_t n = 0;
	unsigned used;

	for (size_t i = 0; i < end; i += used, n++)
		(void)ic_utf8_read(s.p + i, s.n - i, &used);
	return n;
}

static size_t byte_of(ic_str s, int64_t character)
{
	size_t i = 0;
	unsigned used;

	for (; character > 0 && i < s.n; character--, i += used)
		(void)ic_utf8_read(s.p + i, s.n - i, &used);
	return i;
}

/* text, expression, start, length (-1: to the end), occurrence; in characters. */
static ic_value indexof_regex_row(ic_call *c, const ic_value *arg)
{
	worker *w = worker_of(c);
	const ic_regex *re = w ? regex_of(c, w, arg[1].s) : NULL;
	uint32_t n = c->expr->call.n;
	int64_t start = n > 2 ? arg[2].i : 0, length = n > 3 ? arg[3].i : -1, wanted = n > 4 ? arg[4].i : 1;
	ic_str s = arg[0].s;
	size_t skip;

	if (!re || start < 0 || length < -1 || wanted < 1)
		return ic_value_null(IC_Q_LONG);
	skip = byte_of(s, start);
	s = (ic_str){ s.p + skip, s.n - (uint32_t)skip };
	if (length >= 0)
		s.n = (uint32_t)byte_of(s, length);
	for (size_t from = 0; from != SIZE_MAX && find(c, re, w, s, from); from = ic_regex_next(w->match, s))
		if (--wanted == 0)
			return ic_value_long(start +
					     characters(s, (size_t)(ic_regex_group(w->match, s, 0).p - s.p)));
	return ic_value_long(-1);
}

static ic_value regex_quote_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg->s;
	char *p = s.n <= IC_VALUE_BYTES / 2 ? ic_arena_alloc(c->arena, (size_t)s.n * 2 + 1) : NULL;
	uint32_t n = 0;

	if (!p)
		return ic_call_nomem(c);
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] && strchr("\\^$.|?*+()[]{}#- \t\n", s.p[i]))
			p[n++] = '\\';
		p[n++] = s.p[i] == '\t' ? 't' : s.p[i] == '\n' ? 'n' : s.p[i];
	}
	return ic_value_str((ic_str){ p, n });
}

#define REGEX .prepare = regex_prepare, .dispose = regex_dispose, .release = worker_free

static const ic_kernel_entry entries[] = {
	{ IC_FN_MATCHES_REGEX, { .vector = matches_vector, REGEX } },
	{ IC_FN_SQL_MATCHES, { .vector = matches_vector, REGEX } },
	{ IC_FN_SQL_IMATCHES, { .vector = matches_vector, REGEX } },
	{ IC_FN_EXTRACT, { .row = extract_row, REGEX } },
	{ IC_FN_EXTRACT_ALL, { .row = extract_all_row, REGEX } },
	{ IC_FN_REPLACE_REGEX, { .row = replace_row, .strict = true, REGEX } },
	{ IC_FN_REPLACE_OLD, { .row = replace_old_row, .strict = true, REGEX } },
	{ IC_FN_INDEXOF_REGEX, { .row = indexof_regex_row, .strict = true, REGEX } },
	{ IC_FN_REGEX_QUOTE, { .row = regex_quote_row, .strict = true } },
};
IC_KERNELS(regex, entries);
