/* SPDX-License-Identifier: Apache-2.0 */
/* TLS oddities: no server name, a certificate that is self-signed or does not validate, a client that
 * is on the list or that hardly any other host uses. One finding a source and cause. */
#include "detect/run.h"

static bool no_sni(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return (p->signals & IC_SIG_TLS) && (p->signals & IC_SIG_NO_SNI) && !p->name;
}

static bool self_signed(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return p->signals & IC_SIG_SELF_SIGNED;
}

static bool odd_certificate(const ic_detect_run *run, const ic_profile *p)
{
	(void)run;
	return (p->signals & IC_SIG_CERT_ODD) && !(p->signals & IC_SIG_SELF_SIGNED);
}

static bool listed(const ic_detect_run *run, const ic_profile *p)
{
	return (p->ja4 || p->ja3[0]) && ic_profile_listed_ja(run, p);
}

static bool rare(const ic_detect_run *run, const ic_profile *p)
{
	return ic_fleet_counts(run) && p->ja4 && ic_profile_has_rare_ja4(run, p) && !listed(run, p);
}

static const struct cause {
	const char *code, *id, *text;
	double base;
	bool oddity; /* other programs do it too: at most medium alone */
	ic_profile_test test;
} causes[] = {
	{ "no-sni", "tls:no-sni", "TLS without a server name", -0.5, false, no_sni },
	{ "self-signed", "tls:self-signed", "a self-signed certificate", 0.0, false, self_signed },
	{ "odd-certificate", "tls:odd-certificate", "a certificate that does not validate", 0.0, false,
	  odd_certificate },
	{ "listed-fingerprint", "tls:listed", "a TLS client of the list", 3.0, true, listed },
	{ "rare-ja4", "tls:rare-ja4", "a TLS client that hardly any other host uses", 0.0, false, rare },
};

/* A listed client that much of the fleet uses is a library of innocent programs there. Of several the one that fewest
 * hosts use counts, and one that is known by its JA3 alone is not counted. */
static void weigh_client(ic_detect_run *run, ic_draft *d, const ic_profile **p, size_t n)
{
	uint32_t hosts = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		uint32_t of = ic_profile_ja4_hosts(run, p[i]);
		hosts = of < hosts ? of : hosts;
	}
	double nats = ic_fleet_counts(run) && hosts >= 1 ? ic_share_nats(run, hosts) : 0;
	if (!(nats < 0))
		return;
	d->nats += nats;
	ic_draft_reason(run, d,
			(ic_reason){ "common-client", hosts, 2.5, nats,
				     ic_run_printf(run, "%u of %u internal hosts use this TLS client", hosts,
						   run->internal_hosts) });
}

static void judge(ic_detect_run *run, unsigned part, const ic_profile **p, size_t n, const void *ctx)
{
	const struct cause *c = ctx;
	size_t destinations;
	ic_draft *d = ic_draft_gather(run, part, c->id, p, n, &destinations);
	if (!d)
		return;
	d->base = c->base;
	d->oddity = c->oddity;
	ic_draft_reason(
	    run, d,
	    (ic_reason){ c->code, (double)d->f.connections, NAN, NAN,
			 ic_run_printf(run, "%s in %llu connection%s to %zu destination%s", c->text,
				       (unsigned long long)d->f.connections, IC_S(d->f.connections),
				       destinations, IC_S(destinations)) });
	if (c->test == listed)
		weigh_client(run, d, p, n);
	d->f.summary = ic_run_printf(run, "%s: %s, to %s.", ic_draft_source(run, d), c->text,
				     ic_draft_targets(run, d, destinations));
}

ic_status ic_detect_tls(ic_detect_run *run)
{
	ic_status st = IC_OK;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]) && st == IC_OK; i++)
		st = ic_each_source(run, causes[i].test, judge, &causes[i]);
	return st;
}
