/* SPDX-License-Identifier: Apache-2.0 */
/* has, contains, startswith, =~ and kin; has_any, has_all; AQL's TEXT SEARCH. */
#include "base/unicode.h"
#include "exec/eval/compare.h"
#include "exec/fn/fold.h"
#include "exec/eval/vector.h"

static bool eq_ci(ic_str s, ic_str part)
{
	return ic_fold_equal(s, part);
}

static bool ne_ci(ic_str s, ic_str part)
{
	return !ic_fold_equal(s, part);
}

static bool contains(ic_str s, ic_str part)
{
	uint32_t used;
	return ic_fold_find(s, part, 0, &used) >= 0;
}

static bool contains_cs(ic_str s, ic_str part)
{
	return part.n == 0 || (s.n >= part.n && memmem(s.p, s.n, part.p, part.n) != NULL);
}

static bool startswith(ic_str s, ic_str part)
{
	uint32_t used;
	return ic_fold_starts(s, part, &used);
}

static bool startswith_cs(ic_str s, ic_str part)
{
	return s.n >= part.n && (part.n == 0 || memcmp(s.p, part.p, part.n) == 0);
}

/* With other case a text may have another length: every place that leaves as many characters is tried,
 * which are few. */
static bool endswith(ic_str s, ic_str part)
{
	uint32_t used;

	if (s.n >= part.n && ic_fold_starts((ic_str){ s.p + s.n - part.n, part.n }, part, &used) &&
	    used == part.n)
		return true;
	if (ic_ascii(part))
		return false;
	for (uint32_t n = part.n / 4; n <= s.n && n <= (uint64_t)part.n * 4; n++) {
		ic_str end = { s.p + s.n - n, n };
		if (n < s.n && ((uint8_t)end.p[0] & 0xc0) == 0x80 && n > 0)
			continue;
		if (ic_fold_starts(end, part, &used) && used == n)
			return true;
	}
	return false;
}

static bool endswith_cs(ic_str s, ic_str part)
{
	return s.n >= part.n && (part.n == 0 || memcmp(s.p + s.n - part.n, part.p, part.n) == 0);
}

static bool has(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_START | IC_TERM_END);
}

static bool has_cs(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_START | IC_TERM_END | IC_TERM_CASE);
}

static bool hasprefix(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_START);
}

static bool hasprefix_cs(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_START | IC_TERM_CASE);
}

static bool hassuffix(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_END);
}

static bool hassuffix_cs(ic_str s, ic_str part)
{
	return ic_has_term(s, part, IC_TERM_END | IC_TERM_CASE);
}

/* ---- one part -------------------------------------------------------------------------------- */

#define TEXT(NAME)                                                                                           \
	static void NAME##_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)           \
	{                                                                                                    \
		const ic_str *s = arg[0].data, *part = arg[1].data;                                          \
		ic_vector_out o;                                                                             \
		if (!ic_call_out(c, &o, rows))                                                               \
			return;                                                                              \
		if (arg[0].type == IC_Q_STRING && arg[1].type == IC_Q_STRING)                                \
			for (uint32_t i = 0; i < rows; i++)                                                  \
				o.b[i] = NAME(s[ic_vector_at(&arg[0], i)], part[ic_vector_at(&arg[1], i)]);  \
		else                                                                                         \
			memset(o.b, 0, rows);                                                                \
		ic_call_done(&o, arg, 2, rows, ret);                                                         \
	}

TEXT(eq_ci)
TEXT(ne_ci)
TEXT(contains)
TEXT(contains_cs)
TEXT(startswith)
TEXT(startswith_cs)
TEXT(endswith)
TEXT(endswith_cs)
TEXT(has)
TEXT(has_cs)
TEXT(hasprefix)
TEXT(hasprefix_cs)
TEXT(hassuffix)
TEXT(hassuffix_cs)

/* An address against a constant such as "10.": by its bits. A null address is the empty text. */
static bool address_prefix(const ic_vector *arg, uint32_t rows, uint8_t *ret)
{
	ic_cidr net;

	if (arg[0].type != IC_Q_IP || arg[1].type != IC_Q_STRING || !arg[1].constant ||
	    !ic_cidr_of_prefix(*(const ic_str *)arg[1].data, &net))
		return false;
	for (uint32_t i = 0; i < rows; i++)
		ret[i] = ic_cidr_has(&net, &((const ic_ip *)arg[0].data)[ic_vector_at(&arg[0], i)]);
	return true;
}

static void starts(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret, ic_vector_fn of_texts)
{
	ic_vector text[2];
	ic_vector_out o;

	if (!ic_call_out(c, &o, rows))
		return;
	if (address_prefix(arg, rows, o.b))
		ic_call_done(&o, NULL, 0, rows, ret);
	else if (!ic_vector_strings(&text[0], c->arena, &arg[0], rows) ||
		 !ic_vector_strings(&text[1], c->arena, &arg[1], rows))
		c->failed = IC_E_NOMEM;
	else {
		text[0].nulls = text[1].nulls = NULL;
		of_texts(c, text, rows, ret);
	}
}

static void starts_with_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	starts(c, arg, rows, ret, startswith_vector);
}

static void starts_with_cs_vector(ic_call *c, const ic_vector *arg, uint32_t rows, ic_vector *ret)
{
	starts(c, arg, rows, ret, startswith_cs_vector);
}

/* ---- several parts ----------------------------------------------------------------------------- */

/* The parts of has_any and has_all: the list of the call, else its second argument, an array. */
static bool has_item(const ic_value *v, ic_str s)
{
	char text[48];
	ic_value scalar = v->type == IC_Q_DYNAMIC ? ic_dyn_scalar(v->dyn) : *v;
	return !scalar.null && ic_qtype_is_text(scalar.type) && has(s, ic_value_plain_text(&scalar, text));
}

static ic_value has_several(ic_call *c, const ic_value *arg, bool all)
{
	const ic_value_list *list = c->expr->call.list;
	const ic_dyn *d =
	    !list && c->expr->call.n > 1 && arg[1].type == IC_Q_DYNAMIC && !arg[1].null ? arg[1].dyn : NULL;
	bool array = d && d->kind == IC_DYN_ARRAY;
	uint32_t n = list ? list->n : array ? d->n : c->expr->call.n > 1 ? 1 : 0;
	char text[48];
	ic_str s = ic_value_plain_text(&arg[0], text);

	for (uint32_t i = 0; i < n; i++) {
		ic_value item = list ? list->value[i] : array ? ic_value_dyn(d->item[i]) : arg[1];
		if (has_item(&item, s) != all)
			return ic_value_bool(!all);
	}
	return ic_value_bool(all && n > 0);
}

static ic_value has_any_row(ic_call *c, const ic_value *arg)
{
	return has_several(c, arg, false);
}

static ic_value has_all_row(ic_call *c, const ic_value *arg)
{
	return has_several(c, arg, true);
}

/* TEXT SEARCH: every word is in the text; words after OR start another set of which one must be. */
static ic_value text_search_row(ic_call *c, const ic_value *arg)
{
	ic_str s = arg[0].s, words = arg[1].s;
	bool all = true, any = false, wanted = false;
	uint32_t i = 0;

	(void)c;
	while (i < words.n) {
		while (i < words.n && words.p[i] == ' ')
			i++;
		bool quoted = i < words.n && words.p[i] == '"';
		uint32_t start = i += quoted;
		while (i < words.n && words.p[i] != (quoted ? '"' : ' '))
			i++;
		ic_str word = { words.p + start, i - start };
		i += quoted && i < words.n;
		if (!quoted && ic_str_eq(word, IC_STR("OR"))) {
			any = any || (wanted && all);
			all = true;
			wanted = false;
		} else if (word.n && (quoted || !ic_str_eq(word, IC_STR("AND")))) {
			wanted = true;
			all = all && contains(s, word);
		}
	}
	return ic_value_bool(any || (wanted && all));
}

#define ENTRY(ID, NAME)                                                                                      \
	{                                                                                                    \
		IC_FN_##ID,                                                                                  \
		{                                                                                            \
			.vector = NAME##_vector                                                              \
		}                                                                                            \
	}

static const ic_kernel_entry entries[] = {
	ENTRY(EQ_CI, eq_ci),
	ENTRY(NE_CI, ne_ci),
	ENTRY(HAS, has),
	ENTRY(HAS_CS, has_cs),
	ENTRY(HASPREFIX, hasprefix),
	ENTRY(HASPREFIX_CS, hasprefix_cs),
	ENTRY(HASSUFFIX, hassuffix),
	ENTRY(HASSUFFIX_CS, hassuffix_cs),
	ENTRY(CONTAINS, contains),
	ENTRY(CONTAINS_CS, contains_cs),
	{ IC_FN_STARTSWITH, { .vector = starts_with_vector, .addresses = true } },
	{ IC_FN_STARTSWITH_CS, { .vector = starts_with_cs_vector, .addresses = true } },
	ENTRY(ENDSWITH, endswith),
	ENTRY(ENDSWITH_CS, endswith_cs),
	{ IC_FN_HAS_ANY, { .row = has_any_row } },
	{ IC_FN_HAS_ALL, { .row = has_all_row } },
	{ IC_FN_TEXT_SEARCH, { .row = text_search_row, .strict = true } },
};
IC_KERNELS(text_operators, entries);
