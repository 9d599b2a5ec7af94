/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go must not need memory of its own where requests for memory fail. */
#ifndef TESTS_ENGINE_SINK_H
#define TESTS_ENGINE_SINK_H

#include <string.h>

#include "ictus.h"

typedef struct sink {
	size_t n;
	char bytes[4 << 20];
} sink;

static inline ic_status sink_write(void *ctx, const void *p, size_t n)
{
	sink *s = ctx;
	if (n > sizeof s->bytes - s->n)
		return IC_E_IO;
	memcpy(s->bytes + s->n, p, n);
	s->n += n;
	return IC_OK;
}

#endif
