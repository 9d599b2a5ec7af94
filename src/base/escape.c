/* SPDX-License-Identifier: Apache-2.0 */
/* Text that others wrote, made safe for JSON, CSV, Zeek TSV and terminals. */
#include "base/buf.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/unicode.h"

/* Length of the character at p; 0 if it is not UTF-8. */
static unsigned decode(const char *p, size_t n, uint32_t *ret)
{
	unsigned used;
	*ret = ic_utf8_read(p, n, &used);
	return *ret < 0x110000 ? used : 0;
}

typedef struct range {
	uint32_t from, to;
} range;

static bool in_ranges(const range *list, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= list[i].from && c <= list[i].to)
			return true;
	return false;
}

/* Characters that steer a terminal or hide text: C0, DEL, C1, line separators, bidi controls, and those that nobody sees
 * (two names that look alike must not differ by them). Joiners stay: emoji and several scripts are written with them. */
static bool steers(uint32_t c)
{
	static const range hidden[] = { { 0x7f, 0x9f },	    { 0xad, 0xad },	 { 0x61c, 0x61c },
					{ 0x180e, 0x180e }, { 0x200b, 0x200b },	 { 0x200e, 0x200f },
					{ 0x2028, 0x202e }, { 0x2060, 0x206f },	 { 0xfeff, 0xfeff },
					{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };
	return c < 0x20 || (c >= 0x7f && in_ranges(hidden, sizeof hidden / sizeof *hidden, c));
}

static bool plain_ascii(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static void put_u16(ic_buf *b, uint32_t c)
{
	char text[6] = { '\\', 'u' };
	ic_hex_write(c, 4, text + 2);
	ic_buf_put(b, text, sizeof text);
}

static void put_json_escape(ic_buf *b, uint32_t c)
{
	switch (c) {
	case '"': ic_buf_put(b, "\\\"", 2); break;
	case '\\': ic_buf_put(b, "\\\\", 2); break;
	case '\b': ic_buf_put(b, "\\b", 2); break;
	case '\f': ic_buf_put(b, "\\f", 2); break;
	case '\n': ic_buf_put(b, "\\n", 2); break;
	case '\r': ic_buf_put(b, "\\r", 2); break;
	case '\t': ic_buf_put(b, "\\t", 2); break;
	default:
		if (c > 0xffff)
			put_u16(b, 0xd7c0 + (c >> 10));
		put_u16(b, c > 0xffff ? 0xdc00 | (c & 0x3ff) : c);
	}
}

/* Eight bytes of ASCII that JSON takes as it is. */
static bool is_plain_word(const char *p)
{
	const uint64_t one = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t x;
	memcpy(&x, p, sizeof x);
	const uint64_t control = x - one * 0x20, del = x + one, quote = (x ^ one * '"') - one,
		       backslash = (x ^ one * '\\') - one;
	return ((x | control | del | quote | backslash) & high) == 0;
}

/* How many bytes from p on are such: eight at a time while they are, the last ones with some of those before. */
static uint32_t plain_run(const char *p, uint32_t n)
{
	const uint32_t word = sizeof(uint64_t);
	uint32_t i = 0;
	while (n - i >= word && is_plain_word(p + i))
		i += word;
	if (i && n - i < word && is_plain_word(p + n - word))
		return n;
	while (i < n && plain_ascii(p[i]) && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

void ic_buf_json(ic_buf *b, ic_str s)
{
	ic_buf_putc(b, '"');
	uint32_t from = 0, i = 0;
	while ((i += plain_run(s.p + i, s.n - i)) < s.n) {
		uint32_t c = 0;
		unsigned len = decode(s.p + i, s.n - i, &c);
		if (len > 1 && !steers(c)) {
			i += len;
			continue;
		}
		ic_buf_put(b, s.p + from, i - from);
		if (len == 0)
			ic_buf_put(b, "\\ufffd", 6);
		else
			put_json_escape(b, c);
		i += len ? len : 1;
		from = i;
	}
	ic_buf_put(b, s.p + from, i - from);
	ic_buf_putc(b, '"');
}

static size_t escape_byte(char piece[16], unsigned char c)
{
	memcpy(piece, "\\x", 2);
	ic_hex_write(c, 2, piece + 2);
	return 4;
}

size_t ic_term_piece(const char *text, size_t n, char piece[16], size_t *ret_used)
{
	uint32_t c = 0;
	unsigned len = decode(text, n, &c);
	*ret_used = len ? len : 1;
	if (len == 0 || c < 0x20 || c == 0x7f)
		return escape_byte(piece, (unsigned char)text[0]);
	if (!steers(c)) {
		memcpy(piece, text, len);
		return len;
	}
	const unsigned digits = c > 0xffff ? 5 : 4;
	memcpy(piece, "\\u{", 3);
	ic_hex_write(c, digits, piece + 3);
	piece[3 + digits] = '}';
	return digits + 4;
}

/* Spreadsheets take = + - @ for the start of a formula, some of them the full-width forms too; they pass over
 * tabs and line ends before it. */
static bool looks_like_formula(ic_str s)
{
	uint32_t c = 0;
	double number;
	if (s.n == 0 || decode(s.p, s.n, &c) == 0)
		return false;
	if (c == 0xff0b || c == 0xff0d || c == 0xff1d || c == 0xff20)
		return true;
	return c < 0x80 && memchr("=+-@\t\r\n", (int)c, 7) != NULL && !ic_parse_double(s, &number);
}

/* Steers a terminal, but is no line or column of text. */
static bool steers_in_cell(uint32_t c)
{
	return steers(c) && c != '\t' && c != '\n' && c != '\r';
}

static void put_cell(ic_buf *b, ic_str s)
{
	uint32_t from = 0, i = 0;
	while (i < s.n) {
		if (plain_ascii(s.p[i]) && s.p[i] != '"') {
			i++;
			continue;
		}
		uint32_t c = 0;
		unsigned len = decode(s.p + i, s.n - i, &c);
		if (len > 0 && c != '"' && !steers_in_cell(c)) {
			i += len;
			continue;
		}
		ic_buf_put(b, s.p + from, i - from);
		char piece[16];
		size_t used = 1;
		if (len == 0 || c == 0)
			ic_buf_puts(b, "\xef\xbf\xbd");
		else if (c == '"')
			ic_buf_puts(b, "\"\"");
		else
			ic_buf_put(b, piece, ic_term_piece(s.p + i, s.n - i, piece, &used));
		i += (uint32_t)used;
		from = i;
	}
	ic_buf_put(b, s.p + from, s.n - from);
}

void ic_buf_csv(ic_buf *b, ic_str s)
{
	bool quoted = false;
	for (uint32_t i = 0; i < s.n && !quoted; i++)
		quoted = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
	if (quoted)
		ic_buf_putc(b, '"');
	if (looks_like_formula(s))
		ic_buf_putc(b, '\'');
	put_cell(b, s);
	if (quoted)
		ic_buf_putc(b, '"');
}

void ic_buf_term(ic_buf *b, ic_str s)
{
	uint32_t i = 0;
	while (i < s.n) {
		uint32_t from = i;
		while (i < s.n && plain_ascii(s.p[i]))
			i++;
		ic_buf_put(b, s.p + from, i - from);
		if (i == s.n)
			return;
		char piece[16];
		size_t used, n = ic_term_piece(s.p + i, s.n - i, piece, &used);
		ic_buf_put(b, piece, n);
		i += (uint32_t)used;
	}
}

void ic_buf_zeek(ic_buf *b, ic_str s)
{
	if (s.n == 0) {
		ic_buf_puts(b, "(empty)");
		return;
	}
	/* a text that reads as unset or empty must not come back as that */
	bool reserved = ic_str_eq(s, IC_STR("-")) || ic_str_eq(s, IC_STR("(empty)"));
	uint32_t i = 0;
	while (i < s.n) {
		uint32_t c = 0;
		unsigned len = decode(s.p + i, s.n - i, &c);
		if (len == 0 || c < 0x20 || c == 0x7f || c == '\\' || (reserved && i == 0)) {
			char piece[16];
			ic_buf_put(b, piece, escape_byte(piece, (unsigned char)s.p[i]));
			i++;
		} else {
			ic_buf_put(b, s.p + i, len);
			i += len;
		}
	}
}

/* The large blocks of East Asian Width W and F, and of combining marks (Unicode 15); wcwidth() would
 * follow the locale. */
static unsigned char_width(uint32_t c)
{
	static const range wide[] = { { 0x1100, 0x115f },   { 0x2e80, 0x303e },	  { 0x3041, 0xa4cf },
				      { 0xa960, 0xa97c },   { 0xac00, 0xd7a3 },	  { 0xf900, 0xfaff },
				      { 0xfe30, 0xfe6f },   { 0xff01, 0xff60 },	  { 0xffe0, 0xffe6 },
				      { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
				      { 0x20000, 0x3fffd } };
	static const range none[] = { { 0x300, 0x36f },	  { 0x483, 0x489 },    { 0x591, 0x5bd },
				      { 0x610, 0x61a },	  { 0x64b, 0x65f },    { 0x1ab0, 0x1aff },
				      { 0x200b, 0x200d }, { 0x20d0, 0x20ff },  { 0xfe00, 0xfe0f },
				      { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef } };
	if (c < 0x300)
		return 1;
	if (in_ranges(none, sizeof none / sizeof *none, c))
		return 0;
	return in_ranges(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

size_t ic_term_width(ic_str s)
{
	size_t width = 0;
	uint32_t i = 0;
	while (i < s.n) {
		uint32_t c = 0;
		unsigned len = decode(s.p + i, s.n - i, &c);
		width += len ? char_width(c) : 1;
		i += len ? len : 1;
	}
	return width;
}
