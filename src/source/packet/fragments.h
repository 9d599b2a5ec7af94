/* SPDX-License-Identifier: Apache-2.0 */
/* IP fragments put together (RFC 791, 8200). Where two speak of the same bytes the first one counts, as
 * for most hosts. Bounded: 1,024 datagrams on their way, 8 MiB, 30 s. */
#ifndef IC_SOURCE_PACKET_FRAGMENTS_H
#define IC_SOURCE_PACKET_FRAGMENTS_H

#include "base/alloc.h"
#include "base/ip.h"

typedef struct ic_fragment {
	int64_t ticks;
	ic_ip src, dst;
	uint32_t id;
	uint8_t proto;
	bool more;
	uint32_t offset, n;
	const uint8_t *p;
} ic_fragment;

typedef enum ic_fragments_result {
	IC_FRAGMENTS_HELD,
	IC_FRAGMENTS_WHOLE,
	IC_FRAGMENTS_DROPPED
} ic_fragments_result;

typedef struct ic_fragments ic_fragments;
ic_fragments *ic_fragments_new(ic_budget *budget);
void ic_fragments_free(ic_fragments *f);
/* WHOLE: *ret holds *ret_n bytes until the next call. */
ic_fragments_result ic_fragments_add(ic_fragments *f, const ic_fragment *part, const uint8_t **ret,
				     uint32_t *ret_n);

#endif
