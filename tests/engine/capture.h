/* SPDX-License-Identifier: Apache-2.0 */
/* Running verbs in tests: output into memory, inputs in a temporary folder. */
#ifndef IC_TESTS_CAPTURE_H
#define IC_TESTS_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "ictus.h"

static inline ic_status capture_write(void *ctx, const void *p, size_t n)
{
	ic_buf_put(ctx, p, n);
	return IC_OK;
}

static inline ic_output capture_into(ic_buf *b)
{
	ic_buf_init(b, 0);
	return (ic_output){ .write = capture_write, .ctx = b };
}

/* The folder of shared test data: $ICTUS_SHARED, else ../shared beside the sources; NULL if absent. */
static inline const char *shared_folder(void)
{
	static char path[1024];
	const char *given = getenv("ICTUS_SHARED");
	snprintf(path, sizeof path, "%s", given ? given : SOURCE_ROOT "/../shared");
	struct stat st;
	return stat(path, &st) == 0 ? path : NULL;
}

#endif
