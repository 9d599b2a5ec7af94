/* SPDX-License-Identifier: Apache-2.0 */
/* ictus score: what it reads, what it prints, what it says about bad rows. */
#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "capture.h"
#include "test.h"

typedef struct run {
	ic_buf out;
	ic_status st;
	ic_summary sum;
	ic_error err;
	char first_bad[600];
} run;

static const char *path;

static void file_done(void *ctx, const ic_file_report *r)
{
	run *one = ctx;
	const ic_error *e = &r->first_bad;
	snprintf(one->first_bad, sizeof one->first_bad, "%llu:%u %s", (unsigned long long)e->line, e->column,
		 e->message);
}

static run score_between(int64_t since, int64_t until)
{
	run r = { .st = IC_OK };
	const ic_score_options opt = { .path = path, .since_ticks = since, .until_ticks = until };
	const ic_output out = capture_into(&r.out);
	const ic_observer obs = { .ctx = &r, .file_done = file_done };
	r.st = ic_score_series(&opt, &obs, &out, &r.sum, &r.err);
	ic_buf_putc(&r.out, '\0');
	return r;
}

static run score_text(const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
	return score_between(IC_TIME_NONE, IC_TIME_NONE);
}

static run score(const char *text)
{
	return score_text(text, strlen(text));
}

static const char *const two_keys = "bytes,extra,time,key\r\n"
				    "100,x,1700000000,b\r\n"
				    "100,x,2023-11-14T22:14:20Z,b\r\n"
				    ",x,1700000000.5,\"a, \"\"q\"\"\r\n2\"\r\n"
				    "100,x,1700000180,b\r\n"
				    "100,x,1700000120,b\r\n";

/* Numbers become #. */
static void skeleton(char *p)
{
	char *to = p;
	for (; *p; p++) {
		*to++ = *p;
		if (*p != ':' || !strchr("-0123456789", p[1]))
			continue;
		*to++ = '#';
		p += strcspn(p, ",}") - 1;
	}
	*to = '\0';
}

static void keys_of_an_object(void **state)
{
	(void)state;
	run r = score(two_keys);
	assert_int_equal(r.st, IC_OK);
	*strchr(r.out.p, '\n') = '\0';
	skeleton(r.out.p);
	assert_string_equal(r.out.p,
			    "{\"key\":\"b\",\"n\":#,\"automation\":#,\"sleep_s\":#,\"jitter\":#,"
			    "\"sub\":{\"regularity\":#,\"evidence_bursty\":#,\"evidence_memoryless\":#,"
			    "\"persistence\":#,\"size\":#},"
			    "\"rita\":{\"ts\":#,\"ds\":#,\"hist\":#,\"dur\":#,\"score\":#}}");
	ic_buf_clear(&r.out);
}

static void keys_and_their_order(void **state)
{
	(void)state;
	run r = score(two_keys);
	assert_int_equal(r.st, IC_OK);
	assert_int_equal(r.sum.rows, 5);
	assert_int_equal(r.sum.kept, 5);
	assert_int_equal(r.sum.bad, 0);
	assert_int_equal(r.sum.first_ticks, 1700000000 * IC_TICKS_S);
	assert_int_equal(r.sum.last_ticks, 1700000180 * IC_TICKS_S);
	static const char b[] = "{\"key\":\"b\",\"n\":4,\"automation\":";
	assert_memory_equal(r.out.p, b, sizeof b - 1);
	assert_non_null(strstr(r.out.p, ",\"rita\":{\"ts\":1,\"ds\":1,\"hist\":0,\"dur\":0,\"score\":0.5}}\n"
					"{\"key\":\"a, \\\"q\\\"\\r\\n2\",\"n\":1,\"automation\":"));
	assert_non_null(strstr(r.out.p, "\"sleep_s\":null,\"jitter\":null,\"sub\":{\"regularity\":0,"
					"\"evidence_bursty\":0,\"evidence_memoryless\":0,"));
	assert_non_null(strstr(r.out.p, "\"size\":null},\"rita\":null}\n"));
	ic_buf_clear(&r.out);
}

static void any_order_packing_and_bom_change_nothing(void **state)
{
	(void)state;
	static const char plain[] = "key,time,bytes\nk,10,5\nk,70,5\nk,131.25,7\nk,190,5\nk,250.0000001,5\n";
	static const char moved[] =
	    "\xef\xbb\xbftime;key;bytes\n190;k;5\n250.0000001;k;5\n70;k;5\n131.25;k;7\n10;k;5\n";
	run a = score(plain), b = score(moved);
	assert_int_equal(a.st, IC_OK);
	assert_string_equal(a.out.p, b.out.p);
	gzFile z = gzopen(path, "wb");
	assert_non_null(z);
	assert_int_equal(gzwrite(z, plain, sizeof plain - 1), sizeof plain - 1);
	gzclose(z);
	run c = score_between(IC_TIME_NONE, IC_TIME_NONE);
	assert_string_equal(a.out.p, c.out.p);
	assert_int_equal(c.sum.damaged_files, 0);
	assert_int_equal(truncate(path, 30), 0);
	run d = score_between(IC_TIME_NONE, IC_TIME_NONE);
	assert_true(d.sum.damaged_files == 1 || d.st == IC_E_NOINPUT);
	char packed[256];
	run e = score_text(packed, ZSTD_compress(packed, sizeof packed, plain, sizeof plain - 1, 1));
	assert_string_equal(a.out.p, e.out.p);
	assert_int_equal(e.sum.damaged_files, 0);
	ic_buf_clear(&e.out);
	ic_buf_clear(&a.out);
	ic_buf_clear(&b.out);
	ic_buf_clear(&c.out);
	ic_buf_clear(&d.out);
}

/* The key k of a row whose key is key. */
static void the_cut_end_of_a_damaged_file_is_no_row(void **state)
{
	(void)state;
	static const char plain[] = "time,bytes,key\n10,5,k\n70,5,k\n130,5,k\n190,5,key\n";
	enum { TRAILER = 8 };
	const size_t n = sizeof plain - 1;
	gzFile z = gzopen(path, "wb0"); /* stored as it is */
	assert_non_null(z);
	assert_int_equal(gzwrite(z, plain, (unsigned)n), n);
	assert_int_equal(gzclose(z), Z_OK);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	const long all = ftell(f);
	fclose(f);
	assert_int_equal(truncate(path, all - TRAILER - 3), 0);
	run cut = score_between(IC_TIME_NONE, IC_TIME_NONE);
	assert_int_equal(cut.st, IC_OK);
	assert_int_equal(cut.sum.damaged_files, 1);
	assert_int_equal(cut.sum.rows, 3);
	assert_int_equal(cut.sum.kept, 3);
	assert_int_equal(cut.sum.bad, 0);
	ic_buf_clear(&cut.out);
}

static void since_and_until_are_the_window(void **state)
{
	(void)state;
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputs("key,time,bytes\n", f);
	for (int i = 0; i < 30; i++)
		fprintf(f, "k,%d,9\n", 3600 * i);
	fclose(f);
	run r = score_between(0, 86400 * IC_TICKS_S);
	assert_int_equal(r.sum.kept, 25);
	assert_int_equal(r.sum.out_time, 5);
	assert_non_null(strstr(r.out.p, "\"n\":25,"));
	assert_non_null(strstr(r.out.p, "\"dur\":1,")); /* 24 h of 24 h */
	run tail = score_between(3600 * 10 * IC_TICKS_S, IC_TIME_NONE);
	assert_int_equal(tail.sum.kept, 20);
	ic_buf_clear(&r.out);
	ic_buf_clear(&tail.out);
}

static void bad_rows_are_counted_with_a_sample(void **state)
{
	(void)state;
	run r = score("key,time,bytes\n\nk,5,1\nk,yesterday,1\nk,5,-1\nk,-5,1\nk,5\n\"k,6,1\n");
	assert_int_equal(r.st, IC_OK);
	assert_int_equal(r.sum.rows, 6);
	assert_int_equal(r.sum.kept, 1);
	assert_int_equal(r.sum.bad, 5);
	assert_string_equal(r.first_bad, "4:3 time is neither seconds since 1970 nor RFC 3339");
	ic_buf_clear(&r.out);
}

static void what_is_no_such_file(void **state)
{
	(void)state;
	run r = score("");
	assert_int_equal(r.st, IC_OK);
	assert_int_equal(r.out.n, 1);
	ic_buf_clear(&r.out);
	r = score("key,time,bytes\n");
	assert_int_equal(r.st, IC_OK);
	assert_int_equal(r.out.n, 1);
	ic_buf_clear(&r.out);
	r = score("when,who\n1,2\n");
	assert_int_equal(r.st, IC_E_NOINPUT);
	assert_string_equal(r.err.message, "the header has no column \"key\"; expected key,time,bytes");
	assert_int_equal(r.err.line, 1);
	ic_buf_clear(&r.out);
	r = score_text("\0\1\2\3", 4);
	assert_int_equal(r.st, IC_E_NOINPUT);
	ic_buf_clear(&r.out);
	unlink(path);
	r = score_between(IC_TIME_NONE, IC_TIME_NONE);
	assert_int_equal(r.st, IC_E_NOINPUT);
	assert_string_equal(r.err.message, "No such file or directory");
	assert_string_equal(r.err.file, path);
	ic_buf_clear(&r.out);
}

static void many_keys(void **state)
{
	(void)state;
	enum { KEYS = 5000 };
	FILE *f = fopen(path, "wb");
	unsigned lines = 0;
	assert_non_null(f);
	fputs("key,time,bytes\n", f);
	for (int i = 0; i < 5 * KEYS; i++)
		fprintf(f, "key %d,%d,%d\n", i % KEYS, 60 * (i / KEYS), 500);
	fclose(f);
	run r = score_between(IC_TIME_NONE, IC_TIME_NONE);
	assert_int_equal(r.st, IC_OK);
	char want[64];
	for (const char *p = r.out.p; *p; p = strchr(p, '\n') + 1) {
		snprintf(want, sizeof want, "{\"key\":\"key %u\",\"n\":5,", lines++);
		assert_memory_equal(p, want, strlen(want));
	}
	assert_int_equal(lines, KEYS);
	ic_buf_clear(&r.out);
}

/* Every allocation fails in turn: out of memory is an error, never a crash or a wrong result. */
static void without_memory(void **state)
{
	(void)state;
	run whole = score(two_keys);
	for (uint64_t n = 1;; n++) {
		ic_alloc_fail_after(n);
		run r = score_between(IC_TIME_NONE, IC_TIME_NONE);
		ic_alloc_fail_after(0);
		bool same = r.st == IC_OK && r.out.p && strlen(r.out.p) == strlen(whole.out.p);
		ic_status st = r.st;
		ic_buf_clear(&r.out);
		if (same)
			break;
		assert_true(st == IC_E_NOMEM || st == IC_OK); /* OK: the test's own buffer had no room */
		assert_true(n < 1000);
	}
	ic_buf_clear(&whole.out);
}

int main(void)
{
	static char name[] = "/tmp/ictus-score-XXXXXX";
	int fd = mkstemp(name);
	if (fd < 0)
		return 1;
	close(fd);
	path = name;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_an_object),
		cmocka_unit_test(keys_and_their_order),
		cmocka_unit_test(any_order_packing_and_bom_change_nothing),
		cmocka_unit_test(the_cut_end_of_a_damaged_file_is_no_row),
		cmocka_unit_test(since_and_until_are_the_window),
		cmocka_unit_test(bad_rows_are_counted_with_a_sample),
		cmocka_unit_test(many_keys),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(what_is_no_such_file),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
