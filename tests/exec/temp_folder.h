/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the folder of temporary files away. */
#ifndef IC_TESTS_TEMP_FOLDER_H
#define IC_TESTS_TEMP_FOLDER_H

#include <stdlib.h>
#include <string.h>

#define LOST_FOLDER "/nowhere/at/all"

/* Returns what it was, for temp_folder_again. */
static inline char *temp_folder_lose(void)
{
	const char *old = getenv("TMPDIR");
	char *kept = old ? strdup(old) : NULL;
	setenv("TMPDIR", LOST_FOLDER, 1);
	return kept;
}

static inline void temp_folder_again(char *kept)
{
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
}

#endif
