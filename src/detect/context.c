/* SPDX-License-Identifier: Apache-2.0 */
/* Context: what speaks for and against a finding besides its rhythm. Named, capped nats, one const
 * table; priority = 100 sigma(base) sigma(L - 1) with L their sum. Weights: docs/detectors.md. */
#include "detect/join.h"
#include "detect/run.h"

#define FEW_SAMPLES 10	/* fewer connections: at most medium unless something else agrees */
#define HALF	    0.5 /* a property counts when at least this share of the events has it */
#define NAMELESS    0.8 /* of them: a sensor misses a hello now and then */
#define MOSTLY	    0.8 /* of all events go to the one destination that is known */
#define OUTWARD	    1.2 /* "more out than in" means by this factor */
#define IDLE_BYTES  4096
#define PORT_FEWEST 8
#define BUSY	    8 /* series of a host that is watched */
#define BUSIER	    4 /* times as many as the other side has */
#define NATS_ISSUER 0.8

/* ---- the fleet --------------------------------------------------------------------- */

typedef struct contact {
	uint32_t value, src, group_by;
} contact;

/* A value and how many sources contacted it. Key: value. */
typedef struct contacted {
	uint32_t value, hosts;
} contacted;

typedef struct count_job {
	ic_detect_run *run;
	unsigned group_bys;
	uint64_t seed;
	uint64_t wanted[1 << 10]; /* a bit for a hash: most values of most series are nobody's */
} count_job;

static uint64_t *wanted_word(count_job *job, uint64_t hash)
{
	return &job->wanted[hash >> 54];
}

static uint64_t wanted_bit(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 48 & 63);
}

static contacted *find_contacted(const ic_detect_run *run, unsigned by, uint32_t value, uint64_t hash)
{
	return ic_group_find_sized(&run->hosts[by], &value, sizeof value, hash);
}

/* Distinct (value, source) of one partition: all series of a source are here, so no other partition
 * can count the same pair. */
static ic_status count_part(void *ctx, unsigned i)
{
	count_job *job = ctx;
	const ic_group_table *t = &job->run->part[i].p->series;
	ic_group_table seen; /* contact */
	ic_group_init(&seen, sizeof(contact), sizeof(contact) + 4, NULL, NULL);
	ic_status st = IC_OK;
	for (uint32_t k = 0; k < ic_group_count(t) && st == IC_OK; k++) {
		const ic_series *s = ic_group_at(t, k);
		uint64_t hash = ic_group_hash_seeded(&s->value, sizeof s->value, job->seed);
		if (!(*wanted_word(job, hash) & wanted_bit(hash)) || !s->internal_src ||
		    !(job->group_bys >> s->group_by & 1))
			continue;
		contacted *c = find_contacted(job->run, s->group_by, s->value, hash);
		if (!c)
			continue;
		int is_new;
		contact key = { s->value, s->src, s->group_by };
		if (!ic_group_upsert(&seen, &key, ic_group_hash_seeded(&key, sizeof key, job->seed), &is_new))
			st = IC_E_NOMEM;
		else if (is_new)
			__atomic_fetch_add(&c->hosts, 1, __ATOMIC_RELAXED);
	}
	ic_group_clear(&seen);
	return st;
}

/* Makes room for the count of a value. */
static ic_status want(ic_detect_run *run, ic_group_by by, uint32_t value)
{
	int is_new;
	if (!value)
		return IC_OK;
	return ic_group_upsert(&run->hosts[by], &value, ic_group_hash(&value, sizeof value), &is_new)
		   ? IC_OK
		   : IC_E_NOMEM;
}

static ic_status want_all(ic_detect_run *run, unsigned group_bys)
{
	ic_status st = IC_OK;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_group_table *t = &run->part[i].p->series;
		for (uint32_t k = 0; k < ic_group_count(t) && st == IC_OK; k++) {
			const ic_series *s = ic_group_at(t, k);
			if (group_bys >> s->group_by & 1)
				st = want(run, s->group_by, s->value);
		}
	}
	return st;
}

/* A beat that goes round several destinations, as only a client's key shows it: no one name, or no one address where
 * none has a name, is where most events are known to go. */
static bool is_spread(const ic_draft *d)
{
	uint64_t all = 0, there = 0;
	if (d->f.group_by <= IC_BY_DOMAIN || !isfinite(d->f.automation))
		return false;
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		all += ic_draft_weight(d, p);
		if (d->name ? p->name == d->name : d->dst && p->dst == d->dst && !p->name)
			there += ic_draft_weight(d, p);
	}
	return (double)there < MOSTLY * (double)all;
}

static ic_status want_those_of_drafts(ic_detect_run *run)
{
	ic_status st = IC_OK;
	for (size_t i = 0; st == IC_OK && i < run->drafts; i++) {
		const ic_draft *d = run->draft[i];
		st = want(run, IC_BY_IP_PORT, d->dst);
		if (st == IC_OK)
			st = want(run, IC_BY_NAME, d->name);
		if (st == IC_OK)
			st = want(run, IC_BY_DOMAIN, d->domain);
		const size_t others = st == IC_OK && is_spread(d) ? d->profile_count : 0;
		for (size_t k = 0; st == IC_OK && k < others; k++) {
			const ic_profile *p = d->profiles[k];
			st = p->name ? want(run, IC_BY_NAME, p->name) : want(run, IC_BY_IP_PORT, p->dst);
		}
	}
	return st;
}

ic_status ic_context_count(ic_detect_run *run, unsigned group_bys, bool wanted)
{
	count_job job = { .run = run, .group_bys = group_bys, .seed = ic_hash_seed() };
	ic_status st = wanted ? want_those_of_drafts(run) : want_all(run, group_bys);
	for (unsigned by = 0; by < IC_GROUP_BYS; by++) {
		for (uint32_t k = 0; k < ic_group_count(&run->hosts[by]); k++) {
			uint64_t hash =
			    ic_group_hash_seeded(ic_group_at(&run->hosts[by], k), sizeof(uint32_t), job.seed);
			*wanted_word(&job, hash) |= wanted_bit(hash);
		}
	}
	if (st == IC_OK)
		st = ic_parallel_for(run->cfg->threads, IC_PARTITIONS, count_part, &job);
	return st;
}

/* Internal hosts that contacted the value with this id; 0 too if it was not counted. */
static uint32_t hosts_of(const ic_detect_run *run, ic_group_by by, uint32_t id)
{
	const contacted *c = find_contacted(run, by, id, ic_group_hash(&id, sizeof id));
	return c ? c->hosts : 0;
}

/* The geometric mean of the hosts over the events, as the nats follow its logarithm. Summed in whole millionths: the
 * profiles come in no order that lasts. */
static double hosts_of_spread(const ic_detect_run *run, const ic_draft *d)
{
	uint64_t logs = 0, events = 0;
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		uint32_t hosts =
		    p->name ? hosts_of(run, IC_BY_NAME, p->name) : hosts_of(run, IC_BY_IP_PORT, p->dst);
		if (!hosts)
			continue;
		logs += ic_draft_weight(d, p) * (uint64_t)llround(1e6 * log10(hosts));
		events += ic_draft_weight(d, p);
	}
	return events ? pow(10, (double)logs / 1e6 / (double)events) : 0;
}

static void prevalence(const ic_detect_run *run, ic_draft *d)
{
	uint32_t id = d->name ? d->name : d->domain ? d->domain : d->dst;
	ic_group_by by = d->name ? IC_BY_NAME : d->domain ? IC_BY_DOMAIN : IC_BY_IP_PORT;
	if (!id || is_spread(d))
		return;
	d->f.prevalence_hosts = hosts_of(run, by, id);
	d->f.prevalence_of = run->internal_hosts;
}

/* ---- evidence ---------------------------------------------------------------------- */

bool ic_fleet_counts(const ic_detect_run *run)
{
	return run->internal_hosts >= IC_FLEET_MIN;
}

double ic_share_nats(const ic_detect_run *run, double hosts)
{
	const double of = run->internal_hosts, nats = 1.2 * (log10(of) - log10(hosts) - fmin(1.7, log10(of)));
	return nats < -2.5 ? -2.5 : nats > 2.0 ? 2.0 : nats;
}

static bool weigh_prevalence(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const bool spread = is_spread(d);
	const double hosts = spread ? hosts_of_spread(run, d) : (double)d->f.prevalence_hosts;
	if (!ic_fleet_counts(run) || hosts < 1 || !d->internal_src)
		return false;
	char buf[32];
	r->value = hosts / run->internal_hosts;
	r->contribution = ic_share_nats(run, hosts);
	r->text =
	    ic_run_printf(run,
			  spread ? "%s of %u internal hosts contacted each of its destinations, on average"
				 : "%s of %u internal hosts contacted this destination",
			  ic_num(buf, hosts, spread ? 1 : 0), run->internal_hosts);
	return true;
}

/* A total order by what the profiles say, so that ties do not depend on ids. */
static bool comes_first(const ic_detect_run *run, const ic_profile *a, const ic_profile *b)
{
	const uint32_t x[] = { a->user_agent, a->ja4, a->ja3[0], a->process, a->name };
	const uint32_t y[] = { b->user_agent, b->ja4, b->ja3[0], b->process, b->name };
	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		int c = ic_str_cmp(ic_intern_get(run->names, x[i]), ic_intern_get(run->names, y[i]));
		if (c)
			return c < 0;
	}
	return a->signals < b->signals;
}

/* The share of events whose profile passes `test`, of those that pass `known`. *ret_first: of those that
 * pass both the one with most events. */
static double share_of(const ic_detect_run *run, const ic_draft *d, ic_profile_test known,
		       ic_profile_test test, const ic_profile **ret_first)
{
	uint64_t all = 0, with = 0, most = 0;
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		uint64_t w = ic_draft_weight(d, p);
		if (!w || !known(run, p))
			continue;
		all += w;
		if (!test(run, p))
			continue;
		with += w;
		if (w > most || (w == most && comes_first(run, p, *ret_first))) {
			most = w;
			*ret_first = p;
		}
	}
	return all ? (double)with / (double)all : 0.0;
}

static bool has_ja4(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->ja4 != 0;
}

uint32_t ic_profile_ja4_hosts(const ic_detect_run *run, const ic_profile *p)
{
	return p->ja4 ? hosts_of(run, IC_BY_JA4, p->ja4) : 0;
}

bool ic_profile_has_rare_ja4(const ic_detect_run *run, const ic_profile *p)
{
	uint32_t hosts = ic_profile_ja4_hosts(run, p);
	return hosts >= 1 && hosts <= IC_RARE_HOSTS;
}

static bool has_ja(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->ja4 || p->ja3[0];
}

const ic_listed *ic_profile_listed_ja(const ic_detect_run *run, const ic_profile *p)
{
	const ic_listed *l =
	    p->ja4 ? ic_fingerprint_listed(ic_intern_get(run->names, p->ja4), IC_LIST_JA4) : NULL;
	for (size_t i = 0; !l && i < IC_PROFILE_JA3 && p->ja3[i]; i++)
		l = ic_fingerprint_listed(ic_intern_get(run->names, p->ja3[i]), IC_LIST_JA3);
	return l;
}

static bool is_listed_ja(const ic_detect_run *run, const ic_profile *p)
{
	return ic_profile_listed_ja(run, p) != NULL;
}

static bool weigh_fingerprint(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_profile *p = NULL;
	double share = share_of(run, d, has_ja, is_listed_ja, &p);
	if (share >= HALF) {
		const ic_listed *l = ic_profile_listed_ja(run, p);
		r->value = share;
		r->text = ic_run_printf(run, "TLS fingerprint %s is on the list of %s: %s", l->pattern,
					ic_fingerprints_version, l->reason);
		return true;
	}
	p = NULL;
	if (!ic_fleet_counts(run) || share_of(run, d, has_ja4, ic_profile_has_rare_ja4, &p) < HALF)
		return false;
	r->value = hosts_of(run, IC_BY_JA4, p->ja4);
	r->text = ic_run_printf(run, "TLS client %s is used by %u of %u internal hosts",
				ic_run_cut(run, ic_intern_get(run->names, p->ja4)),
				hosts_of(run, IC_BY_JA4, p->ja4), run->internal_hosts);
	return true;
}

static bool has_agent(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->user_agent != 0;
}

bool ic_profile_has_rare_agent(const ic_detect_run *run, const ic_profile *p)
{
	uint32_t hosts = hosts_of(run, IC_BY_USER_AGENT, p->user_agent);
	return hosts >= 1 && hosts <= IC_RARE_HOSTS;
}

const ic_series *ic_profile_agent_series(const ic_detect_run *run, const ic_profile *p)
{
	const ic_run_part *part = &run->part[ic_observe_part_of(run->o, p->src)];
	const ic_series *s =
	    ic_run_series(part, p->src, IC_BY_USER_AGENT, IC_AT_REQUEST, p->user_agent, 0, 0);
	return s ? s : ic_run_series(part, p->src, IC_BY_USER_AGENT, IC_AT_CONNECTION, p->user_agent, 0, 0);
}

ic_agent_shape ic_profile_agent_shape(const ic_detect_run *run, const ic_profile *p, const char **ret_why)
{
	const ic_series *s = ic_profile_agent_series(run, p);
	return ic_user_agent_shape(ic_intern_get(run->names, p->user_agent),
				   s ? ic_sketch_first(&s->sketch) : IC_TIME_NONE, ret_why);
}

static bool borrowed_agent(const ic_detect_run *run, const ic_profile *p)
{
	return ic_user_agent_is_borrowed(ic_intern_get(run->names, p->user_agent),
					 ic_intern_get(run->names, p->process),
					 ic_intern_get(run->names, p->ja4));
}

static bool suspicious_agent(const ic_detect_run *run, const ic_profile *p)
{
	ic_str agent = ic_intern_get(run->names, p->user_agent);
	const char *why;
	return ic_user_agent_listed(agent) || ic_profile_agent_shape(run, p, &why) != IC_AGENT_ORDINARY ||
	       borrowed_agent(run, p);
}

static bool weigh_user_agent(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_profile *p = NULL;
	double share = share_of(run, d, has_agent, suspicious_agent, &p);
	if (share >= HALF) {
		ic_str agent = ic_intern_get(run->names, p->user_agent);
		const ic_listed *l = ic_user_agent_listed(agent);
		const char *why = "";
		r->value = share;
		if (l)
			r->text = ic_run_printf(run, "user agent \"%s\" is on the suspicious list (%s): %s",
						ic_run_cut(run, agent), ic_list_category_names[l->category],
						l->reason);
		else if (ic_profile_agent_shape(run, p, &why) != IC_AGENT_ORDINARY)
			r->text = ic_run_printf(run, "user agent \"%s\" %s", ic_run_cut(run, agent), why);
		else
			r->text =
			    ic_run_printf(run, "user agent \"%s\" is a browser's, the client is not one",
					  ic_run_cut(run, agent));
		return true;
	}
	p = NULL;
	if (!ic_fleet_counts(run) || share_of(run, d, has_agent, ic_profile_has_rare_agent, &p) < HALF)
		return false;
	r->value = hosts_of(run, IC_BY_USER_AGENT, p->user_agent);
	r->text = ic_run_printf(run, "user agent \"%s\" is used by %u of %u internal hosts",
				ic_run_cut(run, ic_intern_get(run->names, p->user_agent)),
				hosts_of(run, IC_BY_USER_AGENT, p->user_agent), run->internal_hosts);
	return true;
}

static bool has_naming_row(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->signals & (IC_SIG_HTTP | IC_SIG_TLS);
}

static bool is_nameless(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return ((p->signals & IC_SIG_TLS) && (p->signals & IC_SIG_NO_SNI)) ||
	       ((p->signals & IC_SIG_HTTP) && (p->signals & IC_SIG_BARE_IP));
}

static bool weigh_no_name(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_profile *p = NULL;
	double share = share_of(run, d, has_naming_row, is_nameless, &p);
	if (share < NAMELESS)
		return false;
	char buf[32];
	r->value = share;
	r->text =
	    ic_run_printf(run, "%s %% of what could name a server does not: %s", ic_num(buf, 100 * share, 0),
			  p->signals & IC_SIG_NO_SNI ? "TLS without a server name"
						     : "HTTP to a bare address or without a Host");
	return true;
}

static bool weigh_certificate(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	(void)run;
	double own = ic_draft_share(d, IC_SIG_TLS, IC_SIG_SELF_SIGNED);
	double odd = ic_draft_share(d, IC_SIG_TLS, IC_SIG_SELF_SIGNED | IC_SIG_CERT_ODD);
	double unknown = ic_draft_share(d, IC_SIG_TLS, IC_SIG_ISSUER_UNKNOWN);
	if (odd >= HALF) {
		r->value = odd;
		r->text = own >= HALF ? "the server's certificate is self-signed"
				      : "the server's certificate does not validate";
		return true;
	}
	if (unknown < HALF)
		return false;
	r->value = unknown;
	r->contribution = NATS_ISSUER;
	r->text =
	    "the issuer of the server's certificate is unknown to the sensor: a private CA, or a made-up one";
	return true;
}

static bool has_process(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->process != 0;
}

static bool unusual_process(const ic_detect_run *run, const ic_profile *p)
{
	return ic_process_is_unusual(ic_intern_get(run->names, p->process));
}

static bool weigh_process(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_profile *p = NULL;
	double share = share_of(run, d, has_process, unusual_process, &p);
	if (share < HALF)
		return false;
	r->value = share;
	r->text = ic_run_printf(run, "%s is a script host or system program without business on the web",
				ic_run_cut(run, ic_intern_get(run->names, p->process)));
	return true;
}

static const ic_host *source_of(const ic_detect_run *run, uint32_t src)
{
	const ic_group_table *t = &run->part[ic_observe_part_of(run->o, src)].p->hosts;
	return ic_group_find(t, &src, ic_group_hash(&src, sizeof src));
}

/* Series that start at the source, at connection level. */
static uint32_t fanout(const ic_detect_run *run, uint32_t src)
{
	const ic_host *s = source_of(run, src);
	return s ? s->series : 0;
}

/* A source outside that contacts little else, and a destination that is a much busier source in these
 * data: somebody knocks on a host that is watched. Command and control goes the other way. */
static bool is_knocking(const ic_detect_run *run, const ic_draft *d)
{
	if (d->internal_src || !d->dst)
		return false;
	uint32_t to = fanout(run, d->dst);
	return to >= BUSY && to / BUSIER >= fanout(run, d->src);
}

static bool weigh_inbound(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	if (!is_knocking(run, d))
		return false;
	r->value = fanout(run, d->dst);
	r->contribution = -r->weight;
	r->text = "the destination is the busy host of these data and the source is outside: inbound";
	return true;
}

static bool has_details(const ic_draft *d)
{
	for (size_t i = 0; i < d->profile_count; i++)
		if (d->profiles[i]->signals & (IC_SIG_HTTP | IC_SIG_TLS))
			return true;
	return false;
}

static bool weigh_no_answer(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_finding *f = &d->f;
	/* A log that never counts bytes says nothing; one that does leaves them out when there are none. What was
	 * seen of HTTP or TLS took a server that answers. */
	const ic_host *src = source_of(run, d->src);
	bool silent = d->any_in ? f->bytes_in == 0 : src && src->counts_bytes && !has_details(d);
	if (f->event_level != IC_AT_CONNECTION || !silent || f->connections < FEW_SAMPLES || d->dst == 0 ||
	    is_knocking(run, d) || (f->transport && strcmp(f->transport, "tcp") != 0))
		return false;
	r->value = (double)f->connections;
	r->text = ic_run_printf(run, "no byte ever came back in %llu connections, and it keeps trying",
				(unsigned long long)f->connections);
	return true;
}

/* Services of a Windows domain: nobody offers them to the internet, where servers of attackers do listen on them. */
static bool is_port_of_domain(int port)
{
	return port == 88 || port == 135 || port == 139 || port == 464 || port == 5985 || port == 5986;
}

static bool is_outside(const ic_detect_run *run, uint32_t dst)
{
	if (!dst || !ic_intern_is_ip(run->names, dst))
		return true;
	const ic_ip ip = ic_intern_get_ip(run->names, dst);
	return ic_observe_outside(run->o, &ip);
}

bool ic_port_is_usual(const ic_detect_run *run, uint32_t dst, int port)
{
	static const uint16_t usual[] = {
		20,   21,   22,	   25,	  43,	 53,	80,    81,    110,  119,  123,	143,  389,
		443,  445,  465,   500,	  514,	 554,	563,   587,   631,  636,  853,	873,  989,
		990,  993,  995,   1194,  1433,	 1514,	1521,  1701,  1723, 1883, 1935, 2049, 2195,
		2196, 3000, 3128,  3268,  3269,	 3306,	3389,  3478,  3479, 3480, 3481, 4070, 4244,
		4317, 4318, 4443,  4500,  5060,	 5061,	5222,  5223,  5228, 5229, 5230, 5242, 5269,
		5349, 5432, 5671,  5672,  5900,	 5938,	6379,  6443,  6514, 6568, 7680, 8000, 8008,
		8080, 8081, 8088,  8089,  8090,	 8443,	8530,  8531,  8883, 8888, 9000, 9090, 9200,
		9443, 9997, 10050, 10051, 10123, 17472, 27017, 52311,
	};
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i] == port)
			return true;
	return is_port_of_domain(port) && !is_outside(run, dst);
}

static bool weigh_port(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_finding *f = &d->f;
	if (f->dst_port <= 0 || !d->dst || ic_port_is_usual(run, d->dst, f->dst_port) ||
	    is_knocking(run, d) || f->connections < PORT_FEWEST || !f->transport ||
	    strcmp(f->transport, "tcp") != 0)
		return false;
	r->value = f->dst_port;
	r->text = ic_run_printf(run, "TCP port %d belongs to no usual service", f->dst_port);
	return true;
}

static bool weigh_outward(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	const ic_finding *f = &d->f;
	if (!d->any_out || !d->any_in || f->bytes_in <= 0 || f->connections == 0 || d->long_lived)
		return false;
	double ratio = (double)f->bytes_out / (double)f->bytes_in;
	double each = ((double)f->bytes_out + (double)f->bytes_in) / (double)f->connections;
	if (ratio < OUTWARD || each > IDLE_BYTES)
		return false;
	char a[32], b[32];
	r->value = ratio;
	r->text = ic_run_printf(run, "small check-ins (%s bytes each) send %s times what they receive",
				ic_num(a, each, 0), ic_num(b, ratio, 1));
	return true;
}

static bool weigh_post_only(ic_detect_run *run, const ic_draft *d, ic_reason *r)
{
	(void)run;
	if (ic_draft_share(d, IC_SIG_HTTP, IC_SIG_POST) < 0.99 ||
	    ic_draft_share(d, IC_SIG_HTTP, IC_SIG_NOT_POST) > 0.01)
		return false;
	r->value = 1;
	r->text = "every HTTP request is a POST";
	return true;
}

const ic_evidence ic_evidences[] = {
	{ "prevalence", 2.0, false,
	  "how many internal hosts contact the destination: -1.2 (log10 share + 1.7), from -2.5 to 2.0; one "
	  "host alone never lowers; needs 20 internal hosts",
	  weigh_prevalence },
	{ "fingerprint", 1.8, true,
	  "the TLS client is on the list, or its JA4 is used by at most 2 of at least 20 internal hosts",
	  weigh_fingerprint },
	{ "user-agent", 1.2, true,
	  "the user agent is on the suspicious list, malformed, of a long dead browser or borrowed, or used "
	  "by at most 2 of at least 20 internal hosts",
	  weigh_user_agent },
	{ "no-name", 1.8, true,
	  "TLS without a server name, or HTTP to a bare address; needs an http or tls row", weigh_no_name },
	{ "certificate", 2.2, true,
	  "the certificate is self-signed or does not validate (0.8 when only its issuer is unknown)",
	  weigh_certificate },
	{ "process", 2.2, true, "the process is a script host or a system program that runs other code",
	  weigh_process },
	{ "no-answer", 1.8, true,
	  "10 or more TCP connections and not one byte back: a dead server is still tried", weigh_no_answer },
	{ "odd-port", 0.8, false, "a TCP port of no usual service", weigh_port },
	{ "inbound", 1.5, false, "lowers: a source outside knocks on the busy host of these data",
	  weigh_inbound },
	{ "outward", 0.5, false, "small check-ins that send more than they receive", weigh_outward },
	{ "post-only", 0.5, false, "HTTP with nothing but POST", weigh_post_only },
	{ 0 },
};

/* ---- priority ---------------------------------------------------------------------- */

const double ic_level_from[] = {
	[IC_INFO] = 0, [IC_LOW] = 15, [IC_MEDIUM] = 35, [IC_HIGH] = 60, [IC_CRITICAL] = 85
};

static ic_level level_of(double priority)
{
	int level = IC_CRITICAL;
	while (level > IC_INFO && !(priority >= ic_level_from[level]))
		level--;
	return (ic_level)level;
}

static bool has_few_samples(const ic_draft *d)
{
	return isfinite(d->f.automation) && d->f.connections < FEW_SAMPLES && !d->independent;
}

/* 100 sigma(base) sigma(nats - 1), with the caps that the draft asks for. */
static double priority_of(const ic_draft *d)
{
	const double p = 100.0 * ic_sigmoid(d->base) * ic_sigmoid(d->nats - 1.0);
	const double medium_most = ic_level_from[IC_HIGH] - 0.001;
	const bool odd = d->oddity && d->independent < 2;
	return ic_round3((has_few_samples(d) || odd) && p > medium_most ? medium_most : p);
}

static void weigh(ic_detect_run *run, ic_draft *d)
{
	for (const ic_evidence *e = ic_evidences; e->code; e++) {
		ic_reason r = { .code = e->code,
				.value = NAN,
				.weight = e->weight,
				.contribution = e->weight,
				.text = "" };
		if (!e->weigh(run, d, &r))
			continue;
		d->nats += r.contribution;
		d->independent += e->independent && r.contribution >= 1.0;
		ic_draft_reason(run, d, r);
	}
}

static void say_caps(ic_detect_run *run, ic_draft *d)
{
	ic_reason r = { .value = NAN, .weight = NAN, .contribution = NAN };
	if (has_few_samples(d)) {
		r.code = "few-samples";
		r.value = (double)d->f.connections;
		r.text = ic_run_printf(run, "only %llu %ss and nothing else agrees: medium at most",
				       (unsigned long long)d->f.connections,
				       ic_event_level_nouns[d->f.event_level]);
		ic_draft_reason(run, d, r);
	}
	if (d->oddity && d->independent < 2) {
		r.code = "oddity-alone";
		r.value = NAN;
		r.text = "an oddity alone: medium at most";
		ic_draft_reason(run, d, r);
	}
}

void ic_context_finish(ic_detect_run *run, ic_draft *d)
{
	prevalence(run, d);
	ic_beacon_beat(run, d);
	weigh(run, d);
	ic_lowering_apply(run, d);
	say_caps(run, d);
	if (run->cfg->lower) {
		size_t rule = ic_site_rules_match(run->cfg->lower, &d->f, run->cfg->now);
		if (rule) {
			const char *name =
			    ic_run_printf(run, "%s", ic_site_rules_name(run->cfg->lower, rule - 1));
			ic_draft_lowered(run, d, name);
			d->nats -= 3.0;
			ic_draft_reason(
			    run, d,
			    (ic_reason){ "lowered", NAN, 3.0, -3.0,
					 ic_run_printf(run, "lowered by the site's own rule, %s", name) });
		}
	}
	d->f.base = 100.0 * ic_sigmoid(d->base);
	d->f.priority = priority_of(d);
	d->f.level = level_of(d->f.priority);
}
