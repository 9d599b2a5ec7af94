/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of bad fingerprints: CSV as abuse.ch's SSL blocklist has it. In each line one cell is the
 * fingerprint, the newest of those that are dates is its date, the last other one the reason. `#` starts a
 * comment; a header is passed. Private to src/engine. */
#ifndef IC_ENGINE_HASH_LIST_H
#define IC_ENGINE_HASH_LIST_H

#include "base/arena.h"
#include "ictus.h"

typedef enum ic_hash_kind { IC_HASH_JA3, IC_HASH_JA4 } ic_hash_kind;

typedef struct ic_listed {
	const char *hash, *reason;
	int64_t ticks; /* IC_TIME_NONE: no date */
} ic_listed;

typedef struct ic_hash_list {
	const char *name; /* of the file, borrowed */
	ic_arena arena;
	ic_listed *entry; /* by hash */
	size_t n, room;
} ic_hash_list; /* all zero: empty */

ic_status ic_hash_list_open(ic_hash_list *l, const char *path, ic_hash_kind kind, ic_error *err);
void ic_hash_list_clear(ic_hash_list *l);
const ic_listed *ic_hash_list_find(const ic_hash_list *l, const char *hash); /* NULL: not in it */

#endif
