/* SPDX-License-Identifier: Apache-2.0 */
/* One finding with all its numbers: what was measured, what each number weighs, what the data look
 * like. The formulas are those of docs/scorer.md; a test recomputes the printed sums. */
#include "report/private.h"

#include "base/time.h"

#include <math.h>

#define LABEL 16 /* column at which the value of a "label  value" line starts */

static void heading(ic_pen *p, const char *text)
{
	ic_pen_end(p);
	ic_buf_putc(p->to, '\n');
	ic_pen_line(p, 0);
	ic_pen_text(p, IC_BOLD, text);
	ic_pen_end(p);
}

static void label(ic_pen *p, const char *text)
{
	ic_pen_line(p, 2);
	ic_pen_text(p, IC_DIM, text);
	ic_pen_tab(p, LABEL);
	p->indent = LABEL;
}

static void label_text(ic_pen *p, const char *name, ic_str value)
{
	if (!value.p)
		return;
	label(p, name);
	ic_pen_str(p, IC_PLAIN, value);
}

static void label_list(ic_pen *p, const char *name, const ic_str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		label_text(p, i ? "" : name, list[i]);
}

/* A number with up to 3 decimals, as the machine formats print it; "-" when unknown. */
static void pen_number(ic_pen *p, ic_style style, const char *before, double v, const char *after)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, before);
	if (isfinite(v))
		ic_buf_round3(&b, v);
	else
		ic_buf_putc(&b, '-');
	ic_buf_puts(&b, after);
	ic_pen_buf(p, style, &b);
	ic_buf_clear(&b);
}

/* "(5 min)" after a number of seconds */
static void pen_aside_span(ic_pen *p, double seconds)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_putc(&b, '(');
	ic_report_span(&b, seconds);
	ic_buf_putc(&b, ')');
	ic_pen_buf(p, IC_DIM, &b);
	ic_buf_clear(&b);
}

static void put_header(ic_pen *p, const ic_finding *f)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_pen_line(p, 0);
	ic_report_path(p, f);
	ic_pen_line(p, 0);
	ic_pen_printf(p, ic_report_level_style(f->level), "%s, priority", ic_level_name((int)f->level));
	pen_number(p, ic_report_level_style(f->level), "", f->priority, " of 100");
	if (isfinite(f->automation))
		pen_number(p, IC_PLAIN, "· automation ", f->automation, " of 100");
	if (ic_report_period(&b, f))
		ic_pen_buf(p, IC_BOLD, &b);
	ic_buf_clear(&b);
	if (f->summary) {
		ic_pen_line(p, 0);
		ic_pen_text(p, IC_PLAIN, f->summary);
	}
	ic_pen_end(p);
}

static void put_times(ic_pen *p, const ic_finding *f)
{
	char first[40], last[40];
	first[ic_time_format_short(f->first_seen, first)] = 0;
	last[ic_time_format_short(f->last_seen, last)] = 0;
	label_text(p, "first seen", ic_str_of(first));
	label_text(p, "last seen", ic_str_of(last));
	if (f->event_level == IC_AT_CONNECTION && f->last_seen != IC_TIME_NONE)
		ic_pen_text(p, IC_DIM, "(when that connection began)");
	label(p, "connections");
	ic_pen_printf(p, IC_PLAIN, "%llu (each one a %s)", (unsigned long long)f->connections,
		      ic_event_level_names[f->event_level]);
}

static void put_traffic(ic_pen *p, const ic_finding *f)
{
	if (f->bytes_out >= 0 || f->bytes_in >= 0) {
		ic_buf b;
		ic_buf_init(&b, 0);
		ic_report_bytes(&b, f->bytes_out);
		ic_buf_puts(&b, " out, ");
		ic_report_bytes(&b, f->bytes_in);
		ic_buf_puts(&b, " in");
		label_text(p, "bytes", (ic_str){ b.p, (uint32_t)b.n });
		p->to->failed |= b.failed;
		ic_buf_clear(&b);
	}
	if (f->prevalence_hosts >= 0 && f->prevalence_of > 0) {
		label(p, "prevalence");
		ic_pen_printf(p, IC_PLAIN, "%lld of %lld internal hosts", (long long)f->prevalence_hosts,
			      (long long)f->prevalence_of);
	}
}

static void put_facts(ic_pen *p, const ic_finding *f)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	heading(p, "Facts");
	ic_report_id(&b, f->id);
	label_text(p, "id", (ic_str){ b.p, (uint32_t)b.n });
	label(p, "detector");
	ic_pen_text(p, IC_PLAIN, f->detector);
	for (size_t i = 0; i < f->attack_count; i++)
		ic_pen_text(p, IC_PLAIN, f->attack[i]);
	label(p, "grouped by");
	ic_pen_text(p, IC_PLAIN, ic_group_by_names[f->group_by]);
	ic_pen_str(p, IC_PLAIN, f->value);
	label_text(p, "transport", ic_str_of(f->transport));
	label_text(p, "service", ic_str_of(f->service));
	put_times(p, f);
	if (isfinite(f->sleep_s)) {
		label(p, "sleep");
		pen_number(p, IC_PLAIN, "", f->sleep_s, " s,");
		pen_number(p, IC_PLAIN, "jitter ", f->jitter, ",");
		pen_number(p, IC_PLAIN, "median interval ", f->interval_median_s, " s,");
		pen_number(p, IC_PLAIN, "coverage ", f->coverage, "");
	}
	put_traffic(p, f);
	label_list(p, "user agent", f->user_agents, f->user_agent_count);
	label_list(p, "JA3", f->ja3, f->ja3_count);
	label_list(p, "JA4", f->ja4, f->ja4_count);
	if (f->part_of) {
		ic_buf_reset(&b);
		ic_report_id(&b, f->part_of);
		label_text(p, "part of", (ic_str){ b.p, (uint32_t)b.n });
	}
	ic_pen_end(p);
	p->to->failed |= b.failed;
	ic_buf_clear(&b);
}

static void put_covers(ic_pen *p, const ic_finding *f)
{
	if (f->cover_count == 0)
		return;
	heading(p, "Other series of the same cause");
	for (size_t i = 0; i < f->cover_count; i++) {
		const ic_cover *c = &f->covers[i];
		label(p, ic_group_by_names[c->group_by]);
		ic_pen_str(p, IC_PLAIN, c->value);
		ic_pen_printf(p, IC_PLAIN, "(%u,", c->connections);
		pen_number(p, IC_PLAIN, "automation ", c->automation, ")");
	}
	ic_pen_end(p);
}

static void put_reasons(ic_pen *p, const ic_finding *f)
{
	static const unsigned column[] = { 2, 16, 28, 38 }; /* contribution value weight text */
	heading(p, "Reasons, in nats of priority");
	ic_pen_line(p, column[0]);
	ic_pen_text(p, IC_DIM, "contribution");
	ic_pen_tab(p, column[1]);
	ic_pen_text(p, IC_DIM, "value");
	ic_pen_tab(p, column[2]);
	ic_pen_text(p, IC_DIM, "weight");
	ic_pen_tab(p, column[3]);
	ic_pen_text(p, IC_DIM, "code: text");
	for (size_t i = 0; i < f->reason_count; i++) {
		const ic_reason *r = &f->reasons[i];
		if (f->score && ic_report_is_part(r))
			continue; /* under "Automation" */
		ic_style style = r->contribution > 0 ? IC_YELLOW : r->contribution < 0 ? IC_GREEN : IC_DIM;
		ic_pen_line(p, column[0]);
		p->indent = column[3] < p->columns / 2 ? column[3] : column[0] + 2;
		pen_number(p, style, r->contribution > 0 ? "+" : "", r->contribution, "");
		ic_pen_tab(p, column[1]);
		pen_number(p, IC_PLAIN, "", r->value, "");
		ic_pen_tab(p, column[2]);
		pen_number(p, IC_PLAIN, "", r->weight, "");
		ic_pen_tab(p, column[3]);
		ic_pen_printf(p, IC_BOLD, "%s:", r->code);
		ic_pen_text(p, IC_PLAIN, r->text ? r->text : "");
	}
	for (size_t i = 0; i < f->lowered_count; i++) {
		ic_pen_line(p, 2);
		ic_pen_printf(p, IC_GREEN, "lowered by %s", f->lowered_by[i]);
	}
	ic_pen_end(p);
}

/* Steps 9 and 10 of the scorer: value times weight, summed, less the base, over the scale. */
static void put_automation(ic_pen *p, const ic_finding *f)
{
	const ic_score *s = f->score;
	bool sized = isfinite(s->size);
	const struct {
		const char *name;
		double value, weight;
		const char *nats_of;
		double nats;
		const char *formula;
	} parts[] = {
		{ "regularity", s->regularity, IC_SCORE_REGULARITY, "I = ", s->I, " nats a beat: I/(I+1)" },
		{ "bursty", s->evidence_bursty, IC_SCORE_BURSTY, "E = ", s->E, " nats: ln(1+E)/7" },
		{ "memoryless", s->evidence_memoryless, IC_SCORE_MEMORYLESS, "E = ", s->E_memoryless,
		  " nats: ln(1+E)/7" },
		{ "persistence", s->persistence, IC_SCORE_PERSISTENCE, "", s->hours, " active hours of 24" },
		{ "size", sized ? s->size : s->size_nats / (s->size_nats + 1), IC_SCORE_SIZE,
		  "s = ", s->size_nats, sized ? " nats: s/(s+1)" : " nats assumed: few sizes" },
	};
	double sum = -IC_SCORE_BASE;
	heading(p, "Automation: is a machine's clock behind it?");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double points = parts[i].value * parts[i].weight;
		sum += points;
		ic_pen_line(p, 2);
		p->indent = 4;
		ic_pen_printf(p, IC_PLAIN, "%-11s %6.3f x %2.0f = %+7.3f ", parts[i].name, parts[i].value,
			      parts[i].weight, points);
		pen_number(p, IC_DIM, parts[i].nats_of, parts[i].nats, parts[i].formula);
	}
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_PLAIN, "%-11s %21.3f", "base", -IC_SCORE_BASE);
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_PLAIN, "%-11s %+21.3f", "sum", sum);
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_PLAIN, "automation = 100 / (1 + exp(-%.3f / %.1f)) = %.3f", sum, IC_SCORE_SCALE,
		      100 / (1 + exp(-sum / IC_SCORE_SCALE)));
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_DIM, "explained: %.1f %% of the beats, %.1f %% of the time; by chance %.3f %%",
		      100 * s->m_events, 100 * s->m_time, 100 * s->null_mass);
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_DIM, "beats: %u; exempt gaps: %u; windows: %u", s->beats, s->exempt_gaps,
		      s->windows);
	ic_pen_line(p, 2);
	ic_pen_text(p, IC_DIM, "of people's traffic, simulated, 0.12 % reaches 50, and 0.01 % reaches 80");
	ic_pen_end(p);
}

/* priority = base sigma(L - 1), with L the sum of the evidence; some findings have a cap below that. */
static void put_priority(ic_pen *p, const ic_finding *f)
{
	double L = 0;
	bool any = false;
	if (strncmp(f->detector, "rule.", 5) == 0) {
		heading(p, "Priority: the one that stands for the level of the rule");
		return;
	}
	heading(p, "Priority: does the context look bad?");
	ic_pen_line(p, 2);
	ic_pen_text(p, IC_PLAIN, "L =");
	for (size_t i = 0; i < f->reason_count; i++) {
		const ic_reason *r = &f->reasons[i];
		if (ic_report_is_part(r) || !isfinite(r->contribution))
			continue;
		L += r->contribution;
		any = true;
		ic_pen_printf(p, IC_PLAIN, "%+.3f", r->contribution);
		ic_pen_printf(p, IC_DIM, "(%s)", r->code);
	}
	ic_pen_printf(p, IC_PLAIN, any ? "= %.3f nats" : "%.3f nats: no evidence", L);
	ic_pen_line(p, 2);
	double context = 1 / (1 + exp(-(L - 1)));
	ic_pen_printf(p, IC_PLAIN, "priority = %s / (1 + exp(-(L - 1))) = %.3f / %.4f = %.3f",
		      isfinite(f->automation) ? "automation" : "the detector's base", f->base, 1 / context,
		      f->base * context);
	if (fabs(f->base * context - f->priority) > 0.001)
		ic_pen_printf(p, IC_PLAIN, "but capped at %.3f", f->priority);
	ic_pen_line(p, 2);
	for (int level = IC_CRITICAL; level > IC_INFO; level--)
		ic_pen_printf(p, IC_DIM, "%s from %.0f%s", ic_level_name(level), ic_level_from[level],
			      level > IC_LOW ? "," : "");
	ic_pen_end(p);
}

/* ---- the interval histogram -------------------------------------------------------- */

#define HIST_ROWS  20
#define BAR_ROOM   28
#define MARK_ROOM  9
#define BAR_BESIDE 64 /* from how many columns on a bar stands beside its interval, not under it */
#define BAR_COLUMN 40

static double bin_edge(unsigned bin)
{
	return pow(IC_INTERVAL_RATIO, bin);
}

/* What the row of bins lo..hi holds of the score's windows: "", "window 1", "missed x2"... */
static void put_marks(ic_pen *p, const ic_score *s, unsigned lo, unsigned hi)
{
	for (unsigned w = 0; s && w < s->windows && w < 3; w++) {
		const ic_window *win = &s->window[w];
		if (lo <= win->hi && win->lo <= hi) {
			ic_pen_printf(p, IC_GREEN, s->windows > 1 ? "window %u" : "window", w + 1);
			return;
		}
	}
	if (!s || s->windows == 0 || !s->window[0].multiples)
		return;
	unsigned end = s->window[0].hi + 1u;
	for (unsigned q = 2; q <= 4; q++) {
		unsigned shift = (unsigned)lround(log(q) / log(IC_INTERVAL_RATIO));
		unsigned last = s->window[0].hi + shift + 1, first = s->window[0].lo + shift - 1;
		if (first < end)
			first = end;
		end = last + 1;
		if (first <= last && lo <= last && first <= hi) {
			ic_pen_printf(p, IC_CYAN, "%u missed", q - 1);
			return;
		}
	}
}

static unsigned bar_column(const ic_pen *p)
{
	return p->columns < BAR_BESIDE ? 4 : BAR_COLUMN;
}

static void put_bar(ic_pen *p, uint64_t count, uint64_t most)
{
	char bar[BAR_ROOM + 1];
	const unsigned left = p->columns - bar_column(p) - MARK_ROOM,
		       room = left < BAR_ROOM ? left : BAR_ROOM;
	unsigned n = (unsigned)((count * room + most - 1) / most);
	memset(bar, '#', n);
	bar[n] = 0;
	ic_pen_text(p, IC_CYAN, bar);
}

static void put_histogram_row(ic_pen *p, const ic_score *s, unsigned lo, unsigned hi, uint64_t count,
			      uint64_t most)
{
	char from[40], to[40];
	from[ic_span_format(bin_edge(lo), from)] = 0;
	to[ic_span_format(bin_edge(hi + 1), to)] = 0;
	ic_pen_line(p, 2);
	ic_pen_printf(p, IC_PLAIN, "%13s - %-13s %7llu", from, to, (unsigned long long)count);
	if (p->columns < BAR_BESIDE)
		ic_pen_line(p, bar_column(p));
	else
		ic_pen_tab(p, bar_column(p));
	put_bar(p, count, most);
	put_marks(p, s, lo, hi);
}

static void put_histogram(ic_pen *p, const ic_sketch_view *v, const ic_score *s)
{
	if (v->bins == 0)
		return;
	uint64_t row[HIST_ROWS] = { 0 }, most = 0;
	unsigned first = v->h[0].bin, range = v->h[v->bins - 1].bin - first + 1u;
	unsigned each = (range + HIST_ROWS - 1) / HIST_ROWS, rows = (range + each - 1) / each;
	for (unsigned i = 0; i < v->bins; i++) {
		unsigned r = (v->h[i].bin - first) / each;
		row[r] += v->h[i].count;
		if (row[r] > most)
			most = row[r];
	}
	heading(p, "Intervals of a second and more");
	for (unsigned r = 0; r < rows; r++) {
		unsigned lo = first + r * each;
		if (row[r]) {
			put_histogram_row(p, s, lo, lo + each - 1, row[r], most);
		} else if (row[r - 1]) { /* the first row is never empty */
			ic_pen_line(p, 2);
			ic_pen_tab(p, 15);
			ic_pen_text(p, IC_DIM, "...");
		}
	}
	if (v->sub_second) {
		ic_pen_line(p, 2);
		ic_pen_printf(p, IC_DIM, "and %u under a second (several connections at one check-in)",
			      v->sub_second);
	}
	ic_pen_end(p);
}

static void put_gaps(ic_pen *p, const ic_sketch_view *v, const ic_score *s)
{
	if (v->gaps == 0)
		return;
	heading(p, "Longest gaps");
	for (uint32_t i = 0; i < v->gaps && i < 8; i++) {
		double seconds = (double)v->gap_ticks[i] / (double)IC_TICKS_S;
		ic_pen_line(p, 2);
		pen_number(p, IC_PLAIN, "", seconds, " s");
		pen_aside_span(p, seconds);
		if (s && i < s->exempt_gaps)
			ic_pen_text(p, IC_DIM, "exempt: the host was off or silent");
	}
	ic_pen_end(p);
}

/* The times themselves, while the sketch still has them. */
static void put_events(ic_pen *p, const ic_sketch_view *v)
{
	if (!v->raw || v->raw_count < 2)
		return;
	char text[40];
	heading(p, "Events");
	ic_pen_line(p, 2);
	text[ic_time_format_short(v->raw_ticks[0], text)] = 0;
	ic_pen_text(p, IC_PLAIN, text);
	ic_pen_text(p, IC_DIM, "then after seconds:");
	for (uint32_t i = 1; i < v->raw_count && i < IC_SKETCH_RAW; i++)
		pen_number(p, IC_PLAIN, "",
			   (double)(v->raw_ticks[i] - v->raw_ticks[i - 1]) / (double)IC_TICKS_S, "");
	ic_pen_end(p);
}

/* ---- the day raster ---------------------------------------------------------------- */

#define HOUR_TICKS (3600 * IC_TICKS_S)
#define FORTNIGHT  336 /* hours the sketch tells apart */
/* From how many columns on a day has one line, and the year. */
#define RASTER_SHORT 38
#define RASTER_WHOLE 43

static void put_day(ic_pen *p, const ic_sketch_view *v, int64_t day, int64_t first_hour, int64_t last_hour)
{
	static const char *const names[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	char hours[25], date[40];
	date[ic_time_format(day * 24 * HOUR_TICKS, 0, date)] = 0;
	for (int64_t h = 0; h < 24; h++) {
		int64_t hour = day * 24 + h;
		unsigned bit = (unsigned)(hour % FORTNIGHT);
		bool active = (v->hour_bits[bit >> 6] >> (bit & 63)) & 1;
		bool folded = last_hour - first_hour >= FORTNIGHT;
		hours[h] = active ? '#' : folded || (hour >= first_hour && hour <= last_hour) ? '.' : ' ';
	}
	hours[24] = 0;
	ic_pen_line(p, 2);
	if (p->columns < RASTER_SHORT) {
		ic_pen_printf(p, IC_PLAIN, "%s %.10s", names[day % 7], date);
		ic_pen_line(p, 0);
		ic_pen_text(p, IC_PLAIN, hours);
	} else {
		const unsigned year = p->columns < RASTER_WHOLE ? 5 : 0; /* "2024-", left out */
		ic_pen_printf(p, IC_PLAIN, "%s %.*s |%s|", names[day % 7], 10 - (int)year, date + year,
			      hours);
	}
}

static void put_raster(ic_pen *p, const ic_sketch_view *v)
{
	int64_t first_hour = v->first / HOUR_TICKS, last_hour = v->last / HOUR_TICKS;
	int64_t first_day = first_hour / 24, last_day = last_hour / 24;
	bool folded = last_day - first_day >= FORTNIGHT / 24;
	if (folded)
		first_day = last_day - FORTNIGHT / 24 + 1;
	heading(p, "Active hours (UTC)");
	ic_pen_line(p, 0);
	const int before = p->columns < RASTER_SHORT ? 0 : p->columns < RASTER_WHOLE ? 13 : 18;
	ic_pen_printf(p, IC_DIM, "%*s0     6     12    18", before, "");
	for (int64_t day = first_day; day <= last_day; day++)
		put_day(p, v, day, first_hour, last_hour);
	if (folded) {
		ic_pen_line(p, 2);
		ic_pen_text(p, IC_DIM, "Earlier days are drawn on the same day of the fortnight.");
	}
	ic_pen_end(p);
}

ic_status ic_explain_write(const ic_finding *f, const ic_output *out, ic_error *err)
{
	ic_buf b;
	ic_pen p;
	ic_buf_init(&b, 0);
	ic_pen_init(&p, &b, out);
	put_header(&p, f);
	put_facts(&p, f);
	put_reasons(&p, f);
	if (f->score)
		put_automation(&p, f);
	put_priority(&p, f);
	put_covers(&p, f);
	ic_sketch_view *v = NULL;
	if (f->series && f->series->sketch.n) {
		v = ic_malloc(sizeof(*v));
		if (v) {
			ic_sketch_read(&f->series->sketch, v);
			put_histogram(&p, v, f->score);
			put_events(&p, v);
			put_gaps(&p, v, f->score);
			put_raster(&p, v);
		} else {
			b.failed = true;
		}
	}
	ic_status s = ic_report_send(out, &b, err);
	ic_free(v);
	ic_pen_clear(&p);
	ic_buf_clear(&b);
	return s;
}
