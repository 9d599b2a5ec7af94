/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a time, a span, a GUID and a decimal number: what reads is written and reads back the same. */
#include <stdlib.h>

#include "base/time.h"
#include "plan/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ic_str text_of(ic_arena *a, ic_value v)
{
	ic_str s = ic_value_text(a, &v);
	if (!s.p)
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ic_arena a;
	ic_arena_init(&a, 0, NULL);
	char *text = malloc(size ? size : 1);
	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	ic_str s = { text, (uint32_t)size };
	int64_t t, u;
	if (ic_parse_datetime(s, &t) &&
	    (t < IC_CIVIL_MIN || t > IC_TIME_MAX ||
	     !ic_parse_datetime(text_of(&a, ic_value_ticks(IC_Q_DATETIME, t)), &u) || t != u))
		abort();
	if (ic_parse_timespan(s, &t) &&
	    (!ic_parse_timespan(text_of(&a, ic_value_ticks(IC_Q_TIMESPAN, t)), &u) || t != u))
		abort();
	ic_guid g, h;
	if (ic_parse_guid(s, &g) &&
	    (!ic_parse_guid(text_of(&a, (ic_value){ .type = IC_Q_GUID, .guid = g }), &h) ||
	     memcmp(&g, &h, sizeof g) != 0))
		abort();
	ic_decimal d, e, r;
	if (ic_parse_decimal(s, &d)) {
		if (!ic_parse_decimal(text_of(&a, (ic_value){ .type = IC_Q_DECIMAL, .decimal = &d }), &e) ||
		    ic_decimal_compare(&d, &e) != 0 || d.scale < 0 || d.scale > 28)
			abort();
		ic_decimal third = { 3, 0 };
		if (!ic_decimal_div(&d, &third, &r))
			abort();
		(void)ic_decimal_mul(&d, &r, &e);
		(void)ic_decimal_sub(&d, &r, &e);
	}
	free(text);
	ic_arena_clear(&a);
	return 0;
}
