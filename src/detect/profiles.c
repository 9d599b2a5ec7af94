/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles of a series. A source with few is walked; one with many (a proxy, a NAT gateway, an attacker who makes
 * up names) gets an index a group key, when the first finding of that key asks. */
#include "detect/run.h"

enum { WALKED = 1024 }; /* profiles of a source that are looked at one by one */

static int by_source(const void *a, const void *b)
{
	const ic_profile *x = *(const ic_profile *const *)a, *y = *(const ic_profile *const *)b;
	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return ic_profile_by_destination(x, y);
}

ic_status ic_profiles_sort(ic_run_part *part)
{
	uint32_t n = ic_group_count(&part->p->profiles);
	if (!n)
		return IC_OK;
	part->profiles = ic_reallocarray(NULL, n, sizeof *part->profiles);
	if (!part->profiles)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		part->profiles[i] = ic_group_at(&part->p->profiles, i);
	part->profile_count = n;
	qsort(part->profiles, n, sizeof *part->profiles, by_source);
	return IC_OK;
}

void ic_profiles_clear(ic_run_part *part)
{
	for (size_t i = 0; i < part->index_count; i++)
		for (unsigned by = 0; by < IC_GROUP_BYS; by++)
			ic_free(part->indexes[i].by[by]);
	ic_free(part->indexes);
	ic_free(part->profiles);
}

/* The first profile of a source of this id or a later one. */
static size_t first_of(const ic_run_part *part, uint64_t src)
{
	size_t lo = 0, hi = part->profile_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (part->profiles[mid]->src < src)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const ic_profile **ic_run_profiles(const ic_run_part *part, uint32_t src, size_t *ret_n)
{
	size_t from = first_of(part, src);
	*ret_n = first_of(part, (uint64_t)src + 1) - from;
	return *ret_n ? part->profiles + from : NULL;
}

bool ic_series_has(const ic_intern *names, const ic_series *s, const ic_profile *p)
{
	switch ((ic_group_by)s->group_by) {
	case IC_BY_IP_PORT: return p->dst == s->value && p->port == s->port && p->transport == s->transport;
	case IC_BY_NAME: return p->name == s->value;
	case IC_BY_DOMAIN:
		return p->name &&
		       ic_name_under(ic_intern_get(names, p->name), ic_intern_get(names, s->value));
	case IC_BY_JA4: return p->ja4 == s->value;
	case IC_BY_USER_AGENT: return p->user_agent == s->value;
	case IC_BY_PROCESS: return p->process == s->value;
	default: return false;
	}
}

/* ---- indexes ---------------------------------------------------------------------- */

typedef struct order {
	const ic_intern *names;
	const ic_profile **of;
	ic_group_by by;
} order;

static uint64_t address(uint32_t dst, uint16_t port, uint8_t transport)
{
	return (uint64_t)dst << 32 | (uint32_t)port << 8 | transport;
}

/* The value of a key other than the domain, which is found by the text of the name. */
static uint64_t value_of(const ic_profile *p, ic_group_by by)
{
	switch (by) {
	case IC_BY_IP_PORT: return address(p->dst, p->port, p->transport);
	case IC_BY_JA4: return p->ja4;
	case IC_BY_USER_AGENT: return p->user_agent;
	case IC_BY_PROCESS: return p->process;
	default: return p->name;
	}
}

/* From the last byte to the first, so that the names under a domain stand together. whole: a name is not equal to its
 * own tail. */
static int compare_back(ic_str a, ic_str b, bool whole)
{
	uint32_t n = a.n < b.n ? a.n : b.n;
	for (uint32_t i = 1; i <= n; i++) {
		unsigned char x = (unsigned char)a.p[a.n - i], y = (unsigned char)b.p[b.n - i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return a.n < b.n ? -1 : whole && a.n > b.n;
}

static int by_value(const void *a, const void *b, void *ctx)
{
	const order *o = ctx;
	const ic_profile *x = o->of[*(const uint32_t *)a], *y = o->of[*(const uint32_t *)b];
	if (o->by == IC_BY_DOMAIN && x->name != y->name)
		return compare_back(ic_intern_get(o->names, x->name), ic_intern_get(o->names, y->name), true);
	uint64_t v = value_of(x, o->by), w = value_of(y, o->by);
	return v < w ? -1 : v > w;
}

/* Where a profile stands to the value of a series: <0 before, 0 among its own. */
static int to_series(const order *o, const ic_profile *p, const ic_series *s)
{
	if (o->by == IC_BY_DOMAIN)
		return compare_back(ic_intern_get(o->names, p->name), ic_intern_get(o->names, s->value),
				    false);
	uint64_t v = value_of(p, o->by),
		 w = o->by == IC_BY_IP_PORT ? address(s->value, s->port, s->transport) : s->value;
	return v < w ? -1 : v > w;
}

/* The first place that stands at `least` to the series or behind it. */
static size_t find(const order *o, const uint32_t *places, size_t n, const ic_series *s, int least)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (to_series(o, o->of[places[mid]], s) < least)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static ic_profile_index *index_of(ic_run_part *part, uint32_t src)
{
	for (size_t i = 0; i < part->index_count; i++)
		if (part->indexes[i].src == src)
			return &part->indexes[i];
	ic_profile_index *more = ic_reallocarray(part->indexes, part->index_count + 1, sizeof *part->indexes);
	if (!more)
		return NULL;
	part->indexes = more;
	more += part->index_count++;
	*more = (ic_profile_index){ .src = src };
	return more;
}

static const uint32_t *places_of(ic_run_part *part, uint32_t src, order *o, size_t n)
{
	ic_profile_index *index = index_of(part, src);
	if (!index || index->by[o->by])
		return index ? index->by[o->by] : NULL;
	uint32_t *places = ic_reallocarray(NULL, n, sizeof *places);
	if (!places)
		return NULL;
	for (size_t i = 0; i < n; i++)
		places[i] = (uint32_t)i;
	qsort_r(places, n, sizeof *places, by_value, o);
	return index->by[o->by] = places;
}

ic_profile_span ic_run_profiles_of(ic_detect_run *run, unsigned part, const ic_series *s)
{
	ic_profile_span span = { 0 };
	span.of = ic_run_profiles(&run->part[part], s->src, &span.n);
	if (span.n <= WALKED)
		return span;
	order o = { run->names, span.of, s->group_by };
	const uint32_t *places = places_of(&run->part[part], s->src, &o, span.n);
	run->nomem |= !places;
	if (!places)
		return (ic_profile_span){ 0 };
	size_t from = find(&o, places, span.n, s, 0);
	return (ic_profile_span){ span.of, places + from, find(&o, places, span.n, s, 1) - from };
}
