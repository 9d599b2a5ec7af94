/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/kql/lex.h"

#include <math.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/time.h"

/* ---- numbers -------------------------------------------------------------------------- */

static const struct unit {
	const char *name;
	int64_t ticks;
} units[] = {
	{ "d", 86400 * IC_TICKS_S },
	{ "day", 86400 * IC_TICKS_S },
	{ "days", 86400 * IC_TICKS_S },
	{ "h", 3600 * IC_TICKS_S },
	{ "hr", 3600 * IC_TICKS_S },
	{ "hrs", 3600 * IC_TICKS_S },
	{ "hour", 3600 * IC_TICKS_S },
	{ "hours", 3600 * IC_TICKS_S },
	{ "m", 60 * IC_TICKS_S },
	{ "min", 60 * IC_TICKS_S },
	{ "minute", 60 * IC_TICKS_S },
	{ "minutes", 60 * IC_TICKS_S },
	{ "s", IC_TICKS_S },
	{ "sec", IC_TICKS_S },
	{ "second", IC_TICKS_S },
	{ "seconds", IC_TICKS_S },
	{ "ms", IC_TICKS_MS },
	{ "milli", IC_TICKS_MS },
	{ "millis", IC_TICKS_MS },
	{ "millisecond", IC_TICKS_MS },
	{ "milliseconds", IC_TICKS_MS },
	{ "micro", IC_TICKS_US },
	{ "micros", IC_TICKS_US },
	{ "microsecond", IC_TICKS_US },
	{ "microseconds", IC_TICKS_US },
	{ "tick", 1 },
	{ "ticks", 1 },
};

/* 0: no unit. */
static int64_t unit_ticks(ic_str unit)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (ic_str_eq(unit, ic_str_of(units[i].name)))
			return units[i].ticks;
	return 0;
}

static bool name_byte(const ic_lexer *l, uint32_t i, uint32_t *ret_n)
{
	unsigned char c = ic_lexer_byte(l, i);
	*ret_n = 1;
	if (c < 0x80)
		return ic_is_letter(c) || ic_is_digit(c);
	return ic_wide_at(l, i, ret_n) == IC_WIDE_LETTER;
}

static uint32_t name_end(const ic_lexer *l, uint32_t i)
{
	for (uint32_t n; i < l->text.n && name_byte(l, i, &n); i += n)
		;
	return i;
}

static ic_token word_token(ic_lexer *l, ic_token t)
{
	l->pos = name_end(l, l->pos);
	t.kind = IC_TOKEN_NAME;
	t.length = l->pos - t.pos;
	return t;
}

static ic_token span_token(ic_token t, ic_str number, bool whole, ic_str unit)
{
	int64_t ticks = unit_ticks(unit), n;
	double d;
	if (ticks == 0 && ic_is_digit((unsigned char)unit.p[0]))
		return ic_token_bad(t, "a number has one point",
				    "text stands between quotes, addresses too: \"192.0.2.1\"");
	if (ticks == 0)
		return ic_token_bad(t, "a number ends in letters that are no unit of time", IC_KQL_UNITS);
	t.kind = IC_TOKEN_NUMBER;
	if (whole && ic_parse_i64(number, &n) && !__builtin_mul_overflow(n, ticks, &n)) {
		t.value = ic_value_ticks(IC_Q_TIMESPAN, n);
		return t;
	}
	if (whole || !ic_parse_double(number, &d) || !(d * (double)ticks < 9.2e18))
		return ic_token_bad(t, "a timespan beyond the range of timespan", NULL);
	t.value = ic_value_ticks(IC_Q_TIMESPAN, (int64_t)round(d * (double)ticks));
	return t;
}

static ic_token hex_token(ic_lexer *l, ic_token t)
{
	uint64_t v = 0;
	uint32_t i = l->pos + 2, digits = 0;
	for (int d; (d = ic_hex_digit((char)ic_lexer_byte(l, i))) >= 0; i++, digits++)
		v = v << 4 | (unsigned)d;
	if (digits == 0 || name_end(l, i) > i)
		return word_token(l, t);
	l->pos = i;
	t.length = i - t.pos;
	if (digits > 16)
		return ic_token_bad(t, "a hexadecimal number has at most 16 digits", NULL);
	t.kind = IC_TOKEN_NUMBER;
	t.value = ic_value_long((int64_t)v);
	return t;
}

static ic_token number_token(ic_lexer *l, ic_token t)
{
	if (ic_lexer_byte(l, l->pos) == '0' && (ic_lexer_byte(l, l->pos + 1) | 0x20) == 'x')
		return hex_token(l, t);
	uint32_t i = l->pos;
	bool whole = true;
	while (ic_is_digit(ic_lexer_byte(l, i)))
		i++;
	/* 1..900 is 1 .. 900 */
	if (ic_lexer_byte(l, i) == '.' && ic_is_digit(ic_lexer_byte(l, i + 1))) {
		whole = false;
		for (i++; ic_is_digit(ic_lexer_byte(l, i)); i++)
			;
	}
	unsigned char e = ic_lexer_byte(l, i) | 0x20, sign = ic_lexer_byte(l, i + 1);
	if (e == 'e' &&
	    (ic_is_digit(sign) || ((sign == '+' || sign == '-') && ic_is_digit(ic_lexer_byte(l, i + 2))))) {
		whole = false;
		for (i += 2; ic_is_digit(ic_lexer_byte(l, i)); i++)
			;
	}
	ic_str number = { l->text.p + l->pos, i - l->pos };
	unsigned char after = ic_lexer_byte(l, i + 1);
	if (ic_lexer_byte(l, i) == '.' && after != '.' && after != '[' && !ic_is_letter(after)) { /* 1. */
		whole = false;
		i++;
	}
	uint32_t end = name_end(l, i);
	ic_str unit = { l->text.p + i, end - i };
	if (unit.n > 0 && unit_ticks(unit) == 0 && name_end(l, l->pos) == end)
		return word_token(l, t);
	l->pos = end;
	t.length = end - t.pos;
	t.kind = IC_TOKEN_NUMBER;
	if (unit.n > 0)
		return span_token(t, number, whole, unit);
	if (whole) {
		int64_t v;
		if (!ic_parse_i64(number, &v))
			return ic_token_bad(
			    t, "a whole number beyond the range of long",
			    "the largest is 9223372036854775807; decimal(...) and real(...) hold more");
		t.value = ic_value_long(v);
		return t;
	}
	double d;
	if (!ic_parse_double(number, &d))
		return ic_token_bad(t, "a number beyond the range of real", NULL);
	t.value = ic_value_real(d);
	return t;
}

/* ---- strings -------------------------------------------------------------------------- */

/* Bytes of the prefix of a string literal at i (h, H, @ and both); -1: none begins here. */
static int string_prefix(const ic_lexer *l, uint32_t i)
{
	int n = 0;
	if ((ic_lexer_byte(l, i) | 0x20) == 'h')
		n = 1;
	if (ic_lexer_byte(l, i + (uint32_t)n) == '@')
		n++;
	unsigned char c = ic_lexer_byte(l, i + (uint32_t)n);
	if (c == '"' || c == '\'')
		return n;
	bool fence = (c == '`' || c == '~') && ic_lexer_byte(l, i + (uint32_t)n + 1) == c &&
		     ic_lexer_byte(l, i + (uint32_t)n + 2) == c;
	return fence && !(n && ic_lexer_byte(l, i + (uint32_t)n - 1) == '@') ? n : -1;
}

/* The text between the quotes of a literal. */
static ic_str string_body(ic_str raw, bool *verbatim, bool *fenced)
{
	uint32_t n = 0, q = 1;
	*verbatim = false;
	while (raw.p[n] == 'h' || raw.p[n] == 'H' || raw.p[n] == '@')
		*verbatim |= raw.p[n++] == '@';
	*fenced = raw.p[n] == '`' || raw.p[n] == '~';
	if (*fenced)
		q = 3;
	return (ic_str){ raw.p + n + q, raw.n - n - 2 * q };
}

static ic_token fenced_token(ic_lexer *l, ic_token t, uint32_t i)
{
	char c = l->text.p[i];
	for (i += 3; i < l->text.n; i++) {
		if (l->text.p[i] == '\n') {
			l->line++;
			l->line_start = i + 1;
		} else if (l->text.p[i] == c && ic_lexer_byte(l, i + 1) == (unsigned char)c &&
			   ic_lexer_byte(l, i + 2) == (unsigned char)c) {
			l->pos = i + 3;
			t.kind = IC_TOKEN_TEXT;
			t.length = l->pos - t.pos;
			return t;
		}
	}
	l->pos = l->text.n;
	t.length = 3;
	return ic_token_bad(t, "a multi-line string is not closed",
			    "it ends with the three characters it begins with");
}

static ic_token string_token(ic_lexer *l, ic_token t, int prefix)
{
	uint32_t i = l->pos + (uint32_t)prefix;
	char quote = l->text.p[i];
	if (quote == '`' || quote == '~')
		return fenced_token(l, t, i);
	bool verbatim = prefix > 0 && l->text.p[i - 1] == '@', escaped = false;
	for (i++; i < l->text.n; i++) {
		char c = l->text.p[i];
		if (c == quote && verbatim && ic_lexer_byte(l, i + 1) == (unsigned char)quote) {
			i++;
		} else if (c == quote) {
			l->pos = i + 1;
			t.kind = IC_TOKEN_TEXT;
			t.length = l->pos - t.pos;
			return t;
		} else if (c == '\n') {
			break;
		} else if (c == '\\' && !verbatim && i + 1 < l->text.n && l->text.p[i + 1] != '\n') {
			i++;
			escaped |= l->text.p[i] == quote;
		}
	}
	l->pos = i;
	t.length = i - t.pos;
	while (t.length > 1 && l->text.p[t.pos + t.length - 1] == '\r')
		t.length--;
	return ic_token_bad(
	    t, "a string is not closed on its line",
	    verbatim ? "in @\"...\" a quote is written twice and \\ stands for itself"
	    : escaped
		? "a \\ in front of a quote makes it part of the string: write \\\\ or @\"...\" for paths"
		: "a quote inside a string is written \\\"; text over several lines stands between ```");
}

/* Value of the escape behind a backslash at s[0]; *used its bytes, 0: there is no such escape. */
static uint32_t escape_value(ic_str s, uint32_t *used)
{
	static const char letters[] = "abfnrtv0\"'\\/", meaning[] = "\a\b\f\n\r\t\v\0\"'\\/";
	*used = 0;
	if (s.n == 0)
		return 0;
	uint32_t digits = s.p[0] == 'x' ? 2 : s.p[0] == 'u' ? 4 : s.p[0] == 'U' ? 8 : 0;
	if (digits > 0) {
		int64_t v = s.n > digits ? ic_hex_read(s.p + 1, digits) : -1;
		if (v < 0 || v > 0x10ffff)
			return 0;
		*used = digits + 1;
		return (uint32_t)v;
	}
	if (s.n >= 3 && s.p[0] >= '0' && s.p[0] <= '3' && s.p[1] >= '0' && s.p[1] <= '7' && s.p[2] >= '0' &&
	    s.p[2] <= '7') {
		*used = 3;
		return (uint32_t)(s.p[0] - '0') * 64 + (uint32_t)(s.p[1] - '0') * 8 +
		       (uint32_t)(s.p[2] - '0');
	}
	const char *hit = memchr(letters, s.p[0], sizeof letters - 1);
	if (!hit)
		return 0;
	*used = 1;
	return (unsigned char)meaning[hit - letters];
}

static uint32_t put_utf8(char *out, uint32_t v)
{
	if (v < 0x80) {
		out[0] = (char)v;
		return 1;
	}
	if (v < 0x800) {
		out[0] = (char)(0xc0 | v >> 6);
		out[1] = (char)(0x80 | (v & 0x3f));
		return 2;
	}
	if (v < 0x10000) {
		out[0] = (char)(0xe0 | v >> 12);
		out[1] = (char)(0x80 | (v >> 6 & 0x3f));
		out[2] = (char)(0x80 | (v & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | v >> 18);
	out[1] = (char)(0x80 | (v >> 12 & 0x3f));
	out[2] = (char)(0x80 | (v >> 6 & 0x3f));
	out[3] = (char)(0x80 | (v & 0x3f));
	return 4;
}

/* One escape of body at i (the backslash), decoded into out; returns the bytes read, 0: a bad one. */
static uint32_t decode_escape(ic_str body, uint32_t i, char *out, uint32_t *ret_n)
{
	uint32_t used, low_used;
	uint32_t v = escape_value((ic_str){ body.p + i + 1, body.n - i - 1 }, &used);
	if (used == 0)
		return 0;
	uint32_t next = i + 1 + used;
	if (v >= 0xd800 && v < 0xdc00 && next + 1 < body.n && body.p[next] == '\\') {
		uint32_t low = escape_value((ic_str){ body.p + next + 1, body.n - next - 1 }, &low_used);
		if (low_used > 0 && low >= 0xdc00 && low < 0xe000) {
			v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
			used += 1 + low_used;
		}
	}
	if (v >= 0xd800 && v < 0xe000) /* half a character */
		v = 0xfffd;
	*ret_n = put_utf8(out, v);
	return 1 + used;
}

ic_status ic_kql_string(ic_arena *a, ic_str raw, ic_str *ret, ic_place at, ic_diag *diag)
{
	bool verbatim, fenced;
	ic_str body = string_body(raw, &verbatim, &fenced);
	char quote = raw.p[raw.n - 1];
	bool plain = fenced || !memchr(body.p, verbatim ? quote : '\\', body.n);
	if (plain) {
		*ret = body;
		return IC_OK;
	}
	/* an escape never gets longer: \u0800 is 6 bytes for 3 */
	char *out = ic_arena_alloc(a, (size_t)body.n + 4);
	uint32_t n = 0;
	if (!out)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < body.n;) {
		uint32_t made = 1, used = 1;
		out[n] = body.p[i];
		if (verbatim)
			used = body.p[i] == quote ? 2 : 1;
		else if (body.p[i] == '\\')
			used = decode_escape(body, i, out + n, &made);
		if (used == 0) {
			uint32_t column = at.column + (uint32_t)(body.p + i - raw.p);
			ic_diag_fail(diag, IC_DIAG_SYNTAX, (ic_place){ at.line, column }, 2,
				     "`\\%.1s` is no escape that a string knows",
				     i + 1 < body.n && (unsigned char)body.p[i + 1] < 0x80 ? body.p + i + 1
											   : "");
			ic_diag_hint(diag,
				     "write \\\\ for a backslash, or @\"...\" for text without escapes");
			return IC_E_USAGE;
		}
		i += used;
		n += made;
	}
	*ret = (ic_str){ out, n };
	return IC_OK;
}

/* ---- words and signs ------------------------------------------------------------------ */

static ic_token name_token(ic_lexer *l, ic_token t)
{
	uint32_t word = l->pos;
	if (ic_lexer_byte(l, word) == '!' || ic_lexer_byte(l, word) == '$')
		word++;
	uint32_t i = name_end(l, word);
	if (i - word == 2 && memcmp(l->text.p + word, "in", 2) == 0 && ic_lexer_byte(l, i) == '~')
		i++;
	l->pos = i;
	t.kind = IC_TOKEN_NAME;
	t.length = i - t.pos;
	return t;
}

static ic_token sign_token(ic_lexer *l, ic_token t)
{
	static const char two[][3] = { "==", "!=", "<=", ">=", "<>", "=~", "!~", "..", "=>" };
	t.kind = IC_TOKEN_SIGN;
	if (ic_lexer_pair(l, &t, two, sizeof two / sizeof *two))
		return t;
	unsigned char c = ic_lexer_byte(l, l->pos++);
	t.sign = c;
	if (c == 0 || !strchr("()[]{}|,;:=<>+-*/%.@#", c))
		return ic_token_bad(t, "a character that means nothing in KQL",
				    c == '&'   ? "write `and`"
				    : c == '`' ? "names with blanks are written ['name']"
				    : c == '?' ? "write iff(condition, a, b)"
				    : c == '~' ? "any case is =~ and !~"
				    : c == '!' ? "write not(...) around a condition, `!=` without a blank"
					       : NULL);
	return t;
}

ic_token ic_kql_lex(ic_lexer *l)
{
	ic_lexer_skip_blanks(l, '/');
	ic_token t = ic_lexer_start(l);
	unsigned char c = ic_lexer_byte(l, l->pos), next = ic_lexer_byte(l, l->pos + 1);
	if (l->pos >= l->text.n) {
		t.length = 0;
		return t;
	}
	int prefix = string_prefix(l, l->pos);
	if (prefix >= 0)
		return string_token(l, t, prefix);
	if (ic_is_digit(c))
		return number_token(l, t);
	if (ic_is_letter(c) || ((c == '!' || c == '$') && ic_is_letter(next)))
		return name_token(l, t);
	if (c >= 0x80) {
		uint32_t n;
		ic_wide what = ic_wide_at(l, l->pos, &n);
		return what == IC_WIDE_LETTER
			   ? name_token(l, t)
			   : ic_token_wide(l, t, what, n, "write straight quotes: \" or '");
	}
	uint32_t entity = ic_entity_at(l, l->pos);
	return entity ? ic_token_entity(l, t, entity) : sign_token(l, t);
}

ic_str ic_kql_lex_run(ic_lexer *l, const ic_token *from, ic_kql_byte_fn word)
{
	/* the token lies on the line where the lexer was, unless it was a string over lines */
	l->line = from->at.line;
	l->line_start = from->pos + 1 - from->at.column;
	l->pos = from->pos;
	while (l->pos < l->text.n && word((unsigned char)l->text.p[l->pos]))
		l->pos++;
	return (ic_str){ l->text.p + from->pos, l->pos - from->pos };
}

bool ic_kql_lex_raw(ic_lexer *l, ic_str *ret)
{
	enum { NEAR = 256 };
	uint32_t start = l->pos;
	char quote = 0;
	for (uint32_t i = start; i < l->text.n && i - start < NEAR; i++) {
		char c = l->text.p[i];
		if (c == '\n')
			return false;
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
		} else if (c == ')' && !quote) {
			*ret = (ic_str){ l->text.p + start, i - start };
			l->pos = i + 1;
			return true;
		}
	}
	return false;
}
