/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a KQL query, and as a page that may hold a query of either language. */
#include "lang/kql/parse.h"
#include "lang/lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_str text = { size ? (const char *)data : "", (uint32_t)size }, found;
	ic_kql_block block;
	ic_diag diag = { 0 };
	ic_arena a;
	unsigned language;
	if (size > 1 << 16)
		return 0;
	ic_arena_init(&a, 0, NULL);
	ic_status s = ic_kql_parse(&a, text, &block, &diag);
	/* a failure says why and where, within the text */
	if (s == IC_OK ? !block.result : !diag.set || diag.length == 0)
		abort();
	if (ic_lang_extract(text, 0, &found, &language) &&
	    (found.p < text.p || found.p + found.n > text.p + text.n))
		abort();
	ic_arena_clear(&a);
	return 0;
}
