/* SPDX-License-Identifier: Apache-2.0 */
/* `scan` and `explain`: read, observe, detect, write. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "detect/detect.h"
#include "engine/rules.h"
#include "engine/run.h"
#include "report/report.h"

void ic_scan_options_init(ic_scan_options *opt)
{
	*opt = (ic_scan_options){ .input = ic_run_defaults(false), .format = "ndjson", .min_automation = 50 };
}

typedef struct scan {
	const ic_scan_options *opt;
	ic_run run;
	ic_intern *names;
	ic_observation *seen;
	ic_site_rules *lower, *hide;
	ic_rules *rules;
	ic_rules_run *rules_run; /* NULL: none */
	ic_findings findings;
	uint64_t id;
} scan;

static ic_status parse_id(const char *text, uint64_t *ret, ic_error *err)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdefABCDEF") != 16)
		return ic_fail(err, IC_E_USAGE, "a finding id is 16 hex digits, not \"%s\"", text);
	*ret = strtoull(text, NULL, 16);
	return IC_OK;
}

/* Everything that can be wrong with the options is found before a byte of telemetry is read. */
static ic_status check_options(scan *s, ic_error *err)
{
	const ic_scan_options *opt = s->opt;
	if (!opt->explain_id && !ic_finding_format_find(opt->format))
		return ic_fail(err, IC_E_USAGE, "unknown format \"%s\"", opt->format);
	ic_status st = IC_OK;
	if (opt->explain_id)
		st = parse_id(opt->explain_id, &s->id, err);
	if (st == IC_OK && opt->lower_file)
		st = ic_site_rules_read(opt->lower_file, &s->lower, err);
	if (st == IC_OK && opt->hide_file)
		st = ic_site_rules_read(opt->hide_file, &s->hide, err);
	if (st == IC_OK && opt->rules)
		st = ic_rules_open(strcmp(opt->rules, "built-in") == 0 ? NULL : opt->rules, &s->rules, err);
	return st;
}

/* A rule that has run out is not applied; its owner should hear of it. */
static void note_expired(const scan *s, const ic_site_rules *rules, const char *path)
{
	size_t n = rules ? ic_site_rules_expired(rules, ic_run_now(&s->run)) : 0;
	if (n)
		ic_run_note(&s->run, "%s: %zu rule%s expired and do%s not apply", path, n,
			    n == 1 ? " has" : "s have", n == 1 ? "es" : "");
}

static ic_status observe(scan *s, ic_error *err)
{
	s->names = ic_intern_new(&s->run.names_budget);
	if (!s->names)
		return ic_fail_nomem(err);
	const ic_guests guests = ic_rules_guests(s->rules_run);
	return ic_run_observe(&s->run, s->names, s->rules_run ? &guests : NULL, &s->seen, err);
}

static ic_status find(scan *s, ic_error *err)
{
	note_expired(s, s->lower, s->opt->lower_file);
	note_expired(s, s->hide, s->opt->hide_file);
	const ic_detect_config cfg = {
		.min_automation = s->opt->min_automation,
		.min_priority = s->opt->min_priority,
		.top = s->opt->top,
		.all = s->opt->all,
		.threads = s->run.threads,
		.most = ic_run_findings_most(&s->run),
		.lower = s->lower,
		.hide = s->hide,
		.now = ic_run_now(&s->run),
		.only_id = s->id,
		.internal = &s->run.internal,
	};
	ic_status st = ic_detect(s->seen, &cfg, &s->findings, err);
	if (st == IC_OK && s->rules_run)
		st = ic_rules_finish(s->rules_run, &cfg, &s->findings, err);
	if (st != IC_OK)
		return st;
	ic_summary *sum = &s->run.summary;
	sum->findings = s->findings.n;
	sum->hidden = s->findings.hidden;
	sum->findings_left_out = s->findings.left_out;
	for (size_t i = 0; i < s->findings.n; i++) {
		int level = (int)s->findings.list[i].level;
		sum->worst_level = level > sum->worst_level ? level : sum->worst_level;
	}
	return IC_OK;
}

static ic_status write_out(scan *s, const ic_output *out, ic_error *err)
{
	if (!s->opt->explain_id)
		return ic_finding_format_find(s->opt->format)->write(&s->findings, out, err);
	for (size_t i = 0; i < s->findings.n; i++) {
		if (s->findings.list[i].id == s->id)
			return ic_explain_write(&s->findings.list[i], out, err);
	}
	return ic_fail(err, IC_E_NOTFOUND, "no finding %s in this input", s->opt->explain_id);
}

static void scan_clear(scan *s)
{
	ic_findings_clear(&s->findings);
	ic_site_rules_free(s->lower);
	ic_site_rules_free(s->hide);
	ic_rules_run_free(s->rules_run);
	ic_rules_close(s->rules);
	ic_observe_free(s->seen);
	ic_intern_free(s->names);
	ic_run_clear(&s->run);
}

ic_status ic_scan(const ic_scan_options *opt, const ic_observer *obs, const ic_output *out, ic_summary *ret,
		  ic_error *err)
{
	ic_error local;
	err = err ? err : &local;
	scan s = { .opt = opt };
	ic_status st = check_options(&s, err);
	if (st == IC_OK)
		st = ic_run_init(&s.run, &opt->input, obs, err);
	if (st == IC_OK && s.rules)
		st = ic_rules_run_new(s.rules, &s.run, &s.rules_run, err);
	if (st == IC_OK)
		st = observe(&s, err);
	if (st == IC_OK)
		st = find(&s, err);
	if (st == IC_OK)
		st = write_out(&s, out, err);
	if (ret)
		*ret = s.run.summary;
	scan_clear(&s);
	return st;
}
