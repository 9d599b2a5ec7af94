/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers of both languages do alike: looking at tokens and taking them, failing, growing lists.
 * Everything that can fail returns NULL or false and leaves the reason in `status` and `diag`. */
#ifndef IC_LANG_PARSER_H
#define IC_LANG_PARSER_H

#include "lang/fail.h"
#include "lang/token.h"

/* Limits on hostile text. */
enum {
	IC_PARSE_TEXT_MAX = 16 << 20,
	IC_PARSE_DEPTH_MAX = 500,    /* brackets, pipes in pipes, functions in functions, CASE in CASE */
	IC_PARSE_TREE_MAX = 2000,    /* height of an expression, long chains of a + b + ... included */
	IC_PARSE_LIST_MAX = 1000000, /* items of one list */
};

typedef struct ic_parser ic_parser;

/* What the languages do differently. */
typedef struct ic_grammar {
	ic_token (*lex)(ic_lexer *l);
	bool any_case; /* of keywords */
	/* The current word belongs to another language: fails, says so, true. NULL: nothing is known. */
	bool (*foreign)(ic_parser *p);
	/* What to do about the current token, of which this is the text, where something else should stand. */
	void (*hint)(ic_parser *p, ic_str word);
} ic_grammar;

struct ic_parser {
	const ic_grammar *grammar;
	ic_arena *arena;
	ic_lexer lex;	   /* behind tok */
	ic_token tok;	   /* the one to look at */
	uint32_t last_end; /* byte behind the token before it */
	ic_diag *diag;
	ic_status status;
	uint32_t depth;	   /* of the parser's calls */
	uint32_t complete; /* what lies before this byte is a query; 0: nothing yet */
	void *own;	   /* what the language's parser keeps besides */
};

/* Looks at the first token. IC_E_LIMIT: the text is too long. at: as ic_lexer.all_at. */
ic_status ic_parser_init(ic_parser *p, const ic_grammar *grammar, ic_arena *arena, ic_str text, ic_place at,
			 ic_diag *diag);

void ic_next(ic_parser *p);
/* What the token after this one is. */
ic_token ic_peek(const ic_parser *p);
static inline bool ic_is_sign(const ic_parser *p, uint16_t sign)
{
	return p->tok.kind == IC_TOKEN_SIGN && p->tok.sign == sign;
}
static inline ic_str ic_token_text(const ic_parser *p)
{
	return (ic_str){ p->lex.text.p + p->tok.pos, p->tok.length };
}
bool ic_is_word(const ic_parser *p, const char *word);
/* Takes the sign or word if it stands here. */
bool ic_take_sign(ic_parser *p, uint16_t sign);
bool ic_take_word(ic_parser *p, const char *word);
/* Takes it, or fails with "expected ..., found ...". */
bool ic_expect_sign(ic_parser *p, uint16_t sign, const char *what);
bool ic_expect_word(ic_parser *p, const char *word);

/* "expected WHAT, found ...", or what is wrong with the token itself. NULL, for `return`. */
void *ic_expected(ic_parser *p, const char *what);
void *ic_parse_fail(ic_parser *p, ic_diag_kind kind, ic_place at, uint32_t length, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void *ic_parse_nomem(ic_parser *p);

/* Room for item n of a list that grows one by one (n items are there). */
bool ic_parse_room(ic_parser *p, void **items, uint32_t n, size_t size);
#define IC_PARSE_ROOM(p, items, n) ic_parse_room(p, (void **)&(items), n, sizeof *(items))

bool ic_parse_enter(ic_parser *p);
static inline void ic_parse_leave(ic_parser *p)
{
	p->depth--;
}

#endif
