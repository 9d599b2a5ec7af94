/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/token.h"

void ic_lexer_init(ic_lexer *l, ic_str text, uint32_t from)
{
	*l = (ic_lexer){ .text = text, .line = 1 };
	for (uint32_t i = 0; i < from; i++) {
		if (text.p[i] == '\n') {
			l->line++;
			l->line_start = i + 1;
		}
	}
	l->pos = from;
}

/* Pages and word processors put these in; each by its UTF-8 bytes. */
ic_wide ic_wide_at(const ic_lexer *l, uint32_t i, uint32_t *ret_n)
{
	unsigned char a = ic_lexer_byte(l, i), b = ic_lexer_byte(l, i + 1), c = ic_lexer_byte(l, i + 2);
	*ret_n = 1;
	if (a == 0xc2) {
		*ret_n = b >= 0x80 ? 2 : 1;
		if (b == 0xa0 || b == 0x85 || b == 0xad) /* no-break, next line, soft hyphen */
			return IC_WIDE_BLANK;
		return b == 0xab || b == 0xbb || b == 0xb4 ? IC_WIDE_QUOTE : IC_WIDE_LETTER;
	}
	if (a < 0xe0 || b < 0x80 || c < 0x80)
		return IC_WIDE_LETTER;
	*ret_n = 3;
	if (a == 0xe2 && b == 0x80) {
		if (c <= 0x8f || (c >= 0xa8 && c <= 0xaf)) /* spaces, marks, line ends, narrow no-break */
			return IC_WIDE_BLANK;
		if ((c >= 0x98 && c <= 0x9f) || (c >= 0xb2 && c <= 0xb7) || c == 0xb9 || c == 0xba)
			return IC_WIDE_QUOTE;
		if (c >= 0x90 && c <= 0x95)
			return IC_WIDE_DASH;
	}
	if ((a == 0xe2 && b == 0x81 && (c == 0x9f || c == 0xa0)) || (a == 0xe3 && b == 0x80 && c == 0x80) ||
	    (a == 0xef && b == 0xbb && c == 0xbf) || (a == 0xe1 && b == 0x9a && c == 0x80))
		return IC_WIDE_BLANK;
	if (a == 0xef && b == 0xbc && (c == 0x82 || c == 0x87))
		return IC_WIDE_QUOTE;
	if (a == 0xe2 && b == 0x88 && c == 0x92)
		return IC_WIDE_DASH;
	*ret_n = 1;
	return IC_WIDE_LETTER;
}

void ic_lexer_skip_blanks(ic_lexer *l, char comment)
{
	unsigned char begins = (unsigned char)comment;
	for (;;) {
		unsigned char c = ic_lexer_byte(l, l->pos);
		uint32_t n;
		if (l->pos >= l->text.n)
			return;
		if (c == '\n') {
			l->line++;
			l->line_start = ++l->pos;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			l->pos++;
		} else if (c == begins && ic_lexer_byte(l, l->pos + 1) == begins) {
			while (l->pos < l->text.n && l->text.p[l->pos] != '\n')
				l->pos++;
		} else if (c >= 0x80 && ic_wide_at(l, l->pos, &n) == IC_WIDE_BLANK) {
			l->pos += n;
		} else {
			return;
		}
	}
}

ic_token ic_lexer_start(const ic_lexer *l)
{
	ic_token t = { .pos = l->pos, .length = 1, .at = { l->line, l->pos - l->line_start + 1 } };
	if (l->all_at.line)
		t.at = l->all_at;
	return t;
}

bool ic_lexer_pair(ic_lexer *l, ic_token *t, const char (*two)[3], size_t n)
{
	const unsigned char a = ic_lexer_byte(l, l->pos), b = ic_lexer_byte(l, l->pos + 1);
	for (size_t i = 0; i < n; i++) {
		if (a == (unsigned char)two[i][0] && b == (unsigned char)two[i][1]) {
			t->sign = IC_SIGN(a, b);
			t->length = 2;
			l->pos += 2;
			return true;
		}
	}
	return false;
}

ic_token ic_token_bad(ic_token t, const char *error, const char *hint)
{
	t.kind = IC_TOKEN_BAD;
	t.error = error;
	t.hint = hint;
	return t;
}

ic_token ic_token_wide(ic_lexer *l, ic_token t, ic_wide what, uint32_t n, const char *quotes)
{
	l->pos += n;
	t.length = n;
	if (what == IC_WIDE_QUOTE)
		return ic_token_bad(t, "a typographic quotation mark", quotes);
	return ic_token_bad(t, "a typographic dash", "write -");
}

uint32_t ic_entity_at(const ic_lexer *l, uint32_t i)
{
	static const char *const entities[] = { "&lt;",	  "&gt;",  "&amp;", "&quot;", "&apos;",
						"&nbsp;", "&#39;", "&#34;", "&#x27;" };
	for (size_t k = 0; k < sizeof entities / sizeof *entities; k++) {
		uint32_t n = (uint32_t)strlen(entities[k]);
		if (i < l->text.n && n <= l->text.n - i && memcmp(l->text.p + i, entities[k], n) == 0)
			return n;
	}
	return 0;
}

ic_token ic_token_entity(ic_lexer *l, ic_token t, uint32_t n)
{
	l->pos += n;
	t.length = n;
	return ic_token_bad(t, "a sign as the source of a web page writes it",
			    "write the sign itself, such as < for &lt;");
}
