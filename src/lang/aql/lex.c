/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/aql/lex.h"

#include "base/hex.h"
#include "base/num.h"

static ic_token quoted_token(ic_lexer *l, ic_token t, unsigned char quote)
{
	uint32_t i = l->pos + 1, line = l->line, line_start = l->line_start;
	t.kind = quote == '\'' ? IC_TOKEN_TEXT : IC_TOKEN_FIELD;
	for (; i < l->text.n; i++) {
		if (l->text.p[i] == '\n') {
			line++;
			line_start = i + 1;
		}
		if (ic_lexer_byte(l, i) != quote)
			continue;
		if (ic_lexer_byte(l, i + 1) != quote) {
			l->pos = i + 1;
			l->line = line;
			l->line_start = line_start;
			t.length = l->pos - t.pos;
			return t;
		}
		i++;
	}
	l->pos = l->text.n;
	return quote == '\''
		   ? ic_token_bad(t, "a text is not closed",
				  "it ends with the next '; one inside of a text is written twice: ''")
		   : ic_token_bad(t, "a quoted field name is not closed", "it ends with the next \"");
}

/* 0xff000000, as bits are written. */
static ic_token hex_token(ic_lexer *l, ic_token t)
{
	uint32_t i = l->pos + 2;
	uint64_t bits = 0, beyond = 0;
	for (int d; (d = ic_hex_digit((char)ic_lexer_byte(l, i))) >= 0; i++) {
		beyond |= bits >> 59;
		bits = bits << 4 | (unsigned)d;
	}
	bool clean = i > l->pos + 2 && !ic_is_letter(ic_lexer_byte(l, i));
	while (ic_is_letter(ic_lexer_byte(l, i)) || ic_is_digit(ic_lexer_byte(l, i)))
		i++;
	l->pos = i;
	t.length = i - t.pos;
	if (!clean || beyond)
		return ic_token_bad(t, "a hexadecimal number that is none, or beyond LONG", NULL);
	t.kind = IC_TOKEN_NUMBER;
	t.value = ic_value_long((int64_t)bits);
	return t;
}

static ic_token number_token(ic_lexer *l, ic_token t)
{
	uint32_t i = l->pos;
	bool whole = true;
	if (ic_lexer_byte(l, i) == '0' && (ic_lexer_byte(l, i + 1) | 0x20) == 'x')
		return hex_token(l, t);
	while (ic_is_digit(ic_lexer_byte(l, i)))
		i++;
	if (ic_lexer_byte(l, i) == '.' && ic_is_digit(ic_lexer_byte(l, i + 1))) {
		whole = false;
		for (i++; ic_is_digit(ic_lexer_byte(l, i)); i++)
			;
	}
	unsigned char sign = ic_lexer_byte(l, i + 1);
	bool signed_digits = (sign == '+' || sign == '-') && ic_is_digit(ic_lexer_byte(l, i + 2));
	if ((ic_lexer_byte(l, i) | 0x20) == 'e' && (ic_is_digit(sign) || signed_digits)) {
		whole = false;
		for (i += 2; ic_is_digit(ic_lexer_byte(l, i)); i++)
			;
	}
	ic_str digits = { l->text.p + l->pos, i - l->pos };
	bool clean = !ic_is_letter(ic_lexer_byte(l, i));
	while (ic_is_letter(ic_lexer_byte(l, i)) || ic_is_digit(ic_lexer_byte(l, i)))
		i++;
	l->pos = i;
	t.length = i - t.pos;
	if (!clean)
		return ic_token_bad(t, "a number runs into a word",
				    "put a blank between them, as in LAST 24 HOURS");
	t.kind = IC_TOKEN_NUMBER;
	t.value = ic_value_long(0);
	if (whole && ic_parse_i64(digits, &t.value.i))
		return t;
	t.value = ic_value_real(0);
	return ic_parse_double(digits, &t.value.d)
		   ? t
		   : ic_token_bad(t, "a number beyond the range of DOUBLE", NULL);
}

static ic_token name_token(ic_lexer *l, ic_token t)
{
	uint32_t i = l->pos, n;
	for (; i < l->text.n; i++) {
		unsigned char c = ic_lexer_byte(l, i);
		if (ic_is_letter(c) || ic_is_digit(c) || c == '$')
			continue;
		if (c == '.' && ic_is_letter(ic_lexer_byte(l, i + 1)))
			continue;
		if (c == ':' && ic_lexer_byte(l, i + 1) == ':' && ic_is_letter(ic_lexer_byte(l, i + 2))) {
			i++; /* GEO::LOOKUP */
			continue;
		}
		if (c < 0x80 || ic_wide_at(l, i, &n) != IC_WIDE_LETTER)
			break;
	}
	l->pos = i;
	t.kind = IC_TOKEN_NAME;
	t.length = i - t.pos;
	return t;
}

static const char *stray_hint(unsigned char c)
{
	switch (c) {
	case '.': return "text stands between quotes, addresses too: '192.0.2.1'";
	case '[':
	case ']': return "field names stand in double quotes, lists in round brackets: IN ('a', 'b')";
	case '`': return "field names stand in double quotes";
	case '#': return "comments begin with --";
	case '!': return "write != or NOT";
	case '~': return "use MATCHES or ILIKE";
	default: return NULL;
	}
}

static ic_token sign_token(ic_lexer *l, ic_token t)
{
	static const char two[][3] = { "!=", "<>", "<=", ">=", "==" };
	t.kind = IC_TOKEN_SIGN;
	if (ic_lexer_pair(l, &t, two, sizeof two / sizeof *two))
		return t;
	unsigned char c = ic_lexer_byte(l, l->pos++);
	t.sign = c;
	if (c == '{' || c == '}')
		return ic_token_bad(
		    t, "a placeholder in braces",
		    "it stands for a value that the tool which sends the query fills in: write the value");
	if (c == 0 || !strchr("()*+-/%,;=<>&|^", c))
		return ic_token_bad(t, "a character that means nothing in AQL", stray_hint(c));
	if ((c == '&' || c == '|') && ic_lexer_byte(l, l->pos) == c)
		return ic_token_bad(t, "a sign that means nothing in AQL",
				    c == '&' ? "write AND between conditions"
					     : "write OR between conditions, CONCAT(a, b) to join texts");
	return t;
}

ic_token ic_aql_lex(ic_lexer *l)
{
	ic_lexer_skip_blanks(l, '-');
	ic_token t = ic_lexer_start(l);
	unsigned char c = ic_lexer_byte(l, l->pos);
	uint32_t n;
	if (l->pos >= l->text.n) {
		t.length = 0;
		return t;
	}
	if (c == '\'' || c == '"')
		return quoted_token(l, t, c);
	if (ic_is_digit(c))
		return number_token(l, t);
	if (ic_is_letter(c))
		return name_token(l, t);
	if ((n = ic_entity_at(l, l->pos)) > 0)
		return ic_token_entity(l, t, n);
	if (c < 0x80)
		return sign_token(l, t);
	ic_wide what = ic_wide_at(l, l->pos, &n);
	if (what == IC_WIDE_LETTER)
		return name_token(l, t);
	return ic_token_wide(l, t, what, n, "write straight quotes: ' around text, \" around field names");
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
