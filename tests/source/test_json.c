/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON scanner: values, refusals, order of keys; and jansson as judge over random objects. */
#include "source/text/json.h"
#include "json_rows.h"

#if IC_HAVE_JANSSON
#include <jansson.h>
#endif

static const char *const wanted[] = { "a", "b", "flow.bytes", "flow.deep.er", "id.orig_h", "list", "e\nsc" };
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static ic_json *scanner(void)
{
	ic_json *j = ic_json_new();
	assert_non_null(j);
	for (size_t i = 0; i < WANTED; i++)
		assert_int_equal(ic_json_add(j, ic_str_of(wanted[i]), (int)i, 1u << i, 0), i);
	return j;
}

static ic_json_result scan(ic_json *j, const char *text)
{
	return ic_json_scan(j, text, strlen(text), 0);
}

static void expect(ic_json *j, const char *text, const char *path, ic_json_kind kind, const char *value)
{
	size_t slot = 0;
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	while (strcmp(wanted[slot], path) != 0)
		slot++;
	for (int round = 0; round < 2; round++) { /* also when the keys are known */
		assert_int_equal(scan(j, text), IC_JSON_OK);
		const ic_json_value *v = ic_json_get(j, (unsigned)slot);
		assert_int_equal(v->kind, kind);
		ic_str s = ic_json_text(j, v, &a);
		if (value) {
			assert_non_null(s.p);
			assert_int_equal(s.n, strlen(value));
			assert_memory_equal(s.p, value, s.n);
		}
	}
	ic_arena_clear(&a);
}

static void test_values(void **state)
{
	(void)state;
	ic_json *j = scanner();
	expect(j, "{\"a\":1}", "a", IC_JSON_NUMBER, "1");
	expect(j, " { \"x\" : [ ] , \"a\" : -1.5e+3 } ", "a", IC_JSON_NUMBER, "-1.5e+3");
	expect(j, "{\"a\":\"\",\"b\":null}", "a", IC_JSON_STRING, "");
	expect(j, "{\"a\":\"\",\"b\":null}", "b", IC_JSON_NULL, NULL);
	expect(j, "{\"a\":true,\"b\":false}", "b", IC_JSON_FALSE, "false");
	expect(j, "{\"flow\":{\"bytes\":7,\"x\":{\"bytes\":8}},\"bytes\":9}", "flow.bytes", IC_JSON_NUMBER,
	       "7");
	expect(j, "{\"flow\":{\"deep\":{\"er\":\"x\"},\"z\":{}}}", "flow.deep.er", IC_JSON_STRING, "x");
	expect(j, "{\"flow.deep.er\":\"x\"}", "flow.deep.er", IC_JSON_STRING, "x");
	expect(j, "{\"id.orig_h\":\"10.0.0.1\"}", "id.orig_h", IC_JSON_STRING, "10.0.0.1");
	expect(j, "{\"id\":{\"orig_h\":\"10.0.0.1\"}}", "id.orig_h", IC_JSON_STRING, "10.0.0.1");
	expect(j, "{\"list\":[\"a\", \"b\\\"]\",3,null,[1],{\"k\":\"v\"}]}", "list", IC_JSON_ARRAY,
	       "a,b\"],3");
	expect(j, "{\"list\":[]}", "list", IC_JSON_ARRAY, "");
	expect(j, "{\"list\":[\"\",\"x\"]}", "list", IC_JSON_ARRAY, ",x");
	expect(j, "{\"a\":\"\\u0041\\n\\\\\\/\\ud83d\\ude00\\u00e9\"}", "a", IC_JSON_STRING,
	       "A\n\\/\xf0\x9f\x98\x80\xc3\xa9");
	expect(j, "{\"a\":\"x\\ud83d\"}", "a", IC_JSON_STRING, "x\xef\xbf\xbd");
	expect(j, "{\"a\":\"\\ud83d\\ud83d\\ude00\\ude00\\u0041\"}", "a", IC_JSON_STRING,
	       "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd"
	       "A");
	expect(j, "{\"\\u0061\":5}", "a", IC_JSON_NUMBER, "5");
	expect(j, "{\"e\\nsc\":5}", "e\nsc", IC_JSON_NUMBER, "5");
	/* what logs have, though RFC 8259 does not: control bytes and broken UTF-8 */
	expect(j, "{\"a\":\"x\ty\x01\xff\"}", "a", IC_JSON_STRING, "x\ty\x01\xff");
	ic_json_free(j);
}

static void test_the_last_one_counts(void **state)
{
	(void)state;
	ic_json *j = scanner();
	expect(j, "{\"a\":1,\"a\":2}", "a", IC_JSON_NUMBER, "2");
	expect(j, "{\"flow\":{\"bytes\":1},\"flow\":{\"bytes\":2}}", "flow.bytes", IC_JSON_NUMBER, "2");
	expect(j, "{\"flow\":{\"bytes\":1},\"flow\":{}}", "flow.bytes", IC_JSON_NONE, NULL);
	expect(j, "{\"flow\":{\"deep\":{\"er\":1}},\"flow\":5}", "flow.deep.er", IC_JSON_NONE, NULL);
	ic_json_free(j);
}

static void test_a_record_has_only_its_own_values(void **state)
{
	(void)state;
	ic_json *j = scanner();
	for (int i = 0; i < 70000; i++) {
		assert_int_equal(scan(j, i % 3 ? "{\"a\":1}" : "{\"b\":1,\"x\":2}"), IC_JSON_OK);
		assert_int_equal(ic_json_has(j, 0), i % 3 != 0);
		assert_int_equal(ic_json_has(j, 1), i % 3 == 0);
		assert_int_equal(j->marks, i % 3 ? 1 : 2);
	}
	ic_json_free(j);
}

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		ic_json_result result;
		size_t at;
	} cases[] = {
		{ "", IC_JSON_SHORT, 0 },
		{ "[1]", IC_JSON_BAD, 0 },
		{ "{", IC_JSON_SHORT, 1 },
		{ "{\"a\"", IC_JSON_SHORT, 4 },
		{ "{\"a\":", IC_JSON_SHORT, 5 },
		{ "{\"a\":tr", IC_JSON_SHORT, 7 },
		{ "{\"a\":1", IC_JSON_SHORT, 6 },
		{ "{\"a\":\"x", IC_JSON_SHORT, 7 },
		{ "{\"a\":\"x\\\"}", IC_JSON_SHORT, 10 },
		{ "{\"x\":[1,", IC_JSON_SHORT, 8 },
		{ "{a:1}", IC_JSON_BAD, 1 },
		{ "{\"a\" 1}", IC_JSON_BAD, 5 },
		{ "{\"a\":1,}", IC_JSON_BAD, 7 },
		{ "{\"a\":1 \"b\":2}", IC_JSON_BAD, 7 },
		{ "{\"a\":01}", IC_JSON_BAD, 6 },
		{ "{\"a\":1.}", IC_JSON_BAD, 7 },
		{ "{\"a\":.5}", IC_JSON_BAD, 5 },
		{ "{\"a\":+5}", IC_JSON_BAD, 5 },
		{ "{\"a\":1e}", IC_JSON_BAD, 7 },
		{ "{\"a\":nul}", IC_JSON_BAD, 8 },
		{ "{\"x\":12,13,\"b\":1}", IC_JSON_BAD, 8 },
		{ "{\"x\":1.2.3,\"b\":1}", IC_JSON_BAD, 8 },
		{ "{\"a\":\"\\x\"}", IC_JSON_BAD, 6 },
		{ "{\"x\":\"\\u12g4\"}", IC_JSON_BAD, 6 },
		{ "{\"x\":\"\\ud800\\u12g4\"}", IC_JSON_BAD, 12 },
		{ "{\"x\":\"\\ud83d\\ude0\"}", IC_JSON_BAD, 12 },
		{ "{\"x\":[1,]}", IC_JSON_BAD, 8 },
		{ "{\"x\":[1}", IC_JSON_BAD, 7 },
		{ "{\"x\":{\"y\":1]}", IC_JSON_BAD, 11 },
	};
	ic_json *j = scanner();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int round = 0; round < 2; round++) {
			assert_int_equal(scan(j, cases[i].text), cases[i].result);
			assert_int_equal(j->at, cases[i].at);
			assert_non_null(j->cause);
		}
	ic_json_free(j);
}

static void test_depth(void **state)
{
	(void)state;
	ic_json *j = scanner();
	char text[600];
	for (int kind = 0; kind < 2; kind++) {
		for (size_t depth = 60; depth < 70; depth++) {
			size_t n = 0;
			n += (size_t)snprintf(text, sizeof(text), "{\"x\":");
			for (size_t i = 1; i < depth; i++)
				n +=
				    (size_t)snprintf(text + n, sizeof(text) - n, "%s", kind ? "{\"\":" : "[");
			text[n++] = '1';
			for (size_t i = 1; i < depth; i++)
				text[n++] = kind ? '}' : ']';
			text[n++] = '}';
			ic_json_result want = depth <= IC_JSON_DEPTH ? IC_JSON_OK : IC_JSON_BAD;
			assert_int_equal(ic_json_scan(j, text, n, 0), want);
		}
	}
	ic_json_free(j);
}

/* More keys than are remembered: those that are asked for are found all the same. */
static void test_many_keys(void **state)
{
	(void)state;
	ic_json *j = scanner();
	char text[64];
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "{\"key%d\":{\"q\":1},\"a\":%d}", i, i);
		assert_int_equal(scan(j, text), IC_JSON_OK);
		assert_int_equal(ic_json_get(j, 0)->kind, IC_JSON_NUMBER);
	}
	expect(j, "{\"new\":1,\"flow\":{\"other\":{},\"bytes\":3}}", "flow.bytes", IC_JSON_NUMBER, "3");
	ic_json_free(j);
}

static int resolve_upper(void *ctx, ic_str key)
{
	(void)ctx;
	return ic_str_ieq(key, IC_STR("UPPER")) ? 9 : -1;
}

static void test_resolve(void **state)
{
	(void)state;
	ic_json *j = scanner();
	char text[64];
	j->resolve = resolve_upper;
	assert_true(ic_json_add(j, IC_STR(""), -1, 0, IC_JSON_RESOLVE) >= 0);
	for (int i = 0; i < 3000; i++) { /* also when no more keys are remembered */
		(void)snprintf(text, sizeof(text), "{\"k%d\":0,\"uPPer\":%d,\"x\":{\"upper\":0}}", i, i);
		assert_int_equal(scan(j, text), IC_JSON_OK);
		assert_int_equal(ic_json_get(j, 9)->kind, IC_JSON_NUMBER);
		assert_int_equal(atoi(ic_json_get(j, 9)->p), i);
	}
	assert_int_equal(scan(j, "{\"x\":{\"upper\":0}}"), IC_JSON_OK);
	assert_false(ic_json_has(j, 9));
	assert_int_equal(scan(j, "{\"\\u0075pper\":4}"), IC_JSON_OK);
	assert_true(ic_json_has(j, 9));
	ic_json_free(j);
}

static void test_members(void **state)
{
	(void)state;
	ic_json *j = scanner();
	ic_json_value v;
	assert_true(ic_json_add(j, IC_STR("o"), 9, 0, IC_JSON_WHOLE) == 9);
	assert_int_equal(
	    scan(j, "{\"o\":{ \"x\" : [1,{\"y\":2}] ,\"y\":\"a,}\\\"\", \"z\":{\"y\":0},\"y\":3 }}"),
	    IC_JSON_OK);
	const ic_json_value *o = ic_json_get(j, 9);
	assert_true(ic_json_member(o, IC_STR("y"), &v));
	assert_memory_equal(v.p, "3", v.n);
	assert_true(ic_json_member(o, IC_STR("x"), &v));
	assert_int_equal(v.kind, IC_JSON_ARRAY);
	assert_int_equal(v.n, strlen("[1,{\"y\":2}]"));
	assert_false(ic_json_member(o, IC_STR("q"), &v));
	ic_json_free(j);
}

static unsigned random_state = 7;
static unsigned roll(unsigned n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

static void put_like_line(ic_buf *b)
{
	static const char *const scalars[] = {
		"0", "17", "-3", "0.5", "00", "1.", "true", "nul", "1714521600.177274", "1e5"
	};
	static const char *const words[] = { "", "tcp", "C3Rg0BrwUpplbPwCHg", "x}", ",\"", "a\\", "\\\"" };
	const unsigned kind = roll(3), start = (unsigned)b->n;
	ic_buf_printf(b, "%s{\"a\":%s,", roll(40) ? "" : "x", scalars[roll(roll(4) ? 4 : 10)]);
	if (kind)
		ic_buf_printf(b, "\"b\":\"%s\",", words[roll(roll(9) ? 3 : 7)]);
	ic_buf_printf(b, "\"flow\":{\"bytes\":%u,\"deep\":{\"er\":\"%s\"}},", roll(100000), words[roll(3)]);
	if (kind == 2)
		ic_buf_printf(b, "\"flow\":{\"x\":%u},\"a_name_of_twenty_one\":false,", roll(100));
	ic_buf_printf(b, "\"id.orig_h\":\"10.%u.0.1\"}%s\n", roll(256), roll(20) ? "" : " \r");
	if (roll(3) == 0) { /* spoil it */
		static const char bytes[] = "{}[],:\"\\0159.-exX \n";
		b->p[start + roll((unsigned)b->n - start)] = bytes[roll(sizeof(bytes) - 1)];
	}
}

typedef struct alone_scan {
	const char *text;
	ic_json *j;
	bool good[4096]; /* by line */
	const char *line[4096];
	size_t n[4096];
} alone_scan;

static void same_as_alone(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	alone_scan *a = ctx;
	(void)b;
	assert_true(a->good[line]);
	assert_int_equal(ic_json_scan(a->j, a->line[line], a->n[line], 0), IC_JSON_OK);
	assert_int_equal(j->marks, a->j->marks);
	for (unsigned i = 0; i < WANTED; i++) {
		const ic_json_value *x = ic_json_get(j, i), *y = ic_json_get(a->j, i);
		assert_int_equal(x->kind, y->kind);
		if (x->kind == IC_JSON_NONE)
			continue;
		assert_ptr_equal(x->p, y->p);
		assert_int_equal(x->n, y->n);
		assert_int_equal(x->escaped, y->escaped);
	}
	c->kept++;
}

/* Lines of few shapes, and lines that nearly have one: what is found does not depend on the lines
 * before. */
static void test_shapes(void **state)
{
	(void)state;
	static alone_scan a;
	ic_buf text;
	ic_buf_init(&text, 0);
	a.j = scanner();
	ic_json *j = scanner();
	ic_batch *b = ic_batch_new(0);
	uint64_t kept = 0, bad = 0;
	for (int round = 0; round < 30; round++) {
		size_t lines = 0, good = 0, at = 0;
		ic_row_counts c = { 0 };
		ic_buf_reset(&text);
		for (int i = 0; i < 1000; i++)
			put_like_line(&text);
		for (const char *p = text.p, *end; (end = memchr(p, '\n', text.n - (size_t)(p - text.p)));
		     p = end + 1) {
			size_t n = (size_t)(end - p);
			a.line[lines] = p;
			a.n[lines] = n;
			a.good[lines] = ic_json_scan(a.j, p, n, 0) == IC_JSON_OK;
			for (size_t rest = a.j->at; rest < n && a.good[lines]; rest++)
				a.good[lines] = p[rest] == ' ' || p[rest] == '\r';
			good += a.good[lines++];
		}
		ic_cpu_simd_limit((ic_simd)(round % 4));
		j->level = ic_cpu_simd();
		assert_int_equal(ic_json_lines(j, text.p, text.n, &at, true, b, &c, same_as_alone, &a),
				 IC_OK);
		assert_int_equal(c.kept, good);
		assert_int_equal(c.lines, lines);
		kept += c.kept;
		bad += c.bad;
	}
	ic_cpu_simd_limit(IC_SIMD_AVX512);
	assert_true(kept > 10000 && bad > 3000);
	ic_batch_free(b);
	ic_json_free(j);
	ic_json_free(a.j);
	ic_buf_clear(&text);
}

#if IC_HAVE_JANSSON

static void put_random(ic_buf *b, unsigned depth);

static void put_blank(ic_buf *b)
{
	if (roll(12) == 0)
		ic_buf_puts(b, roll(2) ? " " : "\t ");
}

static void put_object(ic_buf *b, unsigned depth)
{
	static const char *const keys[] = {
		"a",
		"b",
		"flow",
		"bytes",
		"deep",
		"er",
		"list",
		"x",
		"y",
		"ts",
		"",
		"uid",
		"\\u0061",
		"e\\nsc",
		"a_long_name_of_20_b",
		"id.orig_h",
		"a_name_that_is_longer_than_any_that_is_remembered_by_it_of_70_bytes"
	};
	unsigned n = roll(depth ? 5 : 9);
	ic_buf_putc(b, '{');
	put_blank(b);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			ic_buf_putc(b, ',');
		put_blank(b);
		ic_buf_printf(b, "\"%s\"", keys[roll(sizeof(keys) / sizeof(keys[0]))]);
		put_blank(b);
		ic_buf_putc(b, ':');
		put_blank(b);
		put_random(b, depth + 1);
		put_blank(b);
	}
	ic_buf_putc(b, '}');
}

static void put_random(ic_buf *b, unsigned depth)
{
	static const char *const scalars[] = { "0",
					       "17",
					       "-3",
					       "1714521600.177274",
					       "true",
					       "false",
					       "null",
					       "1e5",
					       "-0.5E-3",
					       "\"\"",
					       "\"tcp\"",
					       "\"10.20.1.180\"",
					       "12345678",
					       "1234567890123456",
					       "\"a\\\\\"",
					       "\"\\\"q\\\"\"",
					       "\"\\u00e9\\/\\ud83d\\ude00\"",
					       "\"{}[],:\"" };
	unsigned what = roll(depth > 6 ? 8 : 11);
	if (what < 8) {
		ic_buf_puts(b, scalars[roll(sizeof(scalars) / sizeof(scalars[0]))]);
	} else if (what < 10) {
		put_object(b, depth);
	} else {
		unsigned n = roll(4);
		ic_buf_putc(b, '[');
		for (unsigned i = 0; i < n; i++) {
			if (i)
				ic_buf_putc(b, ',');
			put_random(b, depth + 1);
		}
		ic_buf_putc(b, ']');
	}
}

/* The value of jansson at our path: nested, or under the whole name, whichever came last. */
static json_t *judge_at(json_t *root, const char *path)
{
	json_t *flat = json_object_get(root, path);
	char parts[64];
	(void)snprintf(parts, sizeof(parts), "%s", path);
	json_t *at = root;
	char *rest = parts;
	for (char *part; (part = strsep(&rest, ".")) && at;)
		at = json_object_get(at, part);
	return strchr(path, '.') && flat ? flat : at;
}

static void compare(ic_json *j, json_t *root, const char *text)
{
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	for (unsigned i = 0; i < WANTED; i++) {
		const ic_json_value *v = ic_json_get(j, i);
		json_t *want = judge_at(root, wanted[i]);
		if (!want) {
			if (v->kind != IC_JSON_NONE)
				fail_msg("%s: %s", wanted[i], text);
			continue;
		}
		ic_str s = ic_json_text(j, v, &a);
		char number[32] = { 0 };
		switch (json_typeof(want)) {
		case JSON_STRING:
			assert_int_equal(v->kind, IC_JSON_STRING);
			assert_int_equal(s.n, json_string_length(want));
			assert_memory_equal(s.p, json_string_value(want), s.n);
			break;
		case JSON_INTEGER:
		case JSON_REAL:
			assert_int_equal(v->kind, IC_JSON_NUMBER);
			memcpy(number, s.p, s.n);
			assert_true(strtod(number, NULL) == json_number_value(want));
			break;
		case JSON_TRUE: assert_int_equal(v->kind, IC_JSON_TRUE); break;
		case JSON_FALSE: assert_int_equal(v->kind, IC_JSON_FALSE); break;
		case JSON_NULL: assert_int_equal(v->kind, IC_JSON_NULL); break;
		case JSON_OBJECT: assert_int_equal(v->kind, IC_JSON_OBJECT); break;
		case JSON_ARRAY: {
			size_t at = 0, n = 0;
			ic_json_value e;
			assert_int_equal(v->kind, IC_JSON_ARRAY);
			while (ic_json_element(v, &at, &e))
				n++;
			assert_int_equal(n, json_array_size(want));
			break;
		}
		}
	}
	ic_arena_clear(&a);
}

static void random_object(ic_buf *b)
{
	ic_buf_reset(b);
	put_object(b, 0);
	if (roll(4) == 0) { /* spoil it */
		static const char bytes[] = "{}[],:\"\\0159.-eEtrufalsn xX";
		b->p[roll((unsigned)b->n)] = bytes[roll(sizeof(bytes) - 1)];
	}
}

/* Counts what the lines of a text give, and compares each with the judge. */
static void judge_row(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *c, uint64_t line)
{
	json_t **roots = ctx;
	(void)b;
	if (!roots[line])
		fail_msg("line %u is accepted", (unsigned)line);
	compare(j, roots[line], "");
	c->kept++;
}

#define LINES 400

static void test_against_jansson(void **state)
{
	(void)state;
	ic_buf one, all;
	ic_buf_init(&one, 0);
	ic_buf_init(&all, 0);
	ic_json *j = scanner();
	ic_batch *b = ic_batch_new(0);
	json_t *roots[LINES];
	unsigned good_total = 0, bad_total = 0;
	for (int round = 0; round < 25; round++) {
		unsigned good = 0;
		ic_buf_reset(&all);
		for (int i = 0; i < LINES; i++) {
			json_error_t why = { 0 };
			do { /* numbers that fit no machine type are ours to accept */
				random_object(&one);
				roots[i] = json_loadb(one.p, one.n, 0, &why);
			} while (!roots[i] && (json_error_code(&why) == json_error_numeric_overflow ||
					       strstr(why.text, "invalid Unicode")));
			if (!json_is_object(roots[i])) {
				json_decref(roots[i]);
				roots[i] = NULL;
			}
			good += roots[i] != NULL;
			ic_buf_put(&all, one.p, one.n);
			ic_buf_putc(&all, '\n');
			/* alone */
			ic_json_result r = ic_json_scan(j, one.p, one.n, 0);
			size_t rest = j->at;
			while (rest < one.n && (one.p[rest] == ' ' || one.p[rest] == '\t'))
				rest++;
			bool whole = r == IC_JSON_OK && rest == one.n;
			if (whole != (roots[i] != NULL))
				fail_msg("%s: %.*s", whole ? "accepted" : j->cause, (int)one.n, one.p);
			if (whole)
				compare(j, roots[i], one.p);
		}
		/* and as lines, with marks */
		for (int level = IC_SIMD_SCALAR; level <= IC_SIMD_AVX512; level++) {
			ic_row_counts c = { 0 };
			size_t at = 0;
			ic_cpu_simd_limit((ic_simd)level);
			j->level = ic_cpu_simd();
			assert_int_equal(ic_json_lines(j, all.p, all.n, &at, true, b, &c, judge_row, roots),
					 IC_OK);
			assert_int_equal(at, all.n);
			assert_int_equal(c.kept, good);
			assert_int_equal(c.bad, LINES - good);
		}
		ic_cpu_simd_limit(IC_SIMD_AVX512);
		good_total += good;
		bad_total += LINES - good;
		for (int i = 0; i < LINES; i++)
			json_decref(roots[i]);
	}
	assert_true(good_total > 5000 && bad_total > 500);
	ic_batch_free(b);
	ic_json_free(j);
	ic_buf_clear(&one);
	ic_buf_clear(&all);
}

#else

static void test_against_jansson(void **state)
{
	(void)state;
	skip();
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_the_last_one_counts),
		cmocka_unit_test(test_a_record_has_only_its_own_values),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_against_jansson),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
