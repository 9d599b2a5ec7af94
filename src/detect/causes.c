/* SPDX-License-Identifier: Apache-2.0 */
/* One finding per cause: series of one source that share at least half of their events (counted on
 * the smaller one) have the same cause. The one with the largest E stands for them, on a tie the
 * tighter key, then the connection level, then the order of the text. A loose key, though, may hold more
 * than the one beat (an implant and an agent with the same TLS client): see has_own_clock() and nearest().
 *
 * What two series of a level share is exact: a profile is a distinct combination of values, so the events
 * of the profiles that match both keys are the events in both. Profiles are walked once; for each the
 * candidates it belongs to (at most one a key and level) are looked up and every pair of them is
 * credited, so the work follows the profiles, not the square of the candidates. Connections and their
 * requests lie in different profiles (a request knows less); there the destination is what is shared. */
#include "detect/run.h"

#define SAME_CAUSE  0.5
#define NEARLY	    0.9
#define MATCHES_MAX 24
#define CROSS_MAX   64 /* candidates of a level that one destination credits across the levels */

/* The levels of series that are scored. */
static const uint8_t levels[] = { IC_AT_CONNECTION, IC_AT_REQUEST, IC_AT_BURST };
enum { LEVELS = sizeof levels };

typedef struct pair {
	uint64_t key;	    /* smaller index + 1 in the high half, larger + 1 in the low; 0 empty */
	uint64_t low, high; /* shared events, counted at the level of each */
} pair;

/* Events of a candidate at the destination in hand. */
typedef struct here {
	uint32_t candidate;
	uint64_t events;
} here;

typedef struct fold {
	const ic_detect_run *run;
	ic_candidate *c;
	size_t n;
	uint32_t *by_key; /* candidate numbers sorted by key, domains left out */
	size_t keys;
	uint32_t *by_domain; /* numbers of the domain candidates sorted by text */
	size_t domains;
	pair *table;
	size_t slots, used; /* slots: a power of two */
	here *here;
	size_t here_n, here_room;
} fold;

/* ---- order ------------------------------------------------------------------------ */

static int compare(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* Findings first (they are what stands for others), then by the rule above. */
static int by_rank(const void *a, const void *b, void *ctx)
{
	const ic_candidate *x = a, *y = b;
	const ic_detect_run *run = ctx;
	const ic_series *s = x->series, *t = y->series;
	bool fx = x->automation >= run->cfg->min_automation, fy = y->automation >= run->cfg->min_automation;
	if (fx != fy)
		return fx ? -1 : 1;
	int c = compare(y->E, x->E);
	if (c == 0)
		c = (int)s->group_by - (int)t->group_by;
	if (c == 0)
		c = (int)s->level - (int)t->level;
	if (c != 0)
		return c;
	char bx[64], by[64];
	return ic_str_cmp(ic_series_value_text(run->names, s, bx), ic_series_value_text(run->names, t, by));
}

static int key_order(const ic_series *a, const ic_series *b)
{
	if (a->group_by != b->group_by)
		return a->group_by < b->group_by ? -1 : 1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	if (a->value != b->value)
		return a->value < b->value ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->transport < b->transport ? -1 : a->transport > b->transport;
}

static int by_key(const void *a, const void *b, void *ctx)
{
	const ic_candidate *c = ctx;
	return key_order(c[*(const uint32_t *)a].series, c[*(const uint32_t *)b].series);
}

static int domain_order(const fold *f, ic_str domain, ic_event_level level, uint32_t candidate)
{
	const ic_series *s = f->c[candidate].series;
	int c = ic_str_cmp(domain, ic_intern_get(f->run->names, s->value));
	return c ? c : (int)level - (int)s->level;
}

static int by_domain(const void *a, const void *b, void *ctx)
{
	const fold *f = ctx;
	const ic_series *s = f->c[*(const uint32_t *)a].series;
	return domain_order(f, ic_intern_get(f->run->names, s->value), s->level, *(const uint32_t *)b);
}

/* ---- the candidates a profile belongs to ------------------------------------------- */

static void find_key(const fold *f, const ic_series *key, uint32_t *match, size_t *n)
{
	size_t lo = 0, hi = f->keys;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = key_order(key, f->c[f->by_key[mid]].series);
		if (c == 0) {
			match[(*n)++] = f->by_key[mid];
			return;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
}

static bool find_domain(const fold *f, ic_str domain, ic_event_level level, uint32_t *match, size_t *n)
{
	size_t lo = 0, hi = f->domains;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = domain_order(f, domain, level, f->by_domain[mid]);
		if (c == 0) {
			match[(*n)++] = f->by_domain[mid];
			return true;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

/* A name lies in one registered domain: the longest tail of its labels that is one. */
static void find_domains(const fold *f, const ic_profile *p, ic_event_level level, uint32_t *match, size_t *n)
{
	ic_str name = f->domains && p->name ? ic_intern_get(f->run->names, p->name) : (ic_str){ 0 };
	for (uint32_t at = 0; at < name.n;) {
		if (find_domain(f, (ic_str){ name.p + at, name.n - at }, level, match, n))
			return;
		while (at < name.n && name.p[at] != '.')
			at++;
		at++;
	}
}

static size_t matches_of(const fold *f, const ic_profile *p, uint32_t match[MATCHES_MAX])
{
	size_t n = 0;
	for (size_t l = 0; l < LEVELS; l++) {
		if (!ic_profile_events(p, levels[l]))
			continue;
		ic_series key = { .group_by = IC_BY_IP_PORT,
				  .level = levels[l] & 15u,
				  .value = p->dst,
				  .port = p->port,
				  .transport = p->transport };
		if (key.value)
			find_key(f, &key, match, &n);
		key.port = 0;
		key.transport = 0;
		const uint32_t value[IC_GROUP_BYS] = { [IC_BY_NAME] = p->name,
						       [IC_BY_JA4] = p->ja4,
						       [IC_BY_USER_AGENT] = p->user_agent,
						       [IC_BY_PROCESS] = p->process };
		for (unsigned by = IC_BY_NAME; by < IC_GROUP_BYS; by++) {
			key.group_by = by & 15;
			key.value = value[by];
			if (value[by])
				find_key(f, &key, match, &n);
		}
		find_domains(f, p, levels[l], match, &n);
	}
	return n;
}

/* ---- shared events ----------------------------------------------------------------- */

static pair *slot_of(pair *table, size_t slots, uint64_t key)
{
	size_t i = ic_mix(key, 0, ic_hash_seed()) & (slots - 1);
	while (table[i].key && table[i].key != key)
		i = (i + 1) & (slots - 1);
	return &table[i];
}

static ic_status grow(fold *f)
{
	size_t slots = f->slots ? f->slots * 2 : 256;
	pair *more = ic_calloc(slots, sizeof *more);
	if (!more)
		return IC_E_NOMEM;
	for (size_t i = 0; i < f->slots; i++)
		if (f->table[i].key)
			*slot_of(more, slots, f->table[i].key) = f->table[i];
	ic_free(f->table);
	f->table = more;
	f->slots = slots;
	return IC_OK;
}

static uint64_t events_at(const fold *f, uint32_t candidate, const ic_profile *p)
{
	return ic_profile_events(p, f->c[candidate].series->level);
}

static ic_status credit_pair(fold *f, uint32_t i, uint32_t k, uint64_t events_i, uint64_t events_k)
{
	if (i == k)
		return IC_OK;
	if (f->used * 2 >= f->slots && grow(f) != IC_OK)
		return IC_E_NOMEM;
	uint64_t key = i < k ? (uint64_t)(i + 1) << 32 | (k + 1) : (uint64_t)(k + 1) << 32 | (i + 1);
	pair *s = slot_of(f->table, f->slots, key);
	f->used += s->key == 0;
	s->key = key;
	s->low += i < k ? events_i : events_k;
	s->high += i < k ? events_k : events_i;
	return IC_OK;
}

/* Its place in `levels`. */
static unsigned level_of(const fold *f, uint32_t candidate)
{
	unsigned l = 0;
	while (l + 1 < LEVELS && levels[l] != f->c[candidate].series->level)
		l++;
	return l;
}

static ic_status note_here(fold *f, uint32_t candidate, uint64_t events)
{
	if (f->here_n == f->here_room) {
		size_t room = f->here_room ? f->here_room * 2 : 64;
		here *more = ic_reallocarray(f->here, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		f->here = more;
		f->here_room = room;
	}
	f->here[f->here_n++] = (here){ candidate, events };
	return IC_OK;
}

static ic_status credit(fold *f, const ic_profile *p)
{
	uint32_t match[MATCHES_MAX];
	size_t n = matches_of(f, p, match);
	ic_status st = IC_OK;
	for (size_t i = 0; i < n && st == IC_OK; i++) {
		uint64_t events = events_at(f, match[i], p);
		st = note_here(f, match[i], events);
		for (size_t k = i + 1; k < n && st == IC_OK; k++)
			if (level_of(f, match[i]) == level_of(f, match[k]))
				st = credit_pair(f, match[i], match[k], events, events);
	}
	return st;
}

static int by_candidate(const void *a, const void *b)
{
	const here *x = a, *y = b;
	return x->candidate < y->candidate ? -1 : x->candidate > y->candidate;
}

static ic_status credit_across(fold *f, const here *a, size_t a_n, const here *b, size_t b_n)
{
	for (size_t i = 0; i < a_n; i++)
		for (size_t k = 0; k < b_n; k++)
			if (credit_pair(f, a[i].candidate, b[k].candidate, a[i].events, b[k].events) != IC_OK)
				return IC_E_NOMEM;
	return IC_OK;
}

/* The candidates at one destination, those of one level against those of the others, the best first. */
static ic_status credit_levels(fold *f)
{
	size_t n = 0, count[LEVELS] = { 0 };
	here level[LEVELS][CROSS_MAX];
	if (f->here_n)
		qsort(f->here, f->here_n, sizeof *f->here, by_candidate);
	for (size_t i = 0; i < f->here_n; i++) {
		if (n && f->here[n - 1].candidate == f->here[i].candidate)
			f->here[n - 1].events += f->here[i].events;
		else
			f->here[n++] = f->here[i];
	}
	for (size_t i = 0; i < n; i++) {
		unsigned l = level_of(f, f->here[i].candidate);
		if (count[l] < CROSS_MAX)
			level[l][count[l]++] = f->here[i];
	}
	f->here_n = 0;
	ic_status st = IC_OK;
	for (size_t i = 0; i < LEVELS && st == IC_OK; i++)
		for (size_t k = i + 1; k < LEVELS && st == IC_OK; k++)
			st = credit_across(f, level[i], count[i], level[k], count[k]);
	return st;
}

int ic_profile_by_destination(const ic_profile *x, const ic_profile *y)
{
	if (x->dst != y->dst)
		return x->dst < y->dst ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->transport != y->transport)
		return x->transport < y->transport ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int by_pair(const void *a, const void *b)
{
	const pair *x = a, *y = b;
	return x->key < y->key ? -1 : x->key > y->key;
}

static bool same_cause(const fold *f, const pair *s)
{
	double a = f->c[(s->key >> 32) - 1].series->sketch.n,
	       b = f->c[(s->key & UINT32_MAX) - 1].series->sketch.n;
	return (double)s->low >= SAME_CAUSE * a || (double)s->high >= SAME_CAUSE * b;
}

static bool is_finding(const fold *f, size_t candidate)
{
	return f->c[candidate].automation >= f->run->cfg->min_automation;
}

/* Is the worse one of a pair a part of the better one that has a clock of its own? The better series explains an
 * event of the part by its own beat, E/n nats, and must say besides that the event is one of the part, which
 * takes ln(n/n_part) nats. A beat that goes round several destinations never has such parts: their intervals are
 * at most n/n_part times as long, and the clock's resolution gains no more than that. */
static bool has_own_clock(const fold *f, const pair *s)
{
	const ic_candidate *whole = &f->c[(s->key >> 32) - 1], *part = &f->c[(s->key & UINT32_MAX) - 1];
	double n = whole->series->sketch.n, n_part = part->series->sketch.n;
	if (whole->series->level != part->series->level || n_part >= n ||
	    (double)s->high < SAME_CAUSE * n_part)
		return false;
	return part->E / n_part > whole->E / n + log(n / n_part);
}

/* The candidate of pairs p[0..n) is several causes and none of its own when at least two values of one key have
 * clocks of their own and half of its events. Returns the best of them plus one, else 0. */
static uint32_t mixes(const fold *f, const pair *p, size_t n)
{
	struct {
		uint64_t events;
		uint32_t parts, best;
	} of[IC_GROUP_BYS] = { 0 };
	const ic_series *whole = f->c[(p->key >> 32) - 1].series;
	for (size_t i = 0; i < n; i++) {
		uint32_t part = (uint32_t)(p[i].key & UINT32_MAX);
		unsigned by = f->c[part - 1].series->group_by;
		if (!is_finding(f, part - 1) || !has_own_clock(f, &p[i]))
			continue;
		of[by].events += p[i].high;
		of[by].best = of[by].parts++ ? of[by].best : part;
		if (of[by].parts > 1 && (double)of[by].events >= SAME_CAUSE * whole->sketch.n)
			return of[by].best;
	}
	return 0;
}

/* A destination that has nearly all events of the candidate of p[0..n), and to a point its automation, says more than
 * a client does: it can be looked at and blocked. So does one that has most of them and more than a point above its
 * automation, as what else the client does only blurs the beat. A name stays one, though its address (a proxy's, maybe)
 * has the same events. Returns the best such finding plus one, else 0. */
static uint32_t nearest(const fold *f, const pair *p, size_t n)
{
	const ic_candidate *whole = &f->c[(p->key >> 32) - 1];
	if (whole->series->group_by <= IC_BY_DOMAIN)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t part = (uint32_t)(p[i].key & UINT32_MAX);
		const ic_candidate *c = &f->c[part - 1];
		if (c->series->group_by > IC_BY_DOMAIN || c->series->level != whole->series->level ||
		    c->covered_by || !is_finding(f, part - 1))
			continue;
		const double share = (double)p[i].low / whole->series->sketch.n,
			     gain = c->automation - whole->automation;
		if ((share >= NEARLY && gain >= -1) || (share >= SAME_CAUSE && gain > 1))
			return part;
	}
	return 0;
}

/* Pairs in the order of the better candidate: one that stands for itself takes what it shares, except for smaller
 * parts with a clock of their own. */
static void cover(fold *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->slots; i++)
		if (f->table[i].key)
			f->table[n++] = f->table[i];
	qsort(f->table, n, sizeof *f->table, by_pair);
	for (size_t i = 0, end; i < n; i = end) {
		size_t a = (f->table[i].key >> 32) - 1;
		for (end = i + 1; end < n && (f->table[end].key >> 32) - 1 == a; end++)
			;
		if (!is_finding(f, a) || f->c[a].covered_by)
			continue;
		f->c[a].covered_by = mixes(f, &f->table[i], end - i);
		if (!f->c[a].covered_by)
			f->c[a].covered_by = nearest(f, &f->table[i], end - i);
		for (size_t k = i; k < end && !f->c[a].covered_by; k++) {
			ic_candidate *b = &f->c[(f->table[k].key & UINT32_MAX) - 1];
			bool apart = b->series->sketch.n < SAME_CAUSE * f->c[a].series->sketch.n &&
				     has_own_clock(f, &f->table[k]);
			if (!b->covered_by && !apart && same_cause(f, &f->table[k]))
				b->covered_by = (uint32_t)a + 1;
		}
	}
	/* What stands for several causes is named by the best of them, or by what stands for that one. */
	for (size_t i = 0; i < f->n; i++)
		while (f->c[i].covered_by && f->c[f->c[i].covered_by - 1].covered_by)
			f->c[i].covered_by = f->c[f->c[i].covered_by - 1].covered_by;
}

static ic_status index_candidates(fold *f)
{
	f->by_key = ic_reallocarray(NULL, f->n, sizeof *f->by_key);
	f->by_domain = ic_reallocarray(NULL, f->n, sizeof *f->by_domain);
	if (!f->by_key || !f->by_domain)
		return IC_E_NOMEM;
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->c[i].series->group_by == IC_BY_DOMAIN)
			f->by_domain[f->domains++] = i;
		else
			f->by_key[f->keys++] = i;
	}
	qsort_r(f->by_key, f->keys, sizeof *f->by_key, by_key, f->c);
	qsort_r(f->by_domain, f->domains, sizeof *f->by_domain, by_domain, f);
	return IC_OK;
}

ic_status ic_causes_fold(const ic_detect_run *run, const ic_run_part *part, ic_candidate *c, size_t n)
{
	fold f = { .run = run, .c = c, .n = n };
	qsort_r(c, n, sizeof *c, by_rank, (void *)(uintptr_t)run);
	for (size_t i = 0; i < n; i++)
		c[i].covered_by = c[i].covers = 0;
	if (n < 2 || !part->profile_count || c[0].automation < run->cfg->min_automation)
		return IC_OK;
	size_t profiles;
	const ic_profile **p = ic_run_profiles(part, c[0].series->src, &profiles);
	ic_status st = index_candidates(&f);
	if (st == IC_OK)
		st = grow(&f);
	for (size_t i = 0; i < profiles && st == IC_OK; i++) {
		st = credit(&f, p[i]);
		bool last = i + 1 == profiles || ic_profile_by_destination(p[i], p[i + 1]) != 0;
		if (st == IC_OK && last)
			st = credit_levels(&f);
	}
	if (st == IC_OK)
		cover(&f);
	ic_free(f.by_key);
	ic_free(f.by_domain);
	ic_free(f.table);
	ic_free(f.here);
	return st;
}
