/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering profiles: innocent automation that every network has. A profile needs behaviour (rhythm,
 * answers, sizes) and, except where said, a destination of its list; a name alone never lowers
 * anything, because names are the client's to choose. It takes 3 nats, is named in `lowered_by`, and
 * hides nothing. A finding with signs of attack tools (an unusual process, an agent of malware or malformed, a bad
 * certificate) is never lowered. */
#include "detect/run.h"

#define LOWER_NATS    3.0
#define NAMED_SHARE   0.8 /* of the events with a known name must be on the list */
#define KNOWN_SHARE   0.3 /* of all events must have a known name */
#define FLEET_HOSTS   5
#define SERVICE_BYTES 512.0 /* each way a connection, on average; eight packets of NTP at once are 384 */
#define SERVICE_ALIKE 3.0 /* nats of likeness of the bytes out: a protocol asks in the same words each time */
/* The share of the bytes out that comes back where an answer is as long as its question: some are lost, and the first
 * question may lie before the data. */
#define ECHO_LEAST 0.5
#define ECHO_MOST  1.05

typedef struct behaviour {
	double period_min_s, period_max_s;
	double out_max, in_max; /* bytes a connection, mean; 0: any */
	bool answered;		/* bytes came back */
	bool long_lived;	/* also fits connections that last */
	bool fleet; /* several internal hosts contact the destination, when there is a fleet to see */
} behaviour;

struct ic_lowering {
	const char *name, *help;
	const char *const *names; /* domains that `how` is asked for, NULL-terminated; NULL: none */
	behaviour how;
	/* behaviour that is enough without a name; NULL: none */
	bool (*also)(const ic_detect_run *run, const ic_draft *d);
};

/* ---- behaviour without a name ------------------------------------------------------ */

/* Heartbeats of a push or MQTT client: a registered push port, answered, tiny both ways, for hours. On
 * port 443 less than a TLS handshake goes over the wire each time and five minutes or more lie between:
 * pulses of a session that stays open, cut into records by the sensor's timeout. */
static bool is_push_heartbeat(const ic_detect_run *run, const ic_draft *d)
{
	(void)run;
	static const uint16_t ports[] = { 1883, 5222, 5223, 5228, 5229, 5230, 8883 };
	const ic_finding *f = &d->f;
	bool push = false, web = f->dst_port == 443;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		push |= f->dst_port == ports[i];
	double n = (double)f->connections;
	double hours = (double)(f->last_seen - f->first_seen) / (3600.0 * IC_TICKS_S);
	if ((!push && !web) || !f->transport || strcmp(f->transport, "tcp") != 0 || !d->any_out ||
	    !d->any_in || f->bytes_in <= 0 || f->bytes_out <= 0)
		return false;
	if (d->long_lived)
		return push && (double)(f->bytes_out + f->bytes_in) <= 65536 * (hours > 1 ? hours : 1);
	bool tiny = (double)f->bytes_out <= (push ? 400 : 200) * n && (double)f->bytes_in <= 400 * n;
	return tiny && f->connections >= 20 && hours >= (push ? 3 : 6) && f->sleep_s >= (push ? 20 : 300) &&
	       f->sleep_s <= 3600 && (push || f->jitter <= 0.15);
}

/* Whether it is known of all events where they go, with `ports` to which port, too. A finding has the address and the
 * port that any event knows, and a packet to a clock must not speak for those of which nothing is known. */
static bool all_known(const ic_draft *d, bool ports)
{
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		if (!p->dst || (ports && (!p->transport || (!p->port && p->transport != IC_ICMP))))
			return false;
	}
	return true;
}

typedef struct port_service {
	const char *transport;
	int first, last; /* ports */
	double min_s;	 /* period */
	bool echoes;	 /* an answer is as long as the question */
} port_service;

/* The service of the finding's port; NULL: none that networks have. A client of NTP must not ask more often than every
 * 15 s (RFC 4330). */
static const port_service *service_of(const ic_finding *f)
{
	static const port_service services[] = {
		{ "udp", 123, 123, 15, true },	   /* NTP */
		{ "udp", 3478, 3481, 5, false },   /* STUN */
		{ "udp", 19302, 19309, 5, false }, /* STUN of Google */
		{ "icmp", 0, 65535, 5, true },
	};
	for (size_t i = 0; f->transport && i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(f->transport, services[i].transport) == 0 && f->dst_port >= services[i].first &&
		    f->dst_port <= services[i].last)
			return &services[i];
	return NULL;
}

/* What a network does for itself. A multicast or broadcast address is nobody in particular, so nobody can command
 * from there. Clocks, keepers of address mappings and pings exchange a few bytes now and then; a clock or a ping is
 * answered in as many bytes as it asks with, or not at all. */
static bool is_network_service(const ic_detect_run *run, const ic_draft *d)
{
	const ic_finding *f = &d->f;
	if (d->dst && ic_intern_is_ip(run->names, d->dst) && all_known(d, false)) {
		const ic_ip ip = ic_intern_get_ip(run->names, d->dst);
		if (ic_ip_classify(&ip) == IC_IP_MULTICAST)
			return true;
	}
	const port_service *of = service_of(f);
	const bool alike = f->score && f->score->size_nats >= SERVICE_ALIKE;
	if (!of || !alike || !all_known(d, true) || !d->any_out || !d->any_in || !(f->sleep_s >= of->min_s))
		return false;
	const double most = SERVICE_BYTES * (double)f->connections, out = (double)f->bytes_out,
		     in = (double)f->bytes_in;
	const bool echo = in <= 0 || (in >= ECHO_LEAST * out && in <= ECHO_MOST * out);
	return out <= most && in <= most && (echo || !of->echoes);
}

static const ic_lowering profiles[] = {
	{ .name = "auto-refresh",
	  .help = "a page in a browser that reloads itself",
	  .names = ic_names_auto_refresh,
	  .how = { .period_min_s = 5, .period_max_s = 3600, .out_max = 20000, .answered = true } },
	{ .name = "long-poll",
	  .help = "push services, web chat, WebSocket keep-alive and reconnect",
	  .names = ic_names_long_poll,
	  .how = { .period_min_s = 1,
		   .period_max_s = 3600,
		   .out_max = 65536,
		   .in_max = 262144,
		   .answered = true,
		   .long_lived = true } },
	{ .name = "cloud-sync",
	  .help = "file synchronisation that asks for changes",
	  .names = ic_names_cloud_sync,
	  .how = { .period_min_s = 10, .period_max_s = 4 * 3600, .answered = true, .long_lived = true } },
	{ .name = "software-update",
	  .help = "operating system, browser, antivirus and package updates",
	  .names = ic_names_software_update,
	  .how = { .period_min_s = 60,
		   .period_max_s = 8 * 86400,
		   .out_max = 65536,
		   .answered = true,
		   .long_lived = true } },
	{ .name = "monitoring",
	  .help = "monitoring and security agents; also steady tiny heartbeats on a push port",
	  .names = ic_names_monitoring,
	  .how = { .period_min_s = 5,
		   .period_max_s = 86400,
		   .out_max = 262144,
		   .in_max = 65536,
		   .answered = true,
		   .long_lived = true },
	  .also = is_push_heartbeat },
	{ .name = "backup",
	  .help = "backup agents",
	  .names = ic_names_backup,
	  .how = { .period_min_s = 60, .period_max_s = 8 * 86400, .answered = true, .long_lived = true } },
	{ .name = "ocsp-crl",
	  .help = "certificate status",
	  .names = ic_names_ocsp_crl,
	  .how = { .period_min_s = 5,
		   .period_max_s = 8 * 86400,
		   .out_max = 8192,
		   .in_max = 65536,
		   .answered = true } },
	{ .name = "mdm-fleet",
	  .help = "endpoint management: the same beat on many hosts",
	  .names = ic_names_mdm_fleet,
	  .how = { .period_min_s = 30,
		   .period_max_s = 8 * 86400,
		   .out_max = 262144,
		   .answered = true,
		   .long_lived = true,
		   .fleet = true } },
	{ .name = "network-service",
	  .help = "clocks, pings and discovery: NTP, STUN, ICMP, multicast and broadcast addresses",
	  .also = is_network_service },
};
#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const char *ic_lowering_name(size_t i)
{
	return i < PROFILES ? profiles[i].name : NULL;
}

const char *ic_lowering_help(size_t i)
{
	return i < PROFILES ? profiles[i].help : NULL;
}

/* ---- matching ---------------------------------------------------------------------- */

static bool on_list(ic_str name, const char *const *list)
{
	for (; *list; list++)
		if (ic_name_under(name, ic_str_of(*list)))
			return true;
	return false;
}

/* The share of the events with a name that are on the list, if enough have a name. */
static double listed_share(const ic_detect_run *run, const ic_draft *d, const char *const *list)
{
	uint64_t all = 0, known = 0, listed = 0;
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		uint64_t w = ic_draft_weight(d, p);
		all += w;
		known += p->name ? w : 0;
		listed += p->name && on_list(ic_intern_get(run->names, p->name), list) ? w : 0;
	}
	return all && (double)known >= KNOWN_SHARE * (double)all ? (double)listed / (double)known : 0.0;
}

static bool behaves(const ic_detect_run *run, const ic_draft *d, const behaviour *b)
{
	const ic_finding *f = &d->f;
	double n = f->connections ? (double)f->connections : 1;
	if (d->long_lived
		? !b->long_lived
		: !isfinite(f->sleep_s) || f->sleep_s < b->period_min_s || f->sleep_s > b->period_max_s)
		return false;
	if (b->answered && d->any_in && f->bytes_in <= 0)
		return false;
	if (!d->long_lived && ((b->out_max > 0 && d->any_out && (double)f->bytes_out > b->out_max * n) ||
			       (b->in_max > 0 && d->any_in && (double)f->bytes_in > b->in_max * n)))
		return false;
	return !b->fleet || run->internal_hosts < IC_FLEET_MIN || f->prevalence_hosts >= FLEET_HOSTS;
}

/* Signs that no innocent agent shows: then nothing is lowered. */
static bool is_vetoed(const ic_detect_run *run, const ic_draft *d)
{
	uint64_t all = 0, bad = 0;
	for (size_t i = 0; i < d->profile_count; i++) {
		const ic_profile *p = d->profiles[i];
		const char *why;
		ic_str agent = ic_intern_get(run->names, p->user_agent);
		const ic_listed *l = p->user_agent ? ic_user_agent_listed(agent) : NULL;
		uint64_t w = ic_draft_weight(d, p);
		all += w;
		if ((p->process && ic_process_is_unusual(ic_intern_get(run->names, p->process))) ||
		    (l && l->category <= IC_LIST_MALWARE) ||
		    (p->user_agent && ic_profile_agent_shape(run, p, &why) == IC_AGENT_MALFORMED) ||
		    (p->signals & (IC_SIG_SELF_SIGNED | IC_SIG_CERT_ODD)))
			bad += w;
	}
	return bad > 0 && 2 * bad >= all;
}

void ic_lowering_apply(ic_detect_run *run, ic_draft *d)
{
	if (is_vetoed(run, d))
		return;
	for (size_t i = 0; i < PROFILES; i++) {
		const ic_lowering *l = &profiles[i];
		double share = l->names ? listed_share(run, d, l->names) : 0.0;
		bool named = share >= NAMED_SHARE && behaves(run, d, &l->how);
		if (!named && !(l->also && l->also(run, d)))
			continue;
		ic_draft_lowered(run, d, l->name);
		d->nats -= LOWER_NATS;
		ic_reason r = { "lowered", named ? share : NAN, LOWER_NATS, -LOWER_NATS, NULL };
		r.text = ic_run_printf(run, "looks like %s: %s (%s)", l->name, l->help,
				       named ? "destination and behaviour agree" : "behaviour alone");
		ic_draft_reason(run, d, r);
	}
}
