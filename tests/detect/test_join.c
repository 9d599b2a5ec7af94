/* SPDX-License-Identifier: Apache-2.0 */
#include "observe_rig.h"

#define SRC   "10.0.0.5"
#define DST   "93.184.216.34"
#define PROXY "10.0.0.254"
#define NAME  "www.example.com"
#define JA4   "t13d1516h2_8daaf6152771_b186095e22b6"

static row conn(double t, const char *uid)
{
	return (row){ .stream = IC_STREAM_CONN,
		      .t = t,
		      .uid = uid,
		      .src = SRC,
		      .dst = DST,
		      .port = 443,
		      .transport = "tcp",
		      .ip_out = 900,
		      .out = 800,
		      .in = 5000,
		      .duration = 2 };
}

static row http(double t, const char *uid)
{
	return (row){ .stream = IC_STREAM_HTTP,
		      .t = t,
		      .uid = uid,
		      .src = SRC,
		      .dst = DST,
		      .port = 443,
		      .name = NAME,
		      .method = "GET",
		      .uri = "/",
		      .agent = "Agent/1",
		      .service = "http" };
}

static row tls(double t, const char *uid)
{
	return (row){ .stream = IC_STREAM_SSL,
		      .t = t,
		      .uid = uid,
		      .src = SRC,
		      .dst = DST,
		      .port = 443,
		      .sni = NAME,
		      .name = NAME,
		      .ja3 = "0123456789abcdef0123456789abcdef",
		      .ja4 = JA4 };
}

static const ic_observe_config DETAILS_FIRST = { .full = true, .have_conn = true };
static const ic_observe_config MIXED = { .full = true, .have_conn = true, .join_pending = true };
static const ic_observe_config NO_CONN = { .full = true };

/* One connection with TLS and HTTP in it, at second `t`. */
static void is_one_connection(rig *g, double t)
{
	static const struct {
		ic_group_by by;
		const char *value;
	} keys[] = { { IC_BY_IP_PORT, DST },
		     { IC_BY_NAME, NAME },
		     { IC_BY_DOMAIN, "example.com" },
		     { IC_BY_JA4, JA4 },
		     { IC_BY_USER_AGENT, "Agent/1" } };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		ic_series *s = series_of(g, keys[i].by, IC_AT_CONNECTION, SRC, keys[i].value, 0);
		assert_non_null(s);
		assert_int_equal(s->sketch.n, 1);
		assert_int_equal(ic_sketch_first(&s->sketch), (int64_t)t * IC_TICKS_S);
		assert_int_equal(s->sketch.size_bin, ic_size_bin(900) + 1);
		assert_int_equal(s->bytes_out, 800);
	}
	ic_profile *f = profile_of(g, SRC, DST, NAME, "Agent/1", JA4);
	assert_non_null(f);
	assert_int_equal(f->connections, 1);
	assert_int_equal(f->requests, 0);
	assert_true(id_is(g, f->ja3[0], "0123456789abcdef0123456789abcdef"));
	assert_int_equal(f->ja3[1], 0);
	assert_int_equal(f->signals & (IC_SIG_HTTP | IC_SIG_TLS), IC_SIG_HTTP | IC_SIG_TLS);
	f = profile_of(g, SRC, DST, NAME, "Agent/1", NULL);
	assert_true(f && f->requests == 1 && f->connections == 0);
	f = profile_of(g, SRC, DST, NULL, NULL, NULL);
	assert_true(!f || f->connections == 0);
	for (ic_group_by by = 0; by < IC_GROUP_BYS; by++) {
		bool has = by != IC_BY_JA4 && by != IC_BY_PROCESS;
		const char *value = by == IC_BY_IP_PORT	 ? DST
				    : by == IC_BY_NAME	 ? NAME
				    : by == IC_BY_DOMAIN ? "example.com"
							 : "Agent/1";
		assert_int_equal(events_of(g, by, IC_AT_REQUEST, SRC, value), has);
	}
	assert_int_equal(series_count(g), 5 + 4);
	assert_int_equal(totals_of(g).events, 2);
	assert_int_equal(totals_of(g).dropped, 0);
}

static void rows_meet_in_any_order(void **state)
{
	(void)state;
	static const unsigned char orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	for (int i = 0; i < 6; i++) {
		rig g;
		rig_open(&g, MIXED, 0);
		for (int k = 0; k < 3; k++)
			rig_put(&g, orders[i][k] == 0	? conn(10, "C1")
				    : orders[i][k] == 1 ? http(11, "C1")
							: tls(12, "C1"));
		rig_finish(&g);
		is_one_connection(&g, 10);
		rig_close(&g);
	}
}

static void details_first_needs_no_memory_of_connections(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	rig_put(&g, http(11, "C1"));
	rig_flush(&g);
	rig_put(&g, tls(12, "C1"));
	rig_flush(&g);
	rig_put(&g, conn(10, "C1"));
	rig_put(&g, conn(10, "C1")); /* the same file given twice */
	rig_finish(&g);
	is_one_connection(&g, 10);
	rig_close(&g);
}

static void different_uids_do_not_meet(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	rig_put(&g, tls(1, "C1"));
	rig_put(&g, tls(2, "C2"));
	rig_put(&g, conn(3, "C1"));
	rig_put(&g, conn(4, "C2"));
	rig_put(&g, conn(5, "C3"));
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 3);
	assert_int_equal(events_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4), 2);
	assert_int_equal(profile_of(&g, SRC, DST, NULL, NULL, NULL)->connections, 1);
	assert_int_equal(profile_of(&g, SRC, DST, NAME, NULL, JA4)->connections, 2);
	rig_close(&g);
}

static void details_whose_connection_never_comes_stand_alone(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	for (int i = 0; i < 100; i++) { /* in no order of time */
		char uid[16];
		int at = i * 37 % 100;
		snprintf(uid, sizeof uid, "C%d", at);
		row r = http(1000 + 60 * at, uid);
		rig_put(&g, r);
	}
	rig_flush(&g);
	assert_null(series_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME, 0));
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME, 0);
	assert_int_equal(s->sketch.n, 100);
	assert_int_equal(ic_sketch_first(&s->sketch), 1000 * IC_TICKS_S);
	assert_int_equal(ic_sketch_late(&s->sketch), 0); /* they came in order of time */
	assert_int_equal(profile_of(&g, SRC, DST, NAME, "Agent/1", NULL)->connections, 100);
	rig_close(&g);
}

static void without_conn_logs_the_first_row_is_the_connection(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, NO_CONN, 0);
	for (int i = 0; i < 10; i++) /* keep-alive */
		rig_put(&g, http(100 + 5 * i, "C1"));
	rig_put(&g, tls(200, "C2"));
	rig_flush(&g);
	rig_put(&g, http(300, "C1"));
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
	assert_int_equal(s->sketch.n, 2);
	assert_int_equal(ic_sketch_first(&s->sketch), 100 * IC_TICKS_S);
	assert_int_equal(ic_sketch_last(&s->sketch), 200 * IC_TICKS_S);
	assert_int_equal(events_of(&g, IC_BY_USER_AGENT, IC_AT_CONNECTION, SRC, "Agent/1"), 1);
	assert_int_equal(events_of(&g, IC_BY_USER_AGENT, IC_AT_REQUEST, SRC, "Agent/1"), 11);
	assert_int_equal(events_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4), 1);
	ic_profile *f = profile_of(&g, SRC, DST, NAME, "Agent/1", NULL);
	assert_true(f && f->connections == 1 && f->requests == 11);
	assert_int_equal(totals_of(&g).events, 13);
	rig_close(&g);
}

static void keep_alive_shows_at_request_level(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	for (int i = 0; i < 748; i++)
		rig_put(&g, http(100 + 5 * i, "C1"));
	rig_put(&g, conn(100, "C1"));
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 1);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, DST), 748);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_REQUEST, SRC, NAME), 748);
	rig_close(&g);
}

static void rows_without_uid_count_each(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	for (int i = 0; i < 3; i++) {
		rig_put(&g, conn(i, NULL));
		rig_put(&g, http(10 + i, NULL));
		rig_put(&g, tls(20 + i, NULL));
	}
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 9);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME), 6);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, DST), 3);
	rig_close(&g);
}

static void endpoint_rows_have_all_keys(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	row r = conn(1, NULL);
	r.host_name = "pc-1";
	r.process = "powershell.exe";
	r.name = "a.b.example.co.uk";
	r.count = 5; /* coalesced: one event at its time */
	rig_put(&g, r);
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_PROCESS, IC_AT_CONNECTION, "pc-1", "powershell.exe"), 1);
	assert_int_equal(events_of(&g, IC_BY_DOMAIN, IC_AT_CONNECTION, "pc-1", "example.co.uk"), 1);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, "pc-1", DST), 1);
	assert_int_equal(series_count(&g), 4);
	rig_close(&g);
}

static void public_suffixes_are_no_domain(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	row r = conn(1, NULL);
	r.name = "co.uk";
	rig_put(&g, r);
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "co.uk"), 1);
	assert_int_equal(series_count(&g), 2);
	rig_close(&g);
}

static void open_reports_count_once(void **state)
{
	(void)state;
	/* Two hourly reports, then the end; with a log of closed connections before or after them. */
	for (int last = 0; last < 2; last++) {
		rig g;
		rig_open(&g, DETAILS_FIRST, 0);
		row end = conn(10, "C1");
		end.duration = 9000;
		end.out = 3000;
		end.in = 9000;
		if (!last)
			rig_put(&g, end);
		for (int i = 1; i <= 2; i++) {
			row r = conn(10, "C1");
			r.flags = IC_ROW_OPEN;
			r.duration = 3600 * i;
			r.out = 1000 * i;
			r.in = 2500 * i;
			rig_put(&g, r);
		}
		if (last)
			rig_put(&g, end);
		rig_finish(&g);
		ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
		assert_int_equal(s->sketch.n, 1);
		assert_int_equal(s->bytes_out, 3000);
		assert_int_equal(s->bytes_in, 9000);
		assert_int_equal(s->duration_ds, 90000);
		assert_int_equal(s->sketch.user, 150);
		assert_false(s->open);
		assert_int_equal(totals_of(&g).events, 1);
		rig_close(&g);
	}
}

static void still_open_is_said(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	rig_put(&g, tls(10, "C1"));
	for (int i = 1; i <= 3; i++) {
		row r = conn(10, "C1");
		r.flags = IC_ROW_OPEN;
		r.duration = 3600 * i;
		rig_put(&g, r);
	}
	rig_finish(&g);
	static const ic_group_by keys[] = { IC_BY_IP_PORT, IC_BY_NAME, IC_BY_JA4 };
	static const char *const values[] = { DST, NAME, JA4 };
	for (int i = 0; i < 3; i++) {
		ic_series *s = series_of(&g, keys[i], IC_AT_CONNECTION, SRC, values[i], 0);
		assert_true(s && s->open);
		assert_int_equal(s->sketch.n, 1);
		assert_int_equal(s->duration_ds, 3 * 36000);
		assert_int_equal(s->bytes_out, 800);
	}
	rig_close(&g);
}

static void proxied_names_are_in_scope(void **state)
{
	(void)state;
	for (int all = 0; all < 2; all++) {
		for (int conn_first = 0; conn_first < 2; conn_first++) {
			rig g;
			ic_observe_config cfg = MIXED;
			cfg.scope_all = all;
			rig_open(&g, cfg, 0);
			row c = conn(10, "C1"), h = http(11, "C1"), s = tls(12, "C1");
			c.dst = h.dst = s.dst = PROXY;
			c.port = h.port = s.port = 3128;
			h.method = "CONNECT";
			h.name = "c2.example.org";
			h.flags = IC_ROW_PROXIED;
			rig_put(&g, conn_first ? c : s); /* SNI says www, the proxy was asked for c2 */
			rig_put(&g, h);
			rig_put(&g, conn_first ? s : c);
			rig_finish(&g);
			assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "c2.example.org"),
					 1);
			assert_int_equal(events_of(&g, IC_BY_DOMAIN, IC_AT_CONNECTION, SRC, "example.org"),
					 1);
			assert_null(series_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME, 0));
			assert_int_equal(events_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4), 1);
			assert_int_equal(events_of(&g, IC_BY_USER_AGENT, IC_AT_REQUEST, SRC, "Agent/1"), 1);
			assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, PROXY), all);
			assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, PROXY), all);
			assert_int_equal(totals_of(&g).out_scope, 0);
			assert_int_equal(totals_of(&g).events, 2);
			ic_profile *f = profile_of(&g, SRC, PROXY, "c2.example.org", "Agent/1", JA4);
			assert_true(f && f->connections == 1 && (f->signals & IC_SIG_PROXIED));
			rig_close(&g);
		}
	}
}

static void an_address_asked_of_a_proxy_is_the_destination(void **state)
{
	(void)state;
	static const struct {
		const char *uri, *dst;
		int port;
	} cases[] = { { "203.0.113.9:8443", "203.0.113.9", 8443 },
		      { "http://203.0.113.9/x", "203.0.113.9", 80 },
		      { "https://203.0.113.9", "203.0.113.9", 443 },
		      { "http://203.0.113.9:8080?q", "203.0.113.9", 8080 },
		      { "[2606:4700::1]:443", "2606:4700::1", 443 },
		      { "http://[2606:4700::1]/", "2606:4700::1", 80 },
		      { "10.1.2.3:443", NULL, 0 },
		      { "[2606:4700::1", NULL, 0 },
		      { "http://", NULL, 0 },
		      { "", NULL, 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rig g;
		rig_open(&g, DETAILS_FIRST, 0);
		row c = conn(10, "C1"), h = http(11, "C1");
		c.dst = h.dst = PROXY;
		c.port = h.port = 3128;
		h.method = "CONNECT";
		h.name = NULL;
		h.agent = NULL;
		h.uri = cases[i].uri;
		h.flags = IC_ROW_PROXIED;
		rig_put(&g, h);
		rig_put(&g, c);
		rig_finish(&g);
		assert_int_equal(series_count(&g), cases[i].dst ? 2 : 0);
		if (cases[i].dst) {
			assert_non_null(
			    series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, cases[i].dst, cases[i].port));
			assert_non_null(
			    series_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, cases[i].dst, cases[i].port));
		}
		rig_close(&g);
	}
}

static void out_of_scope_leaves_no_series_but_a_host(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	row c = conn(10, "C1"), h = http(11, "C1");
	c.dst = h.dst = "10.1.1.1";
	rig_put(&g, h);
	rig_put(&g, c);
	h.uid = NULL;
	rig_put(&g, h);
	rig_finish(&g);
	totals t = totals_of(&g);
	assert_int_equal(series_count(&g), 0);
	assert_int_equal(t.out_scope, 3);
	assert_int_equal(t.events, 0);
	assert_int_equal(t.hosts, 1);
	assert_int_equal(t.first, IC_TIME_NONE);
	assert_null(profile_of(&g, SRC, "10.1.1.1", NULL, NULL, NULL));
	rig_close(&g);
}

static void names_win_in_their_order(void **state)
{
	(void)state;
	/* An http row inside TLS does not rename it, whichever comes first; DNS is the last resort. */
	for (int i = 0; i < 2; i++) {
		rig g;
		rig_open(&g, DETAILS_FIRST, 0);
		rig_put(&g, (row){ .stream = IC_STREAM_DNS,
				   .t = 1,
				   .src = SRC,
				   .query = "dns.example.com",
				   .answers = DST });
		row h = http(11, "C1");
		h.name = "inner.example.com";
		rig_put(&g, i ? h : tls(12, "C1"));
		rig_put(&g, i ? tls(12, "C1") : h);
		rig_put(&g, conn(10, "C1"));
		rig_put(&g, conn(20, "C2"));
		row bare = http(31, "C3");
		bare.name = NULL;
		rig_put(&g, bare);
		rig_put(&g, conn(30, "C3"));
		rig_finish(&g);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME), 1);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "inner.example.com"), 0);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_REQUEST, SRC, "inner.example.com"), 1);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, "dns.example.com"), 1);
		rig_close(&g);
	}
}

static void a_late_name_replaces_one_guessed_from_dns(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, MIXED, 0);
	rig_put(
	    &g,
	    (row){ .stream = IC_STREAM_DNS, .t = 1, .src = SRC, .query = "dns.example.com", .answers = DST });
	rig_put(&g, conn(10, "C1"));
	rig_put(&g, tls(11, "C1"));
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME), 1);
	assert_int_equal(profile_of(&g, SRC, DST, NAME, NULL, JA4)->connections, 1);
	assert_int_equal(profile_of(&g, SRC, DST, "dns.example.com", NULL, NULL)->connections, 0);
	assert_int_equal(totals_of(&g).events, 1);
	rig_close(&g);
}

static void the_oldest_leave_when_the_table_is_full(void **state)
{
	(void)state;
	rig g;
	ic_observe_config cfg = DETAILS_FIRST;
	cfg.join_entries = 8;
	rig_open(&g, cfg, 0);
	char uid[16];
	for (int i = 0; i < 20; i++) {
		snprintf(uid, sizeof uid, "C%d", i);
		rig_put(&g, tls(100 + i, uid));
	}
	rig_flush(&g);
	assert_int_equal(totals_of(&g).dropped, 12);
	for (int i = 0; i < 20; i++) {
		snprintf(uid, sizeof uid, "C%d", i);
		rig_put(&g, conn(99 + i, uid));
	}
	rig_finish(&g);
	/* Still every connection counts once, under all of its keys. */
	ic_series *pair = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
	assert_int_equal(pair->sketch.n, 20);
	assert_int_equal(events_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4), 20);
	assert_int_equal(pair->bytes_out, 8 * 800); /* the joined ones */
	rig_close(&g);
}

static void memory_refused_evicts_and_goes_on(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 300000);
	char uid[16];
	for (int i = 0; i < 5000; i++) {
		snprintf(uid, sizeof uid, "C%d", i);
		rig_put(&g, tls(100 + i, uid));
	}
	rig_finish(&g);
	assert_true(totals_of(&g).dropped > 0);
	assert_true(events_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4) > 4000);
	rig_close(&g);
	assert_int_equal(g.budget.used, 0);
}

static void details_after_their_connection_was_forgotten(void **state)
{
	(void)state;
	rig g;
	ic_observe_config cfg = MIXED;
	cfg.join_entries = 2;
	rig_open(&g, cfg, 0);
	rig_put(&g, conn(1, "C1"));
	rig_put(&g, conn(2, "C2"));
	rig_put(&g, conn(3, "C3"));
	rig_put(&g, http(4, "C1"));
	rig_finish(&g);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 3);
	assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_REQUEST, SRC, NAME), 1);
	assert_int_equal(totals_of(&g).dropped, 1);
	rig_close(&g);
}

static void repeated_requests_count_once(void **state)
{
	(void)state;
	/* Logs of open connections always; other logs when the run is told that they repeat. */
	for (int told = 0; told < 2; told++) {
		rig g;
		ic_observe_config cfg = DETAILS_FIRST;
		cfg.repeats = told;
		rig_open(&g, cfg, 0);
		for (int copy = 0; copy < 2; copy++) {
			for (int i = 0; i < 5; i++) {
				row h = http(100 + i, "C1");
				h.flags = told ? 0 : IC_ROW_OPEN;
				rig_put(&g, h);
			}
		}
		rig_put(&g, http(104, "C2"));
		rig_finish(&g);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_REQUEST, SRC, NAME), 6);
		assert_int_equal(events_of(&g, IC_BY_NAME, IC_AT_CONNECTION, SRC, NAME), 2);
		rig_close(&g);
	}
}

static void copies_of_a_log_are_noticed(void **state)
{
	(void)state;
	for (int full = 0; full < 2; full++) {
		for (int copies = 1; copies <= 2; copies++) {
			rig g;
			rig_open(&g, (ic_observe_config){ .full = full, .have_conn = true }, 0);
			for (int copy = 0; copy < copies; copy++) {
				for (int i = 0; i < 20000; i++) {
					char uid[16], dst[32];
					snprintf(uid, sizeof uid, "C%d", i);
					snprintf(dst, sizeof dst, "93.184.%d.1", i % 50);
					row r = full ? http(i, uid) : conn(i, uid);
					r.dst = dst;
					rig_put(&g, r);
				}
			}
			rig_finish(&g);
			assert_int_equal(ic_observe_repeats(g.o), copies == 2);
			rig_close(&g);
		}
	}
}

/* Connections that were counted give way before details that wait. */
static void counted_connections_are_forgotten_first(void **state)
{
	(void)state;
	rig g;
	ic_observe_config cfg = MIXED;
	cfg.join_entries = 16;
	rig_open(&g, cfg, 0);
	char uid[16];
	for (int i = 0; i < 12; i++) {
		snprintf(uid, sizeof uid, "D%d", i);
		rig_put(&g, tls(100 + i, uid));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(uid, sizeof uid, "C%d", i);
		rig_put(&g, conn(200 + i, uid));
	}
	for (int i = 0; i < 12; i++) {
		snprintf(uid, sizeof uid, "D%d", i);
		rig_put(&g, conn(99 + i, uid));
	}
	rig_finish(&g);
	assert_int_equal(totals_of(&g).dropped, 0);
	ic_series *s = series_of(&g, IC_BY_JA4, IC_AT_CONNECTION, SRC, JA4, 0);
	assert_int_equal(s->sketch.n, 12);
	assert_int_equal(s->bytes_out, 12 * 800);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST), 1012);
	rig_close(&g);
}

static void counted_slots_make_count_series(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	for (int i = 0; i < 4100; i++) {
		rig_put(&g, (row){ .stream = IC_STREAM_COUNT,
				   .t = 900 * i,
				   .host_name = "pc-1",
				   .dst = DST,
				   .port = 443,
				   .transport = "tcp",
				   .process = "agent.exe",
				   .name = NAME,
				   .count = 3 });
	}
	rig_put(&g, (row){ .stream = IC_STREAM_COUNT,
			   .t = 1,
			   .host_name = "pc-1",
			   .dst = "10.1.1.1",
			   .port = 443,
			   .count = 3 });
	rig_finish(&g);
	totals t = totals_of(&g);
	assert_int_equal(t.counts, 2);
	assert_int_equal(t.events, 3 * 4100);
	assert_int_equal(t.out_scope, 1);
	assert_int_equal(t.dropped, 2 * 4);
	assert_int_equal(series_count(&g), 0);
	unsigned seen = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		ic_partition *p = ic_observe_partition(g.o, i);
		for (uint32_t k = 0; k < ic_group_count(&p->counts); k++) {
			ic_count_series *s = ic_group_at(&p->counts, k);
			assert_int_equal(s->level, IC_AT_COUNT);
			assert_true(id_is(&g, s->value, s->group_by == IC_BY_IP_PORT ? DST : NAME));
			assert_int_equal(s->port, s->group_by == IC_BY_IP_PORT ? 443 : 0);
			assert_int_equal(s->slots, 4096);
			assert_int_equal(s->total, 3 * 4096);
			for (uint32_t n = 0; n < s->slots; n++) {
				assert_int_equal(s->slot[n].ticks, (int64_t)n * 900 * IC_TICKS_S);
				assert_int_equal(s->slot[n].count, 3);
			}
			seen++;
		}
	}
	assert_int_equal(seen, 2);
	ic_profile *f = profile_of(&g, "pc-1", DST, NAME, NULL, NULL);
	assert_true(f && f->connections == 3 * 4100 && id_is(&g, f->process, "agent.exe"));
	rig_close(&g);
}

static void an_upgrade_is_a_websocket(void **state)
{
	(void)state;
	rig g;
	rig_open(&g, DETAILS_FIRST, 0);
	row h = http(11, "C1"), w = http(12, "C1");
	h.flags = IC_ROW_UPGRADE;
	w.stream = IC_STREAM_WEBSOCKET;
	w.service = NULL;
	rig_put(&g, h);
	rig_put(&g, w);
	rig_put(&g, conn(10, "C1"));
	rig_finish(&g);
	ic_series *s = series_of(&g, IC_BY_IP_PORT, IC_AT_CONNECTION, SRC, DST, 0);
	assert_int_equal(s->sketch.n, 1);
	assert_int_equal(s->service, IC_WEBSOCKET);
	assert_int_equal(events_of(&g, IC_BY_IP_PORT, IC_AT_REQUEST, SRC, DST), 1);
	ic_profile *f = profile_of(&g, SRC, DST, NAME, "Agent/1", NULL);
	assert_true(f->signals & IC_SIG_UPGRADE);
	assert_true(f->services & 1u << IC_WEBSOCKET);
	rig_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_meet_in_any_order),
		cmocka_unit_test(details_first_needs_no_memory_of_connections),
		cmocka_unit_test(different_uids_do_not_meet),
		cmocka_unit_test(details_whose_connection_never_comes_stand_alone),
		cmocka_unit_test(without_conn_logs_the_first_row_is_the_connection),
		cmocka_unit_test(keep_alive_shows_at_request_level),
		cmocka_unit_test(rows_without_uid_count_each),
		cmocka_unit_test(endpoint_rows_have_all_keys),
		cmocka_unit_test(public_suffixes_are_no_domain),
		cmocka_unit_test(open_reports_count_once),
		cmocka_unit_test(still_open_is_said),
		cmocka_unit_test(proxied_names_are_in_scope),
		cmocka_unit_test(an_address_asked_of_a_proxy_is_the_destination),
		cmocka_unit_test(out_of_scope_leaves_no_series_but_a_host),
		cmocka_unit_test(names_win_in_their_order),
		cmocka_unit_test(a_late_name_replaces_one_guessed_from_dns),
		cmocka_unit_test(the_oldest_leave_when_the_table_is_full),
		cmocka_unit_test(memory_refused_evicts_and_goes_on),
		cmocka_unit_test(details_after_their_connection_was_forgotten),
		cmocka_unit_test(repeated_requests_count_once),
		cmocka_unit_test(copies_of_a_log_are_noticed),
		cmocka_unit_test(counted_connections_are_forgotten_first),
		cmocka_unit_test(counted_slots_make_count_series),
		cmocka_unit_test(an_upgrade_is_a_websocket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
