/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON lines: the scan with marks and learned keys, and the scan of each line by a new
 * scanner without vectors, must find the same values and refuse the same lines. */
#include <stdlib.h>

#include "source/text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = { "a", "b", "c.d", "c.e.f", "ts" };
#define PATHS (sizeof(paths) / sizeof(paths[0]))

static ic_json *scanner(void)
{
	ic_json *j = ic_json_new();
	for (size_t i = 0; j && i < PATHS; i++)
		if (ic_json_add(j, ic_str_of(paths[i]), (int)i, 1u << i, 0) < 0)
			abort();
	if (!j)
		abort();
	return j;
}

static void same_value(ic_json *a, ic_json *b, unsigned slot, ic_arena *arena)
{
	const ic_json_value *x = ic_json_get(a, slot), *y = ic_json_get(b, slot);
	ic_json_value e;
	if (x->kind != y->kind || x->n != y->n || x->escaped != y->escaped)
		abort();
	ic_str s = ic_json_text(a, x, arena), t = ic_json_text(b, y, arena);
	if (!s.p != !t.p || !ic_str_eq(s, t))
		abort();
	for (size_t at = 0; ic_json_element(x, &at, &e);)
		(void)ic_json_member(&e, IC_STR("a"), &e);
}

/* The line that was accepted, again and alone. */
static void row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	const char **lines = ctx;
	(void)b;
	ic_json *alone = scanner();
	alone->level = IC_SIMD_SCALAR;
	const char *end = lines[line + 1] - 1;
	ic_arena arena;
	ic_arena_init(&arena, 0, NULL);
	size_t at = 0, n = (size_t)(end - lines[line]);
	if (n >= 3 && memcmp(lines[line], "\xef\xbb\xbf", 3) == 0)
		at = 3;
	if (ic_json_scan(alone, lines[line], n, at) != IC_JSON_OK || alone->marks != j->marks)
		abort();
	for (unsigned i = 0; i < PATHS; i++)
		same_value(j, alone, i, &arena);
	ic_arena_clear(&arena);
	ic_json_free(alone);
	c->kept++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = 0, at = 0;
	char *text = malloc(size + 1);
	const char **lines = malloc((size + 2) * sizeof(*lines));
	ic_batch *b = ic_batch_new(0);
	ic_json *j = scanner();
	ic_row_counts c = { 0 };
	if (!text || !lines || !b)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\n';
	lines[count++] = text;
	for (size_t i = 0; i < size + 1; i++)
		if (text[i] == '\n')
			lines[count++] = text + i + 1;
	if (ic_json_lines(j, text, size, &at, true, b, &c, row, lines) != IC_OK || at != size ||
	    c.read != c.kept + c.bad)
		abort();
	(void)ic_json_skip(j, text, size, 0);
	ic_json_free(j);
	ic_batch_free(b);
	free(lines);
	free(text);
	return 0;
}
