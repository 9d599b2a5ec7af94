/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames of one side: the same are told in whatever pieces the bytes come. The first byte says how long
 * the pieces are. */
#include <stdlib.h>
#include <string.h>

#include "source/packet/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t told(const uint8_t *p, size_t n, size_t step)
{
	ic_ws w = { .left = 0 };
	ic_ws_frame f;
	uint64_t h = 1;
	bool bad = false;
	for (size_t at = 0; at < n && !bad; at += step) {
		size_t part = n - at < step ? n - at : step, used = 0;
		uint8_t *piece = malloc(part);
		if (!piece)
			abort();
		memcpy(piece, p + at, part);
		while (ic_ws_next(&w, piece, part, &used, &f, &bad)) {
			if (used > part || (f.control && f.length > 125))
				abort();
			h = (h ^ f.length) * UINT64_C(0x100000001b3) +
			    (unsigned)(f.opcode | f.final << 4 | f.masked << 5 | f.control << 6 |
				       f.compressed << 7);
		}
		if (used > part || (!bad && used != part))
			abort();
		free(piece);
	}
	return h + bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (told(data + 1, size - 1, size) != told(data + 1, size - 1, (size_t)data[0] + 1))
		abort();
	return 0;
}
