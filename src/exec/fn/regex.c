/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "exec/fn/regex.h"

#include <pcre2.h>

#include "base/alloc.h"
#include "base/unicode.h"

enum {
	PATTERN_BYTES = 64 << 10,
	MATCH_LIMIT = 5000000, /* steps of one search: some tenths of a second */
	DEPTH_LIMIT = 100000,
	HEAP_KIB = 32 << 10,
	JIT_STACK_START = 32 << 10,
	JIT_STACK_MOST = 1 << 20,
};

/* The same pattern for characters and for bytes: ASCII needs no decoding, invalid text allows none. */
struct ic_regex {
	pcre2_code *utf, *bytes; /* bytes NULL: it speaks of characters that no byte is */
	uint32_t groups;
};

struct ic_regex_match {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	uint32_t groups; /* of the pattern that was searched last, with the whole */
	ic_str text;	 /* that was classified last */
	enum { ASCII, UTF, BROKEN } class;
};

static void *take(PCRE2_SIZE n, void *ctx)
{
	(void)ctx;
	return ic_malloc(n);
}

static void give(void *p, void *ctx)
{
	(void)ctx;
	ic_free(p);
}

/* ---- what RE2 has not ---------------------------------------------------------------------- */

static const char *escape_missing(ic_str s, uint32_t i)
{
	char c = i + 1 < s.n ? s.p[i + 1] : '\0';
	bool octal =
	    i + 3 < s.n && s.p[i + 2] >= '0' && s.p[i + 2] <= '7' && s.p[i + 3] >= '0' && s.p[i + 3] <= '7';

	if ((c >= '1' && c <= '9' && !(octal && c <= '7')) || c == 'k' || c == 'g')
		return "back-references";
	if (c == 'K' || c == 'G' || c == 'R' || c == 'X')
		return "\\K, \\G, \\R and \\X";
	return NULL;
}

/* At the '(' of a group. */
static const char *group_missing(ic_str s, uint32_t i)
{
	char c[3] = { 0 };

	for (uint32_t k = 0; k < 3 && i + 1 + k < s.n; k++)
		c[k] = s.p[i + 1 + k];
	if (c[0] == '*')
		return "(*VERBS)";
	if (c[0] != '?')
		return NULL;
	if (c[1] == '=' || c[1] == '!' || (c[1] == '<' && (c[2] == '=' || c[2] == '!')))
		return "look-ahead and look-behind";
	if (c[1] == '>')
		return "atomic groups";
	if (c[1] == '(' || c[1] == '|')
		return "conditions and branch resets";
	if (c[1] == 'R' || c[1] == '&' || c[1] == '+' || (c[1] >= '0' && c[1] <= '9') ||
	    (c[1] == 'P' && c[2] != '<') || (c[1] == '-' && c[2] >= '0' && c[2] <= '9') || c[1] == 'C')
		return "recursion and references to groups";
	return NULL;
}

/* After a character class's '[': the index after its ']'. */
static uint32_t skip_class(ic_str s, uint32_t i)
{
	if (i < s.n && s.p[i] == '^')
		i++;
	if (i < s.n && s.p[i] == ']')
		i++;
	while (i < s.n && s.p[i] != ']') {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '[' && i + 1 < s.n && s.p[i + 1] == ':') {
			uint32_t k = i + 2;
			while (k + 1 < s.n && s.p[k] >= 'a' && s.p[k] <= 'z')
				k++;
			if (k + 1 < s.n && s.p[k] == ':' && s.p[k + 1] == ']')
				i = k + 1;
		}
		i++;
	}
	return i + 1;
}

/* At a backslash: the index after the escape. What stands in the braces of \p{L} and \x{41} belongs to it. */
static uint32_t skip_escape(ic_str s, uint32_t i)
{
	if (i + 1 < s.n && s.p[i + 1] == 'Q') { /* up to \E all is plain */
		const char *end = memmem(s.p + i, s.n - i, "\\E", 2);
		return end ? (uint32_t)(end - s.p) + 2 : s.n;
	}
	if (i + 2 < s.n && s.p[i + 2] == '{' &&
	    (s.p[i + 1] == 'p' || s.p[i + 1] == 'P' || s.p[i + 1] == 'x')) {
		const char *end = memchr(s.p + i, '}', s.n - i);
		return end ? (uint32_t)(end - s.p) + 1 : s.n;
	}
	return i + 2;
}

/* What in the pattern is not of RE2; NULL: nothing. *at: where. */
static const char *not_re2(ic_str s, uint32_t *at)
{
	bool quantified = false;

	for (uint32_t i = 0; i < s.n;) {
		const char *missing = NULL;
		bool quantifier = false;
		uint32_t next = i + 1;
		switch (s.p[i]) {
		case '\\':
			missing = escape_missing(s, i);
			next = skip_escape(s, i);
			break;
		case '(': missing = group_missing(s, i); break;
		case '[': next = skip_class(s, i + 1); break;
		case '+':
			if (quantified)
				missing = "possessive quantifiers";
			quantifier = !quantified;
			break;
		case '*':
		case '?':
		case '}': quantifier = !quantified || s.p[i] == '}'; break;
		default: break;
		}
		if (missing) {
			*at = i;
			return missing;
		}
		quantified = quantifier;
		i = next;
	}
	return NULL;
}

/* ---- compiling --------------------------------------------------------------------------------- */

static uint32_t options(unsigned flags)
{
	uint32_t o = PCRE2_NEVER_BACKSLASH_C;

	if (!(flags & IC_REGEX_JAVA))
		o |= PCRE2_DOLLAR_ENDONLY;
	if (flags & IC_REGEX_ANY_CASE)
		o |= PCRE2_CASELESS;
	if (flags & IC_REGEX_WHOLE)
		o |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	if (flags & IC_REGEX_DOT_ALL)
		o |= PCRE2_DOTALL;
	if (flags & IC_REGEX_MULTILINE)
		o |= PCRE2_MULTILINE;
	if (flags & IC_REGEX_UNGREEDY)
		o |= PCRE2_UNGREEDY;
	return o;
}

static pcre2_code *compile(pcre2_compile_context *context, ic_str pattern, uint32_t o, int *code, size_t *at)
{
	pcre2_code *re =
	    pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, o, code, at, context);

	if (re) /* where there is no JIT the interpreter does it */
		(void)pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
	return re;
}

static ic_status bad_pattern(ic_diag *diag, ic_place place, int code, size_t at)
{
	PCRE2_UCHAR text[160];

	if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)
		return IC_E_NOMEM;
	pcre2_get_error_message(code, text, sizeof text);
	return ic_diag_fail(diag, IC_DIAG_SYNTAX, place, 1, "bad regular expression, at its byte %zu: %s",
			    at + 1, (const char *)text);
}

ic_status ic_regex_new(ic_str pattern, unsigned flags, ic_place place, ic_regex **ret, ic_diag *diag)
{
	pcre2_general_context *general;
	pcre2_compile_context *context = NULL;
	ic_regex *r;
	uint32_t where = 0;
	int code = PCRE2_ERROR_NOMEMORY;
	size_t at = 0;
	const char *missing = flags & IC_REGEX_JAVA ? NULL : not_re2(pattern, &where);
	ic_status st = IC_E_NOMEM;

	if (missing)
		return ic_diag_fail(
		    diag, IC_DIAG_UNSUPPORTED, place, 1,
		    "%s are not in the language of regular expressions (RE2), at byte %u of this one",
		    missing, where + 1);
	if (pattern.n > PATTERN_BYTES)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, place, 1,
				    "a regular expression may have up to %d bytes", (int)PATTERN_BYTES);
	if (!ic_utf8_valid(pattern))
		return ic_diag_fail(diag, IC_DIAG_SYNTAX, place, 1,
				    "the regular expression is not valid UTF-8");
	r = ic_calloc(1, sizeof *r);
	general = pcre2_general_context_create(take, give, NULL);
	if (general)
		context = pcre2_compile_context_create(general);
	if (!r || !context)
		goto out;
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	r->utf = compile(context, pattern, options(flags) | PCRE2_UTF | PCRE2_UCP, &code, &at);
	if (!r->utf) {
		st = bad_pattern(diag, place, code, at);
		goto out;
	}
	r->bytes = compile(context, pattern, options(flags) | PCRE2_NEVER_UTF, &code, &at);
	if (!r->bytes && (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY))
		goto out;
	pcre2_pattern_info(r->utf, PCRE2_INFO_CAPTURECOUNT, &r->groups);
	st = IC_OK;
	if (r->groups > IC_REGEX_GROUPS)
		st = ic_diag_fail(diag, IC_DIAG_LIMIT, place, 1,
				  "a regular expression may have up to %d groups", (int)IC_REGEX_GROUPS);
out:
	pcre2_compile_context_free(context);
	pcre2_general_context_free(general);
	if (st == IC_OK)
		*ret = r;
	else
		ic_regex_free(r);
	return st;
}

void ic_regex_free(ic_regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->utf);
	pcre2_code_free(r->bytes);
	ic_free(r);
}

uint32_t ic_regex_groups(const ic_regex *r)
{
	return r->groups;
}

uint32_t ic_regex_group_named(const ic_regex *r, ic_str name)
{
	char text[64];
	if (name.n == 0 || name.n >= sizeof text)
		return 0;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	int number = pcre2_substring_number_from_name(r->utf, (PCRE2_SPTR)text);
	return number > 0 ? (uint32_t)number : 0;
}

/* ---- matching ------------------------------------------------------------------------------------ */

ic_regex_match *ic_regex_match_new(void)
{
	ic_regex_match *m = ic_calloc(1, sizeof *m);
	pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);

	if (m && general) {
		m->data = pcre2_match_data_create(IC_REGEX_GROUPS + 1, general);
		m->context = pcre2_match_context_create(general);
		m->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MOST, general);
	}
	pcre2_general_context_free(general);
	if (!m || !m->data || !m->context || !m->stack) {
		ic_regex_match_free(m);
		return NULL;
	}
	pcre2_set_match_limit(m->context, MATCH_LIMIT);
	pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(m->context, HEAP_KIB);
	pcre2_jit_stack_assign(m->context, NULL, m->stack);
	return m;
}

void ic_regex_match_free(ic_regex_match *m)
{
	if (!m)
		return;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	pcre2_jit_stack_free(m->stack);
	ic_free(m);
}

int ic_regex_find(const ic_regex *r, ic_regex_match *m, ic_str s, size_t from)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(s.p ? s.p : "");
	const pcre2_code *re;
	uint32_t o = PCRE2_NO_UTF_CHECK;
	int n;

	if (from > s.n)
		return 0;
	if (from == 0 || m->text.p != s.p || m->text.n != s.n) {
		m->text = s;
		m->class = ic_ascii(s) ? ASCII : ic_utf8_valid(s) ? UTF : BROKEN;
	}
	m->groups = r->groups + 1;
	re = m->class == UTF || (m->class == ASCII && !r->bytes) ? r->utf : r->bytes;
	if (!re)
		return 0;
	n = pcre2_match(re, text, s.n, from, o, m->data, m->context);

	if (n == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter has more room */
		n = pcre2_match(re, text, s.n, from, o | PCRE2_NO_JIT, m->data, m->context);
	if (n >= 0)
		return 1;
	return n == PCRE2_ERROR_NOMATCH ? 0 : n == PCRE2_ERROR_NOMEMORY ? IC_REGEX_NOMEM : IC_REGEX_LIMIT;
}

ic_str ic_regex_group(const ic_regex_match *m, ic_str s, uint32_t i)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(m->data);

	if (i >= m->groups || o[2 * i] == PCRE2_UNSET || o[2 * i + 1] < o[2 * i])
		return (ic_str){ NULL, 0 };
	return (ic_str){ (s.p ? s.p : "") + o[2 * i], (uint32_t)(o[2 * i + 1] - o[2 * i]) };
}

size_t ic_regex_next(const ic_regex_match *m, ic_str s)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(m->data);
	size_t end = o[1];
	unsigned used;

	if (o[1] > o[0])
		return end;
	if (end >= s.n)
		return SIZE_MAX;
	if (m->class != UTF)
		return end + 1;
	(void)ic_utf8_read(s.p + end, s.n - end, &used);
	return end + used;
}
