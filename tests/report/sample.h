/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for the tests of src/report, and an output that gathers what is written. */
#ifndef TESTS_REPORT_SAMPLE_H
#define TESTS_REPORT_SAMPLE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/time.h"
#include "report/report.h"

static inline ic_status sample_gather(void *ctx, const void *bytes, size_t n)
{
	ic_buf_put(ctx, bytes, n);
	return IC_OK;
}

static inline ic_output sample_output(ic_buf *to, unsigned columns, bool color)
{
	ic_buf_init(to, 0);
	return (ic_output){ .write = sample_gather, .ctx = to, .columns = columns, .color = color };
}

/* NUL-terminated view of what was gathered. */
static inline const char *sample_text(ic_buf *b)
{
	ic_buf_putc(b, 0);
	assert_false(b->failed);
	return b->p;
}

static const ic_reason sample_reasons[] = {
	{ "regularity", 0.9, 24, 21.6, "the gaps are equal: 303 s" },
	{ "prevalence", 0.02, NAN, 0.8, "1 of 50 hosts talks to it" },
	{ "software-update", NAN, 3, -3, "looks like a software updater" },
	{ "note", NAN, NAN, NAN, "the user agent is curl" },
};
static const ic_cover sample_covers[] = {
	{ IC_BY_DOMAIN, { "evil.example", 12 }, 40, 97.25 },
	{ IC_BY_USER_AGENT, { "=cmd|' /C calc'!A0", 18 }, 41, NAN },
};
static const ic_str sample_agents[] = { { "curl/7.68.0", 11 }, { "x;\"y\"", 5 } };
static const char *const sample_attack[] = { "T1071.001" };
static const char *const sample_lowered[] = { "software-update" };

static inline ic_finding sample_finding(void)
{
	return (ic_finding){
		.id = 0x00ab54a98ceb1f0aull,
		.detector = "beacon",
		.level = IC_HIGH,
		.automation = 99.12345,
		.priority = 71.5,
		.src_ip = IC_STR("10.0.0.5"),
		.dst_ip = IC_STR("203.0.113.7"),
		.dst_name = IC_STR("www.evil.example"),
		.dst_port = 443,
		.transport = "tcp",
		.service = "tls",
		.group_by = IC_BY_NAME,
		.event_level = IC_AT_CONNECTION,
		.connections = 1234,
		.first_seen = INT64_C(1714557600) * IC_TICKS_S,
		.last_seen = INT64_C(1714644000) * IC_TICKS_S + 1234560,
		.sleep_s = 303.4567,
		.jitter = 0.33,
		.interval_median_s = 250,
		.coverage = 0.98765,
		.bytes_out = 1500000,
		.bytes_in = -1,
		.prevalence_hosts = 1,
		.prevalence_of = 50,
		.user_agent_count = 2,
		.user_agents = sample_agents,
		.attack_count = 1,
		.attack = sample_attack,
		.cover_count = 2,
		.covers = sample_covers,
		.lowered_count = 1,
		.lowered_by = sample_lowered,
		.reason_count = 4,
		.reasons = sample_reasons,
		.summary = "10.0.0.5 asks www.evil.example every 5 min 3 s.",
		.value = IC_STR("www.evil.example"),
	};
}

/* Everything that may be unknown is unknown; text tries to break out of its cell. */
static inline ic_finding sample_hostile(void)
{
	static const char name[] = "=HYPERLINK(\"http://x\")\x1b[2J\r\n\xff\0end,\xe2\x80\xae;\"";
	return (ic_finding){
		.id = 1,
		.detector = "user-agent",
		.level = IC_INFO,
		.automation = NAN,
		.priority = 3,
		.src_host = { "+cmd", 4 },
		.process = { "@SUM(A1)", 8 },
		.dst_name = { name, sizeof(name) - 1 },
		.dst_port = -1,
		.group_by = IC_BY_PROCESS,
		.event_level = IC_AT_REQUEST,
		.connections = 1,
		.first_seen = 0,
		.last_seen = 0,
		.sleep_s = NAN,
		.jitter = NAN,
		.interval_median_s = NAN,
		.coverage = NAN,
		.bytes_out = -1,
		.bytes_in = -1,
		.prevalence_hosts = -1,
		.prevalence_of = -1,
		.part_of = 0xffffffffffffffffull,
		.summary = "\x1b]0;owned\x07 a very long word: "
			   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			   "aaaaaaaaaaa "
			   "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8"
			   "\xad\xe6\x96\x87"
			   "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8"
			   "\xad\xe6\x96\x87",
		.value = { name, sizeof(name) - 1 },
	};
}

/* Fails unless every line fits `columns` on a terminal, colour codes aside, and holds no control
 * character but those codes. */
static inline void sample_check_columns(const char *text, size_t n, unsigned columns, bool color)
{
	ic_buf line;
	ic_buf_init(&line, 0);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '\n') {
			assert_true(line.n == 0 ||
				    ic_term_width((ic_str){ line.p, (uint32_t)line.n }) <= columns);
			ic_buf_reset(&line);
		} else if (color && c == 0x1b) {
			assert_int_equal(text[i + 1], '[');
			i += strspn(text + i + 2, "0123456789;") + 2;
			assert_int_equal(text[i], 'm');
		} else {
			assert_true(c >= 0x20 && c != 0x7f);
			ic_buf_putc(&line, (char)c);
		}
	}
	assert_int_equal(line.n, 0);
	ic_buf_clear(&line);
}

#endif
