/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a number, time, span, size, address or block, and through each escape. What is accepted
 * must read back as itself; addresses and doubles must agree with the C library. */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/num.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void numbers(ic_str s, const char *text)
{
	int64_t i;
	double v, back;
	char buf[40];
	if (ic_parse_i64(s, &i))
		must(ic_parse_double(s, &v) && v == (double)i);
	if (!ic_parse_double(s, &v))
		return;
	must(isfinite(v) && v == strtod(text, NULL));
	ic_str printed = { buf, (uint32_t)ic_format_double(v, buf) };
	must(ic_parse_double(printed, &back) && back == v);
}

static void times(ic_str s, const char *text)
{
	int64_t t, back;
	char buf[40];
	uint64_t bytes;
	if (ic_time_from_text(s, &t)) {
		ic_str printed = { buf, (uint32_t)ic_time_format(t, 7, buf) };
		must(t >= 0 && t <= IC_TIME_MAX && ic_time_from_text(printed, &back) && back == t);
	}
	if (ic_time_from_epoch_text(s, &t)) {
		must(t >= 0 && t <= IC_TIME_MAX);
		(void)ic_time_format_short(t, buf);
		(void)ic_span_format((double)t / 1e7, buf);
	}
	(void)ic_time_parse(text, &t);
	(void)ic_span_parse(text, &t);
	(void)ic_size_parse(text, &bytes);
}

static void addresses(ic_str s, const char *text)
{
	ic_ip ip, back;
	ic_cidr block;
	struct in6_addr six;
	struct in_addr four;
	char buf[46];
	bool ok = ic_ip_parse(s, &ip);
	/* zones are ours alone; the C library stops at NUL */
	if (!memchr(s.p, '%', s.n) && strlen(text) == s.n)
		must(ok == (inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1));
	if (ok) {
		ic_str printed = { buf, (uint32_t)ic_ip_format(&ip, buf) };
		must(ic_ip_parse(printed, &back) && memcmp(&ip, &back, sizeof ip) == 0);
		must(ic_ip_classify(&ip) <= IC_IP_RESERVED);
	}
	if (ic_cidr_parse(s, &block))
		must(block.bits <= 128 && ic_cidr_has(&block, &block.net));
}

static void escapes(ic_str s)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_json(&b, s);
	ic_buf_term(&b, s);
	ic_buf_zeek(&b, s);
	for (size_t i = 0; i < b.n; i++)
		must((unsigned char)b.p[i] >= 0x20 && b.p[i] != 0x7f);
	ic_buf_csv(&b, s);
	must(!b.failed && memchr(b.p, '\0', b.n) == NULL && ic_term_width(s) <= s.n);
	ic_buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	char text[4097];
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	ic_str s = { (const char *)data, (uint32_t)size };
	numbers(s, text);
	times(s, text);
	addresses(s, text);
	escapes(s);
	return 0;
}
