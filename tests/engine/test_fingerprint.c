/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints and lists of bad ones: what lines say, and every allocation failing in turn. */
#include "../test.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "capture.h"
#include "engine/hash_list.h"
#include "sink.h"

#define CAPTURE	   SOURCE_ROOT "/tests/cli/cases/convert-capture/mixed.pcap"
#define CLIENT_JA3 "4d2118cbc80f03ccbbd571a7df42d7a7"
#define QUIC_JA4   "q13d0211an_62ed6f6ca7ad_4d634acda6c0"

enum { OTHERS = 200 }; /* entries that nothing matches: the list has to grow */

static char folder[] = "/tmp/ictus-fingerprint-XXXXXX";
static char ja3_path[64], ja4_path[64];

static void put(const char *path, const char *text, unsigned others, const char *form)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < others; i++)
		fprintf(f, form, i);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int make_lists(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(ja3_path, sizeof ja3_path, "%s/ja3.csv", folder);
	snprintf(ja4_path, sizeof ja4_path, "%s/ja4.csv", folder);
	put(ja3_path,
	    "# comment, \"with a quote\n" CLIENT_JA3
	    ",2023-10-01 10:00:00,2023-11-04 22:00:00,\"Bad, bot\"\n",
	    OTHERS, "%032x,2020-01-01,other\n");
	put(ja4_path, "2023-11-13T00:00:00Z," QUIC_JA4 ",Quick\n", OTHERS,
	    "t13d1516h2_%012x_000000000000,other\n");
	return 0;
}

static int remove_lists(void **state)
{
	(void)state;
	(void)unlink(ja3_path);
	(void)unlink(ja4_path);
	return rmdir(folder);
}

static ic_status open_text(ic_hash_list *l, const char *text, ic_hash_kind kind, ic_error *err)
{
	char path[64];
	snprintf(path, sizeof path, "%s/list.csv", folder);
	put(path, text, 0, "%u");
	ic_status st = ic_hash_list_open(l, path, kind, err);
	(void)unlink(path);
	return st;
}

static void lines(void **state)
{
	ic_hash_list l;
	ic_error err = { 0 };
	int64_t newest;
	(void)state;
	/* A header, capital letters, the newest of two dates, the newest of two entries, no date at all. */
	assert_int_equal(open_text(&l,
				   "md5,first,last,why\n"
				   "4D2118CBC80F03CCBBD571A7DF42D7A7,2021-01-01,2022-03-04 05:06:07,one\n"
				   "\n# nothing\n"
				   "4d2118cbc80f03ccbbd571a7df42d7a7,2020-01-01,two\n"
				   "00000000000000000000000000000000,\"a, b\"\n",
				   IC_HASH_JA3, &err),
			 IC_OK);
	const ic_listed *e = ic_hash_list_find(&l, CLIENT_JA3);
	assert_non_null(e);
	assert_string_equal(e->reason, "one");
	assert_int_equal(ic_time_parse("2022-03-04T05:06:07Z", &newest), IC_OK);
	assert_int_equal(e->ticks, newest);
	e = ic_hash_list_find(&l, "00000000000000000000000000000000");
	assert_non_null(e);
	assert_string_equal(e->reason, "a, b");
	assert_int_equal(e->ticks, IC_TIME_NONE);
	assert_null(ic_hash_list_find(&l, "ffffffffffffffffffffffffffffffff"));
	ic_hash_list_clear(&l);
	/* The second line without a fingerprint is no header. */
	assert_int_equal(open_text(&l, "a,b\nc,d\n", IC_HASH_JA4, &err), IC_E_USAGE);
	assert_int_equal(err.line, 2);
	ic_hash_list_clear(&l);
	assert_int_equal(open_text(&l, "", IC_HASH_JA4, &err), IC_OK);
	assert_null(ic_hash_list_find(&l, QUIC_JA4));
	ic_hash_list_clear(&l);
	memset(&err, 0, sizeof err);
	assert_int_equal(ic_hash_list_open(&l, "/nowhere/at/all", IC_HASH_JA3, &err), IC_E_IO);
	ic_hash_list_clear(&l);
}

static void lists_survive(void **state)
{
	(void)state;
	unsigned refused = 0;
	for (uint64_t n = 1;; n++) {
		ic_hash_list l;
		ic_error err = { 0 };
		(void)ic_alloc_fail_after(n);
		ic_status st = ic_hash_list_open(&l, ja3_path, IC_HASH_JA3, &err);
		const bool whole = ic_alloc_fail_after(0) < n;
		assert_int_equal(st, whole ? IC_OK : IC_E_NOMEM);
		assert_int_equal(err.code, st);
		if (whole)
			assert_non_null(ic_hash_list_find(&l, CLIENT_JA3));
		ic_hash_list_clear(&l);
		refused += !whole;
		if (whole)
			break;
	}
	assert_true(refused > 5);
}

static ic_status run(unsigned threads, sink *to, ic_error *err)
{
	const char *paths[] = { CAPTURE };
	const ic_output out = { .write = sink_write, .ctx = to };
	ic_fingerprint_options opt;
	ic_summary sum = { 0 };
	ic_fingerprint_options_init(&opt);
	opt.input.paths = paths;
	opt.input.path_count = 1;
	opt.input.threads = threads;
	opt.ja3_list = ja3_path;
	opt.ja4_list = ja4_path;
	to->n = 0;
	return ic_fingerprint(&opt, NULL, &out, &sum, err);
}

static void verb_survives(void **state)
{
	static sink whole, now;
	ic_error err = { 0 };
	(void)state;
	(void)ic_alloc_fail_after(0);
	assert_int_equal(run(1, &whole, &err), IC_OK);
	const uint64_t requests = ic_alloc_fail_after(0);
	whole.bytes[whole.n] = 0;
	assert_non_null(strstr(whole.bytes, "\"reason\":\"Bad, bot\""));
	assert_non_null(strstr(whole.bytes, "\"reason\":\"Quick\""));
	assert_true(requests > 50);
	for (uint64_t n = 1; n <= requests; n++) {
		memset(&err, 0, sizeof err);
		(void)ic_alloc_fail_after(n);
		ic_status st = run(1 + n % 2, &now, &err);
		(void)ic_alloc_fail_after(0);
		if (st == IC_OK) /* what failed could be done without */
			assert_true(now.n == whole.n && memcmp(now.bytes, whole.bytes, now.n) == 0);
		else
			assert_int_equal(st, IC_E_NOMEM);
		assert_int_equal(err.code, st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(lists_survive),
		cmocka_unit_test(verb_survives),
	};
	return cmocka_run_group_tests(tests, make_lists, remove_lists);
}
