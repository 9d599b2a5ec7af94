/* SPDX-License-Identifier: Apache-2.0 */
/* Files that lie outside of the tree: under $ICTUS_SHARED, else the folder that the test is given. */
#ifndef IC_TESTS_LANG_SHARED_H
#define IC_TESTS_LANG_SHARED_H

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static const char *shared_folder = "";

/* The whole file; .p NULL: it is not there. */
static inline ic_str shared_read(const char *name)
{
	char path[1024];
	const char *folder = getenv("ICTUS_SHARED");
	snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : shared_folder, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return (ic_str){ 0 };
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	char *p = malloc(n > 0 ? (size_t)n : 1);
	size_t got = p && n > 0 ? fread(p, 1, (size_t)n, f) : 0;
	fclose(f);
	return (ic_str){ p, (uint32_t)got };
}

#endif
