/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of both languages, and the lexer's state. Pure: no allocation; the state is small and copied freely,
 * a parser looks ahead by copying it. */
#ifndef IC_LANG_TOKEN_H
#define IC_LANG_TOKEN_H

#include "plan/plan.h"

typedef enum ic_token_kind {
	IC_TOKEN_END,
	IC_TOKEN_NAME,	 /* plain words, keywords too; in KQL in~, !in~, !has: with their signs */
	IC_TOKEN_TEXT,	 /* one literal, prefix and quotes included */
	IC_TOKEN_FIELD,	 /* AQL: "..." with its quotes */
	IC_TOKEN_NUMBER, /* value: long, real or timespan */
	IC_TOKEN_SIGN,
	IC_TOKEN_BAD, /* error says why; an error only if the parser wants to use the token */
} ic_token_kind;

/* Signs of two characters; those of one are their character. */
#define IC_SIGN(a, b) ((uint16_t)((a) | (b) << 8))

typedef struct ic_token {
	ic_token_kind kind;
	uint16_t sign;
	uint32_t pos, length; /* bytes in the text */
	ic_place at;
	ic_value value;	   /* NUMBER */
	const char *error; /* BAD */
	const char *hint;  /* BAD; NULL: none */
} ic_token;

typedef struct ic_lexer {
	ic_str text;
	uint32_t pos, line, line_start;
	ic_place all_at; /* line not 0: where all tokens say that they stand */
} ic_lexer;

/* From this byte of the text on. */
void ic_lexer_init(ic_lexer *l, ic_str text, uint32_t from);

static inline unsigned char ic_lexer_byte(const ic_lexer *l, uint32_t i)
{
	return i < l->text.n ? (unsigned char)l->text.p[i] : 0;
}
static inline bool ic_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}
static inline bool ic_is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A sign of two characters, one of the n in `two`: takes it. False: there is none here. */
bool ic_lexer_pair(ic_lexer *l, ic_token *t, const char (*two)[3], size_t n);

/* Characters beyond ASCII that pages and word processors put in; the rest are letters. */
typedef enum ic_wide { IC_WIDE_LETTER, IC_WIDE_BLANK, IC_WIDE_QUOTE, IC_WIDE_DASH } ic_wide;
ic_wide ic_wide_at(const ic_lexer *l, uint32_t i, uint32_t *ret_n);

/* Blanks, and comments: from two such characters to the end of the line. */
void ic_lexer_skip_blanks(ic_lexer *l, char comment);
/* The token that begins here, of one byte. */
ic_token ic_lexer_start(const ic_lexer *l);
ic_token ic_token_bad(ic_token t, const char *error, const char *hint);
/* A typographic dash or quotation mark: takes it. `quotes` is the hint about quotes. */
ic_token ic_token_wide(ic_lexer *l, ic_token t, ic_wide what, uint32_t n, const char *quotes);

/* The length of an HTML entity such as &gt; at byte i; 0: there is none. */
uint32_t ic_entity_at(const ic_lexer *l, uint32_t i);
/* Takes it, as a token that is wrong. */
ic_token ic_token_entity(ic_lexer *l, ic_token t, uint32_t n);

#endif
