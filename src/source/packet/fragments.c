/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/fragments.h"

#include <string.h>

#include "base/hash.h"
#include "base/time.h"

enum {
	DATAGRAMS = 1024,
	BUCKETS = 1024,
	DATAGRAM_MAX = 65535,
	BYTES_MAX = 8 << 20,
	UNIT = 8, /* fragments start at multiples of it */
	MARK_WORDS = (DATAGRAM_MAX / UNIT + 1 + 63) / 64,
};
#define AGE_MAX (30 * IC_TICKS_S)

typedef struct datagram {
	struct datagram *chain;
	struct datagram *older, *newer; /* by first fragment */
	ic_ip src, dst;
	uint32_t id;
	uint8_t proto;
	int64_t since;
	uint32_t end; /* length of the whole, 0: not known yet */
	uint32_t top; /* the farthest byte that came */
	uint32_t have, room;
	uint64_t mark[MARK_WORDS]; /* units that came */
	uint8_t *p;
} datagram;

struct ic_fragments {
	ic_budget *budget;
	datagram *bucket[BUCKETS];
	datagram *oldest, *newest;
	datagram *whole; /* given out by the last call */
	uint32_t n;
	size_t bytes;
};

ic_fragments *ic_fragments_new(ic_budget *budget)
{
	ic_fragments *f = ic_calloc(1, sizeof *f);
	if (f)
		f->budget = budget;
	return f;
}

static void free_datagram(ic_fragments *f, datagram *d)
{
	if (!d)
		return;
	f->bytes -= d->room;
	if (f->budget)
		ic_budget_give(f->budget, sizeof *d + d->room);
	ic_free(d->p);
	ic_free(d);
}

static datagram **place_of(ic_fragments *f, const ic_ip *src, const ic_ip *dst, uint32_t id, uint8_t proto)
{
	uint64_t a, b, c, e;
	memcpy(&a, src->b, 8);
	memcpy(&b, src->b + 8, 8);
	memcpy(&c, dst->b, 8);
	memcpy(&e, dst->b + 8, 8);
	uint64_t h = ic_mix(a, b, ic_mix(c, e, ic_hash_seed() ^ ((uint64_t)id << 8 | proto)));
	return &f->bucket[h % BUCKETS];
}

/* Out of the table; still to be freed. */
static void unlink_datagram(ic_fragments *f, datagram *d)
{
	datagram **at = place_of(f, &d->src, &d->dst, d->id, d->proto);
	while (*at != d)
		at = &(*at)->chain;
	*at = d->chain;
	*(d->older ? &d->older->newer : &f->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &f->newest) = d->older;
	f->n--;
}

static void drop_oldest(ic_fragments *f)
{
	datagram *d = f->oldest;
	unlink_datagram(f, d);
	free_datagram(f, d);
}

void ic_fragments_free(ic_fragments *f)
{
	if (!f)
		return;
	while (f->oldest)
		drop_oldest(f);
	free_datagram(f, f->whole);
	ic_free(f);
}

static datagram *find_or_make(ic_fragments *f, const ic_fragment *part)
{
	datagram **bucket = place_of(f, &part->src, &part->dst, part->id, part->proto);
	for (datagram *d = *bucket; d; d = d->chain)
		if (d->id == part->id && d->proto == part->proto && memcmp(&d->src, &part->src, 16) == 0 &&
		    memcmp(&d->dst, &part->dst, 16) == 0)
			return d;
	if (f->n == DATAGRAMS)
		drop_oldest(f);
	if (f->budget && ic_budget_take(f->budget, sizeof(datagram)) != 0)
		return NULL;
	datagram *d = ic_calloc(1, sizeof *d);
	if (!d) {
		if (f->budget)
			ic_budget_give(f->budget, sizeof *d);
		return NULL;
	}
	d->src = part->src;
	d->dst = part->dst;
	d->id = part->id;
	d->proto = part->proto;
	d->since = part->ticks;
	bucket = place_of(f, &part->src, &part->dst, part->id, part->proto);
	d->chain = *bucket;
	*bucket = d;
	d->older = f->newest;
	*(f->newest ? &f->newest->newer : &f->oldest) = d;
	f->newest = d;
	f->n++;
	return d;
}

static bool make_room(ic_fragments *f, datagram *d, uint32_t need)
{
	uint32_t room = d->room ? d->room : 2048;
	while (room < need)
		room *= 2;
	if (room == d->room)
		return true;
	uint32_t more = room - d->room;
	if (f->bytes + more > BYTES_MAX || (f->budget && ic_budget_take(f->budget, more) != 0))
		return false;
	uint8_t *p = ic_realloc(d->p, room);
	if (!p) {
		if (f->budget)
			ic_budget_give(f->budget, more);
		return false;
	}
	d->p = p;
	d->room = room;
	f->bytes += more;
	return true;
}

/* Copies the units that have not come yet. */
static void take_units(datagram *d, const ic_fragment *part)
{
	for (uint32_t at = 0; at < part->n; at += UNIT) {
		const uint32_t unit = (part->offset + at) / UNIT,
			       n = part->n - at < UNIT ? part->n - at : UNIT;
		const uint64_t bit = UINT64_C(1) << (unit & 63);
		if (d->mark[unit >> 6] & bit)
			continue;
		d->mark[unit >> 6] |= bit;
		memcpy(d->p + part->offset + at, part->p + at, n);
		d->have += n;
	}
}

ic_fragments_result ic_fragments_add(ic_fragments *f, const ic_fragment *part, const uint8_t **ret,
				     uint32_t *ret_n)
{
	const uint64_t end = (uint64_t)part->offset + part->n;
	free_datagram(f, f->whole);
	f->whole = NULL;
	while (f->oldest && part->ticks - f->oldest->since > AGE_MAX)
		drop_oldest(f);
	/* All but the last are whole units; nothing lies behind the last. */
	if (end > DATAGRAM_MAX || part->n == 0 || (part->more && part->n % UNIT))
		return IC_FRAGMENTS_DROPPED;
	datagram *d = find_or_make(f, part);
	if (!d || !make_room(f, d, (uint32_t)end))
		return IC_FRAGMENTS_DROPPED;
	if ((d->end && (end > d->end || (!part->more && end != d->end))) || (!part->more && end < d->top))
		return IC_FRAGMENTS_DROPPED;
	if (!part->more)
		d->end = (uint32_t)end;
	d->top = end > d->top ? (uint32_t)end : d->top;
	take_units(d, part);
	if (!d->end || d->have < d->end)
		return IC_FRAGMENTS_HELD;
	unlink_datagram(f, d);
	f->whole = d;
	*ret = d->p;
	*ret_n = d->end;
	return IC_FRAGMENTS_WHOLE;
}
