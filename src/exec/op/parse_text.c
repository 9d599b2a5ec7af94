/* SPDX-License-Identifier: Apache-2.0 */
/* A simple pattern is a list of literal texts with captures between them: each text is looked for from
 * where the one before ended, the last one at the end of the input. Patterns in regular expressions, and
 * simple ones that are not so plain, become one regular expression over the whole input. */
#include "exec/op/parse_text.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/unicode.h"

struct ic_parse_text {
	const ic_op *op;
	ic_regex *regex; /* NULL: a simple pattern, or keys and values */
	uint32_t *group; /* of each capture */
};

struct ic_parse_scratch {
	ic_regex_match *match;
};

ic_parse_scratch *ic_parse_scratch_new(void)
{
	ic_parse_scratch *s = ic_calloc(1, sizeof *s);
	if (s && !(s->match = ic_regex_match_new())) {
		ic_free(s);
		return NULL;
	}
	return s;
}

void ic_parse_scratch_free(ic_parse_scratch *s)
{
	if (!s)
		return;
	ic_regex_match_free(s->match);
	ic_free(s);
}

/* ---- regular expressions --------------------------------------------------------------------- */

/* What a capture of a type may consist of; relaxed: of anything, but rather of that. */
static const char *class_of(ic_qtype t, ic_parse_how how)
{
	bool relaxed = how == IC_PARSE_RELAXED;
	switch (t) {
	case IC_Q_INT:
	case IC_Q_LONG: return relaxed ? "(-?\\d+|.*?)" : "(-?\\d+)";
	case IC_Q_REAL:
	case IC_Q_DECIMAL:
		return relaxed ? "([-+]?\\d*\\.?\\d+(?:[eE][-+]?\\d+)?|.*?)"
			       : "([-+]?\\d*\\.?\\d+(?:[eE][-+]?\\d+)?)";
	default: return how == IC_PARSE_REGEX ? "(.*)" : "(.*?)";
	}
}

static void put_quoted(ic_buf *b, ic_str s)
{
	for (uint32_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain =
		    c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (c < 0x20)
			ic_buf_printf(b, "\\x{%x}", c);
		else {
			if (!plain)
				ic_buf_putc(b, '\\');
			ic_buf_putc(b, (char)c);
		}
	}
}

/* A piece of the pattern, checked on its own so that it cannot close a group of ours. */
static ic_status put_regex(ic_buf *b, const ic_op *op, ic_str s, unsigned flags, uint32_t *groups,
			   ic_diag *diag)
{
	ic_regex *r = NULL;
	ic_status st = ic_regex_new(s, flags, op->at, &r, diag);
	if (st)
		return st;
	*groups += ic_regex_groups(r);
	ic_regex_free(r);
	ic_buf_puts(b, "(?:");
	ic_buf_str(b, s);
	ic_buf_putc(b, ')');
	return IC_OK;
}

static unsigned regex_flags(ic_str flags)
{
	unsigned f = 0;
	for (uint32_t i = 0; i < flags.n; i++)
		switch (flags.p[i]) {
		case 'U': f |= IC_REGEX_UNGREEDY; break;
		case 'm': f |= IC_REGEX_MULTILINE; break;
		case 's': f |= IC_REGEX_DOT_ALL; break;
		case 'i': f |= IC_REGEX_ANY_CASE; break;
		default: break;
		}
	return f;
}

static ic_status compile(ic_parse_text *t, ic_diag *diag)
{
	const ic_op *op = t->op;
	bool regex = op->parse.how == IC_PARSE_REGEX;
	unsigned flags = regex ? regex_flags(op->parse.flags) : IC_REGEX_DOT_ALL;
	uint32_t groups = 0;
	ic_buf b;
	ic_status st = IC_OK;
	ic_buf_init(&b, 60000);
	for (uint32_t i = 0; i < op->parse.pieces && !st; i++) {
		const ic_parse_piece *piece = &op->parse.piece[i];
		if (piece->star)
			ic_buf_puts(&b, ".*?");
		if (piece->text.n && regex)
			st = put_regex(&b, op, piece->text, flags, &groups, diag);
		else
			put_quoted(&b, piece->text);
		if (piece->column < 0)
			continue;
		t->group[piece->column] = ++groups;
		ic_buf_puts(&b, class_of(piece->type, op->parse.how));
	}
	if (!st && b.failed)
		st = b.n >= 50000 ? ic_diag_fail(diag, IC_DIAG_LIMIT, op->at, 1, "the pattern is too long")
				  : IC_E_NOMEM;
	if (!st)
		st = ic_regex_new((ic_str){ b.p ? b.p : "", (uint32_t)b.n }, flags | IC_REGEX_WHOLE, op->at,
				  &t->regex, diag);
	ic_buf_clear(&b);
	return st;
}

static int find_regex(const ic_parse_text *t, ic_parse_scratch *scratch, ic_str s, ic_str *part)
{
	int hit = ic_regex_find(t->regex, scratch->match, s, 0);
	for (uint32_t i = 0; hit == 1 && i < t->op->parse.captures; i++)
		part[i] = ic_regex_group(scratch->match, s, t->group[i]);
	return hit;
}

/* ---- literal texts --------------------------------------------------------------------------- */

/* Whether it takes more than one text after the other: a '*' or a capture beside a capture, a text beside a
 * text. */
static bool needs_regex(const ic_op *op)
{
	bool open = false, text = false; /* what the piece before ends with: a capture, a text */
	for (uint32_t i = 0; i < op->parse.pieces; i++) {
		const ic_parse_piece *piece = &op->parse.piece[i];
		bool kept = piece->column >= 0, bare = piece->text.n == 0;
		if (piece->star && (open || (kept && bare)))
			return true;
		if (!piece->star && ((open && kept && bare) || (text && !bare)))
			return true;
		text = !kept && (bare ? text && !piece->star : true);
		open = kept || (open && bare);
	}
	return false;
}

static bool find_literals(const ic_op *op, ic_str s, ic_str *part)
{
	uint32_t at = 0;
	int32_t open = -1; /* the capture that ends at the next text */
	bool gap = false;
	for (uint32_t i = 0; i < op->parse.pieces; i++) {
		const ic_parse_piece *piece = &op->parse.piece[i];
		ic_str text = piece->text;
		bool last = i + 1 == op->parse.pieces && piece->column < 0;
		gap = gap || piece->star || open >= 0;
		if (text.n) {
			if (s.n - at < text.n)
				return false;
			uint32_t found = at;
			if (gap && last) {
				found = s.n - text.n;
			} else if (gap) {
				const char *p = memmem(s.p + at, s.n - at, text.p, text.n);
				if (!p)
					return false;
				found = (uint32_t)(p - s.p);
			}
			if (memcmp(s.p + found, text.p, text.n) != 0)
				return false;
			if (open >= 0)
				part[open] = (ic_str){ s.p + at, found - at };
			open = -1;
			gap = false;
			at = found + text.n;
		}
		if (piece->column >= 0)
			open = piece->column;
	}
	if (open >= 0)
		part[open] = (ic_str){ s.p + at, s.n - at };
	return open >= 0 || gap || at == s.n;
}

/* ---- keys and values --------------------------------------------------------------------------- */

static bool starts(ic_str s, uint32_t at, ic_str with)
{
	return with.n && s.n - at >= with.n && memcmp(s.p + at, with.p, with.n) == 0;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static const ic_quotes *quotes_at(const ic_op *op, ic_str s, uint32_t at)
{
	for (uint32_t i = 0; i < op->parse.quotes; i++)
		if (starts(s, at, op->parse.quote[i].open))
			return &op->parse.quote[i];
	return NULL;
}

/* The length of the escape character here; 0: none. */
static uint32_t escape_at(const ic_op *op, ic_str s, uint32_t at)
{
	for (uint32_t i = 0; i < op->parse.escapes; i++)
		if (starts(s, at, op->parse.escape[i]))
			return op->parse.escape[i].n;
	return 0;
}

/* Without delimiters of its own every character that is no part of a word splits. */
static uint32_t delimiter(ic_str s, uint32_t at, ic_str given, const ic_op *op)
{
	if (given.n)
		return starts(s, at, given) ? given.n : 0;
	return !quotes_at(op, s, at) && !is_word(s.p[at]);
}

/* A text in which pairs are looked for. */
typedef struct pairs_text {
	const ic_op *op;
	ic_str s;
	ic_arena *arena;
	uint64_t **endless; /* of each pair of quotes: see find_endless; NULL: every one has ended so far */
	bool ok;	    /* there was memory */
} pairs_text;

/* The character behind this one, which may be an escape and what it escapes. */
static uint32_t step_over(const pairs_text *t, uint32_t at)
{
	uint32_t escape = escape_at(t->op, t->s, at);
	return at + 1 + (at + escape < t->s.n ? escape : 0);
}

/* The places, a bit each, from where on these quotes do not close: found once a text, from its end. Else every quote
 * of a text that none closes would be looked for as far as there. */
static void find_endless(pairs_text *t, const ic_quotes *q)
{
	const size_t words = t->s.n / 64 + 1, of = (size_t)(q - t->op->parse.quote);
	if (!t->endless && (t->endless = ic_arena_alloc(t->arena, t->op->parse.quotes * sizeof *t->endless)))
		memset(t->endless, 0, t->op->parse.quotes * sizeof *t->endless);
	uint64_t *bits = t->endless ? ic_arena_alloc(t->arena, words * sizeof *bits) : NULL;
	t->ok &= bits != NULL;
	if (!bits)
		return;
	memset(bits, 0, words * sizeof *bits);
	for (uint32_t i = t->s.n; i-- > 0;) {
		uint32_t next = starts(t->s, i, q->close) ? i : step_over(t, i);
		bool endless = next >= t->s.n || (next > i && (bits[next / 64] >> (next % 64) & 1));
		bits[i / 64] |= (uint64_t)endless << (i % 64);
	}
	t->endless[of] = bits;
}

static bool is_endless(const pairs_text *t, const ic_quotes *q, uint32_t first)
{
	const uint64_t *bits = t->endless ? t->endless[q - t->op->parse.quote] : NULL;
	return bits && (first >= t->s.n || (bits[first / 64] >> (first % 64) & 1));
}

/* A quoted text that starts at *at; false: there is none, or it does not end. */
static bool quoted(pairs_text *t, uint32_t *at, ic_str *ret)
{
	const ic_str s = t->s;
	const ic_quotes *q = quotes_at(t->op, s, *at);
	if (!q || is_endless(t, q, *at + q->open.n))
		return false;
	uint32_t first = *at + q->open.n, i = first;
	bool escapes = false;
	while (i < s.n && !starts(s, i, q->close)) {
		uint32_t next = step_over(t, i);
		escapes |= next > i + 1;
		i = next;
	}
	if (i >= s.n) {
		find_endless(t, q);
		return false;
	}
	*ret = (ic_str){ s.p + first, i - first };
	*at = i + q->close.n;
	if (!escapes)
		return true;
	char *to = ic_arena_alloc(t->arena, i - first + 1);
	t->ok &= to != NULL;
	uint32_t n = 0;
	for (uint32_t from = first; to && from < i; from++) {
		uint32_t escape = escape_at(t->op, s, from);
		if (from + escape < i)
			from += escape;
		to[n++] = s.p[from];
	}
	*ret = (ic_str){ to, to ? n : 0 };
	return true;
}

/* The value that starts at *at: to the next delimiter of pairs; greedy ones go on until a delimiter after
 * which a key follows. */
static ic_str plain_value(const ic_op *op, ic_str s, uint32_t *at)
{
	uint32_t first = *at, i = first, end = s.n, next = s.n;
	for (; i < s.n; i++) {
		uint32_t d = delimiter(s, i, op->parse.pair_delimiter, op);
		if (d && end == s.n) {
			end = i;
			next = i + d;
			if (!op->parse.greedy)
				break;
		} else if (d) {
			/* no key between the last delimiter and this one: they are of the value */
			end = i;
			next = i + d;
		} else if (op->parse.greedy && end < s.n && delimiter(s, i, op->parse.kv_delimiter, op)) {
			break;
		}
	}
	if (op->parse.greedy && i == s.n)
		end = next = s.n;
	*at = next;
	return ic_str_trim((ic_str){ s.p + first, end - first });
}

/* A key as the text has it. Parsers that are published name the keys of JSON by both: ts and ['"ts"']. */
typedef struct found_key {
	ic_str name;	/* without quotes; .p NULL: no key */
	ic_str written; /* with them */
} found_key;

/* The capture that waits for a key; captures: none. */
static uint32_t capture_of(const ic_op *op, found_key key, const ic_str *part)
{
	uint32_t i = 0;
	while (i < op->parse.captures && (part[i].p || (!ic_str_eq(op->parse.key[i], key.name) &&
							!ic_str_eq(op->parse.key[i], key.written))))
		i++;
	return i;
}

static void take_pair(const ic_op *op, found_key key, ic_str value, ic_str *part)
{
	uint32_t i = capture_of(op, key, part);
	if (i < op->parse.captures)
		part[i] = value.n ? value : (ic_str){ "", 0 };
}

/* Signs that values of a type have in them, though signs split words: 12.5, 10:00:34. */
static const char *signs_inside(ic_qtype type)
{
	switch (type) {
	case IC_Q_REAL:
	case IC_Q_DECIMAL: return ".";
	case IC_Q_TIMESPAN: return ".:";
	case IC_Q_DATETIME: return ".:-+";
	case IC_Q_GUID: return "-";
	default: return "";
	}
}

static bool has_minus(ic_qtype type)
{
	return type == IC_Q_INT || type == IC_Q_LONG || type == IC_Q_REAL || type == IC_Q_DECIMAL ||
	       type == IC_Q_TIMESPAN;
}

static bool digit_at(ic_str s, uint32_t first, uint32_t i, bool hex)
{
	int digit = i >= first && i < s.n ? ic_hex_digit(s.p[i]) : -1;
	return digit >= 0 && digit < (hex ? 16 : 10);
}

/* Whether the sign at i is inside of the value of `type` that starts at `first`: between digits, or in front of an
 * exponent's. A letter behind it begins the next key: took=12.bytes=5. */
static bool is_inside(ic_str s, uint32_t first, uint32_t i, ic_qtype type)
{
	bool hex = type == IC_Q_GUID, real = type == IC_Q_REAL || type == IC_Q_DECIMAL;
	if (i == first || !digit_at(s, first, i + 1, hex) || !s.p[i])
		return false;
	if (strchr(signs_inside(type), s.p[i]))
		return digit_at(s, first, i - 1, hex);
	return real && (s.p[i] == '-' || s.p[i] == '+') && (s.p[i - 1] | 0x20) == 'e' && i - first > 1 &&
	       digit_at(s, first, i - 2, false);
}

/* The word that starts at *at, of digits and letters; .n 0: none does. A value of `type` goes on over the signs
 * that such values have in them, and begins with the minus in front of it that joins it to no word. */
static ic_str word_of(ic_str s, uint32_t *at, ic_qtype type)
{
	uint32_t first = *at, i = first;
	while (i < s.n && (is_word(s.p[i]) || is_inside(s, first, i, type)))
		i++;
	*at = i;
	if (i > first && first >= 2 && has_minus(type) && s.p[first - 1] == '-' && !is_word(s.p[first - 2]))
		first--;
	return (ic_str){ s.p + first, i - first };
}

/* Without any delimiter given: words, each that is a key followed by its value. */
static void find_words(pairs_text *t, ic_str *part)
{
	const ic_op *op = t->op;
	const ic_str s = t->s;
	found_key key = { { NULL, 0 }, { NULL, 0 } };
	uint32_t of = op->parse.captures; /* the capture of the key */
	for (uint32_t at = 0; at < s.n && t->ok;) {
		ic_str word;
		uint32_t first = at;
		bool pair = of < op->parse.captures;
		if (!quoted(t, &at, &word)) {
			word =
			    word_of(s, &at, pair ? op->out.column[op->parse.target[of]].type : IC_Q_STRING);
			if (word.n == 0) {
				at++;
				continue;
			}
		}
		if (pair)
			take_pair(op, key, word, part);
		key = pair ? (found_key){ { NULL, 0 }, { NULL, 0 } }
			   : (found_key){ word, { s.p + first, at - first } };
		of = key.name.p ? capture_of(op, key, part) : op->parse.captures;
	}
}

/* The key that starts at *at, and the delimiter behind it; false: something that is no pair. */
static bool take_key(pairs_text *t, uint32_t *at, found_key *key)
{
	const ic_op *op = t->op;
	const ic_str s = t->s;
	uint32_t first = *at, d = 0;
	if (quoted(t, at, &key->name)) {
		key->written = (ic_str){ s.p + first, *at - first };
		d = *at < s.n ? delimiter(s, *at, op->parse.kv_delimiter, op) : 0;
	} else {
		while (*at < s.n && !(d = delimiter(s, *at, op->parse.kv_delimiter, op)) &&
		       !delimiter(s, *at, op->parse.pair_delimiter, op))
			++*at;
		key->name = key->written = ic_str_trim((ic_str){ s.p + first, *at - first });
	}
	if (!d && *at < s.n) {
		uint32_t skip = delimiter(s, *at, op->parse.pair_delimiter, op);
		*at += skip ? skip : 1;
	}
	*at += d;
	return d != 0;
}

/* Each match is a key and its value. */
static int find_matches(const ic_parse_text *t, ic_parse_scratch *scratch, ic_str s, ic_str *part)
{
	uint32_t at = 0;
	int hit = 1;
	while (at <= s.n && (hit = ic_regex_find(t->regex, scratch->match, s, at)) == 1) {
		ic_str all = ic_regex_group(scratch->match, s, 0);
		ic_str key = ic_regex_group(scratch->match, s, 1),
		       value = ic_regex_group(scratch->match, s, 2);
		key = ic_str_trim(key);
		if (key.p)
			take_pair(t->op, (found_key){ key, key }, value.p ? ic_str_trim(value) : IC_STR(""),
				  part);
		at = (uint32_t)(all.p - s.p) + all.n;
		if (all.n == 0) { /* of nothing: the next character is tried */
			unsigned used = 1;
			if (at < s.n)
				ic_utf8_read(s.p + at, s.n - at, &used);
			at += used;
		}
	}
	return hit < 0 ? hit : 1;
}

static ic_status compile_pairs(ic_parse_text *t, ic_diag *diag)
{
	const ic_op *op = t->op;
	ic_status st = ic_regex_new(op->parse.pattern, 0, op->at, &t->regex, diag);
	if (!st && ic_regex_groups(t->regex) != 2)
		st = ic_diag_fail(diag, IC_DIAG_TYPE, op->at, 1,
				  "the regular expression of parse-kv has two groups: key and value");
	return st;
}

static void find_pairs(pairs_text *t, ic_str *part)
{
	const ic_op *op = t->op;
	const ic_str s = t->s;
	for (uint32_t at = 0; at < s.n && t->ok;) {
		found_key key;
		ic_str value;
		if (!take_key(t, &at, &key))
			continue;
		uint32_t first = at;
		while (first < s.n && s.p[first] == ' ' && !delimiter(s, first, op->parse.pair_delimiter, op))
			first++;
		if (quoted(t, &first, &value))
			at = first + (first < s.n ? delimiter(s, first, op->parse.pair_delimiter, op) : 0);
		else
			value = plain_value(op, s, &at);
		take_pair(op, key, value, part);
	}
}

/* ---- the three of them --------------------------------------------------------------------------- */

int ic_parse_text_find(const ic_parse_text *t, ic_parse_scratch *scratch, ic_str s, ic_arena *arena,
		       ic_str *part)
{
	if (!s.p)
		s = (ic_str){ "", 0 };
	if (t->op->parse.how == IC_PARSE_KV) {
		bool words = t->op->parse.pair_delimiter.n == 0 && t->op->parse.kv_delimiter.n == 0;
		for (uint32_t i = 0; i < t->op->parse.captures; i++)
			part[i] = (ic_str){ NULL, 0 };
		if (t->regex)
			return find_matches(t, scratch, s, part);
		pairs_text text = { .op = t->op, .s = s, .arena = arena, .ok = true };
		(words ? find_words : find_pairs)(&text, part);
		return text.ok ? 1 : IC_REGEX_NOMEM;
	}
	if (t->regex)
		return find_regex(t, scratch, s, part);
	return find_literals(t->op, s, part);
}

ic_status ic_parse_text_new(const ic_op *op, ic_parse_text **ret, ic_diag *diag)
{
	ic_parse_text *t = ic_calloc(1, sizeof *t);
	if (!t)
		return IC_E_NOMEM;
	t->op = op;
	t->group = ic_calloc(op->parse.captures + 1, sizeof *t->group);
	ic_status st = t->group ? IC_OK : IC_E_NOMEM;
	bool pairs = op->parse.how == IC_PARSE_KV;
	if (!st && pairs && op->parse.pattern.n)
		st = compile_pairs(t, diag);
	else if (!st && !pairs && (op->parse.how == IC_PARSE_REGEX || needs_regex(op)))
		st = compile(t, diag);
	if (st)
		ic_parse_text_free(t);
	else
		*ret = t;
	return st;
}

void ic_parse_text_free(ic_parse_text *t)
{
	if (!t)
		return;
	ic_regex_free(t->regex);
	ic_free(t->group);
	ic_free(t);
}
