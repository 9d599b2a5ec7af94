/* SPDX-License-Identifier: Apache-2.0 */
/* Paths to files: folders are walked, each file is found once, whatever links lead to it. */
#ifndef IC_SOURCE_WALK_H
#define IC_SOURCE_WALK_H

#include "ictus.h"

typedef struct ic_found {
	char *path; /* owned */
	uint64_t dev, ino, size;
	bool named; /* by the user, not met in a folder */
	bool pipe;  /* stdin, a pipe or a device: read once, in order */
	int error;  /* errno if it (or the folder) cannot be examined, else 0 */
} ic_found;

typedef struct ic_walk {
	ic_found *list;
	size_t n, room;
	struct ic_folder *seen; /* folders entered: a hash table, at most half full */
	size_t seen_room;
	size_t folders; /* in it */
} ic_walk;

/* Fills *w (zeroed by the caller) in an order that does not depend on that of the paths. Dot files in
 * folders are left out. A path that does not exist is an entry with its error. IC_E_NOMEM only. */
ic_status ic_walk_paths(ic_walk *w, const char *const *paths, size_t count, ic_error *err);
void ic_walk_clear(ic_walk *w);

#endif
