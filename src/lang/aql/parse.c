/* SPDX-License-Identifier: Apache-2.0 */
/* Clauses of AQL, and SQL that is not AQL. */
#include "lang/aql/parser.h"

void *ic_aql_refuse(ic_parser *p, const char *what, const char *way)
{
	ic_parse_fail(p, IC_DIAG_UNSUPPORTED, p->tok.at, p->tok.length, "AQL has no %s", what);
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
	{ "SESSION", "SESSION BY in local queries",
	  "GROUP BY who acts and DATEFORMAT(starttime, 'yyyy-MM-dd HH') gives groups in time" },
	{ "COLLATE", "COLLATE here", "it stands behind a key of ORDER BY" },
	{ "INTO", "INTO here", "it stands behind the table of FROM" },
	{ "OFFSET", "OFFSET", "use LIMIT alone" },
	{ "TOP", "TOP", "use ORDER BY ... DESC LIMIT n" },
	{ "RLIKE", "RLIKE", "use MATCHES or IMATCHES" },
	{ "REGEXP", "REGEXP", "use MATCHES or IMATCHES" },
};

bool ic_aql_foreign(ic_parser *p)
{
	if (p->tok.kind != IC_TOKEN_NAME || p->status != IC_OK)
		return false;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		if (ic_is_word(p, foreign[i].word)) {
			ic_aql_refuse(p, foreign[i].what, foreign[i].way);
			return true;
		}
	}
	return false;
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
static bool alias_of(ic_parser *p, ic_aql_item *item)
{
	ic_aql_state *own = p->own;
	bool as = own->as = ic_take_word(p, "AS");
	own->alias = (ic_str){ NULL, 0 };
	if (p->tok.kind == IC_TOKEN_TEXT || p->tok.kind == IC_TOKEN_FIELD) {
		item->alias = ic_aql_unquote(p->arena, ic_token_text(p));
		if (!item->alias.p)
			return ic_parse_nomem(p);
		ic_next(p);
		return true;
	}
	bool name = p->tok.kind == IC_TOKEN_NAME && (as || !ic_aql_reserved(ic_token_text(p)));
	if (!name)
		return !as || ic_expected(p, "an alias");
	item->alias = own->alias = ic_token_text(p);
	item->alias_at = as ? (ic_place){ 0, 0 } : p->tok.at;
	ic_next(p);
	return true;
}

static bool item_of(ic_parser *p, ic_aql_item *item)
{
	*item = (ic_aql_item){ 0 };
	ic_aql_at(p, IC_AQL_AT_ITEM);
	if (ic_take_sign(p, '*')) {
		*(ic_aql_state *)p->own = (ic_aql_state){ .place = IC_AQL_AT_ITEM };
		item->star = true;
		return true;
	}
	return (item->expr = ic_aql_expression(p)) && alias_of(p, item);
}

static bool items_of(ic_parser *p, ic_aql_query *q)
{
	do {
		if (!IC_PARSE_ROOM(p, q->item, q->items) || !item_of(p, &q->item[q->items]))
			return false;
		if (++q->items > IC_MAX_COLUMNS)
			return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, 1, "more than %d columns",
					     IC_MAX_COLUMNS);
	} while (ic_take_sign(p, ','));
	return true;
}

/* What QRadar takes and a local query has no use for is read, said and passed over. */
static void passed_over(const ic_parser *p, ic_aql_query *q, const char *note)
{
	if (q->passed < sizeof q->pass / sizeof *q->pass)
		q->pass[q->passed++] = (struct ic_aql_pass){ p->tok.at, note };
}

static bool from_of(ic_parser *p, ic_aql_query *q)
{
	ic_aql_at(p, IC_AQL_AT_FROM);
	if (!ic_expect_word(p, "FROM"))
		return false;
	ic_aql_at(p, IC_AQL_AT_TABLE);
	q->from_at = p->tok.at;
	if (ic_take_sign(p, '(')) {
		if (!ic_is_word(p, "SELECT"))
			return ic_expected(p, "SELECT");
		q->rows = ic_aql_sub_select(p);
		ic_aql_at(p, IC_AQL_AT_TABLE);
		return q->rows != NULL;
	}
	if (p->tok.kind != IC_TOKEN_NAME && p->tok.kind != IC_TOKEN_FIELD)
		return ic_expected(p, "events or flows");
	q->from =
	    p->tok.kind == IC_TOKEN_NAME ? ic_token_text(p) : ic_aql_unquote(p->arena, ic_token_text(p));
	if (!q->from.p)
		return ic_parse_nomem(p);
	ic_next(p);
	if (ic_is_sign(p, ','))
		return ic_aql_refuse(p, "second table in FROM",
				     "select from one of events and flows; IN (SELECT ...) relates them");
	if (ic_is_sign(p, '('))
		return ic_aql_refuse(p, "function in FROM in local queries", "select from events or flows");
	if (!ic_is_word(p, "INTO"))
		return true;
	passed_over(p, q, "INTO is passed over: the rows are printed, there are no cursors");
	ic_next(p);
	if (p->tok.kind != IC_TOKEN_NAME && p->tok.kind != IC_TOKEN_FIELD)
		return ic_expected(p, "a cursor's name");
	ic_next(p);
	return true;
}

static bool list_of(ic_parser *p, ic_aql_list *ret)
{
	do {
		if (!IC_PARSE_ROOM(p, ret->expr, ret->n) || !(ret->expr[ret->n] = ic_aql_expression(p)))
			return false;
		ret->n++;
	} while (ic_take_sign(p, ','));
	return true;
}

static bool keys_of(ic_parser *p, ic_aql_query *q)
{
	do {
		if (!IC_PARSE_ROOM(p, q->key, q->keys))
			return false;
		ic_aql_key *k = &q->key[q->keys];
		*k = (ic_aql_key){ .expr = ic_aql_expression(p) };
		if (!k->expr)
			return false;
		k->descending = ic_take_word(p, "DESC");
		if (!k->descending)
			ic_take_word(p, "ASC");
		if (ic_is_word(p, "COLLATE")) {
			passed_over(p, q, "COLLATE is passed over: text is ordered by its bytes");
			ic_next(p);
			if (p->tok.kind != IC_TOKEN_TEXT)
				return ic_expected(p, "a language such as 'de-CH'");
			ic_next(p);
		}
		q->keys++;
	} while (ic_take_sign(p, ','));
	return true;
}

static bool limit_of(ic_parser *p, ic_aql_query *q)
{
	ic_aql_at(p, IC_AQL_AT_LIMIT);
	if (p->tok.kind != IC_TOKEN_NUMBER || p->tok.value.type != IC_Q_LONG)
		return ic_expected(p, "a whole number");
	q->limited = true;
	q->limit = p->tok.value.i;
	ic_aql_at(p, IC_AQL_AT_ROWS);
	ic_next(p);
	return true;
}

static bool last_of(ic_parser *p, ic_aql_query *q)
{
	static const struct {
		const char *one, *many;
		int64_t ms;
	} units[] = { { "MINUTE", "MINUTES", 60000 },
		      { "HOUR", "HOURS", 3600000 },
		      { "DAY", "DAYS", 86400000 } };
	ic_aql_at(p, IC_AQL_AT_LAST);
	if (p->tok.kind != IC_TOKEN_NUMBER || p->tok.value.type != IC_Q_LONG)
		return ic_expected(p, "a whole number");
	int64_t n = p->tok.value.i;
	ic_next(p);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (!ic_is_word(p, units[i].one) && !ic_is_word(p, units[i].many))
			continue;
		if (__builtin_mul_overflow(n, units[i].ms, &q->last_ms))
			return ic_parse_fail(p, IC_DIAG_LIMIT, p->tok.at, p->tok.length,
					     "a time window beyond all times");
		q->window = IC_AQL_LAST;
		ic_aql_at(p, IC_AQL_AT_DONE);
		ic_next(p);
		return true;
	}
	return ic_expected(p, "MINUTES, HOURS or DAYS");
}

static bool window_of(ic_parser *p, ic_aql_query *q)
{
	q->window_at = p->tok.at;
	if (ic_take_word(p, "LAST"))
		return last_of(p, q);
	if (!ic_take_word(p, "START"))
		return true;
	q->window = IC_AQL_RANGE;
	ic_aql_at(p, IC_AQL_AT_TIME);
	if (!(q->start = ic_aql_operand(p)))
		return false;
	return !ic_take_word(p, "STOP") || (q->stop = ic_aql_operand(p));
}

/* PARAMETERS name = value, name = value */
static bool parameters_of(ic_parser *p, ic_aql_query *q)
{
	if (!ic_is_word(p, "PARAMETERS"))
		return true;
	passed_over(p, q, "PARAMETERS are passed over: they steer a QRadar deployment");
	ic_next(p);
	do {
		if (p->tok.kind != IC_TOKEN_NAME)
			return ic_expected(p, "a parameter's name");
		ic_next(p);
		if (!ic_expect_sign(p, '=', "`=`") || !ic_aql_operand(p))
			return false;
	} while (ic_take_sign(p, ','));
	return true;
}

static void complete(ic_parser *p)
{
	if (p->depth == 0)
		p->complete = p->last_end;
}

/* Takes the clause's word if it stands here. */
static bool take_clause(ic_parser *p, const char *word, ic_aql_place place)
{
	if (!ic_take_word(p, word))
		return false;
	ic_aql_at(p, place);
	return true;
}

static bool by_of(ic_parser *p, ic_aql_place place)
{
	bool by = ic_expect_word(p, "BY");
	ic_aql_at(p, place);
	return by;
}

/* The clauses behind FROM in their order. */
static bool tail_of(ic_parser *p, ic_aql_query *q)
{
	if (take_clause(p, "WHERE", IC_AQL_AT_WHERE) && !(q->where = ic_aql_expression(p)))
		return false;
	complete(p);
	if (take_clause(p, "GROUP", IC_AQL_AT_BY) && (!by_of(p, IC_AQL_AT_GROUP) || !list_of(p, &q->group)))
		return false;
	complete(p);
	if (take_clause(p, "HAVING", IC_AQL_AT_WHERE) && !(q->having = ic_aql_expression(p)))
		return false;
	complete(p);
	if (take_clause(p, "ORDER", IC_AQL_AT_BY) && (!by_of(p, IC_AQL_AT_ORDER) || !keys_of(p, q)))
		return false;
	complete(p);
	if (ic_take_word(p, "LIMIT") && !limit_of(p, q))
		return false;
	complete(p);
	if (!window_of(p, q))
		return false;
	complete(p);
	return parameters_of(p, q);
}

static bool query_of(ic_parser *p, ic_aql_query *ret)
{
	*ret = (ic_aql_query){ 0 };
	ic_aql_at(p, IC_AQL_AT_START);
	if (!ic_expect_word(p, "SELECT"))
		return false;
	if (ic_is_word(p, "DISTINCT") || ic_is_word(p, "TOP"))
		return !ic_aql_foreign(p);
	if (!items_of(p, ret) || !from_of(p, ret))
		return false;
	complete(p);
	return tail_of(p, ret);
}

ic_aql_query *ic_aql_sub_select(ic_parser *p)
{
	ic_aql_query *q = ic_arena_alloc(p->arena, sizeof *q);
	if (!q) {
		ic_parse_nomem(p);
		return NULL;
	}
	if (!ic_parse_enter(p) || !query_of(p, q))
		return NULL;
	ic_parse_leave(p);
	return ic_expect_sign(p, ')', "`)`") ? q : NULL;
}

/* ---- entries -------------------------------------------------------------------------- */

static const ic_grammar grammar = {
	.lex = ic_aql_lex, .any_case = true, .foreign = ic_aql_foreign, .hint = ic_aql_hint
};

/* A clause that came too late names its place. */
static bool late_clause(ic_parser *p, ic_aql_window window)
{
	enum { WINDOWS = 5 }; /* the first that names a window */
	static const char *const clauses[] = { "WHERE", "GROUP", "HAVING", "ORDER",
					       "LIMIT", "LAST",	 "START",  "STOP" };
	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
		if (!ic_is_word(p, clauses[i]))
			continue;
		ic_parse_fail(p, IC_DIAG_SYNTAX, p->tok.at, p->tok.length, "%s cannot stand here",
			      clauses[i]);
		bool windows = window != IC_AQL_DEFAULT && i >= WINDOWS;
		ic_diag_hint(p->diag, "%s",
			     windows ? "a query has one window of time: LAST, or START and STOP"
				     : "clauses come in this order: SELECT, FROM, WHERE, GROUP BY, HAVING, "
				       "ORDER BY, LIMIT, then LAST or START and STOP");
		return true;
	}
	return false;
}

static void trailing(ic_parser *p, bool closed, ic_aql_window window)
{
	if (closed) {
		ic_parse_fail(p, IC_DIAG_SYNTAX, p->tok.at, p->tok.length,
			      "a second statement behind the `;`");
		ic_diag_hint(p->diag, "a query is one SELECT");
		return;
	}
	if (late_clause(p, window))
		return;
	ic_expected(p, "the end of the query");
	if (!p->diag->hint[0] && p->diag->kind == IC_DIAG_SYNTAX && p->tok.kind != IC_TOKEN_SIGN &&
	    p->tok.kind != IC_TOKEN_BAD)
		ic_diag_hint(p->diag, "text around the query, as on a web page, is taken away by --extract");
}

ic_status ic_aql_parse(ic_arena *a, ic_str text, ic_aql_query *ret, ic_diag *diag)
{
	ic_aql_state own = { 0 };
	ic_parser p;
	ic_status s = ic_parser_init(&p, &grammar, a, text, (ic_place){ 0, 0 }, diag);
	if (s != IC_OK)
		return s;
	p.own = &own;
	if (!query_of(&p, ret))
		return p.status;
	bool closed = ic_take_sign(&p, ';');
	if (p.tok.kind != IC_TOKEN_END)
		trailing(&p, closed, ret->window);
	return p.status;
}

void ic_aql_parse_prefix(ic_arena *a, ic_str text, ic_prefix *ret)
{
	ic_aql_state own = { 0 };
	ic_parser p;
	ic_aql_query query;
	ic_diag diag = { 0 };
	*ret = (ic_prefix){ 0 };
	if (ic_parser_init(&p, &grammar, a, text, (ic_place){ 0, 0 }, &diag) != IC_OK)
		return;
	p.own = &own;
	bool whole = query_of(&p, &query);
	ret->seen = p.lex.pos;
	ret->stopped = p.tok.pos;
	ret->failed = !whole;
	ret->end = whole ? p.last_end : p.complete;
}
