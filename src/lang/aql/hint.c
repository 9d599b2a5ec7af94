/* SPDX-License-Identifier: Apache-2.0 */
/* What to write instead of what cannot stand where it does. */
#include "lang/aql/parser.h"
#include "lang/near.h"

enum {
	ITEM = 1 << IC_AQL_AT_ITEM,
	FROM = 1 << IC_AQL_AT_FROM,
	TABLE = 1 << IC_AQL_AT_TABLE,
	WHERE = 1 << IC_AQL_AT_WHERE,
	ORDER = 1 << IC_AQL_AT_ORDER,
	ROWS = 1 << IC_AQL_AT_ROWS,
	TIME = 1 << IC_AQL_AT_TIME,
	ANY = ~0,
};

/* What people write by the habits of SQL and other search languages. */
static const struct {
	const char *found;
	int places;
	const char *hint;
} habits[] = {
	{ ",", ROWS, "LIMIT takes one number, of rows; AQL has no offset" },
	{ ",", WHERE,
	  "a list goes with IN (a, b); a range is BETWEEN 1 AND 5, several patterns are "
	  "ILIKE ENUMERATION('%a%', '%b%')" },
	{ ",", ITEM, "brackets hold one expression; IF is written IF condition THEN a ELSE b" },
	{ "%", ANY, "a pattern stands in single quotes: LIKE '%text%'" },
	{ "/", ANY, "comments begin with --" },
	{ "-", TIME, "times stand in single quotes: START '2024-01-01 10:00'" },
	{ "CONTAINS", ANY, "write field ILIKE '%text%'" },
	{ "STARTSWITH", ANY, "write field ILIKE 'text%'" },
	{ "ENDSWITH", ANY, "write field ILIKE '%text'" },
	{ "HAS", ANY, "write field ILIKE '%text%'" },
	{ "REGEX", ANY, "use MATCHES or IMATCHES" },
	{ "INCIDR", ANY, "write INCIDR('10.0.0.0/8', field)" },
	{ "EMPTY", ANY, "write IS NULL, or = ''" },
	{ "NOT", WHERE, "write !=, NOT IN, NOT LIKE, or IS NOT NULL" },
	{ "TO", WHERE, "write BETWEEN 1 AND 5" },
	{ "ASCENDING", ORDER, "write ASC" },
	{ "DESCENDING", ORDER, "write DESC" },
	{ "END", TIME, "write STOP" },
	{ "END", ITEM | FROM, "CASE ends with END, IF does not" },
	{ "BETWEEN", TABLE,
	  "a window of time stands at the end: START '2024-01-01 10:00' STOP '2024-01-02 10:00'" },
	{ "AS", TABLE, "a table gets no other name: name its fields alone" },
};

/* Where nothing else is known of what was found. */
static const char *const ways[] = {
	[IC_AQL_AT_START] = "AQL only reads: a query begins with SELECT",
	[IC_AQL_AT_BY] = "both words are written: GROUP BY, ORDER BY",
	[IC_AQL_AT_LIMIT] = "a number of rows is written in digits: LIMIT 10",
	[IC_AQL_AT_ROWS] = NULL,
	[IC_AQL_AT_LAST] = "write LAST 30 MINUTES, LAST 24 HOURS or LAST 7 DAYS",
	[IC_AQL_AT_DONE] = NULL,
};

static bool one_of(ic_str word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ic_str_ieq(word, ic_str_of(words[i])))
			return true;
	return false;
}

#define ONE_OF(word, ...)                                                                                    \
	one_of(word, (const char *const[]){ __VA_ARGS__ },                                                   \
	       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* The word, or the sign, in front of the current token. */
static ic_str before(const ic_parser *p)
{
	const char *text = p->lex.text.p;
	uint32_t i = p->last_end;
	while (i && (ic_is_letter((unsigned char)text[i - 1]) || ic_is_digit((unsigned char)text[i - 1])))
		i--;
	if (i == p->last_end && i)
		i--;
	return (ic_str){ text + i, p->last_end - i };
}

/* A keyword that is spelled nearly like the word; NULL: none. */
static const char *keyword_near(ic_str word)
{
	static const char *const words[] = { "SELECT", "FROM",	  "WHERE",   "GROUP",	 "HAVING",
					     "ORDER",  "LIMIT",	  "LAST",    "START",	 "STOP",
					     "LIKE",   "ILIKE",	  "MATCHES", "IMATCHES", "DESC",
					     "ASC",    "BETWEEN", "THEN",    "ELSE",	 "NULL" };
	const char *near = NULL;
	unsigned best = word.n > 4 ? 3 : 2;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		unsigned apart = ic_letters_apart(word, ic_str_of(words[i]));
		if (apart && apart < best) {
			best = apart;
			near = words[i];
		}
	}
	return near;
}

/* A condition begins here, or behind the AND or OR that stands here. */
static bool condition_here(const ic_parser *p)
{
	ic_lexer l = p->lex;
	ic_token t = ONE_OF(ic_token_text(p), "AND", "OR") ? p->grammar->lex(&l) : p->tok;
	if (t.kind != IC_TOKEN_NAME && t.kind != IC_TOKEN_FIELD)
		return false;
	ic_token sign = p->grammar->lex(&l);
	ic_str text = { l.text.p + sign.pos, sign.length };
	if (sign.kind == IC_TOKEN_SIGN)
		return strchr("=<>!", text.p[0]) != NULL;
	return sign.kind == IC_TOKEN_NAME &&
	       ONE_OF(text, "LIKE", "ILIKE", "MATCHES", "IMATCHES", "IN", "IS", "NOT", "BETWEEN");
}

/* About what stands where FROM should. */
static void hint_from(ic_parser *p, ic_str word)
{
	const ic_aql_state *own = p->own;
	int shown = word.n > 40 ? 40 : (int)word.n;
	const char *near = own->alias.n && !own->as ? keyword_near(own->alias) : NULL;
	if (near && strcmp(near, "FROM") == 0)
		ic_diag_hint(p->diag, "did you mean `FROM` in front of it?");
	else if (ONE_OF(word, "events", "flows"))
		ic_diag_hint(p->diag, "FROM is missing in front of `%.*s`", shown, word.p);
	else if (!word.n || ic_aql_reserved(word))
		ic_diag_hint(p->diag, "write FROM events or FROM flows");
	else if (own->as)
		ic_diag_hint(p->diag, "an alias of several words stands in quotes: AS 'source address'");
	else if (p->tok.kind != IC_TOKEN_SIGN)
		ic_diag_hint(p->diag, "a `,` is missing in front of `%.*s`", shown, word.p);
}

/* About signs in the wrong order or with something missing before them; false: there is nothing to say. */
static bool hint_sign(ic_parser *p, ic_str word, ic_str front)
{
	const char *hint = NULL;
	char order = front.n ? front.p[0] : ' ', sign = word.n ? word.p[0] : ' ';
	if (sign == ')')
		hint = order == '(' ? "a value is missing between the brackets"
		       : p->depth   ? "something is missing in front of it"
				    : "no bracket is open here";
	else if (sign == '=' && strchr("<>!", order))
		hint = "signs such as >= are written without a blank";
	else if (order == '=' && (sign == '>' || sign == '<'))
		hint = sign == '>' ? "write >=" : "write <=";
	if (hint)
		ic_diag_hint(p->diag, "%s", hint);
	return hint != NULL;
}

/* About what is missing between two words; false: there is nothing to say. */
static bool hint_gap(ic_parser *p, ic_str word, ic_str front)
{
	const char *hint = NULL;
	bool open = ONE_OF(front, "WHERE", "HAVING", "AND", "OR", "NOT");
	if (ic_str_eq(front, IC_STR(",")) && ic_aql_reserved(word))
		hint = "the `,` in front of it is one too many";
	else if (ic_str_ieq(front, IC_STR("SELECT")) && ic_str_ieq(word, IC_STR("FROM")))
		hint = "name fields, or write SELECT * FROM";
	else if (open && (!word.n || ONE_OF(word, "AND", "OR") || (ic_aql_reserved(word) && word.n > 2)))
		hint = ONE_OF(word, "LIKE", "ILIKE", "MATCHES", "IMATCHES", "BETWEEN")
			   ? "each condition names its field: a LIKE '%x' OR a LIKE '%y'"
			   : "a condition is missing here";
	else if (ONE_OF(front, "IS", "NOT") && p->tok.kind == IC_TOKEN_TEXT)
		hint = "IS goes with NULL only: write = or !=";
	if (hint)
		ic_diag_hint(p->diag, "%s", hint);
	return hint != NULL;
}

/* About a word behind a condition, an order or a table; false: there is nothing to say. */
static bool hint_behind(ic_parser *p, ic_str word, ic_aql_place place)
{
	static const char *const units[] = { "DAY",    "DAYS",	  "HOUR",   "HOURS",
					     "MINUTE", "MINUTES", "SECOND", "SECONDS" };
	ic_token next = ic_peek(p);
	ic_str then = { p->lex.text.p + next.pos, next.length };
	const char *hint = NULL;
	if (place == IC_AQL_AT_WHERE && one_of(word, units, sizeof units / sizeof *units))
		hint = "times are milliseconds: NOW() - 3600000 is an hour ago; or end the query with LAST 1 "
		       "HOURS";
	else if (condition_here(p))
		hint = place == IC_AQL_AT_WHERE
			   ? "conditions are joined by AND or OR"
			   : "conditions stand behind WHERE, in front of GROUP BY and what follows it";
	else if (place == IC_AQL_AT_TABLE && p->tok.kind == IC_TOKEN_NAME &&
		 (next.kind == IC_TOKEN_END || ic_aql_reserved(then)))
		hint = "a table gets no other name: name its fields alone";
	else if (place == IC_AQL_AT_ROWS && p->tok.kind == IC_TOKEN_NUMBER)
		hint = "LIMIT takes one number, of rows; AQL has no offset";
	if (hint)
		ic_diag_hint(p->diag, "%s", hint);
	return hint != NULL;
}

void ic_aql_hint(ic_parser *p, ic_str word)
{
	ic_aql_place place = ((const ic_aql_state *)p->own)->place;
	ic_str front = before(p);
	if (hint_sign(p, word, front) || hint_gap(p, word, front))
		return;
	if (p->tok.kind == IC_TOKEN_NAME && p->last_end == p->tok.pos && p->last_end &&
	    p->lex.text.p[p->last_end - 1] == '\'') {
		ic_diag_hint(p->diag, "one ' inside of a text is written twice: ''");
		return;
	}
	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
		if (ic_str_ieq(word, ic_str_of(habits[i].found)) && habits[i].places & 1 << place) {
			ic_diag_hint(p->diag, "%s", habits[i].hint);
			return;
		}
	}
	bool number = place == IC_AQL_AT_LIMIT || place == IC_AQL_AT_LAST;
	const char *near = p->tok.kind == IC_TOKEN_NAME && !number ? keyword_near(word) : NULL;
	if (place == IC_AQL_AT_FROM)
		hint_from(p, word);
	else if (near && !condition_here(p))
		ic_diag_hint(p->diag, "did you mean `%s`?", near);
	else if (place < sizeof ways / sizeof *ways && ways[place])
		ic_diag_hint(p->diag, "%s", ways[place]);
	else
		hint_behind(p, word, place);
}
