/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/aql/lex.h"

#include "base/num.h"

static unsigned char byte_at(const ic_aql_lexer *l, uint32_t i)
{
	return i < l->text.n ? (unsigned char)l->text.p[i] : 0;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

enum wide { WIDE_LETTER, WIDE_BLANK, WIDE_QUOTE };

/* Characters beyond ASCII that pages and word processors put in; the rest are letters. */
static enum wide wide_at(const ic_aql_lexer *l, uint32_t i, uint32_t *ret_n)
{
	unsigned char a = byte_at(l, i), b = byte_at(l, i + 1), c = byte_at(l, i + 2);
	*ret_n = 2;
	if (a == 0xc2 && (b == 0xa0 || b == 0x85))
		return WIDE_BLANK;
	*ret_n = 3;
	if ((a == 0xef && b == 0xbb && c == 0xbf) || (a == 0xe3 && b == 0x80 && c == 0x80) ||
	    (a == 0xe2 && b == 0x81 && c == 0x9f))
		return WIDE_BLANK;
	if (a == 0xe2 && b == 0x80 && ((c >= 0x80 && c <= 0x8f) || (c >= 0xa8 && c <= 0xaf)))
		return WIDE_BLANK;
	if (a == 0xe2 && b == 0x80 && c >= 0x98 && c <= 0x9f)
		return WIDE_QUOTE;
	*ret_n = 1;
	return WIDE_LETTER;
}

static void skip_blanks(ic_aql_lexer *l)
{
	for (;;) {
		unsigned char c = byte_at(l, l->pos);
		uint32_t n;
		if (l->pos >= l->text.n)
			return;
		if (c == '\n') {
			l->line++;
			l->line_start = ++l->pos;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
			l->pos++;
		} else if (c == '-' && byte_at(l, l->pos + 1) == '-') {
			while (l->pos < l->text.n && l->text.p[l->pos] != '\n')
				l->pos++;
		} else if (c >= 0x80 && wide_at(l, l->pos, &n) == WIDE_BLANK) {
			l->pos += n;
		} else {
			return;
		}
	}
}

void ic_aql_lex_init(ic_aql_lexer *l, ic_str text)
{
	*l = (ic_aql_lexer){ .text = text, .line = 1 };
}

static ic_aql_token bad(ic_aql_token t, const char *error, const char *hint)
{
	t.kind = IC_AT_BAD;
	t.error = error;
	t.hint = hint;
	return t;
}

static ic_aql_token quoted_token(ic_aql_lexer *l, ic_aql_token t, unsigned char quote)
{
	uint32_t i = l->pos + 1, line = l->line, line_start = l->line_start;
	t.kind = quote == '\'' ? IC_AT_TEXT : IC_AT_FIELD;
	for (; i < l->text.n; i++) {
		if (l->text.p[i] == '\n') {
			line++;
			line_start = i + 1;
		}
		if (byte_at(l, i) != quote)
			continue;
		if (byte_at(l, i + 1) != quote) {
			l->pos = i + 1;
			l->line = line;
			l->line_start = line_start;
			t.length = l->pos - t.pos;
			return t;
		}
		i++;
	}
	l->pos = l->text.n;
	return quote == '\'' ? bad(t, "a text is not closed", "a quote inside a text is written twice: ''")
			     : bad(t, "a quoted field name is not closed", NULL);
}

static ic_aql_token number_token(ic_aql_lexer *l, ic_aql_token t)
{
	uint32_t i = l->pos;
	bool hex = byte_at(l, i) == '0' && (byte_at(l, i + 1) | 0x20) == 'x', whole = true;
	while (is_digit(byte_at(l, i)))
		i++;
	if (byte_at(l, i) == '.' && is_digit(byte_at(l, i + 1))) {
		whole = false;
		for (i++; is_digit(byte_at(l, i)); i++)
			;
	}
	unsigned char sign = byte_at(l, i + 1);
	bool signed_digits = (sign == '+' || sign == '-') && is_digit(byte_at(l, i + 2));
	if ((byte_at(l, i) | 0x20) == 'e' && (is_digit(sign) || signed_digits)) {
		whole = false;
		for (i += 2; is_digit(byte_at(l, i)); i++)
			;
	}
	ic_str digits = { l->text.p + l->pos, i - l->pos };
	bool clean = !is_letter(byte_at(l, i));
	while (is_letter(byte_at(l, i)) || is_digit(byte_at(l, i)))
		i++;
	l->pos = i;
	t.length = i - t.pos;
	if (!clean)
		return bad(t, hex ? "AQL has no hexadecimal numbers" : "a number runs into a word",
			   hex ? NULL : "put a blank between them, as in LAST 24 HOURS");
	t.kind = IC_AT_NUMBER;
	t.value = ic_value_long(0);
	if (whole && ic_parse_i64(digits, &t.value.i))
		return t;
	t.value = ic_value_real(0);
	return ic_parse_double(digits, &t.value.d) ? t : bad(t, "a number beyond the range of DOUBLE", NULL);
}

static ic_aql_token name_token(ic_aql_lexer *l, ic_aql_token t)
{
	uint32_t i = l->pos, n;
	for (; i < l->text.n; i++) {
		unsigned char c = byte_at(l, i);
		if (is_letter(c) || is_digit(c) || c == '$')
			continue;
		if (c == '.' && is_letter(byte_at(l, i + 1)))
			continue;
		if (c < 0x80 || wide_at(l, i, &n) != WIDE_LETTER)
			break;
	}
	l->pos = i;
	t.kind = IC_AT_NAME;
	t.length = i - t.pos;
	return t;
}

static ic_aql_token sign_token(ic_aql_lexer *l, ic_aql_token t)
{
	static const char two[][3] = { "!=", "<>", "<=", ">=", "==" };
	t.kind = IC_AT_SIGN;
	for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
		if (byte_at(l, l->pos) == (unsigned char)two[i][0] &&
		    byte_at(l, l->pos + 1) == (unsigned char)two[i][1]) {
			t.sign = IC_AQL_SIGN(two[i][0], two[i][1]);
			t.length = 2;
			l->pos += 2;
			return t;
		}
	}
	unsigned char c = byte_at(l, l->pos++);
	t.sign = c;
	if (c == '{' || c == '}')
		return bad(
		    t, "a placeholder in braces",
		    "it stands for a value that the tool which sends the query fills in: write the value");
	if (c == 0 || !strchr("()*+-/%,;=<>", c))
		return bad(t, "a character that means nothing in AQL",
			   c == '&' || c == '|' ? "AQL has AND and OR, no bit operations" : NULL);
	return t;
}

ic_aql_token ic_aql_lex(ic_aql_lexer *l)
{
	skip_blanks(l);
	ic_aql_token t = { .pos = l->pos, .length = 1, .at = { l->line, l->pos - l->line_start + 1 } };
	unsigned char c = byte_at(l, l->pos);
	uint32_t n;
	if (l->pos >= l->text.n) {
		t.length = 0;
		return t;
	}
	if (c == '\'' || c == '"')
		return quoted_token(l, t, c);
	if (is_digit(c))
		return number_token(l, t);
	if (is_letter(c))
		return name_token(l, t);
	if (c < 0x80)
		return sign_token(l, t);
	if (wide_at(l, l->pos, &n) == WIDE_LETTER)
		return name_token(l, t);
	l->pos += n;
	t.length = n;
	return bad(t, "a typographic quotation mark",
		   "write straight quotes: ' around text, \" around field names");
}

ic_str ic_aql_unquote(ic_arena *a, ic_str raw)
{
	char quote = raw.p[0];
	ic_str body = { raw.p + 1, raw.n - 2 };
	if (!memchr(body.p, quote, body.n))
		return body;
	char *out = ic_arena_alloc(a, body.n);
	uint32_t n = 0;
	if (!out)
		return (ic_str){ 0 };
	for (uint32_t i = 0; i < body.n; i++) {
		out[n++] = body.p[i];
		i += body.p[i] == quote;
	}
	return (ic_str){ out, n };
}
