/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles of a series: the index of a source with many finds what a walk finds, and all series of a source look at
 * no more than a few profiles each. */
#include "detect/run.h"
#include <stdio.h>

#include "../test.h"

enum { MANY = 3000, FEW = 50, PORTS = 40 };

typedef struct rig {
	ic_intern *names;
	ic_run_part part;
	ic_detect_run run;
	ic_profile profile[MANY + FEW];
} rig;

static uint32_t text_id(rig *r, const char *fmt, unsigned i)
{
	char text[64];
	snprintf(text, sizeof text, fmt, i);
	uint32_t id = ic_intern_str(r->names, ic_str_of(text));
	assert_true(id);
	return id;
}

static ic_profile make(rig *r, uint32_t src, unsigned i)
{
	static const char *const names[] = { "host%u.example", "deep.%u.host.example", "x%uhost.example",
					     "%u.other.example" };
	return (ic_profile){ .src = src,
			     .dst = 1000 + i / PORTS,
			     .port = (uint16_t)(i % PORTS),
			     .transport = i % 2 ? IC_TCP : IC_UDP,
			     .name = i % 5 == 4 ? 0 : text_id(r, names[i % 5], i % 700),
			     .user_agent = i % 3 ? text_id(r, "agent %u", i % 900) : 0,
			     .ja4 = i % 7 ? text_id(r, "t13d%u", i) : 0,
			     .process = text_id(r, "p%u.exe", i % 600),
			     .connections = 1 };
}

static int setup(void **state)
{
	rig *r = ic_calloc(1, sizeof *r);
	assert_non_null(r);
	r->names = ic_intern_new(NULL);
	r->part.profiles = ic_reallocarray(NULL, MANY + FEW, sizeof *r->part.profiles);
	assert_non_null(r->names);
	assert_non_null(r->part.profiles);
	for (unsigned i = 0; i < MANY + FEW; i++) {
		r->profile[i] = make(r, i < FEW ? 7 : 8, i < FEW ? i : i - FEW);
		r->part.profiles[i] = &r->profile[i];
	}
	r->part.profile_count = MANY + FEW;
	r->run = (ic_detect_run){ .names = r->names, .part = &r->part, .to = 1 };
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig *r = *state;
	ic_profiles_clear(&r->part);
	ic_intern_free(r->names);
	ic_free(r);
	return 0;
}

/* Compares a span with a walk over the whole source; returns how many profiles the span has. */
static size_t check(rig *r, const ic_series *s)
{
	size_t all, wanted = 0, found = 0;
	const ic_profile **of = ic_run_profiles(&r->part, s->src, &all);
	for (size_t i = 0; i < all; i++)
		wanted += ic_series_has(r->names, s, of[i]);
	const ic_profile_span span = ic_run_profiles_of(&r->run, 0, s);
	assert_false(r->run.nomem);
	for (size_t i = 0; i < span.n; i++)
		found += ic_series_has(r->names, s, ic_profile_in(&span, i));
	assert_int_equal(found, wanted);
	return span.n;
}

static ic_series series_of(const ic_profile *p, ic_group_by by)
{
	const uint32_t value[IC_GROUP_BYS] = { [IC_BY_IP_PORT] = p->dst,
					       [IC_BY_NAME] = p->name,
					       [IC_BY_JA4] = p->ja4,
					       [IC_BY_USER_AGENT] = p->user_agent,
					       [IC_BY_PROCESS] = p->process };
	ic_series s = { .src = p->src, .value = value[by], .group_by = (unsigned)by & 15u };
	if (by == IC_BY_IP_PORT) {
		s.port = p->port;
		s.transport = p->transport;
	}
	return s;
}

static void test_values(void **state)
{
	rig *r = *state;
	static const ic_group_by keys[] = { IC_BY_IP_PORT, IC_BY_NAME, IC_BY_JA4, IC_BY_USER_AGENT,
					    IC_BY_PROCESS };
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		for (unsigned i = 0; i < MANY; i += 97) {
			ic_series s = series_of(&r->profile[FEW + i], keys[k]);
			size_t n = check(r, &s);
			assert_true(s.value == 0 || (n >= 1 && n <= 5));
		}
}

static void test_domains(void **state)
{
	rig *r = *state;
	static const char *const domains[] = { "host.example",	     "other.example",	"example",
					       "t.example",	     "nowhere.example", "le",
					       "deep.3.host.example" };
	size_t n[sizeof domains / sizeof *domains];
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		ic_series s = { .src = 8,
				.value = ic_intern_str(r->names, ic_str_of(domains[i])),
				.group_by = IC_BY_DOMAIN };
		n[i] = check(r, &s);
	}
	assert_true(n[0] > 0 && n[0] < MANY / 2);
	assert_int_equal(n[4], 0);
}

static void test_few_and_none(void **state)
{
	rig *r = *state;
	ic_series s = series_of(&r->profile[3], IC_BY_IP_PORT);
	assert_int_equal(check(r, &s), FEW);
	s.src = 9;
	assert_int_equal(check(r, &s), 0);
	s = series_of(&r->profile[FEW], IC_BY_JA4);
	s.value = UINT32_MAX;
	assert_int_equal(check(r, &s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_few_and_none, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
