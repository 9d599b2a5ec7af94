/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence, lowering profiles, caps. */
#include "world.h"

#include "detect/run.h"

#define T0 1714550400.0

static const event beat = {
	.src = "10.0.0.5", .dst = "198.51.100.7", .port = 443, .t = T0, .out = 900, .in = 1500
};

static double priority_of(world *w, const char *value)
{
	ic_findings f = world_detect(w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", value);
	assert_non_null(b);
	double p = b->priority;
	ic_findings_clear(&f);
	return p;
}

static void a_dead_server_raises(void **state)
{
	(void)state;
	world w = world_new(false);
	event e = beat;
	e.dst = "198.51.100.66";
	e.port = 1177;
	e.out = e.in = 0;
	world_beat(&w, e, 200, 14, 0.02);
	world_beat(&w, beat, 200, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *dead = finding_of(&f, "beacon", "198.51.100.66:1177");
	assert_non_null(dead);
	assert_true(f.list == dead);
	assert_true(fabs(reason_of(dead, "no-answer")->contribution - 1.8) < 1e-9);
	assert_non_null(reason_of(dead, "odd-port"));
	assert_true(dead->level >= IC_HIGH);
	assert_null(reason_of(&f.list[1], "no-answer"));
	ic_findings_clear(&f);
	world_free(&w);
}

static void a_log_without_byte_counts_says_nothing_about_answers(void **state)
{
	(void)state;
	world w = world_new(false);
	event e = beat;
	e.out = e.in = -1;
	world_beat(&w, e, 200, 14, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.n, 1);
	assert_null(reason_of(&f.list[0], "no-answer"));
	assert_int_equal(f.list[0].bytes_in, -1);
	ic_findings_clear(&f);
	world_free(&w);
}

/* EVE counts answers to requests and no payload of connections; what has a TLS row had a server. */
static void unknown_bytes_are_no_silence(void **state)
{
	(void)state;
	for (unsigned with_conn = 0; with_conn < 2; with_conn++) {
		world w = world_new(true);
		event tls = beat, web = beat, plain = beat;
		tls.in = plain.in = -1;
		tls.signals = IC_SIG_TLS;
		tls.name = "a.example.net";
		plain.dst = "198.51.100.66";
		web.dst = "198.51.100.67";
		web.port = 80;
		web.request = true;
		web.signals = IC_SIG_HTTP | IC_SIG_NOT_POST;
		world_beat(&w, tls, 200, 60, 0.02);
		world_beat(&w, plain, 200, 50, 0.02);
		world_beat(&w, web, 200, 40, 0.02);
		if (with_conn)
			world_counts_bytes(&w, beat.src);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_null(reason_of(finding_of(&f, "beacon", "198.51.100.7:443"), "no-answer"));
		assert_null(reason_of(finding_of(&f, "beacon", "198.51.100.67:80"), "no-answer"));
		const ic_finding *dead = finding_of(&f, "beacon", "198.51.100.66:443");
		assert_int_equal(reason_of(dead, "no-answer") != NULL, with_conn);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void somebody_knocking_from_outside_is_no_dead_server(void **state)
{
	(void)state;
	world w = world_new(false);
	event e = beat, own = beat;
	e.src = "203.0.113.9";
	e.dst = own.src = "147.32.0.1";
	e.port = 2323;
	e.outside_src = own.outside_src = true;
	e.out = e.in = 0;
	world_beat(&w, e, 200, 14, 0.02);
	char dst[32];
	for (int i = 0; i < 20; i++) {
		snprintf(dst, sizeof dst, "198.51.100.%d", i + 1);
		own.dst = dst;
		world_add(&w, &own);
	}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", "147.32.0.1:2323");
	assert_non_null(b);
	assert_true(fabs(reason_of(b, "inbound")->contribution + 1.5) < 1e-9);
	assert_null(reason_of(b, "no-answer"));
	assert_null(reason_of(b, "odd-port"));
	ic_findings_clear(&f);
	world_free(&w);
}

static void prevalence_needs_a_fleet(void **state)
{
	(void)state;
	world w = world_new(false);
	char src[32];
	world_beat(&w, beat, 200, 60, 0.02);
	for (int i = 0; i < 39; i++) {
		event e = beat;
		snprintf(src, sizeof src, "10.0.2.%d", i);
		e.src = src;
		e.dst = "192.0.2.1";
		world_add(&w, &e);
	}
	event popular = beat;
	popular.dst = "192.0.2.1";
	popular.t += 7;
	world_beat(&w, popular, 200, 90, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *rare = finding_of(&f, "beacon", "198.51.100.7:443"),
			 *common = finding_of(&f, "beacon", "192.0.2.1:443");
	assert_int_equal(rare->prevalence_hosts, 1);
	assert_int_equal(rare->prevalence_of, 40);
	assert_true(reason_of(rare, "prevalence")->contribution == 0); /* one host alone never lowers */
	assert_int_equal(common->prevalence_hosts, 40);
	assert_true(fabs(reason_of(common, "prevalence")->contribution + 1.2 * log10(40.0)) < 1e-9);
	assert_true(rare->priority > common->priority);
	ic_findings_clear(&f);
	world_free(&w);
}

/* From 51 hosts on the formula alone; below, from what one host of the fleet weighs. */
static void prevalence_follows_the_share(void **state)
{
	(void)state;
	static const struct {
		int hosts, of;
		double nats;
	} table[] = { { 1, 20, 0 },	   { 2, 20, -0.361236 }, { 20, 20, -1.561236 }, { 1, 50, 0 },
		      { 1, 51, 0.009084 }, { 1, 200, 0.721236 }, { 8, 200, -0.362472 } };
	char src[32];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world w = world_new(false);
		world_beat(&w, beat, 200, 60, 0.02);
		event e = beat;
		e.src = src;
		for (int k = 1; k < table[i].of; k++) {
			snprintf(src, sizeof src, "10.0.2.%d", k);
			e.dst = k < table[i].hosts ? beat.dst : "192.0.2.1";
			world_add(&w, &e);
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		const double nats =
		    reason_of(finding_of(&f, "beacon", "198.51.100.7:443"), "prevalence")->contribution;
		if (fabs(nats - table[i].nats) > 1e-6)
			fail_msg("%d of %d: %.9f", table[i].hosts, table[i].of, nats);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* A beat that goes round many names is as rare as they are. */
static void a_spread_beat_has_the_prevalence_of_its_destinations(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat;
	char text[64], dst[32];
	e.dst = dst;
	e.ja4 = "t12d190800_aaaaaaaaaaa2_bbbbbbbbbbb1";
	e.signals = IC_SIG_TLS;
	e.name = text;
	for (int i = 0; i < 300; i++) { /* one name in three is known to all hundred */
		snprintf(text, sizeof text, i % 3 ? "n%d.example%d.net" : "common%d.example%d.net", i % 30,
			 i % 30);
		snprintf(dst, sizeof dst, "198.51.100.%d", i % 30 + 1);
		world_add(&w, &e);
		e.t += 60 + i * 7 % 5;
	}
	e.ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
	char src[32];
	e.src = src;
	for (int i = 1; i < 100; i++)
		for (int k = 0; k < 30; k += 3) {
			snprintf(src, sizeof src, "10.0.2.%d", i);
			snprintf(text, sizeof text, "common%d.example%d.net", k, k);
			world_add(&w, &e);
		}
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", "t12d190800_aaaaaaaaaaa2_bbbbbbbbbbb1");
	assert_non_null(b);
	assert_int_equal(b->prevalence_hosts, -1); /* no single destination */
	const ic_reason *r = reason_of(b, "prevalence");
	assert_true(fabs(r->contribution - 1.2 * (2 - 2 / 3.0 - 1.7)) < 1e-9);
	assert_string_equal(r->text,
			    "4.6 of 100 internal hosts contacted each of its destinations, on average");
	ic_findings_clear(&f);
	world_free(&w);
}

/* A look at a name that everybody knows, or a proxy that everybody asks, does not hide where the others go. */
static void a_spread_beat_hides_behind_no_common_destination(void **state)
{
	(void)state;
	for (unsigned proxied = 0; proxied < 2; proxied++) {
		world w = world_new(true);
		event e = beat;
		char name[64], dst[32], src[32];
		e.process = "x.exe";
		e.dst = dst;
		for (unsigned i = 0; i < 300; i++) {
			snprintf(dst, sizeof dst, "198.51.100.%u", proxied ? 1 : i % 30 + 1);
			snprintf(name, sizeof name, "n%u.example%u.net", i % 30, i % 30);
			e.name = proxied ? name : i % 100 == 50 ? "common.example" : NULL;
			world_add(&w, &e);
			e.t += 60 + i * 7 % 5;
		}
		e.process = "browser.exe";
		e.name = "common.example";
		e.src = src;
		for (int i = 1; i < 100; i++) {
			snprintf(src, sizeof src, "10.0.2.%d", i);
			snprintf(dst, sizeof dst, "198.51.100.%d", proxied ? 1 : 77);
			world_add(&w, &e);
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ .all = true });
		const ic_finding *b = finding_of(&f, "beacon", "x.exe");
		assert_non_null(b);
		assert_int_equal(b->prevalence_hosts, -1);
		assert_true(reason_of(b, "prevalence")->contribution > 0.3);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static event updater(void)
{
	event e = beat;
	e.name = "array614.prod.do.dsp.mp.microsoft.com";
	e.domain = "microsoft.com";
	e.signals = IC_SIG_TLS;
	e.out = 1300;
	e.in = 3100;
	return e;
}

static void an_updater_is_lowered_by_name_and_behaviour_together(void **state)
{
	(void)state;
	world w = world_new(true);
	world_beat(&w, updater(), 90, 900, 0.01);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	assert_true(b->automation > 80);
	assert_true(is_lowered_by(b, "software-update"));
	assert_true(fabs(reason_of(b, "lowered")->contribution + 3) < 1e-9);
	assert_int_equal(b->level, IC_INFO);
	ic_findings_clear(&f);
	world_free(&w);

	w = world_new(true); /* the name alone: an updater does not ask every 10 s */
	world_beat(&w, updater(), 300, 10, 0.01);
	f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(finding_of(&f, "beacon", NULL)->lowered_count, 0);
	ic_findings_clear(&f);
	world_free(&w);
}

static void signs_of_an_attack_tool_forbid_lowering(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		world w = world_new(true);
		event e = updater();
		if (kind == 0)
			e.process = "C:\\Windows\\System32\\powershell.exe";
		else if (kind == 1)
			e.signals |= IC_SIG_SELF_SIGNED;
		else
			e.agent = "Modzilla/-2.0 (Atari 7800)";
		world_beat(&w, e, 90, 900, 0.01);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		const ic_finding *b = finding_of(&f, "beacon", NULL);
		assert_int_equal(b->lowered_count, 0);
		assert_non_null(reason_of(b, kind == 0	 ? "process"
					     : kind == 1 ? "certificate"
							 : "user-agent"));
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* Kerberos and its kin are services of a domain, which has them inside; the port of a remote shell is none. */
static void a_usual_port_is_no_evidence(void **state)
{
	(void)state;
	static const struct {
		const char *dst;
		int port;
		bool odd;
	} cases[] = { { "198.51.100.7", 443, false }, { "198.51.100.7", 389, false },
		      { "198.51.100.7", 1177, true }, { "198.51.100.7", 4444, true },
		      { "198.51.100.7", 88, true },   { "198.51.100.7", 135, true },
		      { "198.51.100.7", 464, true },  { "198.51.100.7", 5985, true },
		      { "10.0.0.1", 88, false },      { "10.0.0.1", 135, false },
		      { "10.0.0.1", 5985, false },    { "10.0.0.1", 4444, true } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(false);
		event e = beat;
		e.dst = cases[i].dst;
		e.port = cases[i].port;
		world_beat(&w, e, 100, 60, 0.02);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		if (!reason_of(&f.list[0], "odd-port") == cases[i].odd)
			fail_msg("%s port %d", cases[i].dst, cases[i].port);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void heartbeats_on_a_push_port_are_lowered_without_a_name(void **state)
{
	(void)state;
	world w = world_new(false);
	event e = beat;
	e.port = 8883;
	e.out = 30;
	e.in = 31;
	world_beat(&w, e, 100, 301, 0.005);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_true(is_lowered_by(&f.list[0], "monitoring"));
	ic_findings_clear(&f);
	world_free(&w);

	w = world_new(false);
	e.in = 0; /* nobody answers: not a push service */
	world_beat(&w, e, 100, 301, 0.005);
	f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.list[0].lowered_count, 0);
	assert_non_null(reason_of(&f.list[0], "no-answer"));
	ic_findings_clear(&f);
	world_free(&w);
}

/* On port 443: pulses too small for a handshake, minutes apart. The same faster, or larger, is not one. */
static void pulses_of_an_open_session_are_lowered(void **state)
{
	(void)state;
	static const struct {
		double step;
		int64_t out, in;
		size_t lowered;
	} cases[] = { { 1680, 92, 169, 1 }, { 60, 92, 169, 0 }, { 1680, 700, 1500, 0 }, { 1680, 92, 0, 0 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world w = world_new(false);
		event e = beat;
		e.out = cases[i].out;
		e.in = cases[i].in;
		world_beat(&w, e, 50, cases[i].step, 0.005);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		assert_int_equal(f.list[0].lowered_count, cases[i].lowered);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void what_a_network_does_for_itself_is_lowered(void **state)
{
	(void)state;
	static const struct {
		const char *dst;
		int port;
		bool udp;
		int64_t out, in;
		bool lowered;
		double step; /* 0: 64 s */
	} table[] = {
		{ "192.0.2.123", 123, true, 48, 48, true },
		{ "192.0.2.123", 123, true, 48, 0, true },
		{ "192.0.2.123", 123, true, -1, -1, false },  /* a port alone lowers nothing */
		{ "192.0.2.123", 123, true, 384, 384, true }, /* eight at once */
		{ "192.0.2.123", 123, true, 384, 288, true }, /* and two of them lost */
		{ "192.0.2.123", 123, true, 48, 120, false }, /* a clock says no more than it is asked */
		{ "192.0.2.123", 123, true, 120, 40, false }, /* and no less */
		{ "192.0.2.123", 123, true, 48, 600, false },
		{ "192.0.2.123", 123, true, 600, 48, false },
		{ "192.0.2.123", 123, true, 48, 4000, false },
		{ "192.0.2.123", 123, true, 4000, 48, false },
		{ "192.0.2.123", 123, true, 48, 48, true, 20 },
		{ "192.0.2.123", 123, true, 48, 48, false, 10 }, /* no clock may be asked that often */
		{ "192.0.2.123", 123, false, 48, 48, false },
		{ "192.0.2.123", 53, true, 48, 48, false },
		{ "192.0.2.123", 3478, true, 20, 32, true },
		{ "192.0.2.123", 3478, true, 20, 32, true, 10 },
		{ "192.0.2.123", 19302, true, 20, 32, true },
		{ "192.0.2.123", 3482, true, 20, 32, false },
		{ "239.255.255.250", 1900, true, 700, 0, true },
		{ "255.255.255.255", 67, true, 300, 0, true },
		{ "ff02::fb", 5353, true, 200, 0, true },
		{ "192.0.2.255", 1900, true, 700, 0, false },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world w = world_new(false);
		event e = beat;
		e.dst = table[i].dst;
		e.port = table[i].port;
		e.udp = table[i].udp;
		e.out = table[i].out;
		e.in = table[i].in;
		world_beat(&w, e, 200, table[i].step > 0 ? table[i].step : 64, 0.02);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		const ic_finding *b = finding_of(&f, "beacon", NULL);
		assert_non_null(b);
		if (is_lowered_by(b, "network-service") != table[i].lowered)
			fail_msg("%s:%d (row %zu)", table[i].dst, table[i].port, i);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* What is sent to a clock is of one size. */
static void sizes_that_vary_are_no_service(void **state)
{
	(void)state;
	for (int vary = 0; vary <= 1; vary++) {
		world w = world_new(false);
		event e = beat;
		e.dst = "192.0.2.123";
		e.port = 123;
		e.udp = true;
		e.in = 48;
		for (int k = 0; k < 200; k++) {
			e.out = vary ? 48 + k * k * 37 % 400 : 48;
			world_add(&w, &e);
			e.t += 64 + k % 3;
		}
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		const ic_finding *b = finding_of(&f, "beacon", NULL);
		assert_non_null(b);
		assert_true(is_lowered_by(b, "network-service") == !vary);
		ic_findings_clear(&f);
		world_free(&w);
	}
}

/* A process that sends one packet to a clock, or to everybody, and beats to names whose addresses nobody knows. */
static void one_packet_to_a_service_lowers_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *dst;
		int port;
	} table[] = { { "192.0.2.123", 123 }, { "239.255.255.250", 1900 } };
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world w = world_new(true);
		char name[64];
		event e = {
			.src = "10.0.0.5", .process = "x.exe", .name = name, .t = T0, .out = 90, .in = 150
		};
		e.udp = true;
		for (int k = 0; k < 300; k++) {
			snprintf(name, sizeof name, "n%d.example%d.net", k % 30, k % 30);
			world_add(&w, &e);
			e.t += 60 + k * 7 % 5;
		}
		e.t = T0 + 30;
		e.name = NULL;
		e.dst = table[i].dst;
		e.port = table[i].port;
		world_add(&w, &e);
		ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
		const ic_finding *b = finding_of(&f, "beacon", "x.exe");
		assert_non_null(b);
		assert_false(is_lowered_by(b, "network-service"));
		ic_findings_clear(&f);
		world_free(&w);
	}
}

static void an_unknown_issuer_is_weak_evidence(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = updater();
	e.signals |= IC_SIG_ISSUER_UNKNOWN;
	world_beat(&w, e, 90, 900, 0.01);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	assert_true(fabs(reason_of(b, "certificate")->contribution - 0.8) < 1e-9);
	assert_true(is_lowered_by(b, "software-update"));
	assert_int_equal(b->level, IC_INFO);
	ic_findings_clear(&f);
	world_free(&w);
}

static void few_samples_stay_medium_unless_something_agrees(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = beat;
	e.name = "c2.example.net";
	e.request = true;
	e.signals = IC_SIG_HTTP | IC_SIG_POST;
	e.agent =
	    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";
	world_beat(&w, e, 9, 600, 0);
	ic_findings f = world_detect(&w, (ic_detect_config){ .min_automation = 1 });
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	assert_non_null(b);
	assert_non_null(reason_of(b, "few-samples"));
	assert_true(b->level <= IC_MEDIUM);
	assert_non_null(reason_of(b, "post-only"));
	ic_findings_clear(&f);
	world_free(&w);

	w = world_new(true);
	e.agent = "Mozilla/4.08 (Charon; Inferno)";
	world_beat(&w, e, 9, 600, 0);
	f = world_detect(&w, (ic_detect_config){ .min_automation = 1 });
	b = finding_of(&f, "beacon", NULL);
	assert_null(reason_of(b, "few-samples"));
	assert_non_null(reason_of(b, "user-agent"));
	ic_findings_clear(&f);
	world_free(&w);
}

static void hostile_names_are_cut_in_texts(void **state)
{
	(void)state;
	world w = world_new(true);
	char name[300];
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = 0;
	event e = beat;
	e.dst = NULL;
	e.name = name;
	world_beat(&w, e, 100, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	assert_int_equal(f.list[0].dst_name.n, 299);
	assert_true(strlen(f.list[0].summary) < 300);
	assert_non_null(strstr(f.list[0].summary, "aaa..."));
	ic_findings_clear(&f);
	world_free(&w);
}

static void evidence_keeps_within_its_weight(void **state)
{
	(void)state;
	for (const ic_evidence *e = ic_evidences; e->code; e++) {
		assert_true(e->weight > 0 && e->weight <= 2.5);
		assert_true(strlen(e->help) > 10);
	}
	world w = world_new(true);
	event e = beat;
	e.process = "mshta.exe";
	e.signals = IC_SIG_TLS | IC_SIG_NO_SNI | IC_SIG_SELF_SIGNED;
	e.ja4 = "t13d201100_2b729b4bf6f3_9e7b989ebec8";
	e.out = 900;
	e.in = 100;
	world_beat(&w, e, 100, 60, 0.02);
	ic_findings f = world_detect(&w, (ic_detect_config){ 0 });
	const ic_finding *b = finding_of(&f, "beacon", NULL);
	double sum = 0;
	for (const ic_evidence *x = ic_evidences; x->code; x++) {
		const ic_reason *r = reason_of(b, x->code);
		if (r)
			assert_true(r->contribution <= x->weight && r->weight <= x->weight);
		sum += r ? r->contribution : 0;
	}
	assert_true(fabs(sum - (2.2 + 1.8 + 2.2 + 1.8 + 0.5)) < 1e-9);
	double expected = 100 / (1 + exp(-b->score->logit)) / (1 + exp(1 - sum));
	assert_true(fabs(b->priority - expected) < 0.001);
	assert_int_equal(b->level, IC_CRITICAL);
	ic_findings_clear(&f);
	world_free(&w);
}

static void every_profile_has_a_name_and_help(void **state)
{
	(void)state;
	static const char *const names[] = { "auto-refresh",	"long-poll",  "cloud-sync",
					     "software-update", "monitoring", "backup",
					     "ocsp-crl",	"mdm-fleet",  "network-service" };
	for (size_t i = 0; i < 9; i++) {
		assert_string_equal(ic_lowering_name(i), names[i]);
		assert_non_null(ic_lowering_help(i));
	}
	assert_null(ic_lowering_name(9));
}

/* docs/detectors.md says what the tables say. */
static void the_page_matches_the_tables(void **state)
{
	(void)state;
	static char page[65536];
	FILE *f = fopen(IC_SOURCE_ROOT "/docs/detectors.md", "rb");
	assert_non_null(f);
	page[fread(page, 1, sizeof page - 1, f)] = 0;
	fclose(f);
	char row[512];
	for (const ic_detector *d = ic_detectors; d->name; d++) {
		snprintf(row, sizeof row, "| `%s` | %s |", d->name, d->help);
		if (!strstr(page, row))
			fail_msg("docs/detectors.md lacks: %s", row);
	}
	for (const ic_evidence *e = ic_evidences; e->code; e++) {
		snprintf(row, sizeof row, "| `%s` | %g | %s |", e->code, e->weight, e->help);
		if (!strstr(page, row))
			fail_msg("docs/detectors.md lacks: %s", row);
	}
	for (size_t i = 0; ic_lowering_name(i); i++) {
		snprintf(row, sizeof row, "| `%s` | %s |", ic_lowering_name(i), ic_lowering_help(i));
		if (!strstr(page, row))
			fail_msg("docs/detectors.md lacks: %s", row);
	}
}

static void nothing_fails_badly_without_memory(void **state)
{
	(void)state;
	world w = world_new(true);
	event e = updater();
	e.agent = "curl/7.58.0";
	e.request = true;
	e.signals |= IC_SIG_HTTP;
	world_beat(&w, e, 60, 900, 0.01);
	double whole = priority_of(&w, NULL);
	unsigned failed = 0;
	for (uint64_t n = 1; n < 400; n++) {
		ic_detect_config cfg = { .min_automation = 50 };
		ic_findings f;
		ic_error err = { 0 };
		ic_alloc_fail_after(n);
		ic_status st = ic_detect(w.o, &cfg, &f, &err);
		ic_alloc_fail_after(0);
		if (st == IC_OK) {
			assert_true(finding_of(&f, "beacon", NULL)->priority == whole);
			ic_findings_clear(&f);
			break;
		}
		assert_int_equal(st, IC_E_NOMEM);
		failed++;
	}
	assert_true(failed > 3 && failed < 399);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_server_raises),
		cmocka_unit_test(a_log_without_byte_counts_says_nothing_about_answers),
		cmocka_unit_test(unknown_bytes_are_no_silence),
		cmocka_unit_test(somebody_knocking_from_outside_is_no_dead_server),
		cmocka_unit_test(prevalence_needs_a_fleet),
		cmocka_unit_test(prevalence_follows_the_share),
		cmocka_unit_test(a_spread_beat_has_the_prevalence_of_its_destinations),
		cmocka_unit_test(a_spread_beat_hides_behind_no_common_destination),
		cmocka_unit_test(an_updater_is_lowered_by_name_and_behaviour_together),
		cmocka_unit_test(signs_of_an_attack_tool_forbid_lowering),
		cmocka_unit_test(a_usual_port_is_no_evidence),
		cmocka_unit_test(heartbeats_on_a_push_port_are_lowered_without_a_name),
		cmocka_unit_test(pulses_of_an_open_session_are_lowered),
		cmocka_unit_test(what_a_network_does_for_itself_is_lowered),
		cmocka_unit_test(sizes_that_vary_are_no_service),
		cmocka_unit_test(one_packet_to_a_service_lowers_nothing),
		cmocka_unit_test(an_unknown_issuer_is_weak_evidence),
		cmocka_unit_test(few_samples_stay_medium_unless_something_agrees),
		cmocka_unit_test(hostile_names_are_cut_in_texts),
		cmocka_unit_test(evidence_keeps_within_its_weight),
		cmocka_unit_test(every_profile_has_a_name_and_help),
		cmocka_unit_test(the_page_matches_the_tables),
		cmocka_unit_test(nothing_fails_badly_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
