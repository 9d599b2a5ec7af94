/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns and texts: the first byte is flags, the pattern ends at the first NUL, the text follows. */
#include "exec/fn/fold.h"
#include "exec/fn/regex.h"

static void find_all(const ic_regex *r, ic_regex_match *m, ic_str s)
{
	for (size_t from = 0; from != SIZE_MAX && ic_regex_find(r, m, s, from) > 0;) {
		for (uint32_t i = 0; i <= ic_regex_groups(r); i++) {
			ic_str g = ic_regex_group(m, s, i);
			if (g.p && (g.p < s.p || g.p + g.n > s.p + s.n))
				__builtin_trap();
		}
		size_t next = ic_regex_next(m, s);
		if (next < from)
			__builtin_trap();
		from = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	ic_regex *r = NULL;
	ic_regex_match *m;
	ic_diag diag = { 0 };

	if (size < 1 || size > 4096)
		return 0;
	end = memchr(data + 1, 0, size - 1);
	ic_str pattern = { (const char *)data + 1, (uint32_t)(end ? (size_t)(end - data) - 1 : size - 1) };
	ic_str text = { end ? (const char *)end + 1 : "",
			end ? (uint32_t)(size - (size_t)(end - data) - 1) : 0 };
	m = ic_regex_match_new();
	if (ic_regex_new(pattern, data[0] & 63, (ic_place){ 1, 1 }, &r, &diag) == IC_OK && m)
		find_all(r, m, text);
	else if (m && !diag.set)
		__builtin_trap();
	ic_regex_free(r);
	ic_regex_match_free(m);

	/* the same bytes as text and part of it */
	uint32_t used;
	bool found = ic_fold_find(text, pattern, 0, &used) >= 0;
	if (ic_has_term(text, pattern, IC_TERM_START | IC_TERM_END) && !found && pattern.n)
		__builtin_trap();
	if (ic_fold_equal(text, pattern) != ic_fold_equal(pattern, text))
		__builtin_trap();
	if (ic_fold_equal(text, pattern) && ic_fold_hash(text, 1) != ic_fold_hash(pattern, 1))
		__builtin_trap();
	return 0;
}
