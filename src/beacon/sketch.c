/* SPDX-License-Identifier: Apache-2.0 */
/* Two forms of body. Raw: sorted times and size bins with room for 2, 4, 8, 16 or 24 events. Binned: the
 * newest events, sorted, and bins of everything older. An event is settled once 24 newer ones follow it; those
 * that are settled are folded into the bins a few at a time, in time order, so that the bins are fetched once
 * for all of them. What is older than a settled event is late. */
#include "beacon/sketch.h"

#include "beacon/bins.h"
#include "beacon/packed.h"
#include "beacon/view.h"

#include <math.h>
#include <stddef.h>

#define RING	    IC_SKETCH_RAW
#define ROOM	    SKETCH_ROOM
#define LEAD	    64 /* events whose times tell the clock's resolution */
#define NO_FRACTION UINT8_MAX
#define HOUR_SLOTS  336
#define GAPS	    8

/* What both forms start with. uint16_t size[cap] (size bin + 1, 0 unknown) and int64_t ticks[cap] follow. */
struct ic_sketch_body {
	uint16_t cap; /* events that have room */
	uint8_t held; /* events that are there */
	bool binned;
	uint8_t first_fraction; /* index of the first folded event, of the first 64, off whole seconds */
	uint8_t gaps;
	uint16_t spare;
};

typedef struct bins_body {
	struct ic_sketch_body head;
	uint16_t size[ROOM];
	int64_t ticks[ROOM];
	uint32_t sub_second, late;
	int64_t first, horizon; /* of all events; of the newest folded one */
	ic_packed h, s;
	uint64_t hours[6];
	int64_t gap[GAPS]; /* longest first */
} bins_body;

/* Bytes of the sizes: the times behind them are aligned. */
static size_t size_room(unsigned cap)
{
	return (cap * sizeof(uint16_t) + 7) & ~(size_t)7;
}

static size_t raw_bytes(unsigned cap)
{
	return sizeof(struct ic_sketch_body) + size_room(cap) + cap * sizeof(int64_t);
}

static uint16_t *sizes_of(struct ic_sketch_body *b)
{
	return (uint16_t *)(b + 1);
}

static int64_t *ticks_of(struct ic_sketch_body *b)
{
	return (int64_t *)(void *)((char *)(b + 1) + size_room(b->cap));
}
_Static_assert(offsetof(bins_body, size) == sizeof(struct ic_sketch_body) &&
		   offsetof(bins_body, ticks) == offsetof(bins_body, size) + ROOM * sizeof(uint16_t) &&
		   ROOM % 4 == 0,
	       "both forms hold events alike");

static bins_body *binned_of(const ic_sketch *k)
{
	return (bins_body *)k->body;
}

static bool is_binned(const ic_sketch *k)
{
	return k->n >= 2 && k->body->binned;
}

static void body_free(struct ic_sketch_body *b, ic_slab *slab)
{
	if (!b->binned) {
		ic_slab_free(slab, b, raw_bytes(b->cap));
		return;
	}
	bins_body *d = (bins_body *)b;
	ic_packed_clear(&d->h, slab);
	ic_packed_clear(&d->s, slab);
	ic_slab_free(slab, d, sizeof *d);
}

void ic_sketch_clear(ic_sketch *k, ic_slab *slab)
{
	if (k->n >= 2)
		body_free(k->body, slab);
	k->n = 0;
	k->ticks = 0;
	k->size_bin = 0;
}

static void mark_hour(uint64_t *bits, int64_t ticks)
{
	unsigned slot = (unsigned)((uint64_t)ticks / (3600 * (uint64_t)IC_TICKS_S) % HOUR_SLOTS);
	bits[slot >> 6] |= UINT64_C(1) << (slot & 63);
}

static void insert_gap(int64_t *gap, unsigned *count, int64_t d)
{
	unsigned i = *count;
	if (i == GAPS) {
		if (d <= gap[GAPS - 1])
			return;
		i--;
	} else {
		++*count;
	}
	for (; i > 0 && gap[i - 1] < d; i--)
		gap[i] = gap[i - 1];
	gap[i] = d;
}

static uint32_t add_u32(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

/* Events folded in time order, of n. */
static uint32_t folded(uint32_t n, const bins_body *d)
{
	uint32_t out = add_u32(d->late, d->head.held);
	return n > out ? n - out : 0;
}

/* Takes one event, not older than the horizon, into the bins. Everything that can fail comes first. */
static ic_status fold(bins_body *d, ic_slab *slab, uint32_t index, int64_t ticks, uint16_t size_bin)
{
	int64_t gap = index ? ticks - d->horizon : 0;
	bool beat = gap >= IC_TICKS_S;
	ic_packed_slot hs = { 0 }, ss = { 0 };
	unsigned hb = 0;
	if (beat) {
		hb = bins_interval(gap);
		if (!ic_packed_prepare(&d->h, slab, hb, gap, &hs))
			return IC_E_NOMEM;
	}
	if (size_bin && !ic_packed_prepare(&d->s, slab, size_bin - 1u, 0, &ss))
		return IC_E_NOMEM;
	if (size_bin)
		ic_packed_add(&d->s, &ss, size_bin - 1u, 0);
	if (beat) {
		unsigned gaps = d->head.gaps;
		ic_packed_add(&d->h, &hs, hb, gap);
		insert_gap(d->gap, &gaps, gap);
		d->head.gaps = (uint8_t)gaps;
	} else if (index) {
		d->sub_second = add_u32(d->sub_second, 1);
	}
	if (!index)
		d->first = ticks;
	if (index < LEAD && d->head.first_fraction == NO_FRACTION && ticks % IC_TICKS_S)
		d->head.first_fraction = (uint8_t)index;
	mark_hour(d->hours, ticks);
	d->horizon = ticks;
	return IC_OK;
}

/* The event's interval is not known; the rest of it counts. */
static ic_status add_late(bins_body *d, ic_slab *slab, int64_t ticks, uint16_t size_bin)
{
	if (size_bin) {
		ic_packed_slot s;
		if (!ic_packed_prepare(&d->s, slab, size_bin - 1u, 0, &s))
			return IC_E_NOMEM;
		ic_packed_add(&d->s, &s, size_bin - 1u, 0);
	}
	mark_hour(d->hours, ticks);
	d->late = add_u32(d->late, 1);
	if (ticks < d->first)
		d->first = ticks;
	return IC_OK;
}

/* Adds an event to those that are held, of which there is room for one more. */
static void insert(struct ic_sketch_body *b, int64_t ticks, uint16_t size_bin)
{
	int64_t *at = ticks_of(b);
	uint16_t *size = sizes_of(b);
	unsigned i = b->held++;
	for (; i > 0 && at[i - 1] > ticks; i--) {
		at[i] = at[i - 1];
		size[i] = size[i - 1];
	}
	at[i] = ticks;
	size[i] = size_bin;
}

/* Folds the first `count` of the events that are held, or those before the one that fails; n: of the sketch. */
static ic_status settle(bins_body *d, ic_slab *slab, uint32_t n, unsigned count)
{
	uint32_t index = folded(n, d);
	ic_status st = IC_OK;
	unsigned i = 0, left = d->head.held;
	while (i < count && (st = fold(d, slab, index + i, d->ticks[i], d->size[i])) == IC_OK)
		i++;
	left -= i;
	memmove(d->ticks, d->ticks + i, left * sizeof *d->ticks);
	memmove(d->size, d->size + i, left * sizeof *d->size);
	d->head.held = (uint8_t)left;
	return st;
}

static ic_status add_binned(bins_body *d, ic_slab *slab, uint32_t n, int64_t ticks, uint16_t size_bin)
{
	if (d->head.held == ROOM) {
		ic_status st = settle(d, slab, n, ROOM - RING);
		if (st != IC_OK)
			return st;
	}
	unsigned settled = d->head.held - RING;
	if (ticks < d->ticks[settled] && ticks < (settled ? d->ticks[settled - 1] : d->horizon))
		return add_late(d, slab, ticks, size_bin);
	insert(&d->head, ticks, size_bin);
	return IC_OK;
}

/* A binned body that holds the 24 events of a full raw one. */
static bins_body *make_binned(ic_slab *slab, struct ic_sketch_body *raw)
{
	bins_body *d = ic_slab_alloc(slab, sizeof *d);
	if (!d)
		return NULL;
	memset(d, 0, sizeof *d);
	d->head = (struct ic_sketch_body){
		.cap = ROOM, .held = RING, .binned = true, .first_fraction = NO_FRACTION
	};
	memcpy(d->ticks, ticks_of(raw), RING * sizeof *d->ticks);
	memcpy(d->size, sizes_of(raw), RING * sizeof *d->size);
	ic_packed_init(&d->h, true);
	ic_packed_init(&d->s, false);
	return d;
}

/* 1 to 24 events with room for `cap`, copied from the sketch. */
static struct ic_sketch_body *make_raw(const ic_sketch *k, ic_slab *slab, unsigned cap)
{
	struct ic_sketch_body *b = ic_slab_alloc(slab, raw_bytes(cap));
	if (!b)
		return NULL;
	*b = (struct ic_sketch_body){ .cap = (uint16_t)cap, .held = (uint8_t)k->n };
	if (k->n == 1) {
		ticks_of(b)[0] = k->ticks;
		sizes_of(b)[0] = k->size_bin;
	} else {
		memcpy(ticks_of(b), ticks_of(k->body), k->n * sizeof(int64_t));
		memcpy(sizes_of(b), sizes_of(k->body), k->n * sizeof(uint16_t));
	}
	return b;
}

static unsigned raw_cap_for(unsigned n)
{
	return n <= 2 ? 2 : n <= 4 ? 4 : n <= 8 ? 8 : n <= 16 ? 16 : RING;
}

/* Event number 25: the raw body becomes a binned one, which has folded one event at least. */
static __attribute__((noinline)) ic_status add_to_full(ic_sketch *k, ic_slab *slab, int64_t ticks,
						       uint16_t size_bin)
{
	struct ic_sketch_body *raw = k->body;
	bins_body *d = make_binned(slab, raw);
	if (!d)
		return IC_E_NOMEM;
	insert(&d->head, ticks, size_bin);
	ic_status st = settle(d, slab, k->n + 1, 1);
	if (st != IC_OK) {
		body_free(&d->head, slab);
		return st;
	}
	ic_slab_free(slab, raw, raw_bytes(raw->cap));
	k->body = &d->head;
	k->n++;
	return IC_OK;
}

/* Makes room for one more event in a raw sketch. */
static __attribute__((noinline)) ic_status grow_raw(ic_sketch *k, ic_slab *slab)
{
	struct ic_sketch_body *b = make_raw(k, slab, raw_cap_for(k->n + 1));
	if (!b)
		return IC_E_NOMEM;
	if (k->n > 1)
		ic_slab_free(slab, k->body, raw_bytes(k->body->cap));
	k->body = b;
	k->size_bin = 0;
	return IC_OK;
}

/* As ic_sketch_add, for times in range and a size bin + 1. */
static ic_status add_event(ic_sketch *k, ic_slab *slab, int64_t ticks, uint16_t size_bin)
{
	uint32_t n = k->n;
	if (n == 0) {
		k->ticks = ticks;
		k->size_bin = size_bin;
		k->n = 1;
		return IC_OK;
	}
	if (n == UINT32_MAX)
		return IC_E_LIMIT;
	if (n >= 2 && k->body->binned) {
		ic_status st = add_binned(binned_of(k), slab, n, ticks, size_bin);
		k->n = st == IC_OK ? n + 1 : n;
		return st;
	}
	if (n == RING)
		return add_to_full(k, slab, ticks, size_bin);
	if (n == 1 || n == k->body->cap) {
		ic_status st = grow_raw(k, slab);
		if (st != IC_OK)
			return st;
	}
	insert(k->body, ticks, size_bin);
	k->n = n + 1;
	return IC_OK;
}

ic_status ic_sketch_add(ic_sketch *k, ic_slab *slab, int64_t ticks, int64_t bytes)
{
	ticks = ticks < 0 ? 0 : ticks > IC_TIME_MAX ? IC_TIME_MAX : ticks;
	return add_event(k, slab, ticks, bytes < 0 ? 0 : (uint16_t)(bins_size(bytes) + 1));
}

void ic_sketch_prefetch_body(const ic_sketch *k)
{
	if (k->body->held < ROOM)
		return;
	ic_packed_prefetch(&binned_of(k)->h);
	ic_packed_prefetch(&binned_of(k)->s);
}

int64_t ic_sketch_first(const ic_sketch *k)
{
	if (k->n < 2)
		return k->ticks;
	return k->body->binned ? binned_of(k)->first : ticks_of(k->body)[0];
}

int64_t ic_sketch_last(const ic_sketch *k)
{
	if (k->n < 2)
		return k->ticks;
	return ticks_of(k->body)[k->body->held - 1];
}

uint64_t ic_sketch_late(const ic_sketch *k)
{
	return is_binned(k) ? binned_of(k)->late : 0;
}

size_t ic_sketch_bytes(const ic_sketch *k)
{
	if (k->n < 2)
		return 0;
	if (!k->body->binned)
		return raw_bytes(k->body->cap);
	const bins_body *d = binned_of(k);
	return sizeof *d + ic_packed_bytes(&d->h) + ic_packed_bytes(&d->s);
}

/* ---- merge ------------------------------------------------------------------------ */

static ic_status copy_of(const ic_sketch *k, ic_slab *slab, ic_sketch *ret)
{
	*ret = *k;
	if (k->n < 2)
		return IC_OK;
	if (!k->body->binned) {
		ret->body = make_raw(k, slab, k->body->cap);
		return ret->body ? IC_OK : IC_E_NOMEM;
	}
	const bins_body *from = binned_of(k);
	bins_body *d = ic_slab_alloc(slab, sizeof *d);
	if (!d)
		return IC_E_NOMEM;
	*d = *from;
	ret->body = &d->head;
	ic_packed_init(&d->h, true);
	ic_packed_init(&d->s, false);
	if (ic_packed_merge(&d->h, slab, &from->h) && ic_packed_merge(&d->s, slab, &from->s))
		return IC_OK;
	body_free(&d->head, slab);
	return IC_E_NOMEM;
}

/* The events that are not folded, oldest first; in the sketch itself. n >= 1. */
typedef struct events {
	const int64_t *ticks;
	const uint16_t *size;
	unsigned n;
} events;

static events held_by(const ic_sketch *k)
{
	if (k->n == 1)
		return (events){ &k->ticks, &k->size_bin, 1 };
	return (events){ ticks_of(k->body), sizes_of(k->body), k->body->held };
}

static ic_status add_all(ic_sketch *k, ic_slab *slab, const ic_sketch *from)
{
	events e = held_by(from);
	ic_status st = IC_OK;
	for (unsigned i = 0; i < e.n && st == IC_OK; i++)
		st = add_event(k, slab, e.ticks[i], e.size[i]);
	return st;
}

/* Adds what `early` knows to the copy `d` of the later body: its bins, its pending events folded, and,
 * when the ranges are apart, the one interval between. */
static ic_status fold_early(bins_body *d, ic_slab *slab, const ic_sketch *early, bool apart)
{
	bins_body e = { .first = ic_sketch_first(early), .head.first_fraction = NO_FRACTION };
	events held = held_by(early);
	uint32_t index = 0;
	ic_packed_init(&e.h, true);
	ic_packed_init(&e.s, false);
	ic_status st = IC_OK;
	if (is_binned(early)) {
		const bins_body *from = binned_of(early);
		index = folded(early->n, from);
		e = *from;
		ic_packed_init(&e.h, true);
		ic_packed_init(&e.s, false);
		if (!ic_packed_merge(&e.h, slab, &from->h) || !ic_packed_merge(&e.s, slab, &from->s))
			st = IC_E_NOMEM;
	}
	for (unsigned i = 0; i < held.n && st == IC_OK; i++)
		st = fold(&e, slab, index++, held.ticks[i], held.size[i]);
	/* The event that closes the interval between belongs to the later part, which has marked it. */
	if (apart && st == IC_OK)
		st = fold(&e, slab, index++, d->first, 0);
	if (st == IC_OK && (!ic_packed_merge(&d->h, slab, &e.h) || !ic_packed_merge(&d->s, slab, &e.s)))
		st = IC_E_NOMEM;
	ic_packed_clear(&e.h, slab);
	ic_packed_clear(&e.s, slab);
	if (st != IC_OK)
		return st;
	unsigned gaps = d->head.gaps;
	for (unsigned i = 0; i < e.head.gaps; i++)
		insert_gap(d->gap, &gaps, e.gap[i]);
	d->head.gaps = (uint8_t)gaps;
	for (unsigned i = 0; i < 6; i++)
		d->hours[i] |= e.hours[i];
	d->sub_second = add_u32(d->sub_second, e.sub_second);
	if (apart) {
		uint32_t before = index - 1, at = d->head.first_fraction;
		bool later_has = at != NO_FRACTION && before < LEAD && before + at < LEAD;
		d->head.first_fraction = e.head.first_fraction != NO_FRACTION ? e.head.first_fraction
					 : later_has			      ? (uint8_t)(before + at)
									      : NO_FRACTION;
		d->late = add_u32(d->late, e.late);
	} else {
		d->late = add_u32(d->late, early->n);
	}
	d->first = e.first < d->first ? e.first : d->first;
	return IC_OK;
}

ic_status ic_sketch_merge(ic_sketch *a, ic_slab *slab, const ic_sketch *b)
{
	if (!b->n)
		return IC_OK;
	if (b->n > UINT32_MAX - a->n)
		return IC_E_LIMIT;
	if (!a->n) {
		ic_sketch copy;
		ic_status made = copy_of(b, slab, &copy);
		copy.user = a->user;
		*a = made == IC_OK ? copy : *a;
		return made;
	}
	bool swapped = ic_sketch_last(a) > ic_sketch_last(b);
	const ic_sketch *later = swapped ? a : b, *early = swapped ? b : a;
	bool apart = ic_sketch_last(early) <= ic_sketch_first(later);
	/* What is still raw is added one by one; two sets of bins are added up. */
	const ic_sketch *base = is_binned(later) ? later : early;
	bool one_by_one = !is_binned(later) || (!apart && !is_binned(early));
	ic_sketch sum;
	ic_status st = copy_of(base, slab, &sum);
	if (st != IC_OK)
		return st;
	if (one_by_one) {
		st = add_all(&sum, slab, base == later ? early : later);
	} else {
		st = fold_early(binned_of(&sum), slab, early, apart);
		sum.n = st == IC_OK ? early->n + later->n : sum.n;
	}
	if (st != IC_OK) {
		ic_sketch_clear(&sum, slab);
		return st;
	}
	sum.user = a->user;
	ic_sketch_clear(a, slab);
	*a = sum;
	return IC_OK;
}

/* ---- reading ---------------------------------------------------------------------- */

/* Sorts by counting, for each value, those under it: no branch depends on the data. The keys are
 * distinct: they end in the index. `room`, a constant, is n or more. */
static inline __attribute__((always_inline)) void rank_sizes(uint16_t *x, unsigned n, const unsigned room)
{
	int16_t key[ROOM];
	uint16_t sorted[ROOM];
	for (unsigned i = 0; i < room; i++)
		key[i] = i < n ? (int16_t)((int)(x[i] * 32u + i) - 32768) : INT16_MAX;
	for (unsigned i = 0; i < n; i++) {
		int16_t under = 0;
		for (unsigned j = 0; j < room; j++)
			under = (int16_t)(under + (key[j] < key[i]));
		sorted[under] = x[i];
	}
	memcpy(x, sorted, n * sizeof *x);
}

static void sort_sizes(uint16_t *x, unsigned n)
{
	if (n <= 8)
		rank_sizes(x, n, 8);
	else if (n <= 16)
		rank_sizes(x, n, 16);
	else
		rank_sizes(x, n, ROOM);
}

/* The same by the leading bits as a float, which puts nearly all in place; then by insertion. */
static inline __attribute__((always_inline)) void rank_ticks(int64_t *x, unsigned n, const unsigned room)
{
	int32_t key[ROOM];
	int64_t sorted[ROOM];
	for (unsigned i = 0; i < room; i++) {
		float f = i < n ? (float)x[i] : 0;
		int32_t bits;
		memcpy(&bits, &f, sizeof bits);
		key[i] = i < n ? (int32_t)(((uint32_t)bits & ~31u) | i) : INT32_MAX;
	}
	for (unsigned i = 0; i < n; i++) {
		int32_t under = 0;
		for (unsigned j = 0; j < room; j++)
			under += key[j] < key[i];
		sorted[under] = x[i];
	}
	memcpy(x, sorted, n * sizeof *x);
}

static void sort_ticks(int64_t *x, unsigned n)
{
	if (n <= 8)
		rank_ticks(x, n, 8);
	else if (n <= 16)
		rank_ticks(x, n, 16);
	else
		rank_ticks(x, n, ROOM);
	for (unsigned i = 1; i < n; i++) {
		int64_t v = x[i];
		unsigned j = i;
		for (; j > 0 && x[j - 1] > v; j--)
			x[j] = x[j - 1];
		x[j] = v;
	}
}

static void view_add_interval(ic_sketch_view *v, unsigned bin, uint32_t count, int64_t ticks)
{
	uint32_t i = v->bins;
	if (!i || v->h[i - 1].bin != bin) {
		v->h[i].bin = (uint16_t)bin;
		v->h[i].count = 0;
		v->h[i].ticks = 0;
		v->bins = ++i;
	}
	v->h[i - 1].count += count;
	if (__builtin_add_overflow(v->h[i - 1].ticks, ticks, &v->h[i - 1].ticks))
		v->h[i - 1].ticks = INT64_MAX;
}

static void view_add_size(ic_sketch_view *v, unsigned bin, uint32_t count)
{
	uint32_t i = v->size_bins;
	if (!i || v->s[i - 1].bin != bin) {
		v->s[i].bin = (uint16_t)bin;
		v->s[i].count = 0;
		v->size_bins = ++i;
	}
	v->s[i - 1].count += count;
	v->sizes += count;
}

/* Intervals of the bins and of the pending events (ascending), in bin order. */
static void view_intervals(ic_sketch_view *v, const bins_body *d, const int64_t *gap, unsigned gaps)
{
	unsigned have = d ? d->h.n : 0, i = 0;
	for (unsigned j = 0; j < gaps; j++) {
		unsigned bin = bins_interval(gap[j]);
		for (; i < have; i++) {
			ic_packed_entry e = ic_packed_get(&d->h, i);
			if (e.bin > bin)
				break;
			view_add_interval(v, e.bin, e.count, e.ticks);
		}
		view_add_interval(v, bin, 1, gap[j]);
	}
	for (; i < have; i++) {
		ic_packed_entry e = ic_packed_get(&d->h, i);
		view_add_interval(v, e.bin, e.count, e.ticks);
	}
}

/* Adds the hours of the pending events, which are sorted: one division an hour, not an event. */
static void view_hours(ic_sketch_view *v, const int64_t *ticks, unsigned n)
{
	const int64_t hour = 3600 * IC_TICKS_S;
	int64_t end = 0;
	v->hours = 0;
	for (unsigned i = 0; i < 6 && !v->raw; i++)
		v->hours += (uint32_t)__builtin_popcountll(v->hour_bits[i]);
	for (unsigned i = 0; i < n; i++) {
		if (ticks[i] < end)
			continue;
		int64_t h = ticks[i] / hour;
		unsigned slot = (unsigned)(h % HOUR_SLOTS);
		end = (h + 1) * hour;
		v->hours += !(v->hour_bits[slot >> 6] >> (slot & 63) & 1);
		v->hour_bits[slot >> 6] |= UINT64_C(1) << (slot & 63);
	}
}

/* Longest first; `gap` ascends. */
static void view_gaps(ic_sketch_view *v, const int64_t *gap, unsigned gaps)
{
	unsigned count = v->gaps;
	for (unsigned i = gaps; i-- > 0 && gaps - i <= GAPS;)
		insert_gap(v->gap_ticks, &count, gap[i]);
	v->gaps = count;
}

static double view_median(const ic_sketch_view *v, const int64_t *gap, unsigned gaps)
{
	if (!v->beats)
		return (double)NAN;
	if (v->raw)
		return ((double)gap[(gaps - 1) / 2] + (double)gap[gaps / 2]) / 2 / (double)IC_TICKS_S;
	/* The bin of interval number beats / 2, from 0: with two clocks of equal share, the slower one,
	 * which is the sleep. */
	uint32_t seen = 0, i = 0;
	while (i + 1 < v->bins && (seen += v->h[i].count) <= v->beats / 2)
		i++;
	return (double)v->h[i].ticks / (double)IC_TICKS_S / v->h[i].count;
}

static bool all_whole_seconds(const bins_body *d, uint32_t before, const int64_t *ticks, unsigned n)
{
	if (d && d->head.first_fraction != NO_FRACTION)
		return false;
	for (unsigned i = 0; i < n && before + i < LEAD; i++)
		if (ticks[i] % IC_TICKS_S)
			return false;
	return true;
}

void sketch_read_counts(const ic_sketch *k, ic_sketch_view *v, sketch_pending *p)
{
	events e = k->n ? held_by(k) : (events){ 0 };
	const bins_body *d = is_binned(k) ? binned_of(k) : NULL;
	v->n = k->n;
	v->raw = !d;
	v->first = e.n ? ic_sketch_first(k) : 0;
	v->last = e.n ? e.ticks[e.n - 1] : 0;
	v->sub_second = d ? d->sub_second : 0;
	v->resolution_s = all_whole_seconds(d, d ? folded(k->n, d) : 0, e.ticks, e.n) ? 1.0 : 0.05;
	memset(v->hour_bits, 0, sizeof v->hour_bits);
	if (d)
		memcpy(v->hour_bits, d->hours, sizeof v->hour_bits);
	view_hours(v, e.ticks, e.n);
	p->gaps = p->sizes = 0;
	for (unsigned i = d ? 0 : 1; i < e.n; i++) {
		int64_t between = e.ticks[i] - (i ? e.ticks[i - 1] : d->horizon);
		bool beat = between >= IC_TICKS_S;
		p->gap[p->gaps] = between;
		p->gaps += beat;
		v->sub_second += !beat;
	}
	v->beats = p->gaps;
	for (unsigned i = 0; d && i < d->h.n; i++)
		v->beats += ic_packed_get(&d->h, i).count;
	for (unsigned i = 0; i < e.n; i++) {
		p->size[p->sizes] = (uint16_t)(e.size[i] - 1);
		p->sizes += e.size[i] != 0;
	}
	sort_sizes(p->size, p->sizes);
}

void sketch_read_sizes(const ic_sketch *k, ic_sketch_view *v, const sketch_pending *p)
{
	const bins_body *d = is_binned(k) ? binned_of(k) : NULL;
	unsigned have = d ? d->s.n : 0, i = 0;
	v->sizes = v->size_bins = 0;
	for (unsigned j = 0; j < p->sizes; j++) {
		for (; i < have; i++) {
			ic_packed_entry e = ic_packed_get(&d->s, i);
			if (e.bin > p->size[j])
				break;
			view_add_size(v, e.bin, e.count);
		}
		view_add_size(v, p->size[j], 1);
	}
	for (; i < have; i++) {
		ic_packed_entry e = ic_packed_get(&d->s, i);
		view_add_size(v, e.bin, e.count);
	}
}

void sketch_read_intervals(const ic_sketch *k, ic_sketch_view *v, sketch_pending *p)
{
	const bins_body *d = is_binned(k) ? binned_of(k) : NULL;
	v->bins = v->gaps = 0;
	if (d) {
		v->gaps = d->head.gaps;
		memcpy(v->gap_ticks, d->gap, v->gaps * sizeof *v->gap_ticks);
	}
	sort_ticks(p->gap, p->gaps);
	view_gaps(v, p->gap, p->gaps);
	view_intervals(v, d, p->gap, p->gaps);
	v->interval_median_s = view_median(v, p->gap, p->gaps);
}

void ic_sketch_read(const ic_sketch *k, ic_sketch_view *v)
{
	sketch_pending p;
	sketch_read_counts(k, v, &p);
	sketch_read_sizes(k, v, &p);
	sketch_read_intervals(k, v, &p);
	v->raw_count = v->raw && v->n ? held_by(k).n : 0;
	if (v->raw_count)
		memcpy(v->raw_ticks, held_by(k).ticks, v->raw_count * sizeof *v->raw_ticks);
}

void ic_sketch_sizes(const ic_sketch_view *v, unsigned percent, int64_t *ret_least, int64_t *ret_most)
{
	const uint32_t off = (uint32_t)((uint64_t)v->sizes * (100 - percent) / 200);
	uint32_t lo = 0, hi = v->size_bins - 1;
	for (uint32_t n = 0; lo < hi && (n += v->s[lo].count) <= off;)
		lo++;
	for (uint32_t n = 0; hi > lo && (n += v->s[hi].count) <= off;)
		hi--;
	*ret_least = ic_bins_table.size_edge[v->s[lo].bin];
	*ret_most = ic_bins_table.size_edge[v->s[hi].bin + 1] - 1;
}
