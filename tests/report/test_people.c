/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: the table and the explanation of one finding. */
#include "report/private.h"
#include "sample.h"

static ic_status write_table(const ic_findings *list, const ic_output *out)
{
	ic_error err = { 0 };
	return ic_finding_format_find("table")->write(list, out, &err);
}

static void test_table_text(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	ic_findings list = { .list = &f, .n = 1 };
	ic_buf b;
	ic_output out = sample_output(&b, 80, false);
	assert_int_equal(write_table(&list, &out), IC_OK);
	assert_string_equal(sample_text(&b),
			    "1 finding: 1 high\n"
			    "\n"
			    "HIGH      10.0.0.5 → www.evil.example:443 (203.0.113.7)\n"
			    "          priority 72 · automation 99 · every 5 min 3 s, jitter 33 %\n"
			    "          · 1,234 connections in 1 d · out 1.5 MB, in ?\n"
			    "          + 1 of 50 hosts talks to it\n"
			    "          - looks like a software updater\n"
			    "          · the user agent is curl\n"
			    "          same cause: domain evil.example, user_agent =cmd|' /C calc'!A0\n"
			    "          id 00ab54a98ceb1f0a · beacon · T1071.001\n"
			    "\n"
			    "Every number of one: ictus explain ID PATH...\n");
	ic_buf_clear(&b);
}

/* Who and where, in the first line, whatever is known of them. */
static void test_table_path(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	ic_finding six = f, domain = f, agent = f, host = f;
	six.dst_name = (ic_str){ 0 };
	six.dst_ip = IC_STR("2001:db8::7");
	domain.dst_name = domain.dst_ip = (ic_str){ 0 };
	domain.group_by = IC_BY_DOMAIN;
	domain.value = IC_STR("evil.example");
	agent.dst_name = agent.dst_ip = (ic_str){ 0 };
	agent.group_by = IC_BY_USER_AGENT;
	agent.value = IC_STR("curl/8");
	host.src_host = IC_STR("PC-1");
	host.process = IC_STR("x.exe");
	const struct {
		const ic_finding *f;
		const char *line;
	} cases[] = {
		{ &six, "HIGH      10.0.0.5 → [2001:db8::7]:443\n" },
		{ &domain, "HIGH      10.0.0.5 → *.evil.example:443\n" },
		{ &agent, "HIGH      10.0.0.5 → several destinations, port 443 (user_agent curl/8)\n" },
		{ &host, "HIGH      10.0.0.5 (PC-1, x.exe) → www.evil.example:443 (203.0.113.7)\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_findings list = { .list = (ic_finding *)cases[i].f, .n = 1 };
		ic_buf b;
		ic_output out = sample_output(&b, 80, false);
		assert_int_equal(write_table(&list, &out), IC_OK);
		assert_non_null(strstr(sample_text(&b), cases[i].line));
		ic_buf_clear(&b);
	}
}

/* A user agent of megabytes: the table has its start, and laying it out takes no time. */
static void test_table_long_values(void **state)
{
	(void)state;
	enum { LONG = 1 << 22 };
	char *agent = malloc(LONG);
	assert_non_null(agent);
	memset(agent, 'A', LONG);
	const ic_cover cover = { .group_by = IC_BY_USER_AGENT, .value = { agent, LONG }, .connections = 5 };
	ic_finding f = sample_finding();
	f.covers = &cover;
	f.cover_count = 1;
	f.process = cover.value;
	ic_findings list = { .list = &f, .n = 1 };
	ic_buf b;
	ic_output out = sample_output(&b, 80, false);
	assert_int_equal(write_table(&list, &out), IC_OK);
	size_t letters = 0;
	for (size_t i = 0; i < b.n; i++)
		letters += b.p[i] == 'A';
	assert_in_range(letters, 2 * 240, 2 * 240 + 9); /* and some of the finding's own */
	assert_non_null(strstr(sample_text(&b), "A..."));
	ic_buf_clear(&b);
	out = sample_output(&b, 80, false);
	assert_int_equal(ic_explain_write(&f, &out, &(ic_error){ 0 }), IC_OK);
	assert_true(b.n > LONG);
	ic_buf_clear(&b);
	free(agent);
}

static void test_table_empty(void **state)
{
	(void)state;
	ic_findings list = { .hidden = 2 };
	ic_buf b;
	ic_output out = sample_output(&b, 0, false);
	assert_int_equal(write_table(&list, &out), IC_OK);
	assert_string_equal(sample_text(&b), "No findings. (2 hidden by the site's rules)\n");
	ic_buf_clear(&b);
}

/* Whatever the names are, no line is wider than the terminal and nothing reaches it but text. */
static void test_columns(void **state)
{
	(void)state;
	ic_finding both[] = { sample_finding(), sample_hostile() };
	ic_findings list = { .list = both, .n = 2 };
	static const unsigned widths[] = { 24, 40, 80, 200 };
	for (size_t i = 0; i < 2 * sizeof(widths) / sizeof(widths[0]); i++) {
		bool color = i & 1;
		ic_buf b;
		ic_output out = sample_output(&b, widths[i / 2], color);
		assert_int_equal(write_table(&list, &out), IC_OK);
		ic_error err = { 0 };
		assert_int_equal(ic_explain_write(&both[0], &out, &err), IC_OK);
		assert_int_equal(ic_explain_write(&both[1], &out, &err), IC_OK);
		assert_true(b.n > 0);
		sample_check_columns(b.p, b.n, widths[i / 2], color);
		assert_true(color == (memchr(b.p, 0x1b, b.n) != NULL));
		ic_buf_clear(&b);
	}
}

/* A series with its sketch: 40 beats of a minute, five of them missed, a night of silence. */
static void fill_series(ic_series *s, ic_slab *slab)
{
	int64_t t = INT64_C(1714557600) * IC_TICKS_S;
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 40; i++) {
		assert_int_equal(ic_sketch_add(&s->sketch, slab, t, 500), IC_OK);
		t += (i == 20 ? 36000 : i % 8 == 3 ? 120 : 60) * IC_TICKS_S;
	}
}

static double number_after(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	assert_non_null(at);
	return strtod(at + strlen(mark), NULL);
}

/* The weights and the formula that are printed are those that made the score. */
static void test_explain_recomputes(void **state)
{
	(void)state;
	ic_slab slab;
	ic_series series;
	ic_score score;
	ic_slab_init(&slab, NULL);
	fill_series(&series, &slab);
	ic_beacon_score(&series.sketch, &score);
	ic_finding f = sample_finding();
	f.series = &series;
	f.score = &score;
	f.automation = f.base = score.automation;
	f.priority = score.automation / (1 + exp(-(0.8 - 3 - 1)));
	ic_buf b;
	ic_error err = { 0 };
	ic_output out = sample_output(&b, 80, false);
	assert_int_equal(ic_explain_write(&f, &out, &err), IC_OK);
	sample_check_columns(b.p, b.n, 80, false);
	const char *text = sample_text(&b);
	double shown = number_after(text, "exp(-"), again = 100 / (1 + exp(-shown / 1.8));
	assert_true(fabs(again - score.automation) < 0.05);
	assert_non_null(strstr(text, "L = +0.800 (prevalence) -3.000 (software-update) = -2.200 nats\n"));
	assert_null(strstr(text, "capped"));
	assert_non_null(strstr(text, "Intervals of a second and more"));
	assert_non_null(strstr(text, "window"));
	assert_non_null(strstr(text, "Wed 2024-05-01 |          #.........#   |\n"));
	assert_non_null(strstr(text, "36000 s (10 h) exempt"));
	ic_buf_clear(&b);
	ic_slab_clear(&slab);
}

/* What the priority starts from is the detector's own, also where a cap hides it; where no host is known to be an
 * internal one nothing is said of prevalence. */
static void test_explain_capped(void **state)
{
	(void)state;
	ic_finding f = sample_finding();
	f.automation = (double)NAN;
	f.base = 95.258;
	f.prevalence_hosts = f.prevalence_of = 0;
	f.reasons++; /* +0.8 nats */
	f.reason_count = 1;
	f.priority = 40;
	ic_buf b;
	ic_error err = { 0 };
	ic_output out = sample_output(&b, 200, false);
	assert_int_equal(ic_explain_write(&f, &out, &err), IC_OK);
	const char *text = sample_text(&b);
	assert_non_null(strstr(text, "the detector's base / (1 + exp(-(L - 1))) = 95.258 / 2.2214 = 42.882 "
				     "but capped at 40.000"));
	assert_null(strstr(text, "0 of 0 internal"));
	ic_buf_clear(&b);
}

/* While the events themselves are known they are listed. */
static void test_explain_events(void **state)
{
	(void)state;
	ic_slab slab;
	ic_series series = { 0 };
	ic_slab_init(&slab, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    ic_sketch_add(&series.sketch, &slab, (INT64_C(1714557600) + 10 * i) * IC_TICKS_S, -1),
		    IC_OK);
	ic_finding f = sample_finding();
	f.series = &series;
	ic_buf b;
	ic_error err = { 0 };
	ic_output out = sample_output(&b, 80, false);
	assert_int_equal(ic_explain_write(&f, &out, &err), IC_OK);
	assert_non_null(strstr(sample_text(&b), "2024-05-01T10:00:00Z then after seconds: 10 10 10 10\n"));
	ic_buf_clear(&b);
	ic_slab_clear(&slab);
}

static ic_status swallow(void *ctx, const void *bytes, size_t n)
{
	(void)ctx, (void)bytes, (void)n;
	return IC_OK;
}

/* Whichever allocation fails, a writer says so and leaves nothing behind. */
static void test_no_memory(void **state)
{
	(void)state;
	ic_finding both[] = { sample_finding(), sample_hostile() };
	ic_findings list = { .list = both, .n = 2 };
	ic_output out = { .write = swallow, .columns = 80 };
	for (const ic_finding_format *f = ic_finding_formats; f->name; f++) {
		unsigned failures = 0;
		for (uint64_t n = 1;; n++) {
			ic_error err = { 0 };
			ic_alloc_fail_after(n);
			ic_status st = f->write(&list, &out, &err);
			ic_alloc_fail_after(0);
			if (st == IC_OK)
				break;
			assert_int_equal(st, IC_E_NOMEM);
			assert_int_equal(err.code, IC_E_NOMEM);
			failures++;
		}
		assert_true(failures > 0);
	}
	for (uint64_t n = 1, st = 1; st; n++) {
		ic_error err = { 0 };
		ic_alloc_fail_after(n);
		st = ic_explain_write(&both[0], &out, &err) != IC_OK;
		ic_alloc_fail_after(0);
		assert_true(n > 1 || st);
		assert_int_equal(err.code, st ? IC_E_NOMEM : IC_OK);
	}
}

/* Nor is a piece that lacked memory forgotten when the next one has it. */
static void test_piece_without_memory(void **state)
{
	(void)state;
	const ic_output out = { .columns = 80 };
	ic_pen p;
	ic_buf to, piece;
	ic_buf_init(&to, 0);
	ic_buf_init(&piece, 4);
	ic_pen_init(&p, &to, &out);
	ic_buf_puts(&piece, "more than four");
	ic_pen_buf(&p, IC_PLAIN, &piece);
	ic_buf_reset(&piece);
	ic_buf_puts(&piece, "four");
	ic_pen_buf(&p, IC_PLAIN, &piece);
	assert_true(to.failed);
	ic_pen_clear(&p);
	ic_buf_clear(&piece);
	ic_buf_clear(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_text),	  cmocka_unit_test(test_table_path),
		cmocka_unit_test(test_table_long_values), cmocka_unit_test(test_table_empty),
		cmocka_unit_test(test_columns),		  cmocka_unit_test(test_explain_recomputes),
		cmocka_unit_test(test_explain_capped),	  cmocka_unit_test(test_explain_events),
		cmocka_unit_test(test_no_memory),	  cmocka_unit_test(test_piece_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
