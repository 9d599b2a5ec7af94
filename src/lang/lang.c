/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/lang.h"

#include "lang/aql/bind.h"
#include "lang/aql/parse.h"
#include "lang/kql/bind.h"
#include "lang/kql/parse.h"

/* Blanks and comments in front of the first word. */
static ic_str without_comments(ic_str s)
{
	for (;;) {
		s = ic_str_trim(s);
		if (s.n < 2)
			return s;
		bool line = (s.p[0] == '/' && s.p[1] == '/') || (s.p[0] == '-' && s.p[1] == '-');
		if (!line)
			return s;
		const char *end = memchr(s.p, '\n', s.n);
		if (!end)
			return (ic_str){ s.p + s.n, 0 };
		s = (ic_str){ end, s.n - (uint32_t)(end - s.p) };
	}
}

unsigned ic_lang_guess(ic_str text)
{
	static const char select[] = "select";
	ic_str s = without_comments(text);
	bool is = s.n > sizeof select - 1 && ic_str_istarts(s, IC_STR("select"));
	char next = is ? s.p[sizeof select - 1] : 'x';
	return next == ' ' || next == '\t' || next == '\n' || next == '\r' || next == '*' || next == '"' ||
		       next == '('
		   ? IC_FN_AQL
		   : IC_FN_KQL;
}

static ic_status compile_kql(ic_str text, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag)
{
	ic_kql_block query;
	char *copy = ic_arena_dup(&plan->arena, text.p, text.n);
	if (!copy)
		return IC_E_NOMEM;
	ic_status st = ic_kql_parse(&plan->arena, (ic_str){ copy, text.n }, &query, diag);
	for (uint32_t i = 0; st == IC_OK && i < query.notes; i++)
		st = ic_plan_warn(plan, query.note[i].at, "%s", query.note[i].text);
	return st == IC_OK ? ic_kql_bind(&query, catalog, plan, diag) : st;
}

static ic_status compile_aql(ic_str text, const ic_catalog *catalog, ic_plan *plan, ic_diag *diag)
{
	ic_aql_query query;
	char *copy = ic_arena_dup(&plan->arena, text.p, text.n);
	if (!copy)
		return IC_E_NOMEM;
	ic_status st = ic_aql_parse(&plan->arena, (ic_str){ copy, text.n }, &query, diag);
	return st == IC_OK ? ic_aql_bind(&query, catalog, plan, diag) : st;
}

ic_status ic_lang_compile(ic_str text, unsigned language, const ic_catalog *catalog, ic_plan *plan,
			  ic_diag *diag)
{
	if (language == 0)
		language = ic_lang_guess(text);
	plan->language = language;
	if (language == IC_FN_KQL)
		return compile_kql(text, catalog, plan, diag);
	return compile_aql(text, catalog, plan, diag);
}

bool ic_lang_operator(size_t i, const char **name, const char **help)
{
	size_t operators = 0;
	for (; ic_kql_operator(operators, name, help); operators++)
		if (operators == i)
			return true;
	const ic_bind_evaluated *plugin = ic_bind_plugin_at(i - operators);
	if (plugin) {
		*name = "evaluate";
		*help = plugin->usage;
	}
	return plugin != NULL;
}
