/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON: what parses is written, and what is written parses to an equal value with the same
 * text. */
#include <stdlib.h>

#include "plan/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_arena a;
	bool ok, again;
	ic_arena_init(&a, 0, NULL);
	/* a copy of the exact size, so that a read past the end is seen */
	char *text = malloc(size ? size : 1);
	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	const ic_dyn *d = ic_dyn_parse(&a, (ic_str){ text, (uint32_t)size }, &ok);
	if (ok != (d != NULL))
		abort();
	if (d) {
		ic_str s = ic_dyn_text(&a, d);
		const ic_dyn *e = ic_dyn_parse(&a, s, &again), *copy = ic_dyn_copy(&a, d);
		if (!again || !ic_dyn_equal(d, e) || ic_dyn_hash(d, 1) != ic_dyn_hash(e, 1) ||
		    !ic_dyn_equal(copy, d) || !ic_str_eq(ic_dyn_text(&a, e), s))
			abort();
	}
	free(text);
	ic_arena_clear(&a);
	return 0;
}
