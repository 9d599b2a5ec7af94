/* SPDX-License-Identifier: Apache-2.0 */
/* Text functions that take a regular expression: trim, countof, AQL's REPLACEALL and REPLACEFIRST. */
#include "base/buf.h"
#include "exec/fn/regex.h"
#include "exec/fn/text.h"

/* One pattern in up to two forms: trim needs it at the start and at the end. */
typedef struct forms {
	ic_regex *re[2];
} forms;

/* Of a worker: where the last match was, and the last pattern that came from the data. */
typedef struct scratch {
	ic_regex_match *match;
	forms last;
	char *pattern;
	uint32_t n;
} scratch;

static void clear_forms(forms *f)
{
	ic_regex_free(f->re[0]);
	ic_regex_free(f->re[1]);
	*f = (forms){ 0 };
}

static void dispose_forms(void *state)
{
	if (state)
		clear_forms(state);
	ic_free(state);
}

static void release_scratch(void *p)
{
	scratch *s = p;
	if (!s)
		return;
	ic_regex_match_free(s->match);
	clear_forms(&s->last);
	ic_free(s->pattern);
	ic_free(s);
}

/* The pattern in brackets with what anchors it. */
static ic_status anchored(ic_str pattern, const char *before, const char *after, ic_place at, ic_regex **ret,
			  ic_diag *diag)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, before);
	ic_buf_str(&b, pattern);
	ic_buf_puts(&b, after);
	ic_status s = b.failed ? IC_E_NOMEM : ic_regex_new((ic_str){ b.p, (uint32_t)b.n }, 0, at, ret, diag);
	ic_buf_clear(&b);
	return s;
}

static ic_status compile(ic_fn_id fn, ic_str pattern, ic_place at, forms *ret, ic_diag *diag)
{
	bool java = fn == IC_FN_AQL_REPLACEALL || fn == IC_FN_AQL_REPLACEFIRST;
	ic_status s = ic_regex_new(pattern, java ? IC_REGEX_JAVA : 0, at, &ret->re[0], diag);
	if (s != IC_OK || (fn != IC_FN_TRIM && fn != IC_FN_TRIM_START && fn != IC_FN_TRIM_END))
		return s;
	/* it is sound by itself: now the same where it may be cut off */
	clear_forms(ret);
	if (fn != IC_FN_TRIM_END)
		s = anchored(pattern, "\\A(?:", ")", at, &ret->re[0], diag);
	if (s == IC_OK && fn != IC_FN_TRIM_START)
		s = anchored(pattern, "(?:", ")\\z", at, &ret->re[1], diag);
	if (s != IC_OK)
		clear_forms(ret);
	return s;
}

/* Which argument is the pattern; -1: none, as countof looks for plain text. */
static int pattern_argument(const ic_expr *call)
{
	if (call->call.fn != IC_FN_COUNTOF)
		return 0;
	if (call->call.n < 3 || call->call.arg[2]->kind != IC_X_CONST)
		return -1;
	return ic_str_ieq(call->call.arg[2]->value.s, IC_STR("regex")) ? 1 : -1;
}

static ic_status prepare(ic_plan *p, const ic_expr *call, void **state, ic_diag *diag)
{
	(void)p;
	if (call->call.fn == IC_FN_COUNTOF && call->call.n > 2 && call->call.arg[2]->kind == IC_X_CONST) {
		ic_str kind = call->call.arg[2]->value.s;
		if (!ic_str_ieq(kind, IC_STR("regex")) && !ic_str_ieq(kind, IC_STR("normal")))
			return ic_diag_fail(diag, IC_DIAG_TYPE, call->call.arg[2]->at, kind.n + 2,
					    "the kind of countof is 'normal' or 'regex'");
	}
	int i = pattern_argument(call);
	if (i < 0 || call->call.arg[i]->kind != IC_X_CONST)
		return IC_OK;
	forms *f = ic_calloc(1, sizeof *f);
	if (!f)
		return IC_E_NOMEM;
	const ic_expr *pattern = call->call.arg[i];
	ic_status s = compile(call->call.fn, pattern->value.s, pattern->at, f, diag);
	if (s != IC_OK) {
		ic_free(f);
		return s;
	}
	*state = f;
	return IC_OK;
}

/* The forms of the pattern; NULL: it is not one, or the call failed. */
static const forms *forms_of(ic_call *c, ic_str pattern, scratch **ret_scratch)
{
	scratch *s = c->scratch;
	if (!s) {
		s = c->scratch = ic_calloc(1, sizeof *s);
		if (!s || !(s->match = ic_regex_match_new())) {
			c->failed = IC_E_NOMEM;
			return NULL;
		}
	}
	*ret_scratch = s;
	if (c->state)
		return c->state;
	if (!s->pattern || !ic_str_eq((ic_str){ s->pattern, s->n }, pattern)) {
		ic_diag ignored = { 0 };
		clear_forms(&s->last);
		ic_free(s->pattern);
		s->n = pattern.n;
		s->pattern = ic_malloc((size_t)pattern.n + 1);
		if (!s->pattern) {
			c->failed = IC_E_NOMEM;
			return NULL;
		}
		if (pattern.n)
			memcpy(s->pattern, pattern.p, pattern.n);
		if (compile(c->expr->call.fn, pattern, (ic_place){ 0 }, &s->last, &ignored) == IC_E_NOMEM)
			c->failed = IC_E_NOMEM;
	}
	return s->last.re[0] || s->last.re[1] ? &s->last : NULL;
}

/* 1: found, 0: not; the call fails when it took too long or too much. */
static int find(ic_call *c, const ic_regex *re, scratch *sc, ic_str s, size_t from)
{
	int found = ic_regex_find(re, sc->match, s, from);
	if (found == IC_REGEX_NOMEM)
		(void)ic_call_nomem(c);
	else if (found < 0)
		(void)ic_call_limit(c, "a regular expression took too many steps");
	return found > 0;
}

static ic_value trim_row(ic_call *c, const ic_value *arg)
{
	scratch *sc;
	ic_str s = arg[1].s;
	const forms *f = s.n ? forms_of(c, arg[0].s, &sc) : NULL;
	if (f && f->re[0] && find(c, f->re[0], sc, s, 0)) {
		uint32_t cut = ic_regex_group(sc->match, s, 0).n;
		s = (ic_str){ s.p + cut, s.n - cut };
	}
	if (f && f->re[1] && s.n && find(c, f->re[1], sc, s, 0))
		s.n -= ic_regex_group(sc->match, s, 0).n;
	return ic_text_borrow(s);
}

static ic_value countof_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s;
	int64_t n = 0;
	if (c->expr->call.n > 2 && ic_str_ieq(arg[2].s, IC_STR("regex"))) {
		scratch *sc;
		const forms *f = forms_of(c, arg[1].s, &sc);
		for (size_t at = 0; f && at != SIZE_MAX && find(c, f->re[0], sc, s, at); n++)
			at = ic_regex_next(sc->match, s);
		return ic_value_long(n);
	}
	const char *p = s.p, *end = s.p + s.n;
	while (arg[1].s.n && p < end && (p = memmem(p, (size_t)(end - p), arg[1].s.p, arg[1].s.n)) != NULL) {
		n++;
		p++;
	}
	return ic_value_long(n);
}

/* Java's replacement text: $1 and ${1} are groups, a backslash takes the next character as it is. */
static void put_replacement(ic_text *t, const scratch *sc, ic_str s, ic_str by, uint32_t groups)
{
	for (uint32_t i = 0; i < by.n; i++) {
		bool digit = by.p[i] == '$' && i + 1 < by.n && by.p[i + 1] >= '0' && by.p[i + 1] <= '9';
		if (by.p[i] == '\\' && i + 1 < by.n) {
			ic_text_char(t, by.p[++i]);
		} else if (digit) {
			uint32_t group = (uint32_t)(by.p[++i] - '0');
			if (group <= groups)
				ic_text_str(t, ic_regex_group(sc->match, s, group));
		} else {
			ic_text_char(t, by.p[i]);
		}
	}
}

static ic_value aql_replace_row(ic_call *c, const ic_value *arg)
{
	scratch *sc;
	ic_str s = arg[1].s;
	bool once = c->expr->call.fn == IC_FN_AQL_REPLACEFIRST;
	const forms *f = forms_of(c, arg[0].s, &sc);
	size_t at = 0, kept = 0;
	if (!f || !find(c, f->re[0], sc, s, 0))
		return ic_text_borrow(s);
	ic_text t = ic_text_new(c, (size_t)s.n + 16);
	uint32_t groups = ic_regex_groups(f->re[0]);
	do {
		ic_str hit = ic_regex_group(sc->match, s, 0);
		size_t from = (size_t)(hit.p - s.p);
		ic_text_put(&t, s.p + kept, from - kept);
		put_replacement(&t, sc, s, arg[2].s, groups);
		kept = from + hit.n;
		at = ic_regex_next(sc->match, s);
	} while (!once && !c->failed && at != SIZE_MAX && find(c, f->re[0], sc, s, at));
	ic_text_put(&t, s.p + kept, s.n - kept);
	return ic_text_value(&t);
}

#define MATCHING(fn)                                                                                         \
	.row = fn, .strict = true, .prepare = prepare, .dispose = dispose_forms, .release = release_scratch
static const ic_kernel_entry entries[] = {
	{ IC_FN_TRIM, { MATCHING(trim_row) } },
	{ IC_FN_TRIM_START, { MATCHING(trim_row) } },
	{ IC_FN_TRIM_END, { MATCHING(trim_row) } },
	{ IC_FN_COUNTOF, { MATCHING(countof_row) } },
	{ IC_FN_AQL_REPLACEALL, { MATCHING(aql_replace_row) } },
	{ IC_FN_AQL_REPLACEFIRST, { MATCHING(aql_replace_row) } },
};
IC_KERNELS(match, entries);
