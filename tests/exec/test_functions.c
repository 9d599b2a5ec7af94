/* SPDX-License-Identifier: Apache-2.0 */
/* Every function with random arguments: over a chunk it gives what it gives row by row, it breaks no rule
 * of vectors, and nothing that a query can hand it makes it fail. */
#include "expressions.h"

enum { ROWS = 40, MOST = 6, CALLS = 12 };

static const char *const words[] = {
	"",
	"a",
	"abc",
	"ABC def",
	"10.0.0.1",
	"10.0.0.0/8",
	"fe80::1",
	"2024-05-01T10:00:00Z",
	"1.02:03:04",
	"42",
	"-1.5",
	"[1,2,\"x\"]",
	"{\"a\":{\"b\":[1,null]}}",
	"http://u:p@host:80/p?a=1#f",
	"\xc3\xa9t\xc3\xa9",
	"\xff\xfe",
	"(a)(b)?",
	"%41%zz+",
	"YWJj",
	"second",
	"$.a.b[0]",
	"a,b;c",
	"c:\\dir\\file.txt",
	"0xFF",
	"yyyy-MM-dd",
	"-",
};

static ic_value random_value(bench *b, uint64_t *seed, ic_qtype t)
{
	static const int64_t longs[] = { 0,  1,	   -1,	      2,	 3,	    7,	      -7,
					 64, 1000, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };
	static const double reals[] = { 0, -0.0, 1, -1.5, 0.5, 1e-300, 1e300, 1e18, 1e19 };
	uint64_t r = test_random(seed);
	unsigned which = (unsigned)(r >> 16);
	ic_value v = { .type = t };
	if (r % 7 == 0)
		return b->plan.language == IC_FN_KQL && t == IC_Q_STRING ? ic_value_str(IC_STR(""))
									 : ic_value_null(t);
	switch (t) {
	case IC_Q_BOOL: v.b = which & 1; break;
	case IC_Q_INT: v.i = longs[which % 11]; break;
	case IC_Q_LONG: v.i = longs[which % 13]; break;
	case IC_Q_REAL:
		v.d = which % 11 == 9	 ? __builtin_nan("")
		      : which % 11 == 10 ? -__builtin_inf()
					 : reals[which % 9];
		break;
	case IC_Q_STRING: v.s = ic_str_of(words[which % (sizeof words / sizeof *words)]); break;
	case IC_Q_IP: v.ip = ic_ip_from_v4(0x0a000000u + which % 5); break;
	case IC_Q_DATETIME: v.i = which % 5 == 0 ? 0 : (int64_t)(r % 2534023008000000000ull); break;
	case IC_Q_TIMESPAN: v.i = longs[which % 13]; break;
	case IC_Q_GUID: memcpy(&v.guid, &r, sizeof r); break;
	case IC_Q_DECIMAL: {
		ic_decimal *d = ic_arena_alloc(&b->plan.arena, sizeof *d);
		*d = (ic_decimal){ longs[which % 11], (int32_t)(r >> 40) % 5 };
		v.decimal = d;
		break;
	}
	default: {
		bool ok;
		ic_value s = ic_value_str(ic_str_of(words[which % (sizeof words / sizeof *words)]));
		v.type = IC_Q_DYNAMIC;
		v.dyn = ic_dyn_parse(&b->plan.arena, s.s, &ok);
		if (!ok)
			v.dyn = ic_dyn_of(&b->plan.arena, &s);
	}
	}
	return v;
}

static ic_qtype type_for(uint64_t *seed, char letter, ic_qtype shared)
{
	static const ic_qtype any[] = { IC_Q_BOOL,     IC_Q_INT,     IC_Q_LONG, IC_Q_REAL,
					IC_Q_DECIMAL,  IC_Q_STRING,  IC_Q_IP,	IC_Q_DATETIME,
					IC_Q_TIMESPAN, IC_Q_DYNAMIC, IC_Q_GUID };
	unsigned r = (unsigned)test_random(seed);
	switch (letter) {
	case 'b':
	case 'B':
	case 'u': return IC_Q_BOOL;
	case 'i':
	case 'I': return r & 1 ? IC_Q_INT : IC_Q_LONG;
	case 'n':
	case 'N':
	case 'r':
	case 'R': return any[1 + r % 4];
	case 's':
	case 'S':
	case 'T': return r % 5 ? IC_Q_STRING : IC_Q_IP;
	case 't': return IC_Q_DATETIME;
	case 'p':
	case 'P': return IC_Q_TIMESPAN;
	case 'd':
	case 'D': return IC_Q_DYNAMIC;
	case 'g':
	case 'G': return IC_Q_GUID;
	case 'x':
	case 'X': return shared;
	default: return any[r % 11];
	}
}

typedef struct input {
	ic_value value[ROWS][MOST];
	ic_vector col[MOST], one[ROWS][MOST];
	ic_expr *arg[MOST];
} input;

/* Arguments for fn: columns, or constants where those are wanted. false: they do not fit. */
static bool random_arguments(bench *b, uint64_t *seed, ic_fn_id fn, uint32_t n, input *in)
{
	const ic_function *f = &ic_functions[fn];
	ic_qtype shared = type_for(seed, 'a', IC_Q_LONG), type[MOST];
	for (uint32_t a = 0; a < n; a++) {
		char letter = ic_function_arg(f, a);
		bool fixed = (letter >= 'A' && letter <= 'Z') || letter == 'y' || test_random(seed) % 3 == 0;
		ic_vector_out o;
		type[a] = type_for(seed, letter, shared);
		assert_true(ic_vector_make(&o, &b->plan.arena, type[a], ROWS));
		ic_value one = random_value(b, seed, type[a]);
		for (uint32_t r = 0; r < ROWS; r++) {
			in->value[r][a] = fixed ? one : random_value(b, seed, type[a]);
			ic_vector_set(&o, r, &in->value[r][a]);
			assert_true(ic_vector_constant(&in->one[r][a], &b->plan.arena, &in->value[r][a]));
		}
		in->col[a] = o.v;
		in->arg[a] = fixed ? constant(b, one) : column(b, a, type[a]);
	}
	return ic_function_type(fn, type, n) != IC_QTYPES;
}

static void check_call(bench *b, ic_fn_id fn, uint32_t n, input *in, uint64_t seed)
{
	const ic_function *f = &ic_functions[fn];
	const char *name = f->name ? f->name : f->help;
	ic_expr *x = call_of(b, fn, n, in->arg);
	ic_chunk all = { .rows = ROWS, .columns = MOST, .col = in->col };
	ic_eval *e;
	ic_vector v;
	ic_error err = { 0 };
	b->diag = (ic_diag){ 0 };
	ic_status st = ic_eval_new(&b->plan, &x, 1, &e, &b->diag);
	if (st != IC_OK) { /* a constant that is not good: it must say why */
		assert_true(st != IC_E_NOMEM && b->diag.set);
		return;
	}
	st = ic_eval_run(e, &all, &b->arena, &v, &err);
	if (st != IC_OK) {
		if (st == IC_E_NOMEM || !err.message[0])
			fail_msg("%s: status %d '%s' (seed %llu)", name, st, err.message,
				 (unsigned long long)seed);
		ic_eval_free(e);
		return;
	}
	assert_int_equal(v.type, x->type);
	for (uint32_t r = 0; r < ROWS; r++) {
		ic_chunk single = { .rows = 1, .columns = MOST, .col = in->one[r] };
		ic_vector w;
		assert_int_equal(ic_eval_run(e, &single, &b->arena, &w, NULL), IC_OK);
		ic_value alone = ic_vector_value(&w, 0), together = ic_vector_value(&v, r);
		if (!ic_kernel_of(fn)->impure && !same(&alone, &together))
			fail_msg("%s row %u: null %d/%d, %lld/%lld (seed %llu)", name, r, alone.null,
				 together.null, (long long)alone.i, (long long)together.i,
				 (unsigned long long)seed);
		if (b->plan.language == IC_FN_KQL && v.type == IC_Q_STRING)
			assert_false(together.null);
		if (!together.null) { /* reads every part of it */
			ic_str s = ic_value_text(&b->arena, &together);
			assert_true(s.p != NULL && s.n <= IC_VALUE_BYTES * 2u);
		}
	}
	ic_eval_free(e);
}

static void functions_of(unsigned language)
{
	input *in = test_malloc(sizeof *in);
	unsigned tried = 0, fitted = 0;
	for (int fn = 0; fn < IC_FN_COUNT; fn++) {
		const ic_function *f = &ic_functions[fn];
		uint32_t fewest, most;
		ic_function_arity(f, &fewest, &most);
		if (!ic_kernel_of((ic_fn_id)fn) || !(f->flags & (language | IC_FN_OPERATOR)))
			continue;
		for (unsigned i = 0; i < CALLS; i++) {
			uint64_t seed = (uint64_t)fn * 1000 + i, state = seed;
			uint32_t top = most < MOST ? most : MOST;
			if (fewest > MOST)
				continue;
			bench b;
			bench_open(&b, language);
			b.plan.now = 17000000000000000;
			tried++;
			uint32_t n = fewest + (uint32_t)(test_random(&state) % (top - fewest + 1));
			if (random_arguments(&b, &state, (ic_fn_id)fn, n, in)) {
				fitted++;
				check_call(&b, (ic_fn_id)fn, n, in, seed);
			}
			bench_close(&b);
		}
	}
	test_free(in);
	assert_true(fitted > tried / 2); /* else this tests too little */
}

static void kql(void **state)
{
	(void)state;
	functions_of(IC_FN_KQL);
}

static void aql(void **state)
{
	(void)state;
	functions_of(IC_FN_AQL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kql), cmocka_unit_test(aql) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
