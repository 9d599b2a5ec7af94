/* SPDX-License-Identifier: Apache-2.0 */
/* Dictionary of byte strings shared by all threads of a run: text or 16-byte address in, id of 32 bits
 * out. Look-ups take no lock; an insertion locks one of 64 shards. Ids depend on arrival order, so
 * nothing that is printed may depend on them: order by the bytes. Id 0 is null. Entries are not
 * removed, but by ic_intern_rewind; bytes stay where they are.
 *
 * An IPv4 address under 240.0.0.0 is its own id, so that the rows of most logs never touch the
 * dictionary; it gives out ids from IC_INTERN_FIRST on. */
#ifndef IC_BASE_INTERN_H
#define IC_BASE_INTERN_H

#include "base/alloc.h"
#include "base/ip.h"
#include "base/str.h"

typedef struct ic_intern ic_intern;

ic_intern *ic_intern_new(ic_budget *budget); /* NULL: out of memory */
void ic_intern_free(ic_intern *t);	     /* NULL allowed */

/* From now on what is put in can be forgotten again, by ic_intern_rewind as often as one likes: ids that are
 * there by now stay. Once a dictionary. false: out of memory. Neither may be called while another thread uses
 * the dictionary. */
bool ic_intern_mark(ic_intern *t);
void ic_intern_rewind(ic_intern *t);

/* The id of s (s.p NULL gives 0). 0 also when memory or budget is exhausted: the caller then counts
 * the row as dropped. A null cannot be confused with it: check s.p first. Strings over 64 KiB are
 * cut to 64 KiB. */
uint32_t ic_intern_str(ic_intern *t, ic_str s);

#define IC_INTERN_FIRST 0xf0000000u
/* The id of an address that needs no dictionary, else 0. */
static inline uint32_t ic_intern_own_id(const ic_ip *ip)
{
	uint32_t low;
	memcpy(&low, ip->b + 12, sizeof low);
	low = __builtin_bswap32(low);
	low = low < IC_INTERN_FIRST ? low : 0;
	return ic_ip_is_v4(ip) ? low : 0;
}
/* For those that need it. */
uint32_t ic_intern_rare_ip(ic_intern *t, const ic_ip *ip);
/* Fetches what ic_intern_rare_ip will look at, for a call that comes a little later. */
void ic_intern_prefetch_ip(const ic_intern *t, const ic_ip *ip);
static inline uint32_t ic_intern_ip(ic_intern *t, const ic_ip *ip)
{
	uint32_t own = ic_intern_own_id(ip);
	return own ? own : ic_intern_rare_ip(t, ip);
}

bool ic_intern_is_ip(const ic_intern *t, uint32_t id);
/* Only for ids of addresses. */
ic_ip ic_intern_get_ip(const ic_intern *t, uint32_t id);
/* The bytes of a string id; an address and id 0 give {NULL, 0}. */
ic_str ic_intern_get(const ic_intern *t, uint32_t id);
/* Writes the text of an id (an address in canonical form) to buf of 46 bytes if it is an address,
 * else returns the stored slice. */
ic_str ic_intern_text(const ic_intern *t, uint32_t id, char buf[46]);

#endif
