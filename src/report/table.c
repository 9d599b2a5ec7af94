/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for people: one block a finding, with what, who, where, how sure and why, in that order. */
#include "report/private.h"

#include "base/time.h"

#include <ctype.h>
#include <math.h>

#define SEND_AT	    (64u << 10)
#define BODY	    10 /* column at which the facts of a finding start: after the level */
#define REASONS_MAX 5
#define LISTED_MAX  3

static void put_level(ic_pen *p, const ic_finding *f)
{
	char word[12];
	const char *name = ic_level_name((int)f->level);
	size_t n = 0;
	for (; name && name[n] && n + 1 < sizeof(word); n++)
		word[n] = (char)toupper((unsigned char)name[n]);
	word[n] = 0;
	ic_pen_text(p, ic_report_level_style(f->level), word);
	ic_pen_tab(p, BODY);
}

/* "how sure" and "how often": priority, automation, period, events. */
static void put_measures(ic_pen *p, const ic_finding *f)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_pen_line(p, BODY);
	ic_pen_printf(p, ic_report_level_style(f->level), "priority %.0f", f->priority);
	if (isfinite(f->automation))
		ic_pen_printf(p, IC_PLAIN, "· automation %.0f", f->automation);
	if (ic_report_period(&b, f))
		ic_pen_buf(p, IC_BOLD, &b);
	ic_buf_reset(&b);
	ic_buf_puts(&b, "· ");
	ic_report_count(&b, f->connections);
	ic_buf_printf(&b, " %s%s", ic_event_level_nouns[f->event_level], IC_S(f->connections));
	double span = (double)(f->last_seen - f->first_seen) / (double)IC_TICKS_S;
	if (span >= 1) {
		ic_buf_puts(&b, " in ");
		ic_report_span(&b, span);
	}
	ic_pen_buf(p, IC_PLAIN, &b);
	if (f->bytes_out >= 0 || f->bytes_in >= 0) {
		ic_buf_reset(&b);
		ic_buf_puts(&b, "· out ");
		ic_report_bytes(&b, f->bytes_out);
		ic_buf_puts(&b, ", in ");
		ic_report_bytes(&b, f->bytes_in);
		ic_pen_buf(p, IC_PLAIN, &b);
	}
	ic_buf_clear(&b);
}

static bool is_beat(const ic_reason *r)
{
	return strcmp(r->code, "sleep") == 0;
}

/* What the lines above say already: the parts of the automation, and the beat, unless the beat is all
 * there is to say. */
static bool said(const ic_finding *f, const ic_reason *r)
{
	if (!is_beat(r) || !isfinite(f->sleep_s))
		return ic_report_is_part(r);
	for (size_t i = 0; i < f->reason_count; i++)
		if (!is_beat(&f->reasons[i]) && !ic_report_is_part(&f->reasons[i]))
			return true;
	return false;
}

static double weight_of(const ic_reason *r)
{
	return isfinite(r->contribution) ? fabs(r->contribution) : 0;
}

/* How many reasons weigh more than reason i (earlier ones win ties). */
static size_t rank_of(const ic_finding *f, size_t i)
{
	size_t rank = 0;
	for (size_t j = 0; j < f->reason_count; j++) {
		double a = weight_of(&f->reasons[j]), b = weight_of(&f->reasons[i]);
		rank += !said(f, &f->reasons[j]) && (a > b || (a == b && j < i));
	}
	return rank;
}

static void put_reasons(ic_pen *p, const ic_finding *f)
{
	for (size_t i = 0; i < f->reason_count; i++) {
		const ic_reason *r = &f->reasons[i];
		if (said(f, r) || rank_of(f, i) >= REASONS_MAX)
			continue;
		const bool lowers = r->contribution < 0;
		const bool raises = r->contribution > 0;
		ic_pen_line(p, BODY);
		ic_pen_text(p,
			    lowers   ? IC_GREEN
			    : raises ? IC_YELLOW
				     : IC_DIM,
			    lowers   ? "-"
			    : raises ? "+"
				     : "·");
		p->indent = BODY + 2;
		ic_pen_text(p, IC_PLAIN, r->text && r->text[0] ? r->text : r->code);
	}
}

/* The same value at two event levels is said once. */
static bool repeated(const ic_finding *f, size_t i)
{
	const ic_cover *c = &f->covers[i];
	return i && c->group_by == c[-1].group_by && ic_str_eq(c->value, c[-1].value);
}

static void put_covers(ic_pen *p, const ic_finding *f)
{
	size_t listed = 0, more = 0;
	ic_buf b;
	ic_buf_init(&b, 0);
	for (size_t i = 0; i < f->cover_count; i++) {
		if (repeated(f, i) || listed == LISTED_MAX) {
			more += !repeated(f, i);
			continue;
		}
		if (listed++ == 0) {
			ic_pen_line(p, BODY);
			ic_pen_text(p, IC_DIM, "same cause:");
			p->indent = BODY + 2;
		} else {
			ic_pen_join(p);
			ic_pen_text(p, IC_DIM, ",");
		}
		ic_pen_text(p, IC_DIM, ic_group_by_names[f->covers[i].group_by]);
		ic_buf_reset(&b);
		ic_report_value(&b, f->covers[i].value);
		ic_pen_buf(p, IC_DIM, &b);
	}
	if (more)
		ic_pen_printf(p, IC_DIM, "and %zu more", more);
	ic_buf_clear(&b);
}

static void put_foot(ic_pen *p, const ic_finding *f)
{
	ic_pen_line(p, BODY);
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, "id ");
	ic_report_id(&b, f->id);
	ic_pen_buf(p, IC_DIM, &b);
	ic_pen_printf(p, IC_DIM, "· %s", f->detector);
	for (size_t i = 0; i < f->attack_count; i++)
		ic_pen_printf(p, IC_DIM, i ? "%s" : "· %s", f->attack[i]);
	if (f->part_of) {
		ic_buf_reset(&b);
		ic_buf_puts(&b, "· part of ");
		ic_report_id(&b, f->part_of);
		ic_pen_buf(p, IC_DIM, &b);
	}
	ic_buf_clear(&b);
}

static void put_finding(ic_pen *p, const ic_finding *f)
{
	ic_pen_line(p, 0);
	put_level(p, f);
	p->indent = BODY;
	ic_report_path(p, f);
	put_measures(p, f);
	if ((!isfinite(f->automation) || !isfinite(f->sleep_s)) && f->summary) {
		ic_pen_line(p, BODY);
		ic_pen_text(p, IC_PLAIN, f->summary);
	}
	put_reasons(p, f);
	put_covers(p, f);
	put_foot(p, f);
	ic_pen_end(p);
}

/* "5 findings: 1 critical, 4 low." */
static void put_head(ic_pen *p, const ic_findings *f)
{
	size_t of[IC_CRITICAL + 1] = { 0 };
	for (size_t i = 0; i < f->n; i++)
		of[f->list[i].level]++;
	ic_pen_line(p, 0);
	if (f->n == 0)
		ic_pen_text(p, IC_PLAIN, "No findings.");
	else
		ic_pen_printf(p, IC_BOLD, "%zu finding%s:", f->n, IC_S(f->n));
	const char *comma = "";
	for (int level = IC_CRITICAL; level >= IC_INFO; level--) {
		if (of[level] == 0)
			continue;
		if (*comma) {
			ic_pen_join(p);
			ic_pen_text(p, IC_PLAIN, comma);
		}
		ic_pen_printf(p, ic_report_level_style((ic_level)level), "%zu %s", of[level],
			      ic_level_name(level));
		comma = ",";
	}
	if (f->below_top)
		ic_pen_printf(p, IC_DIM, "(%llu more without --top)", (unsigned long long)f->below_top);
	if (f->hidden)
		ic_pen_printf(p, IC_DIM, "(%llu hidden by the site's rules)", (unsigned long long)f->hidden);
	ic_pen_end(p);
}

ic_status ic_findings_table(const ic_findings *f, const ic_output *out, ic_error *err)
{
	ic_buf b;
	ic_pen p;
	ic_status s = IC_OK;
	ic_buf_init(&b, 0);
	ic_pen_init(&p, &b, out);
	put_head(&p, f);
	for (size_t i = 0; i < f->n && s == IC_OK; i++) {
		ic_buf_putc(&b, '\n');
		put_finding(&p, &f->list[i]);
		if (b.n >= SEND_AT || b.failed)
			s = ic_report_send(out, &b, err);
	}
	if (s == IC_OK && f->n) {
		ic_buf_putc(&b, '\n');
		ic_pen_line(&p, 0);
		ic_pen_text(&p, IC_DIM, "Every number of one: ictus explain ID PATH...");
		ic_pen_end(&p);
	}
	if (s == IC_OK)
		s = ic_report_send(out, &b, err);
	ic_pen_clear(&p);
	ic_buf_clear(&b);
	return s;
}
