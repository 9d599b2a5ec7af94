/* SPDX-License-Identifier: Apache-2.0 */
/* parse and parse-kv with any pattern over any text. The first line picks the kind ('k': keys and values, 'm': the
 * same by a regular expression, 'r': regular expressions, else simple), lines up to an empty one are the pieces
 * of the pattern ('*' first: skip; '<' last: a capture follows), or the delimiters, the quote and the escape, or
 * the regular expression; the rest is the text. Captures lie in the text or are copies; a simple pattern finds what the regular expression of
 * the same meaning finds. */
#include <stdlib.h>

#include "exec/op/parse_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES = 12 };

static ic_str line(const char **p, const char *end)
{
	const char *stop = memchr(*p, '\n', (size_t)(end - *p));
	ic_str s = { *p, (uint32_t)((stop ? stop : end) - *p) };
	*p = stop ? stop + 1 : end;
	return s;
}

static void pieces(ic_op *op, const char **p, const char *end)
{
	for (ic_str s; *p < end && (s = line(p, end)).n && op->parse.pieces < PIECES;) {
		ic_parse_piece *piece = &op->parse.piece[op->parse.pieces++];
		*piece = (ic_parse_piece){ .column = -1, .type = IC_Q_STRING };
		if (s.p[0] == '*') {
			piece->star = true;
			s = (ic_str){ s.p + 1, s.n - 1 };
		}
		if (s.n && s.p[s.n - 1] == '<') {
			piece->column = (int32_t)op->parse.captures++;
			s.n--;
		}
		piece->text = s;
	}
}

/* Same pattern as a regular expression, where it has only letters and captures apart from each other. */
static void agree(const ic_op *op, ic_str text, int hit, const ic_str *part)
{
	ic_op other = *op;
	ic_parse_text *t = NULL;
	ic_diag diag = { 0 };
	ic_str found[PIECES];
	for (uint32_t i = 0; i < op->parse.pieces; i++) {
		ic_str s = op->parse.piece[i].text;
		for (uint32_t k = 0; k < s.n; k++)
			if (s.p[k] < 'a' || s.p[k] > 'z')
				return;
		if (op->parse.piece[i].star || (s.n == 0 && i > 0))
			return;
	}
	for (uint32_t k = 0; k < text.n; k++)
		if ((unsigned char)text.p[k] >= 0x80)
			return;
	other.parse.how = IC_PARSE_REGEX;
	other.parse.flags = IC_STR("Us");
	ic_parse_scratch *scratch = ic_parse_scratch_new();
	if (!scratch || ic_parse_text_new(&other, &t, &diag) != IC_OK)
		abort();
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	int again = ic_parse_text_find(t, scratch, text, &a, found);
	if (again >= 0 && again != hit)
		abort();
	for (uint32_t i = 0; again == 1 && i < op->parse.captures; i++)
		if (!ic_str_eq(found[i], part[i]))
			abort();
	ic_arena_clear(&a);
	ic_parse_text_free(t);
	ic_parse_scratch_free(scratch);
}

static void run(const ic_op *op, ic_str text)
{
	ic_parse_text *t = NULL;
	ic_diag diag = { 0 };
	ic_str part[PIECES];
	ic_status st = ic_parse_text_new(op, &t, &diag);
	if ((st == IC_OK) == diag.set)
		abort();
	if (st != IC_OK)
		return;
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	ic_parse_scratch *scratch = ic_parse_scratch_new();
	if (!scratch)
		abort();
	int hit = ic_parse_text_find(t, scratch, text, &a, part);
	uint64_t sum = 0;
	for (uint32_t i = 0; hit == 1 && i < op->parse.captures; i++)
		for (uint32_t k = 0; k < part[i].n; k++)
			sum += (unsigned char)part[i].p[k]; /* a read outside is seen */
	if (hit < IC_REGEX_NOMEM || hit > 1 || sum > UINT64_C(256) * text.n * PIECES)
		abort();
	if (op->parse.how == IC_PARSE_SIMPLE && hit >= 0)
		agree(op, text, hit, part);
	ic_parse_scratch_free(scratch);
	ic_arena_clear(&a);
	ic_parse_text_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_parse_piece piece[PIECES];
	ic_str keys[3] = { IC_STR("a"), IC_STR("b"), IC_STR("key 1") };
	ic_qcolumn column[3] = { { .type = IC_Q_REAL }, { .type = IC_Q_GUID }, { .type = IC_Q_DATETIME } };
	uint32_t target[3] = { 0, 1, 2 };
	ic_op op = { .kind = IC_OP_PARSE };
	if (size == 0 || size > 1 << 14)
		return 0;
	/* a copy of the exact size, so that a read past the end is seen */
	char *copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	const char *p = copy, *end = copy + size;
	ic_str kind = line(&p, end);
	char k = kind.n ? kind.p[0] : 's';
	ic_quotes quote[2];
	ic_str escape;
	op.parse.how = k == 'k' || k == 'm' ? IC_PARSE_KV : k == 'r' ? IC_PARSE_REGEX : IC_PARSE_SIMPLE;
	op.parse.piece = piece;
	if (k == 'k') {
		op.parse.greedy = kind.n > 1;
		op.parse.pair_delimiter = line(&p, end);
		op.parse.kv_delimiter = line(&p, end);
		quote[0].open = quote[0].close = line(&p, end);
		quote[1] = (ic_quotes){ IC_STR("("), IC_STR(")") };
		escape = line(&p, end);
		op.parse.quote = quote;
		op.parse.quotes = 2;
		op.parse.escape = &escape;
		op.parse.escapes = 1;
	} else if (k == 'm') {
		op.parse.pattern = line(&p, end);
	} else {
		pieces(&op, &p, end);
	}
	if (op.parse.how == IC_PARSE_KV) {
		op.parse.key = keys;
		op.parse.captures = 3;
		op.parse.target = target;
		op.out = (ic_schema){ column, 3 };
	}
	run(&op, (ic_str){ p, (uint32_t)(end - p) });
	free(copy);
	return 0;
}
