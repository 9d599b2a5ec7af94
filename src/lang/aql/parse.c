/* SPDX-License-Identifier: Apache-2.0 */
/* Clauses of AQL, and SQL that is not AQL. */
#include "lang/aql/parser.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- tokens --------------------------------------------------------------------------- */

void ic_aql_next(ic_aql_parser *p)
{
	p->last_end = p->tok.pos + p->tok.length;
	p->tok = ic_aql_lex(&p->lex);
}

ic_aql_token ic_aql_peek(const ic_aql_parser *p)
{
	ic_aql_lexer l = p->lex;
	return ic_aql_lex(&l);
}

bool ic_aql_take_sign(ic_aql_parser *p, uint16_t sign)
{
	if (!ic_aql_is_sign(p, sign))
		return false;
	ic_aql_next(p);
	return true;
}

bool ic_aql_take_word(ic_aql_parser *p, const char *word)
{
	if (!ic_aql_is_word(p, word))
		return false;
	ic_aql_next(p);
	return true;
}

bool ic_aql_expect_sign(ic_aql_parser *p, uint16_t sign, const char *what)
{
	return ic_aql_take_sign(p, sign) || ic_aql_expected(p, what);
}

bool ic_aql_expect_word(ic_aql_parser *p, const char *word)
{
	return ic_aql_take_word(p, word) || ic_aql_expected(p, word);
}

void *ic_aql_fail(ic_aql_parser *p, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
{
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	ic_status s = ic_diag_fail(p->diag, kind, at, length, "%s", text);
	if (p->status == IC_OK)
		p->status = s;
	return NULL;
}

void *ic_aql_fail_nomem(ic_aql_parser *p)
{
	if (p->status == IC_OK)
		p->status = IC_E_NOMEM;
	return NULL;
}

void *ic_aql_refuse(ic_aql_parser *p, const char *what, const char *way)
{
	ic_aql_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length, "AQL has no %s", what);
	ic_diag_hint(p->diag, "%s", way);
	return NULL;
}

static const struct {
	const char *word, *what, *way;
} foreign[] = {
	{ "INTERVAL", "INTERVAL",
	  "end the query with LAST 1 HOURS, or subtract milliseconds: NOW() - 3600000" },
	{ "JOIN", "JOIN",
	  "select from one of events and flows; IN (SELECT ...) and REFERENCESETCONTAINS relate them" },
	{ "INNER", "JOIN",
	  "select from one of events and flows; IN (SELECT ...) and REFERENCESETCONTAINS relate them" },
	{ "LEFT", "JOIN",
	  "select from one of events and flows; IN (SELECT ...) and REFERENCESETCONTAINS relate them" },
	{ "RIGHT", "JOIN",
	  "select from one of events and flows; IN (SELECT ...) and REFERENCESETCONTAINS relate them" },
	{ "CROSS", "JOIN",
	  "select from one of events and flows; IN (SELECT ...) and REFERENCESETCONTAINS relate them" },
	{ "UNION", "UNION", "run one query after the other" },
	{ "OVER", "window functions (OVER)", "use GROUP BY, and HAVING on the aggregates" },
	{ "EXISTS", "EXISTS", "write field IN (SELECT ...)" },
	{ "DISTINCT", "DISTINCT",
	  "use GROUP BY for distinct rows, UNIQUECOUNT(field) to count distinct values" },
	{ "COLLATE", "COLLATE in local queries", "text is ordered by its bytes" },
	{ "INTO", "INTO in local queries", "a query prints its rows, there are no cursors" },
	{ "PARAMETERS", "PARAMETERS in local queries", "they steer a QRadar deployment: leave them out" },
	{ "OFFSET", "OFFSET", "use LIMIT alone" },
	{ "TOP", "TOP", "use ORDER BY ... DESC LIMIT n" },
	{ "RLIKE", "RLIKE", "use MATCHES or IMATCHES" },
	{ "REGEXP", "REGEXP", "use MATCHES or IMATCHES" },
};

bool ic_aql_foreign(ic_aql_parser *p)
{
	if (p->tok.kind != IC_AT_NAME || p->status != IC_OK)
		return false;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		if (ic_aql_is_word(p, foreign[i].word)) {
			ic_aql_refuse(p, foreign[i].what, foreign[i].way);
			return true;
		}
	}
	return false;
}

void *ic_aql_expected(ic_aql_parser *p, const char *what)
{
	const ic_aql_token *t = &p->tok;
	if (p->status != IC_OK || ic_aql_foreign(p))
		return NULL;
	if (t->kind == IC_AT_BAD) {
		ic_aql_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "%s", t->error);
		if (t->hint)
			ic_diag_hint(p->diag, "%s", t->hint);
		return NULL;
	}
	if (t->kind == IC_AT_END)
		return ic_aql_fail(p, IC_DIAG_SYNTAX, t->at, 1, "expected %s, found the end of the query",
				   what);
	return ic_aql_fail(p, IC_DIAG_SYNTAX, t->at, t->length, "expected %s, found `%.*s`%s", what,
			   t->length > 40 ? 40 : (int)t->length, p->lex.text.p + t->pos,
			   t->length > 40 ? "..." : "");
}

bool ic_aql_room(ic_aql_parser *p, void **items, uint32_t n, size_t size)
{
	if (n >= IC_AQL_LIST_MAX)
		return ic_aql_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				   "a list has more than %d items", IC_AQL_LIST_MAX);
	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return true;
	void *grown = ic_arena_alloc(p->arena, (n ? (size_t)n * 2 : 4) * size);
	if (!grown)
		return ic_aql_fail_nomem(p);
	if (n)
		memcpy(grown, *items, n * size);
	*items = grown;
	return true;
}

bool ic_aql_enter(ic_aql_parser *p)
{
	if (p->depth >= IC_AQL_DEPTH_MAX)
		return ic_aql_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
				   "the query is nested deeper than %d levels", IC_AQL_DEPTH_MAX);
	p->depth++;
	return true;
}

bool ic_aql_reserved(ic_str word)
{
	static const char *const words[] = { "SELECT", "FROM",	  "WHERE", "GROUP", "HAVING",	 "ORDER",
					     "BY",     "LIMIT",	  "LAST",  "START", "STOP",	 "AND",
					     "OR",     "NOT",	  "LIKE",  "ILIKE", "MATCHES",	 "IMATCHES",
					     "IN",     "BETWEEN", "IS",	   "NULL",  "CASE",	 "WHEN",
					     "THEN",   "ELSE",	  "END",   "AS",    "ASC",	 "DESC",
					     "UNION",  "OVER",	  "INTO",  "JOIN",  "PARAMETERS" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (ic_str_ieq(word, ic_str_of(words[i])))
			return true;
	return false;
}

/* ---- clauses -------------------------------------------------------------------------- */

/* AS takes a name, 'a text' or "a field"; without AS a name must not be a keyword. */
static bool alias_of(ic_aql_parser *p, ic_aql_item *item)
{
	bool as = ic_aql_take_word(p, "AS");
	if (p->tok.kind == IC_AT_TEXT || p->tok.kind == IC_AT_FIELD) {
		item->alias = ic_aql_unquote(p->arena, ic_aql_text(p));
		if (!item->alias.p)
			return ic_aql_fail_nomem(p);
		ic_aql_next(p);
		return true;
	}
	bool name = p->tok.kind == IC_AT_NAME && (as || !ic_aql_reserved(ic_aql_text(p)));
	if (!name)
		return !as || ic_aql_expected(p, "an alias");
	item->alias = ic_aql_text(p);
	ic_aql_next(p);
	return true;
}

static bool item_of(ic_aql_parser *p, ic_aql_item *item)
{
	*item = (ic_aql_item){ 0 };
	if (ic_aql_take_sign(p, '*')) {
		item->star = true;
		return true;
	}
	return (item->expr = ic_aql_expression(p)) && alias_of(p, item);
}

static bool items_of(ic_aql_parser *p, ic_aql_query *q)
{
	do {
		if (!IC_AQL_ROOM(p, q->item, q->items) || !item_of(p, &q->item[q->items]))
			return false;
		if (++q->items > IC_MAX_COLUMNS)
			return ic_aql_fail(p, IC_DIAG_LIMIT, p->tok.at, 1, "more than %d columns",
					   IC_MAX_COLUMNS);
	} while (ic_aql_take_sign(p, ','));
	return true;
}

static bool from_of(ic_aql_parser *p, ic_aql_query *q)
{
	if (!ic_aql_expect_word(p, "FROM"))
		return false;
	if (ic_aql_is_sign(p, '('))
		return ic_aql_refuse(p, "sub-select in FROM", "a sub-select may stand in IN (SELECT ...)");
	if (p->tok.kind != IC_AT_NAME && p->tok.kind != IC_AT_FIELD)
		return ic_aql_expected(p, "events or flows");
	q->from = p->tok.kind == IC_AT_NAME ? ic_aql_text(p) : ic_aql_unquote(p->arena, ic_aql_text(p));
	q->from_at = p->tok.at;
	if (!q->from.p)
		return ic_aql_fail_nomem(p);
	ic_aql_next(p);
	if (ic_aql_is_sign(p, ','))
		return ic_aql_refuse(p, "second table in FROM",
				     "select from one of events and flows; IN (SELECT ...) relates them");
	return true;
}

static bool list_of(ic_aql_parser *p, ic_aql_list *ret)
{
	do {
		if (!IC_AQL_ROOM(p, ret->expr, ret->n) || !(ret->expr[ret->n] = ic_aql_expression(p)))
			return false;
		ret->n++;
	} while (ic_aql_take_sign(p, ','));
	return true;
}

static bool keys_of(ic_aql_parser *p, ic_aql_query *q)
{
	do {
		if (!IC_AQL_ROOM(p, q->key, q->keys))
			return false;
		ic_aql_key *k = &q->key[q->keys];
		*k = (ic_aql_key){ .expr = ic_aql_expression(p) };
		if (!k->expr)
			return false;
		k->descending = ic_aql_take_word(p, "DESC");
		if (!k->descending)
			ic_aql_take_word(p, "ASC");
		q->keys++;
	} while (ic_aql_take_sign(p, ','));
	return true;
}

static bool limit_of(ic_aql_parser *p, ic_aql_query *q)
{
	if (p->tok.kind != IC_AT_NUMBER || p->tok.value.type != IC_Q_LONG)
		return ic_aql_expected(p, "a whole number");
	q->limited = true;
	q->limit = p->tok.value.i;
	ic_aql_next(p);
	return true;
}

static bool last_of(ic_aql_parser *p, ic_aql_query *q)
{
	static const struct {
		const char *one, *many;
		int64_t ms;
	} units[] = { { "MINUTE", "MINUTES", 60000 },
		      { "HOUR", "HOURS", 3600000 },
		      { "DAY", "DAYS", 86400000 } };
	if (p->tok.kind != IC_AT_NUMBER || p->tok.value.type != IC_Q_LONG)
		return ic_aql_expected(p, "a whole number");
	int64_t n = p->tok.value.i;
	ic_aql_next(p);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!ic_aql_is_word(p, units[i].one) && !ic_aql_is_word(p, units[i].many))
			continue;
		if (__builtin_mul_overflow(n, units[i].ms, &q->last_ms))
			return ic_aql_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
					   "a time window beyond all times");
		q->window = IC_AQL_LAST;
		ic_aql_next(p);
		return true;
	}
	return ic_aql_expected(p, "MINUTES, HOURS or DAYS");
}

static bool window_of(ic_aql_parser *p, ic_aql_query *q)
{
	q->window_at = p->tok.at;
	if (ic_aql_take_word(p, "LAST"))
		return last_of(p, q);
	if (!ic_aql_take_word(p, "START"))
		return true;
	q->window = IC_AQL_RANGE;
	if (!(q->start = ic_aql_operand(p)))
		return false;
	return !ic_aql_take_word(p, "STOP") || (q->stop = ic_aql_operand(p));
}

static void complete(ic_aql_parser *p)
{
	if (p->depth == 0)
		p->complete = p->last_end;
}

/* The clauses behind FROM in their order. */
static bool tail_of(ic_aql_parser *p, ic_aql_query *q)
{
	if (ic_aql_take_word(p, "WHERE") && !(q->where = ic_aql_expression(p)))
		return false;
	complete(p);
	if (ic_aql_take_word(p, "GROUP") && (!ic_aql_expect_word(p, "BY") || !list_of(p, &q->group)))
		return false;
	complete(p);
	if (ic_aql_take_word(p, "HAVING") && !(q->having = ic_aql_expression(p)))
		return false;
	complete(p);
	if (ic_aql_take_word(p, "ORDER") && (!ic_aql_expect_word(p, "BY") || !keys_of(p, q)))
		return false;
	complete(p);
	if (ic_aql_take_word(p, "LIMIT") && !limit_of(p, q))
		return false;
	complete(p);
	return window_of(p, q);
}

bool ic_aql_query_of(ic_aql_parser *p, ic_aql_query *ret)
{
	*ret = (ic_aql_query){ 0 };
	if (!ic_aql_expect_word(p, "SELECT"))
		return false;
	if (ic_aql_is_word(p, "DISTINCT") || ic_aql_is_word(p, "TOP"))
		return !ic_aql_foreign(p);
	if (!items_of(p, ret) || !from_of(p, ret))
		return false;
	complete(p);
	return tail_of(p, ret);
}

/* ---- entries -------------------------------------------------------------------------- */

static ic_status start(ic_aql_parser *p, ic_arena *a, ic_str text, ic_diag *diag)
{
	*p = (ic_aql_parser){ .arena = a, .diag = diag };
	if (text.n > IC_AQL_TEXT_MAX)
		return ic_diag_fail(diag, IC_DIAG_LIMIT, (ic_place){ 1, 1 }, 1,
				    "the query is longer than %d MiB", IC_AQL_TEXT_MAX >> 20);
	ic_aql_lex_init(&p->lex, text);
	p->tok = ic_aql_lex(&p->lex);
	return IC_OK;
}

/* A clause that came too late names its place. */
static bool late_clause(ic_aql_parser *p)
{
	static const char *const clauses[] = { "WHERE", "GROUP", "HAVING", "ORDER",
					       "LIMIT", "LAST",	 "START",  "STOP" };
	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
		if (!ic_aql_is_word(p, clauses[i]))
			continue;
		ic_aql_fail(p, IC_DIAG_SYNTAX, p->tok.at, p->tok.length, "%s cannot stand here", clauses[i]);
		ic_diag_hint(p->diag,
			     "clauses come in this order: SELECT, FROM, WHERE, GROUP BY, HAVING, ORDER BY, "
			     "LIMIT, then LAST or START and STOP");
		return true;
	}
	return false;
}

static void trailing(ic_aql_parser *p, bool closed)
{
	if (closed) {
		ic_aql_fail(p, IC_DIAG_SYNTAX, p->tok.at, p->tok.length, "a second statement behind the `;`");
		ic_diag_hint(p->diag, "a query is one SELECT");
		return;
	}
	if (late_clause(p))
		return;
	ic_aql_token next = ic_aql_peek(p);
	ic_aql_expected(p, "the end of the query");
	if (p->diag->kind == IC_DIAG_SYNTAX && p->tok.kind == IC_AT_NAME && next.kind == IC_AT_NAME)
		ic_diag_hint(p->diag, "text around the query, as on a web page, is taken away by --extract");
}

ic_status ic_aql_parse(ic_arena *a, ic_str text, ic_aql_query *ret, ic_diag *diag)
{
	ic_aql_parser p;
	ic_status s = start(&p, a, text, diag);
	if (s != IC_OK)
		return s;
	if (!ic_aql_query_of(&p, ret))
		return p.status;
	bool closed = ic_aql_take_sign(&p, ';');
	if (p.tok.kind != IC_AT_END)
		trailing(&p, closed);
	return p.status;
}

void ic_aql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret)
{
	ic_aql_parser p;
	ic_aql_query query;
	ic_diag diag = { 0 };
	*ret = (ic_prefix){ 0 };
	if (start(&p, a, text, &diag) != IC_OK)
		return;
	bool whole = ic_aql_query_of(&p, &query);
	ret->seen = p.lex.pos;
	ret->stopped = p.tok.pos;
	ret->failed = !whole;
	ret->end = whole ? p.last_end : p.complete;
}
