/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a finding in words, as table and explain both say them. */
#include "report/private.h"

#include "base/time.h"

#include <math.h>

/* Below this jitter the clock is as good as exact. */
#define EXACT 0.05

ic_style ic_report_level_style(ic_level level)
{
	static const ic_style styles[] = { IC_DIM, IC_CYAN, IC_YELLOW, IC_RED, IC_ALARM };
	return styles[level];
}

bool ic_report_is_part(const ic_reason *r)
{
	static const char *const parts[] = {
		"regularity", "evidence_bursty", "evidence_memoryless", "persistence", "size", "gaps"
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(r->code, parts[i]) == 0)
			return true;
	return false;
}

void ic_report_count(ic_buf *b, uint64_t v)
{
	char text[32];
	unsigned at = sizeof(text), digits = 0;
	do {
		if (digits && digits % 3 == 0)
			text[--at] = ',';
		text[--at] = (char)('0' + v % 10);
		digits++;
		v /= 10;
	} while (v);
	ic_buf_put(b, text + at, sizeof(text) - at);
}

void ic_report_bytes(ic_buf *b, int64_t v)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	if (v < 0) {
		ic_buf_putc(b, '?');
		return;
	}
	double x = (double)v;
	unsigned u = 0;
	while (x >= 999.5 && u < 6) {
		x /= 1000;
		u++;
	}
	ic_buf_printf(b, u && x < 9.95 ? "%.1f %s" : "%.0f %s", x, units[u]);
}

void ic_report_span(ic_buf *b, double seconds)
{
	char text[40];
	ic_buf_put(b, text, ic_span_format(seconds, text));
}

bool ic_report_period(ic_buf *b, const ic_finding *f)
{
	ic_buf_reset(b);
	if (!isfinite(f->sleep_s) || f->sleep_s <= 0)
		return false;
	ic_buf_puts(b, "· every ");
	ic_report_span(b, ic_finding_period(f));
	if (isfinite(f->jitter) && f->jitter >= EXACT)
		ic_buf_printf(b, ", jitter %.0f %%", 100 * f->jitter);
	return true;
}

#define VALUE_MAX 240 /* bytes of a value in a table: user agents are 100 to 200 */

void ic_report_value(ic_buf *b, ic_str s)
{
	const ic_str cut = ic_str_cut(s, VALUE_MAX);
	ic_buf_str(b, cut);
	if (cut.n < s.n)
		ic_buf_puts(b, "...");
}

/* "(a, b)" from what is there; nothing if neither is. */
static void put_aside(ic_pen *p, ic_buf *piece, ic_str a, ic_str b)
{
	if (!a.p && !b.p)
		return;
	ic_buf_reset(piece);
	ic_buf_putc(piece, '(');
	if (a.p)
		ic_report_value(piece, a);
	if (a.p && b.p)
		ic_buf_puts(piece, ", ");
	if (b.p)
		ic_report_value(piece, b);
	ic_buf_putc(piece, ')');
	ic_pen_buf(p, IC_PLAIN, piece);
}

/* The destination when it is one of several: what they have in common. */
static void put_several(ic_pen *p, ic_buf *piece, const ic_finding *f)
{
	bool domain = f->group_by == IC_BY_DOMAIN && f->value.p;
	bool shared = f->group_by > IC_BY_DOMAIN && f->value.p;
	ic_buf_puts(piece, domain ? "*." : "several destinations");
	if (domain)
		ic_buf_str(piece, f->value);
	if (f->dst_port >= 0)
		ic_buf_printf(piece, domain ? ":%d" : ", port %d", f->dst_port);
	ic_pen_buf(p, IC_BOLD, piece);
	if (!shared)
		return;
	ic_buf_reset(piece);
	ic_buf_printf(piece, "(%s ", ic_group_by_names[f->group_by]);
	ic_report_value(piece, f->value);
	ic_buf_putc(piece, ')');
	ic_pen_buf(p, IC_PLAIN, piece);
}

static void put_destination(ic_pen *p, ic_buf *piece, const ic_finding *f)
{
	ic_str main = f->dst_name.p ? f->dst_name : f->dst_ip;
	ic_buf_reset(piece);
	if (!main.p) {
		put_several(p, piece, f);
		return;
	}
	bool bracket = f->dst_port >= 0 && memchr(main.p, ':', main.n);
	if (bracket)
		ic_buf_putc(piece, '[');
	ic_buf_str(piece, main);
	if (bracket)
		ic_buf_putc(piece, ']');
	if (f->dst_port >= 0)
		ic_buf_printf(piece, ":%d", f->dst_port);
	ic_pen_buf(p, IC_BOLD, piece);
	if (f->dst_name.p)
		put_aside(p, piece, f->dst_ip, (ic_str){ 0 });
}

void ic_report_path(ic_pen *p, const ic_finding *f)
{
	ic_buf piece;
	ic_buf_init(&piece, 0);
	if (f->src_ip.p) {
		ic_pen_str(p, IC_BOLD, f->src_ip);
		put_aside(p, &piece, f->src_host, f->process);
	} else {
		ic_report_value(&piece, f->src_host.p ? f->src_host : IC_STR("?"));
		ic_pen_buf(p, IC_BOLD, &piece);
		put_aside(p, &piece, f->process, (ic_str){ 0 });
	}
	ic_pen_text(p, IC_DIM, "→");
	put_destination(p, &piece, f);
	ic_buf_clear(&piece);
}
