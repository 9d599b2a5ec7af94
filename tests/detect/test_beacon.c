/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#define T0 1714550400.0

static const event beat = {
	.src = "10.0.0.5", .dst = "198.51.100.7", .port = 443, .t = T0, .out = 900, .in = 1500
};

static void a_regular_pair_is_found(void **state)
{
	(void)state;
	world w = world_new(false);
	world_beat(&w, beat, 300, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.n, 1);
	const ic_finding *b = &f.list[0];
	assert_string_equal(b->detector, "beacon");
	assert_true(b->automation > 90);
	assert_true(b->sleep_s > 57 && b->sleep_s < 64);
	assert_int_equal(b->connections, 300);
	assert_true(ic_str_eq(b->src_ip, IC_STR("10.0.0.5")));
	assert_null(b->src_host.p);
	assert_true(ic_str_eq(b->dst_ip, IC_STR("198.51.100.7")));
	assert_int_equal(b->dst_port, 443);
	assert_string_equal(b->transport, "tcp");
	assert_true(ic_str_eq(b->value, IC_STR("198.51.100.7:443")));
	assert_int_equal(b->bytes_out, 300 * 900);
	assert_int_equal(b->prevalence_hosts, 1);
	assert_int_equal(b->prevalence_of, 1);
	assert_null(reason_of(b, "prevalence")); /* too small a fleet */
	const ic_reason *r = reason_of(b, "sleep");
	assert_non_null(r);
	assert_non_null(strstr(r->text, "300 connections, one every "));
	assert_true(fabs(reason_of(b, "regularity")->contribution - 24 * b->score->regularity) < 1e-9);
	/* L = 0: priority is 100 sigma(logit) sigma(-1) */
	double expected = 100 / (1 + exp(-b->score->logit)) / (1 + exp(1));
	assert_true(fabs(b->priority - expected) < 0.001);
	assert_int_equal(b->level, IC_LOW);
	ic_findings_clear(&f);
	world_free(&w);
}

/* What the sentences say can be multiplied: connections within a second are one check-in, beats may be missed, and a
 * share of the time that two clocks explain is said to be of both. */
static void sentences_agree_with_the_times(void **state)
{
	(void)state;
	static const struct {
		int twice, miss, change; /* every how manieth; the beat from which on it is slower */
		const char *sleep, *summary;
	} cases[] = {
		{ 0, 0, 1000,
		  "300 connections, one every 60.0 s; 100 % of the time is explained by that beat",
		  "every 60.0 s, 300 times in 4 h 59 min." },
		{ 2, 0, 1000,
		  "450 connections in 300 check-ins, one every 59.9 s; 100 % of the time is explained by "
		  "that "
		  "beat",
		  "every 59.9 s, 300 times in 4 h 59 min (450 connections)." },
		{ 0, 4, 1000,
		  "300 connections, one every 60.0 s; 100 % of the time is explained by that beat, with some "
		  "beats missed",
		  "every 60.0 s, 300 times in 6 h 14 min." },
		{ 0, 0, 200,
		  "300 connections, one every 19 min 57 s or 56.8 s to 61.4 s; 100 % of the time is "
		  "explained by that "
		  "beat",
		  "every 19 min 57 s or 56.8 s to 61.4 s, 300 times in 1 d 12 h." },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(false);
		event e = beat;
		e.out = i ? beat.out : 40;
		for (int k = 0; k < 300; k++) {
			world_add(&w, &e);
			if (cases[i].twice && k % cases[i].twice == 0) {
				e.t += 0.2;
				world_add(&w, &e);
				e.t -= 0.2;
			}
			e.t += k >= cases[i].change			 ? 1200
			       : cases[i].miss && k % cases[i].miss == 1 ? 120
									 : 60;
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(f.n, 1);
		const ic_reason *r = reason_of(&f.list[0], "sleep");
		assert_string_equal(r->text, cases[i].sleep);
		if (!strstr(f.list[0].summary, cases[i].summary))
			fail_msg("%s", f.list[0].summary);
		assert_non_null(
		    strstr(reason_of(&f.list[0], "size")->text,
			   i ? "nine of ten sent 891 to 908 bytes " : "nine of ten sent 40 bytes "));
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void an_irregular_pair_is_not(void **state)
{
	(void)state;
	world w = world_new(false);
	event e = beat;
	uint32_t x = 1;
	for (int i = 0; i < 200; i++) {
		x = x * 1664525u + 1013904223u;
		e.t += -log(1.0 - (x >> 8) / 16777216.0) * 60 * (i % 10 == 0 ? 30 : 1);
		e.out = 300 + (x >> 16) % 50000;
		world_add(&w, &e);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.n, 0);
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ .all = true });
	assert_int_equal(f.n, 1);
	assert_true(f.list[0].automation < 50);
	uint64_t id = f.list[0].id;
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ .only_id = id }); /* explain, whatever the score */
	assert_int_equal(f.n, 1);
	assert_true(f.list[0].id == id);
	ic_findings_clear(&f);
	world_free(&w);
}

/* All keys of one thing have the same events, so the same E: the tightest stands for them. */
static void one_finding_a_cause(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat;
	e.name = "c2.example.net";
	e.domain = "example.net";
	e.agent =
	    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";
	e.request = true;
	e.signals = IC_SIG_HTTP | IC_SIG_HAS_USER_AGENT | IC_SIG_NOT_POST;
	world_beat(&w, e, 200, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 1);
	const ic_finding *b = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_non_null(b);
	assert_int_equal(b->group_by, IC_BY_IP_PORT);
	assert_int_equal(b->event_level, IC_AT_CONNECTION);
	assert_int_equal(b->cover_count, 7); /* four keys at two levels, less itself */
	for (size_t i = 1; i < b->cover_count; i++)
		assert_true(b->covers[i - 1].group_by <= b->covers[i].group_by);
	assert_true(b->part_of == 0);
	assert_true(ic_str_eq(b->dst_name, IC_STR("c2.example.net")));
	uint64_t id = b->id;
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ .all = true });
	assert_int_equal(count_of(&f, "beacon"), 8);
	for (size_t i = 0; i < f.n; i++)
		assert_true(f.list[i].part_of == (f.list[i].id == id ? 0 : id));
	ic_findings_clear(&f);
	world_free(&w);
}

/* The part of a loose key that beats stands for it; two beats of one source are two findings. */
static void a_loose_key_does_not_hide_its_parts(void **state)
{
	(void)state;
	world w = world_new(true);
	event a = beat, b = beat, human = beat;
	a.agent = b.agent = human.agent =
	    "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	a.name = "a.example.net";
	b.dst = "198.51.100.8";
	b.name = "b.example.org";
	b.t += 17;
	human.dst = "198.51.100.9";
	world_beat(&w, a, 400, 60, 0.02);
	world_beat(&w, b, 80, 300, 0.02);
	world_beat(&w, human, 30, 997, 0.95);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_non_null(finding_of(&f, "beacon", "198.51.100.7:443"));
	assert_non_null(finding_of(&f, "beacon", "198.51.100.8:443"));
	assert_int_equal(count_of(&f, "beacon"), 2);
	ic_findings_clear(&f);
	world_free(&w);
}

/* The loose key has more evidence than either part, because it has more events, but the parts say more. */
static void a_loose_key_of_two_beats_is_two_findings(void **state)
{
	(void)state;
	world w = world_new(true);
	event a = beat, b = beat;
	a.agent = b.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	b.dst = "198.51.100.8";
	b.t += 17;
	world_beat(&w, a, 146, 900, 0.65);
	world_beat(&w, b, 48, 1800, 0.003);
	ic_findings f = world_detect(&w, (ic_detect_config){ .all = true });
	const ic_finding *both = finding_of(&f, "beacon", a.agent),
			 *slow = finding_of(&f, "beacon", "198.51.100.8:443"),
			 *fast = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_true(both && slow && fast && both->automation >= 50);
	assert_true(both->score->E > slow->score->E && both->score->E > fast->score->E);
	assert_true(slow->part_of == 0 && fast->part_of == 0);
	assert_true(both->part_of == (slow->score->E > fast->score->E ? slow->id : fast->id));
	ic_findings_clear(&f);
	f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 2);
	slow = finding_of(&f, "beacon", "198.51.100.8:443");
	fast = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_true(slow && fast && slow->cover_count + fast->cover_count == 1);
	ic_findings_clear(&f);
	world_free(&w);
}

/* A few events of something else under the same agent add evidence, and take the destination away. */
static void a_destination_with_nearly_all_events_stands_for_the_agent(void **state)
{
	(void)state;
	world w = world_new(true);
	event a = beat, b = beat;
	a.agent = b.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	b.dst = "198.51.100.8";
	b.t += 17;
	uint64_t chance = 1;
	for (unsigned i = 0; i < 3190; i++) { /* half of the check-ins are lost */
		chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		a.t += 60.7 * (1 - 0.2 * (double)(chance >> 33 & 4095) / 4096);
		if (b.t < a.t) {
			world_add(&w, &b);
			b.t += 1800;
		}
		if (chance >> 63)
			world_add(&w, &a);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ .all = true });
	const ic_finding *both = finding_of(&f, "beacon", a.agent),
			 *one = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_true(both && one && both->score->E > one->score->E);
	assert_true(one->part_of == 0 && both->part_of == one->id);
	ic_findings_clear(&f);
	world_free(&w);
}

/* Check-ins of a minute; every so many there is one of something else besides, or in its place. */
static world world_with_rest(event a, event b, unsigned n, unsigned rest, bool besides)
{
	world w = world_new(true);
	uint32_t x = 12345;
	for (unsigned i = 1; i <= n; i++) {
		x = x * 1664525u + 1013904223u;
		a.t += 60 * (1 - 0.3 * (x >> 8) / 16777216.0);
		b.t = a.t + (besides ? 25 : 0);
		if (besides || i % rest)
			world_add(&w, &a);
		if (i % rest == 0)
			world_add(&w, &b);
	}
	return w;
}

/* What is no finding stands for none. */
static void a_destination_below_the_least_automation_stands_for_nothing(void **state)
{
	(void)state;
	event a = beat, b = beat;
	a.agent = b.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	b.dst = "198.51.100.8";
	world w = world_with_rest(a, b, 300, 30, false);
	for (int below = 0; below < 2; below++) {
		ic_findings f =
		    world_detect(&w, (ic_detect_config){ .all = true, .min_automation = below ? 99 : 50 });
		const ic_finding *both = finding_of(&f, "beacon", a.agent),
				 *one = finding_of(&f, "beacon", "198.51.100.7:443");
		assert_true(both && one && one->automation < 99 && both->automation > 99);
		assert_true(both->score->E > one->score->E && both->part_of == (below ? 0 : one->id));
		ic_findings_clear(&f);
	}
	world_free(&w);
}

/* Another service of the same client blurs a beat of which every other check-in is lost. */
static void a_destination_that_beats_better_stands_for_the_agent(void **state)
{
	(void)state;
	event a = beat, b = beat;
	a.agent = b.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	b.dst = "198.51.100.8";
	b.out = 5000;
	world w = world_new(true);
	uint32_t x = 1;
	for (unsigned i = 1; i <= 288; i++) {
		x = x * 1664525u + 1013904223u;
		a.t += 300 * (1 - 0.2 * (x >> 8) / 16777216.0);
		x = x * 1664525u + 1013904223u;
		if (x >> 31 == 0)
			world_add(&w, &a);
		b.t = beat.t + 77 + 3600.0 * i;
		if (i < 22)
			world_add(&w, &b);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ .all = true });
	const ic_finding *both = finding_of(&f, "beacon", a.agent),
			 *one = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_true(both && one && both->score->E > one->score->E);
	assert_true(one->connections * 10 < both->connections * 9 && one->automation > both->automation + 1);
	assert_true(one->part_of == 0 && both->part_of == one->id);
	ic_findings_clear(&f);
	world_free(&w);
}

/* All that a source asks for goes through one address: the name says more. */
static void a_name_behind_a_proxy_stands_for_itself(void **state)
{
	(void)state;
	event a = beat, b = beat;
	a.name = "c2.example.net";
	b.name = "www.example.org";
	world w = world_with_rest(a, b, 400, 40, true);
	ic_findings f = world_detect(&w, (ic_detect_config){ .all = true });
	const ic_finding *name = finding_of(&f, "beacon", a.name),
			 *proxy = finding_of(&f, "beacon", "198.51.100.7:443");
	assert_true(name && proxy && name->score->E > proxy->score->E && proxy->automation > 50);
	assert_true(name->part_of == 0 && proxy->part_of == name->id);
	ic_findings_clear(&f);
	world_free(&w);
}

/* Servers asked in turn beat each on their own, at a multiple: still one cause. */
static void a_beat_that_goes_round_is_one_finding(void **state)
{
	(void)state;
	static const char *const server[] = { "198.51.100.7", "198.51.100.8", "198.51.100.9" };
	world w = world_new(true);
	event e = beat;
	e.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
	for (unsigned i = 0; i < 900; i++) {
		e.dst = server[i % 3];
		e.t = beat.t + 5 * i; /* whole seconds: the clock is coarse beside the interval */
		world_add(&w, &e);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 1);
	const ic_finding *b = finding_of(&f, "beacon", e.agent);
	assert_non_null(b);
	assert_int_equal(b->cover_count, 3);
	assert_true(fabs(b->interval_median_s - 5) < 0.01);
	ic_findings_clear(&f);
	world_free(&w);
}

/* One beat over 25 names and 130 addresses: only the agent sees it. */
static void a_spread_beat_is_found_by_its_agent(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat;
	e.agent = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.0)";
	e.request = true;
	e.signals = IC_SIG_HTTP | IC_SIG_HAS_USER_AGENT;
	char name[48], dst[32];
	for (int i = 0; i < 260; i++) {
		snprintf(name, sizeof name, "n%d.example%d.com", i % 25, i % 25);
		snprintf(dst, sizeof dst, "198.51.100.%d", 1 + i * 7 % 130);
		e.name = name;
		e.domain = strchr(name, '.') + 1;
		e.dst = dst;
		world_add(&w, &e);
		e.t += 400 + i % 3;
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 1);
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	assert_int_equal(b->group_by, IC_BY_USER_AGENT);
	assert_int_equal(b->event_level, IC_AT_CONNECTION);
	assert_null(b->dst_name.p); /* several */
	assert_null(b->dst_ip.p);
	assert_int_equal(b->prevalence_hosts, -1);
	assert_non_null(reason_of(b, "user-agent")); /* legacy */
	ic_findings_clear(&f);
	world_free(&w);
}

/* A request knows less than its connection (no JA4, no TLS row): still one cause. */
static void a_request_level_series_is_folded_into_its_connections(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat, r = beat;
	e.name = r.name = "c2.example.net";
	e.domain = r.domain = "example.net";
	e.ja4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
	e.signals = IC_SIG_HTTP | IC_SIG_TLS;
	r.signals = IC_SIG_HTTP;
	r.only_request = true;
	world_beat(&w, e, 200, 60, 0.02);
	world_beat(&w, r, 200, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 1);
	assert_int_equal(f.list[0].event_level, IC_AT_CONNECTION);
	assert_int_equal(f.list[0].cover_count, 6);
	ic_findings_clear(&f);
	world_free(&w);
}

static void a_keep_alive_beat_shows_at_request_level(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat;
	e.signals = IC_SIG_HTTP | IC_SIG_BARE_IP | IC_SIG_HAS_USER_AGENT;
	e.request = true;
	world_add(&w, &e);
	e.request = false;
	e.only_request = true;
	e.t += 5.1;
	world_beat(&w, e, 60, 5.1, 0.01);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(count_of(&f, "beacon"), 1);
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	assert_int_equal(b->event_level, IC_AT_REQUEST);
	assert_int_equal(b->connections, 61);
	assert_non_null(reason_of(b, "no-name"));
	ic_findings_clear(&f);
	world_free(&w);
}

static void serialise(const ic_findings *f, char *text, size_t n)
{
	size_t at = 0;
	for (size_t i = 0; i < f->n; i++) {
		const ic_finding *x = &f->list[i];
		int k = snprintf(text + at, n - at, "%016llx %s %.3f %.3f %.*s %s|",
				 (unsigned long long)x->id, x->detector, x->automation, x->priority,
				 (int)x->value.n, x->value.p, x->summary);
		assert_true(k > 0 && (size_t)k < n - at);
		at += (size_t)k;
		for (size_t c = 0; c < x->cover_count; c++)
			at += (size_t)snprintf(text + at, n - at, "[%.*s]", (int)x->covers[c].value.n,
					       x->covers[c].value.p);
	}
}

/* The order of insertion (so ids of the dictionary) and the threads do not matter. */
static void nothing_depends_on_order_or_threads(void **state)
{
	(void)state;
	static char text[4][65536];
	for (unsigned round = 0; round < 4; round++) {
		world w = world_new(true);
		static char src[40][32], name[40][32];
		for (unsigned i = 0; i < 40; i++) {
			unsigned k = round % 2 ? 39 - i : i;
			snprintf(src[k], sizeof src[k], "10.0.1.%u", k);
			snprintf(name[k], sizeof name[k], "host%u.example.net", k % 5);
			event e = beat;
			e.src = src[k];
			e.name = name[k];
			e.domain = "example.net";
			e.ja4 = k % 7 ? "t13d1516h2_8daaf6152771_e5627efa2ab1"
				      : "t13d201100_2b729b4bf6f3_9e7b989ebec8";
			e.signals = IC_SIG_TLS;
			world_beat(&w, e, 30 + k, 60 + k, 0.1);
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ .threads = round + 1 });
		assert_true(f.n >= 40);
		serialise(&f, text[round], sizeof text[round]);
		assert_string_equal(text[round], text[0]);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void counts_a_slot_are_a_weaker_beacon(void **state)
{
	(void)state;
	world w = world_new(true);
	uint32_t src = world_str(&w, "laptop-7"), dst = world_ip(&w, "198.51.100.20");
	ic_partition *p = ic_observe_partition(w.o, ic_observe_part_of(w.o, src));
	struct ic_slot steady[24], wild[24];
	for (unsigned i = 0; i < 24; i++) {
		steady[i] =
		    (struct ic_slot){ .ticks = (int64_t)((T0 + 3600 * i) * 1e7), .count = 60 - i % 2 };
		wild[i] = (struct ic_slot){ .ticks = steady[i].ticks, .count = 1 + i * i % 97 };
	}
	struct ic_slot *slots[] = { steady, wild };
	for (unsigned k = 0; k < 2; k++) {
		ic_count_series key = { .src = src,
					.value = dst,
					.port = (uint16_t)(443 + k),
					.level = IC_AT_COUNT,
					.transport = IC_TCP };
		int is_new;
		ic_count_series *c = ic_group_upsert(&p->counts, &key, ic_group_hash(&key, 12), &is_new);
		assert_non_null(c);
		c->slots = 24;
		c->slot = slots[k];
		c->total = 1000;
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].detector, "beacon.counts");
	assert_int_equal(f.list[0].event_level, IC_AT_COUNT);
	assert_int_equal(f.list[0].dst_port, 443);
	assert_true(f.list[0].automation > 50 && f.list[0].automation <= 90.01);
	ic_findings_clear(&f);
	for (unsigned k = 0; k < 2; k++)
		((ic_count_series *)ic_group_at(&p->counts, k))->slot = NULL;
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_regular_pair_is_found),
		cmocka_unit_test(sentences_agree_with_the_times),
		cmocka_unit_test(an_irregular_pair_is_not),
		cmocka_unit_test(one_finding_a_cause),
		cmocka_unit_test(a_loose_key_does_not_hide_its_parts),
		cmocka_unit_test(a_loose_key_of_two_beats_is_two_findings),
		cmocka_unit_test(a_destination_with_nearly_all_events_stands_for_the_agent),
		cmocka_unit_test(a_destination_below_the_least_automation_stands_for_nothing),
		cmocka_unit_test(a_destination_that_beats_better_stands_for_the_agent),
		cmocka_unit_test(a_name_behind_a_proxy_stands_for_itself),
		cmocka_unit_test(a_beat_that_goes_round_is_one_finding),
		cmocka_unit_test(a_spread_beat_is_found_by_its_agent),
		cmocka_unit_test(a_request_level_series_is_folded_into_its_connections),
		cmocka_unit_test(a_keep_alive_beat_shows_at_request_level),
		cmocka_unit_test(nothing_depends_on_order_or_threads),
		cmocka_unit_test(counts_a_slot_are_a_weaker_beacon),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
