/* SPDX-License-Identifier: Apache-2.0 */
#include "observe_rig.h"

#include "detect/join.h"

#define SRC "10.0.0.5"
#define DST "93.184.216.34"

static row conn(double t, const char *src, const char *dst)
{
	return (
	    row){ .stream = IC_STREAM_CONN, .t = t, .src = src, .dst = dst, .port = 443, .transport = "tcp" };
}

static void pairs_get_their_events(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ .have_conn = true }, 0);
	for (int i = 0; i < 3; i++) {
		row r = conn(100 + 60 * i, SRC, DST);
		r.ip_out = 500;
		r.out = 400;
		r.in = 7000;
		r.duration = 90.07;
		r.service = i ? "tls" : NULL;
		rig_put(&g, r);
	}
	row udp = conn(500, SRC, DST);
	udp.transport = "udp";
	rig_put(&g, udp);
	rig_put(&g, conn(50, SRC, "198.51.100.7"));
	rig_finish(&g);
	assert_int_equal(series_count(&g), 3);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 443);
	assert_non_null(s);
	assert_int_equal(s->transport, IC_TCP);
	assert_int_equal(s->sketch.n, 3);
	assert_int_equal(ic_sketch_first(&s->sketch), 100 * IC_TICKS_S);
	assert_int_equal(ic_sketch_last(&s->sketch), 220 * IC_TICKS_S);
	assert_int_equal(s->bytes_out, 1200);
	assert_int_equal(s->bytes_in, 21000);
	assert_true(s->any_bytes_out && s->any_bytes_in && s->internal_src && !s->open);
	assert_int_equal(s->duration_ds, 3 * 900);
	assert_int_equal(s->sketch.user, 1);
	assert_int_equal(s->service, IC_TLS);
	s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, "198.51.100.7", 443);
	assert_int_equal(s->sketch.n, 1);
	assert_int_equal(s->sketch.size_bin, 0); /* size not known */
	assert_false(s->any_bytes_out);
	totals t = totals_of(&g);
	assert_int_equal(t.events, 5);
	assert_int_equal(t.hosts, 1);
	assert_int_equal(t.first, 50 * IC_TICKS_S);
	assert_int_equal(t.last, 500 * IC_TICKS_S);
	rig_close(&g);
}

/* Rows in order, drained after newer ones: late where 24 newer ones of the same pair are there already. */
static void rows_that_come_too_late_are_counted(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ .have_conn = true }, 0);
	for (int i = 0; i < 100; i++)
		rig_put(&g, conn(1000 + i, SRC, DST));
	rig_flush(&g);
	for (int i = 0; i < 100; i++) {
		rig_put(&g, conn(i * 11, SRC, DST)); /* up to 1067 older than 24 others and one more */
		rig_put(&g, conn(i * 11, SRC, "198.51.100.7"));
	}
	rig_finish(&g);
	assert_int_equal(series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 443)->sketch.n, 200);
	assert_int_equal(totals_of(&g).late, 98);
	rig_close(&g);
}

static void size_is_ip_bytes_else_payload(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ 0 }, 0);
	row r = conn(1, SRC, DST);
	r.ip_out = 5000;
	r.out = 4;
	rig_put(&g, r);
	r = conn(1, SRC, "93.184.216.35");
	r.out = 777;
	rig_put(&g, r);
	rig_finish(&g);
	assert_int_equal(series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0)->sketch.size_bin,
			 ic_size_bin(5000) + 1);
	assert_int_equal(
	    series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, "93.184.216.35", 0)->sketch.size_bin,
	    ic_size_bin(777) + 1);
	rig_close(&g);
}

static void services_and_flags_merge(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ 0 }, 0);
	const char *services[] = { "http", "ssl" };
	for (int i = 0; i < 2; i++) {
		row r = conn(i + 1, SRC, DST);
		r.service = services[i];
		r.flags = i ? IC_ROW_OPEN : 0;
		rig_put(&g, r);
	}
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
	assert_int_equal(s->service, IC_SERVICE_SEVERAL);
	assert_true(s->open);
	rig_close(&g);
}

/* A row that knows nothing leaves the sums and what stands beside them as they are; more than fits is the most. */
static void sums_stop_at_their_most(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		rig g;
		rig_open(&g, (ic_observe_config){ .full = full, .have_conn = true }, 0);
		for (int i = 0; i < 3; i++) {
			row r = conn(i + 1, SRC, DST);
			r.service = i < 2 ? "ssl" : NULL;
			r.out = i < 2 ? INT64_MAX : 0;
			r.in = i < 2 ? (INT64_C(1) << 56) - 2 : 0;
			r.duration = i < 2 ? 4e8 : 0;
			rig_put(&g, r);
		}
		rig_finish(&g);
		ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
		assert_int_equal(s->sketch.n, 3);
		assert_int_equal(s->bytes_out, (UINT64_C(1) << 56) - 1);
		assert_int_equal(s->bytes_in, (UINT64_C(1) << 56) - 1);
		assert_int_equal(s->duration_ds, UINT32_MAX);
		assert_int_equal(s->sketch.user, UINT16_MAX);
		assert_int_equal(s->service, IC_TLS);
		assert_true(s->any_bytes_out && s->any_bytes_in && s->internal_src && !s->open);
		rig_close(&g);
	}
}

/* More sources than a partition keeps near, of both kinds of addresses: each knows its own series. */
static void many_sources_count_their_series(void **state)
{
	enum { SOURCES = 8000, SERIES = 2 };
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ 0 }, 0);
	for (int i = 0; i < SERIES * SOURCES; i++) {
		char src[48], dst[32];
		const int number = i % SOURCES;
		snprintf(src, sizeof src, number % 5 ? "10.%d.%d.1" : "fd00::%x:%x", number / 200,
			 number % 200);
		snprintf(dst, sizeof dst, "93.184.216.%d", i / SOURCES);
		rig_put(&g, conn(i, src, dst));
	}
	rig_finish(&g);
	assert_int_equal(totals_of(&g).hosts, SOURCES);
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_group_table *t = &ic_observe_partition(g.o, i)->hosts;
		for (uint32_t k = 0; k < ic_group_count(t); k++) {
			const ic_host *h = ic_group_at(t, k);
			assert_int_equal(h->series, SERIES);
			assert_true(h->internal);
		}
	}
	rig_close(&g);
}

static void services_and_transports_are_told_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *service, *transport;
		int is, over;
	} cases[] = {
		{ "ssl", "tcp", IC_TLS, IC_TCP },
		{ "SSL", "TCP", IC_TLS, IC_TCP },
		{ "tls", "udp", IC_TLS, IC_UDP },
		{ "dns", "Udp", IC_DNS, IC_UDP },
		{ "http", "icmp", IC_HTTP, IC_ICMP },
		{ "quic", "icmp6", IC_QUIC, IC_ICMP },
		{ "websocket", "gre", IC_WEBSOCKET, IC_TRANSPORT_OTHER },
		{ "ssh", "sctp", IC_SERVICE_OTHER, IC_TRANSPORT_OTHER },
		{ "smb", "t", IC_SERVICE_OTHER, IC_TRANSPORT_OTHER },
		{ "s", NULL, IC_SERVICE_OTHER, IC_TRANSPORT_NONE },
		{ "https", "tcp", IC_SERVICE_OTHER, IC_TCP },
		{ "gssapi,smb", "tcp", IC_SERVICE_OTHER, IC_TCP },
		{ NULL, "tcp", IC_SERVICE_NONE, IC_TCP },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rig g;
		rig_open(&g, (ic_observe_config){ 0 }, 0);
		row r = conn(1, SRC, DST);
		r.service = cases[i].service;
		r.transport = cases[i].transport;
		rig_put(&g, r);
		rig_finish(&g);
		const ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
		assert_int_equal(s->service, cases[i].is);
		assert_int_equal(s->transport, cases[i].over);
		rig_close(&g);
	}
}

static void scope_leaves_out_and_counts(void **state)
{
	(void)state;
	static const char *const outside[] = { "10.9.9.9",  "127.0.0.1",  "169.254.1.1",    "224.0.0.1",
					       "192.0.0.8", "100.64.0.1", "192.168.0.1",    "::1",
					       "fe80::1",   "fd00::1",	  "255.255.255.255" };
	for (int all = 0; all < 2; all++) {
		rig g;
		rig_open(&g, (ic_observe_config){ .scope_all = all }, 0);
		unsigned n = sizeof outside / sizeof *outside;
		for (unsigned i = 0; i < n; i++)
			rig_put(&g, conn(1, SRC, outside[i]));
		rig_put(&g, conn(1, SRC, DST));
		rig_put(&g, conn(1, SRC, "192.0.1.1"));
		rig_put(&g, conn(1, SRC, "2606:4700::1"));
		rig_put(&g, conn(1, SRC, NULL));
		rig_put(&g, conn(1, NULL, DST));
		rig_finish(&g);
		totals t = totals_of(&g);
		assert_int_equal(t.out_scope, all ? 2 : n + 2);
		assert_int_equal(series_count(&g), all ? n + 3 : 3);
		rig_close(&g);
	}
}

/* The bit per /16 must say what looking at the address itself says. */
static void classes_agree_with_the_slow_way(void **state)
{
	(void)state;
	static const char *const ranges[] = { "10.0.0.0/8", "8.8.0.0/16",    "9.9.9.0/24",
					      "12.0.0.0/6", "2001:db8::/32", "::/0" };
	static const char *const probes[] = { "8.8.255.255", "8.9.0.0",	  "9.9.9.255",	 "9.9.10.0",
					      "9.9.8.1",     "12.0.0.1",  "15.255.0.1",	 "16.0.0.0",
					      "192.0.0.1",   "192.0.2.1", "2001:db8::1", "2001:db9::1" };
	for (size_t count = 1; count <= sizeof ranges / sizeof *ranges; count++) {
		ic_cidrs set;
		assert_int_equal(ic_cidrs_init(&set, ranges, count, NULL), IC_OK);
		ic_observe_config cfg = { .internal = set };
		ic_intern *names = ic_intern_new(NULL);
		ic_observation *o = ic_observe_new(&cfg, names, NULL);
		assert_true(names && o);
		for (uint32_t i = 0; i < 40000 + sizeof probes / sizeof *probes; i++) {
			ic_ip ip = ic_ip_from_v4(i * 107381u);
			if (i >= 40000)
				assert_true(ic_ip_parse(ic_str_of(probes[i - 40000]), &ip));
			bool inside = false;
			for (size_t k = 0; k < set.n; k++)
				inside |= ic_cidr_has(&set.list[k], &ip);
			assert_int_equal(ic_cidrs_has(&set, &ip), inside);
			assert_int_equal(ic_observe_outside(o, &ip),
					 !inside && ic_ip_classify(&ip) == IC_IP_PUBLIC);
		}
		ic_observe_free(o);
		ic_intern_free(names);
		ic_cidrs_clear(&set);
	}
}

static void a_full_parcel_is_resumed(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		rig g;
		rig_open(&g, (ic_observe_config){ .full = full, .have_conn = true }, 0);
		g.room = 7;
		for (int i = 0; i < 1000; i++)
			rig_put(&g, conn(i, SRC, i % 3 ? DST : "10.1.1.1"));
		rig_finish(&g);
		assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 666);
		assert_int_equal(totals_of(&g).out_scope, 334);
		rig_close(&g);
	}
}

/* Many sources and destinations against a plain array of counters, conn-only and full. */
static void random_rows_agree_with_counters(void **state)
{
	(void)state;
	enum { SOURCES = 40, DESTINATIONS = 30, ROWS = 4000 };
	for (int full = 0; full < 2; full++) {
		static uint32_t events[SOURCES][DESTINATIONS];
		static uint64_t bytes[SOURCES][DESTINATIONS];
		memset(events, 0, sizeof events);
		memset(bytes, 0, sizeof bytes);
		rig g;
		rig_open(&g, (ic_observe_config){ .full = full, .have_conn = true }, 0);
		uint32_t x = 12345;
		for (int i = 0; i < ROWS; i++) {
			x = x * 1664525u + 1013904223u;
			unsigned s = (x >> 8) % SOURCES, d = (x >> 20) % DESTINATIONS;
			char src[32], dst[32];
			snprintf(src, sizeof src, "10.0.%u.1", s);
			snprintf(dst, sizeof dst, "93.184.216.%u", d);
			row r = conn(i, src, dst);
			r.out = 1 + x % 1000;
			events[s][d]++;
			bytes[s][d] += (uint64_t)r.out;
			rig_put(&g, r);
		}
		rig_finish(&g);
		for (unsigned s = 0; s < SOURCES; s++) {
			for (unsigned d = 0; d < DESTINATIONS; d++) {
				char src[32], dst[32];
				snprintf(src, sizeof src, "10.0.%u.1", s);
				snprintf(dst, sizeof dst, "93.184.216.%u", d);
				ic_series *e = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, src, dst, 443);
				assert_int_equal(e ? e->sketch.n : 0, events[s][d]);
				assert_int_equal(e ? e->bytes_out : 0, bytes[s][d]);
			}
		}
		assert_int_equal(totals_of(&g).hosts, SOURCES);
		rig_close(&g);
	}
}

static void a_memory_limit_drops_and_counts(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		rig g;
		rig_open(&g, (ic_observe_config){ .full = full, .have_conn = true }, 150000);
		for (int i = 0; i < 4000; i++) {
			char dst[32], uid[32];
			snprintf(dst, sizeof dst, "93.%d.%d.1", i / 200, i % 200);
			row r = conn(i, SRC, dst);
			snprintf(uid, sizeof uid, "C%d", i);
			r.uid = uid;
			rig_put(&g, r);
		}
		rig_finish(&g);
		totals t = totals_of(&g);
		assert_true(t.dropped > 0);
		assert_true(series_count(&g) > 100);
		assert_true(g.budget.used <= 150000);
		rig_close(&g);
		assert_int_equal(g.budget.used, 0);
	}
}

static void memory_that_is_gone_is_an_error(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		bool failed = false, passed = false;
		for (uint64_t nth = 1; nth < 60 && !passed; nth++) {
			rig g;
			rig_open(&g, (ic_observe_config){ .full = full }, 0);
			row r = conn(1, SRC, DST);
			r.uid = "C1";
			rig_put(&g, r);
			rig_put(&g, conn(2, SRC, DST));
			/* Interning comes first and has its own counters: let it pass. */
			assert_int_equal(ic_intern_str(g.names, IC_STR("warm")) != 0, 1);
			ic_alloc_fail_after(nth);
			rig_flush(&g);
			ic_alloc_fail_after(0);
			failed |= g.status == IC_E_NOMEM;
			passed = g.status == IC_OK && g.dropped == 0;
			assert_true(g.status == IC_OK || g.status == IC_E_NOMEM);
			rig_close(&g);
		}
		assert_true(failed && passed);
	}
}

/* ---- rows of full runs ------------------------------------------------------------------ */

static void source_is_host_then_address_then_user(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ .full = true, .have_conn = true }, 0);
	row r = conn(1, SRC, DST);
	r.host_name = "pc-1";
	r.user = "ann";
	rig_put(&g, r);
	r = conn(1, NULL, DST);
	r.host_name = "pc-2";
	rig_put(&g, r);
	r = conn(1, NULL, DST);
	r.user = "ann";
	rig_put(&g, r);
	r = conn(1, SRC, NULL);
	r.name = "a.example.com";
	rig_put(&g, r);
	rig_put(&g, conn(1, "8.8.8.8", DST));
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, "pc-1", DST, 0);
	assert_true(s && s->internal_src);
	s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, "pc-2", DST, 0);
	assert_true(s && s->internal_src);
	s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, "ann", DST, 0);
	assert_true(s && !s->internal_src);
	s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, "8.8.8.8", DST, 0);
	assert_true(s && !s->internal_src);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "a.example.com"), 1);
	assert_null(series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, NULL, 0));
	ic_profile *f = profile_of(&g, "pc-1", DST, NULL, NULL, NULL);
	assert_true(f && id_is(&g, f->src_host, "pc-1") && id_is(&g, f->src_ip, SRC));
	assert_int_equal(totals_of(&g).hosts, 5);
	rig_close(&g);
}

static void signals_say_what_the_row_said(void **state)
{
	(void)state;
	static const struct {
		row r;
		unsigned want;
	} cases[] = {
		{ { .stream = IC_STREAM_HTTP, .name = "n.example", .method = "POST", .agent = "A" },
		  IC_SIG_HTTP | IC_SIG_POST | IC_SIG_HAS_USER_AGENT },
		{ { .stream = IC_STREAM_HTTP, .method = "GET" },
		  IC_SIG_HTTP | IC_SIG_NOT_POST | IC_SIG_NO_USER_AGENT | IC_SIG_BARE_IP },
		{ { .stream = IC_STREAM_HTTP, .name = "n.example", .flags = IC_ROW_UPGRADE | IC_ROW_BLOCKED },
		  /* nothing of the request was logged: the agent is unknown, not missing */
		  IC_SIG_HTTP | IC_SIG_UPGRADE | IC_SIG_BLOCKED },
		{ { .stream = IC_STREAM_WEBSOCKET, .name = "n.example", .agent = "A" },
		  IC_SIG_HTTP | IC_SIG_UPGRADE | IC_SIG_HAS_USER_AGENT },
		{ { .stream = IC_STREAM_SSL, .cert_valid = 1 }, IC_SIG_TLS | IC_SIG_NO_SNI },
		{ { .stream = IC_STREAM_SSL, .sni = "n.example", .name = "n.example", .cert_valid = 2 },
		  IC_SIG_TLS | IC_SIG_CERT_ODD },
		{ { .stream = IC_STREAM_SSL,
		    .sni = "n.example",
		    .cert_valid = 2,
		    .subject = "CN=x",
		    .issuer = "CN=x" },
		  IC_SIG_TLS | IC_SIG_SELF_SIGNED },
		{ { .stream = IC_STREAM_SSL,
		    .sni = "n.example",
		    .cert_valid = 2,
		    .cert_status = "Self-signed certificate in chain" },
		  IC_SIG_TLS | IC_SIG_SELF_SIGNED },
		{ { .stream = IC_STREAM_SSL, .sni = "n.example", .subject = "CN=x", .issuer = "CN=y" },
		  IC_SIG_TLS },
		{ { .stream = IC_STREAM_CONN, .flags = IC_ROW_OPEN }, IC_SIG_OPEN },
		{ { .stream = IC_STREAM_CONN, .service = "websocket" }, IC_SIG_UPGRADE },
		{ { .stream = IC_STREAM_CONN, .agent = "A", .method = "GET" },
		  IC_SIG_HTTP | IC_SIG_HAS_USER_AGENT | IC_SIG_NOT_POST },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rig g;
		rig_open(&g, (ic_observe_config){ .full = true }, 0);
		row r = cases[i].r;
		r.src = SRC;
		r.dst = DST;
		r.t = 5;
		rig_put(&g, r);
		rig_finish(&g);
		ic_profile *f = profile_of(&g, SRC, DST, r.name, r.agent, NULL);
		assert_non_null(f);
		assert_int_equal(f->signals, cases[i].want);
		rig_close(&g);
	}
}

static void request_size_follows_the_rule(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ .full = true }, 0);
	rig_put(&g, (row){ .stream = IC_STREAM_HTTP,
			   .t = 1,
			   .src = SRC,
			   .dst = DST,
			   .port = 80,
			   .uri = "/abcdefghi",
			   .agent = "Agent",
			   .body = 1000,
			   .name = "n.example",
			   .method = "POST" });
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, DST, 80);
	assert_non_null(s);
	assert_int_equal(s->sketch.size_bin, ic_size_bin(200 + 10 + 5 + 1000) + 1);
	assert_int_equal(s->transport, IC_TCP);
	assert_int_equal(s->service, IC_HTTP);
	assert_int_equal(s->bytes_out, 1000);
	rig_close(&g);
}

static void dns_rows_name_their_addresses(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, (ic_observe_config){ .full = true, .have_conn = true }, 0);
	g.room = 70; /* the second row must wait for the next parcel */
	for (int i = 0; i < 12; i++)
		rig_put(&g, (row){ .stream = IC_STREAM_DNS,
				   .t = i,
				   .src = SRC,
				   .dst = "10.0.0.1",
				   .query = "Old.Example.COM.",
				   .answers = "cdn.example.net,93.184.216.34,2606:4700::1" });
	rig_put(&g, (row){ .stream = IC_STREAM_DNS,
			   .t = 13,
			   .src = SRC,
			   .query = "new.example.com",
			   .answers = "[\"93.184.216.34\"]" });
	rig_put(&g, (row){ .stream = IC_STREAM_DNS,
			   .t = 13,
			   .src = "10.0.0.6",
			   .query = "other.example.com",
			   .answers = "93.184.216.34" });
	rig_put(&g, (row){ .stream = IC_STREAM_DNS, .t = 13, .src = SRC, .query = "none.example.com" });
	rig_put(&g, conn(20, SRC, DST));
	rig_put(&g, conn(21, SRC, "2606:4700::1"));
	rig_put(&g, conn(22, SRC, "93.184.216.99"));
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "new.example.com"), 1);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "old.example.com"), 1);
	assert_int_equal(events_of(&g, IC_BY_DOMAIN, IC_AT_CONNECTION, SRC, "example.com"), 2);
	assert_null(series_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "other.example.com", 0));
	assert_int_equal(series_count(&g), 3 + 2 + 1);
	assert_int_equal(totals_of(&g).events, 3);
	rig_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_get_their_events),
		cmocka_unit_test(rows_that_come_too_late_are_counted),
		cmocka_unit_test(size_is_ip_bytes_else_payload),
		cmocka_unit_test(services_and_flags_merge),
		cmocka_unit_test(sums_stop_at_their_most),
		cmocka_unit_test(many_sources_count_their_series),
		cmocka_unit_test(services_and_transports_are_told_by_name),
		cmocka_unit_test(scope_leaves_out_and_counts),
		cmocka_unit_test(classes_agree_with_the_slow_way),
		cmocka_unit_test(a_full_parcel_is_resumed),
		cmocka_unit_test(random_rows_agree_with_counters),
		cmocka_unit_test(a_memory_limit_drops_and_counts),
		cmocka_unit_test(memory_that_is_gone_is_an_error),
		cmocka_unit_test(source_is_host_then_address_then_user),
		cmocka_unit_test(signals_say_what_the_row_said),
		cmocka_unit_test(request_size_follows_the_rule),
		cmocka_unit_test(dns_rows_name_their_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
