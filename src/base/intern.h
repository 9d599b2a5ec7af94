/* SPDX-License-Identifier: Apache-2.0 */
/* Dictionary of byte strings shared by all threads of a run: text or 16-byte address in, small id
 * out. Look-ups take no lock; an insertion locks one of 64 shards. Ids are dense per shard but
 * depend on arrival order, so nothing that is printed may depend on them: order by the bytes.
 * Id 0 is null. Entries are never removed; bytes stay where they are until ic_intern_free. */
#ifndef IC_BASE_INTERN_H
#define IC_BASE_INTERN_H

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"

typedef struct ic_intern ic_intern;

ic_intern *ic_intern_new(ic_budget *budget); /* NULL: out of memory */
void ic_intern_free(ic_intern *t);	     /* NULL allowed */

/* The id of s (s.p NULL gives 0). 0 also when memory or budget is exhausted: the caller then counts
 * the row as dropped. A null cannot be confused with it: check s.p first. Strings over 64 KiB are
 * cut to 64 KiB. */
uint32_t ic_intern_str(ic_intern *t, ic_str s);
uint32_t ic_intern_ip(ic_intern *t, const ic_ip *ip);
/* Many addresses at once, hashed and prefetched together; ids[i] as above. */
void ic_intern_ips(ic_intern *t, const ic_ip *ips, size_t n, uint32_t *ids);

bool ic_intern_is_ip(const ic_intern *t, uint32_t id);
/* Only for ids of addresses. */
ic_ip ic_intern_get_ip(const ic_intern *t, uint32_t id);
/* The bytes of a string id; an address id gives its 16 bytes; id 0 gives {NULL, 0}. */
ic_str ic_intern_get(const ic_intern *t, uint32_t id);
/* Writes the text of an id (an address in canonical form) to buf of 46 bytes if it is an address,
 * else returns the stored slice. */
ic_str ic_intern_text(const ic_intern *t, uint32_t id, char buf[46]);
/* One past the largest id in use: the size of a side array indexed by id. */
uint32_t ic_intern_limit(const ic_intern *t);

#endif
