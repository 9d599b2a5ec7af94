/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as guests of the pass that the detectors make: all that is due of all of them is read in one go. What
 * must wait (for "now", for the other side of a join) is read together afterwards. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/query_rows.h"
#include "engine/rules.h"

enum {
	FINDINGS_MAX = 10000, /* of one rule; less where memory is limited */
	MEMORY_SHARE = 4,     /* of a memory limit, what all rules together may take */
	SCREENS_LEAST = 2,    /* a reading more costs as much as about so many tables of groups */
};

/* Cells of a screen: one in so many bytes of input. */
#define CELL_BYTES  256
#define CELLS_LEAST (UINT64_C(1) << 12)
#define CELLS_MOST  (UINT64_C(1) << 26)

/* What a column of a rule tells of a finding, by the names that rules and products use. */
enum { SOURCE, PROCESS, ADDRESS, NAME, PORT, CONNECTIONS, FIRST, LAST, OUT, IN, FACTS };
static const char *const fact_names[FACTS] = {
	[SOURCE] = "DeviceName|Device|id_orig_h|id.orig_h|sourceip|SourceIP|LocalIP|src_host|src_ip",
	[PROCESS] = "InitiatingProcessFileName|process",
	[ADDRESS] = "RemoteIP|id_resp_h|id.resp_h|destinationip|DestinationIP|dst_ip",
	[NAME] = "RemoteUrl|host|Host|server_name|dst_name",
	[PORT] = "RemotePort|id_resp_p|id.resp_p|destinationport|DestinationPort|dst_port",
	[CONNECTIONS] = "Connections|ConnectionCount|Requests|RequestCount|Handshakes|Upgrades|count_|COUNT",
	[FIRST] = "First|FirstSeen|first_seen|Timestamp|TimeGenerated|ts|starttime",
	[LAST] = "Last|LastSeen|last_seen",
	[OUT] = "Sent|BytesSent|bytes_out|SentBytes|orig_bytes|bytesout",
	[IN] = "Received|BytesReceived|bytes_in|ReceivedBytes|resp_bytes|bytesin",
};

typedef enum rule_state {
	RULE_NEW,   /* not bound yet */
	RULE_WAITS, /* for now */
	RULE_BOUND,
	RULE_FAILED, /* err says why */
} rule_state;

typedef struct rule_run {
	const ic_rule *rule;
	ic_query_options opt;
	ic_query_job *job;
	rule_state state;
	ic_error err;
	bool lacks; /* failed: the input lacks what it names, */
	bool again; /* or cannot be read as often as it asks for */
	enum { SCREEN_UNKNOWN, SCREEN_NONE, SCREEN_MADE, SCREEN_COUNTS, SCREEN_COUNTED } screen;

	ic_query_rows rows;
	ic_arena arena; /* of the findings' texts */
	size_t most;
	const ic_schema *columns;
	int32_t fact[FACTS]; /* its column, -1: none */
	ic_finding *list;
	size_t n, room;
	bool cut, nomem;
	const char *const *attack;
	size_t attack_n;
} rule_run;

struct ic_rules_run {
	const ic_rules *rules;
	ic_run *run;
	ic_budget budget;
	ic_query_input input;
	rule_run *list;
	ic_exec **x; /* of each rule; NULL: it does not run */
	uint32_t n;
	uint64_t cells;	      /* of a screen; 0: the input is read only once */
	ic_scan_group *group; /* of the pass that is being made */
	void *reading;
	bool done; /* a pass was complete: the detectors may need another one, the rules do not */
};

/* ---- rows ------------------------------------------------------------------------------------- */

static ic_status take_columns(void *ctx, const ic_schema *s)
{
	rule_run *r = ctx;
	r->columns = s;
	for (unsigned f = 0; f < FACTS; f++) {
		r->fact[f] = -1;
		for (const char *at = fact_names[f]; *at && r->fact[f] < 0;) {
			size_t n = strcspn(at, "|");
			r->fact[f] = ic_schema_find(s, (ic_str){ at, (uint32_t)n });
			at += n + (at[n] == '|');
		}
	}
	return IC_OK;
}

static ic_str fact_text(rule_run *r, const ic_chunk *c, uint32_t row, unsigned fact)
{
	ic_str none = { NULL, 0 };
	if (r->fact[fact] < 0 || ic_vector_null(&c->col[r->fact[fact]], row))
		return none;
	ic_value v = ic_vector_value(&c->col[r->fact[fact]], row);
	ic_str s = ic_value_text(&r->arena, &v);
	char *copy = s.p && s.n ? ic_arena_dup(&r->arena, s.p, s.n) : NULL;
	r->nomem |= s.n && !copy;
	return copy ? (ic_str){ copy, s.n } : none;
}

static double fact_number(const rule_run *r, const ic_chunk *c, uint32_t row, unsigned fact)
{
	if (r->fact[fact] < 0 || ic_vector_null(&c->col[r->fact[fact]], row))
		return -1;
	ic_value v = ic_vector_value(&c->col[r->fact[fact]], row);
	switch (v.type) {
	case IC_Q_INT:
	case IC_Q_LONG: return (double)v.i;
	case IC_Q_REAL: return isfinite(v.d) ? v.d : -1;
	default: return -1;
	}
}

static int64_t fact_time(const rule_run *r, const ic_chunk *c, uint32_t row, unsigned fact)
{
	if (r->fact[fact] < 0 || ic_vector_null(&c->col[r->fact[fact]], row))
		return IC_TIME_NONE;
	ic_value v = ic_vector_value(&c->col[r->fact[fact]], row);
	return v.type == IC_Q_DATETIME ? v.i : IC_TIME_NONE;
}

/* "Connections=1432, SleepSeconds=60.7": the row in words. */
static const char *row_text(rule_run *r, const ic_chunk *c, uint32_t row)
{
	enum { TEXT_MOST = 600, CELL_MOST = 80 };
	ic_buf b;
	const char *before = ": ";
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, r->rule->title);
	for (uint32_t i = 0; i < r->columns->n && b.n < TEXT_MOST; i++) {
		ic_value v = ic_vector_value(&c->col[i], row);
		ic_str s = ic_value_text(&r->arena, &v), name = r->columns->column[i].name;
		r->nomem |= s.n && !s.p;
		if (!s.p || s.n == 0)
			continue;
		ic_buf_puts(&b, before);
		before = ", ";
		ic_buf_str(&b, name);
		ic_buf_putc(&b, '=');
		ic_buf_str(&b, ic_str_cut(s, CELL_MOST));
	}
	char *copy = b.failed ? NULL : ic_arena_dup(&r->arena, b.p, b.n);
	ic_buf_clear(&b);
	return copy;
}

/* The priority that stands for a level: rules have no evidence to weigh. */
static double priority_of(ic_level l)
{
	static const double of[] = { 10, 30, 50, 70, 90 };
	return of[l];
}

/* As the detectors write it: 192.0.2.1:443, [2001:db8::1]:443; no port where the row has none. */
static ic_str destination_text(rule_run *r, const ic_finding *f)
{
	if (!f->dst_ip.p || f->dst_port < 0)
		return f->dst_ip;
	bool six = memchr(f->dst_ip.p, ':', f->dst_ip.n) != NULL;
	size_t room = (size_t)f->dst_ip.n + 16;
	char *text = ic_arena_alloc(&r->arena, room);
	r->nomem |= !text;
	int n = text ? snprintf(text, room, six ? "[%.*s]:%d" : "%.*s:%d", (int)f->dst_ip.n, f->dst_ip.p,
				f->dst_port)
		     : 0;
	return (ic_str){ text, n > 0 ? (uint32_t)n : 0 };
}

static uint64_t id_of(rule_run *r, const ic_finding *f)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_printf(&b, "rule.%s|", r->rule->id);
	ic_buf_str(&b, f->src_host.p ? f->src_host : f->src_ip);
	ic_buf_putc(&b, '|');
	ic_buf_str(&b, f->value);
	ic_buf_printf(&b, "|%d", f->dst_port);
	r->nomem |= b.failed;
	uint64_t id = b.failed ? 0 : ic_hash_stable(b.p, b.n);
	ic_buf_clear(&b);
	return id;
}

static ic_status take_row(rule_run *r, const ic_chunk *c, uint32_t row)
{
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 16;
		ic_finding *more = ic_reallocarray(r->list, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		r->list = more;
		r->room = room;
	}
	ic_finding *f = &r->list[r->n];
	ic_str source = fact_text(r, c, row, SOURCE);
	ic_ip ip;
	bool address = source.p && ic_ip_parse(source, &ip);
	double port = fact_number(r, c, row, PORT), events = fact_number(r, c, row, CONNECTIONS);
	ic_reason *reason = ic_arena_alloc(&r->arena, sizeof *reason);
	ic_buf name;
	ic_buf_init(&name, 0);
	ic_buf_printf(&name, "rule.%s", r->rule->id);
	char *detector = name.failed ? NULL : ic_arena_dup(&r->arena, name.p, name.n);
	ic_buf_clear(&name);
	const char *text = row_text(r, c, row);
	if (!reason || !detector || !text)
		return IC_E_NOMEM;
	*reason = (ic_reason){ "rule", NAN, NAN, NAN, text };
	*f = (ic_finding){ .detector = detector,
			   .level = r->rule->level,
			   .automation = NAN,
			   .priority = priority_of(r->rule->level),
			   .src_ip = address ? source : (ic_str){ NULL, 0 },
			   .src_host = address ? (ic_str){ NULL, 0 } : source,
			   .process = fact_text(r, c, row, PROCESS),
			   .dst_ip = fact_text(r, c, row, ADDRESS),
			   .dst_name = fact_text(r, c, row, NAME),
			   .dst_port = port >= 0 && port <= 65535 ? (int)port : -1,
			   .connections = events > 0 && events < 1e15 ? (uint64_t)events : 1,
			   .first_seen = fact_time(r, c, row, FIRST),
			   .last_seen = fact_time(r, c, row, LAST),
			   .sleep_s = NAN,
			   .jitter = NAN,
			   .interval_median_s = NAN,
			   .coverage = NAN,
			   .bytes_out = -1,
			   .bytes_in = -1,
			   .prevalence_hosts = -1,
			   .prevalence_of = -1,
			   .attack_count = r->attack_n,
			   .attack = r->attack,
			   .reason_count = 1,
			   .reasons = reason,
			   .summary = r->rule->title };
	double out = fact_number(r, c, row, OUT), in = fact_number(r, c, row, IN);
	f->bytes_out = out >= 0 && out < 9e15 ? (int64_t)out : -1;
	f->bytes_in = in >= 0 && in < 9e15 ? (int64_t)in : -1;
	if (f->last_seen == IC_TIME_NONE)
		f->last_seen = f->first_seen;
	f->group_by = f->dst_name.p ? IC_BY_NAME : IC_BY_IP_PORT;
	f->value = f->dst_name.p ? f->dst_name : destination_text(r, f);
	f->id = id_of(r, f);
	r->n++;
	return r->nomem ? IC_E_NOMEM : IC_OK;
}

static ic_status take_rows(void *ctx, const ic_chunk *c)
{
	rule_run *r = ctx;
	for (uint32_t row = 0; row < c->rows; row++) {
		if (r->n == r->most) {
			r->cut = true;
			return IC_E_CLOSED;
		}
		ic_status st = take_row(r, c, row);
		if (st != IC_OK)
			return st;
	}
	return IC_OK;
}

/* The ids of the head as a list. */
static ic_status split_attack(rule_run *r)
{
	const char *p = r->rule->attack;
	size_t n = 0;
	for (const char *at = p; *at; at++)
		n += *at == ',';
	const char **list = ic_arena_alloc(&r->arena, (n + 1) * sizeof *list);
	if (!list)
		return IC_E_NOMEM;
	for (; *p; p += *p == ',') {
		ic_str id = { p, (uint32_t)strcspn(p, ",") };
		p += id.n;
		id = ic_str_trim(id);
		if (id.n && !(list[r->attack_n++] = ic_arena_dup(&r->arena, id.p, id.n)))
			return IC_E_NOMEM;
	}
	r->attack = list;
	return IC_OK;
}

/* ---- evidence -------------------------------------------------------------------------------- */

enum { REASONS = 3 };

/* What stands beside the row of each finding: how many there are, and who else does this. */
static ic_status add_reasons(rule_run *r)
{
	const ic_rule *rule = r->rule;
	size_t fp = strlen(rule->false_positives), more = fp ? 2 : 1, room = fp + 64;
	char *rows = ic_arena_alloc(&r->arena, 80), *known = ic_arena_alloc(&r->arena, room);
	if (!rows || !known)
		return IC_E_NOMEM;
	(void)snprintf(rows, 80, "one of %s%zu row%s that the rule gives", r->cut ? "more than " : "", r->n,
		       IC_S(r->n));
	(void)snprintf(known, room, "known false positives: %s", rule->false_positives);
	for (size_t i = 0; i < r->n; i++) {
		ic_reason *reason = ic_arena_alloc(&r->arena, REASONS * sizeof *reason);
		if (!reason)
			return IC_E_NOMEM;
		reason[0] = r->list[i].reasons[0];
		reason[1] = (ic_reason){ "rule-rows", (double)r->n, NAN, NAN, rows };
		reason[2] = (ic_reason){ "false-positives", NAN, NAN, NAN, known };
		r->list[i].reasons = reason;
		r->list[i].reason_count = 1 + more;
	}
	return IC_OK;
}

/* ---- running --------------------------------------------------------------------------------- */

static void rule_failed(ic_rules_run *all, rule_run *r, ic_status st, const ic_error *err,
			const ic_query_diag *diag)
{
	r->state = RULE_FAILED;
	r->err = *err;
	r->again = all->input.again;
	r->lacks = r->again || (diag && diag->kind && strcmp(diag->kind, "name") == 0);
	all->input.again = false;
	if (st == IC_E_NOMEM && err->code == IC_OK)
		(void)ic_fail_nomem(&r->err);
}

static void bind_rule(ic_rules_run *all, rule_run *r)
{
	ic_error err = { .code = IC_OK };
	ic_query_diag diag = { .kind = NULL };
	bool waits = false;
	ic_status st = IC_OK;
	if (!r->job)
		st = ic_query_job_new(&r->opt, &all->input, &all->budget, all->n, &r->job, &err);
	if (st == IC_OK)
		st = ic_query_job_bind(r->job, &waits, &diag, &err);
	if (st != IC_OK)
		rule_failed(all, r, st, &err, &diag);
	else
		r->state = waits ? RULE_WAITS : RULE_BOUND;
}

/* As many as there may be groups, but no more than half of the memory for all rules. */
static uint64_t cells_for(const ic_rules_run *all, uint64_t bytes)
{
	uint64_t most = all->budget.limit ? all->budget.limit / 2 / all->n : CELLS_MOST, cells = CELLS_LEAST;
	while (cells < CELLS_MOST && cells * 2 <= most && cells * CELL_BYTES < bytes)
		cells *= 2;
	return cells;
}

/* The groups of many rules live at once: those that their filters would drop are not made, if a reading more
 * is worth it. */
static void choose_screens(ic_rules_run *all)
{
	uint32_t made = 0;
	for (uint32_t i = 0; i < all->n; i++) {
		rule_run *r = &all->list[i];
		bool can = false;
		ic_error err = { .code = IC_OK };
		if (r->state != RULE_BOUND || r->screen != SCREEN_UNKNOWN)
			continue;
		if (all->cells && ic_query_job_screen(r->job, all->cells, &can, &err) != IC_OK)
			rule_failed(all, r, IC_E_NOMEM, &err, NULL);
		r->screen = can ? SCREEN_MADE : SCREEN_NONE;
		made += can;
	}
	for (uint32_t i = 0; i < all->n && made < SCREENS_LEAST; i++)
		if (all->list[i].screen == SCREEN_MADE)
			all->list[i].screen = SCREEN_NONE;
}

static void begin_rule(ic_rules_run *all, uint32_t i)
{
	rule_run *r = &all->list[i];
	ic_error err = { .code = IC_OK };
	ic_status st = IC_E_NOMEM;
	if (r->screen == SCREEN_MADE) {
		st = ic_query_job_count(r->job, &all->x[i], &err);
		/* without memory for it the rule may still have enough */
		r->screen = st == IC_OK ? SCREEN_COUNTS : SCREEN_NONE;
	}
	if (r->screen != SCREEN_COUNTS)
		st = ic_query_job_begin(r->job, &r->rows, &all->x[i], &err);
	if (st != IC_OK)
		rule_failed(all, r, st, &err, NULL);
}

/* Binds what is not bound yet and starts all that is. */
static void begin_rules(ic_rules_run *all)
{
	for (uint32_t i = 0; i < all->n; i++) {
		rule_run *r = &all->list[i];
		if (r->state == RULE_NEW || r->state == RULE_WAITS)
			bind_rule(all, r);
	}
	choose_screens(all);
	for (uint32_t i = 0; i < all->n; i++)
		if (!all->x[i] && all->list[i].state == RULE_BOUND)
			begin_rule(all, i);
}

/* Ends the runs that have counted. True: their rules are to begin now. */
static bool end_counts(ic_rules_run *all)
{
	bool any = false;
	for (uint32_t i = 0; i < all->n; i++) {
		rule_run *r = &all->list[i];
		ic_error err = { .code = IC_OK };
		if (r->screen != SCREEN_COUNTS)
			continue;
		ic_status st = ic_query_job_end(r->job, all->x[i], &err);
		all->x[i] = NULL;
		r->screen = SCREEN_COUNTED;
		if (st != IC_OK)
			rule_failed(all, r, st, &err, NULL);
		any = true;
	}
	return any;
}

/* What a rule has seen of a pass that is given up is forgotten. */
static void forget(ic_rules_run *all, uint32_t i)
{
	rule_run *r = &all->list[i];
	(void)ic_exec_end(all->x[i], NULL, NULL);
	all->x[i] = NULL;
	r->screen = SCREEN_UNKNOWN;
	r->n = 0;
	r->cut = false;
}

/* Of a pipe: whether one reading is enough for all rules. */
static ic_status read_again(void *ctx, const ic_input_facts *facts, bool *ret, ic_error *err)
{
	ic_rules_run *all = ctx;
	uint32_t readings = 0;
	all->input.facts = facts;
	begin_rules(all);
	ic_status st = ic_exec_readings(all->x, all->n, &all->input, &readings, err);
	*ret = readings > 1;
	for (uint32_t i = 0; i < all->n; i++) {
		rule_run *r = &all->list[i];
		*ret |= r->state == RULE_WAITS || r->again;
		r->state = r->again ? RULE_NEW : r->state;
		r->again = false;
		forget(all, i);
	}
	all->input.facts = NULL;
	return st;
}

static ic_status begin_pass(void *ctx, const ic_input_facts *facts, const ic_batch_at *at,
			    ic_taker *const **taker, uint32_t *n, ic_fieldset *wanted, ic_error *err)
{
	ic_rules_run *all = ctx;
	if (all->done)
		return IC_OK;
	all->input.facts = facts;
	all->cells = facts->rereadable ? cells_for(all, facts->bytes) : 0;
	begin_rules(all);
	all->group = ic_scan_group_new(all->x, all->n, &all->input, err);
	if (!all->group)
		return IC_E_NOMEM;
	const ic_op *const *scan = ic_scan_group_ops(all->group, n);
	if (*n == 0)
		return IC_OK;
	ic_status st = ic_telemetry_share(scan, *n, all->run->threads, at, &all->reading, wanted, err);
	if (st == IC_OK)
		*taker = ic_scan_group_begin(all->group, all->reading);
	return st;
}

static void end_pass(void *ctx, bool complete)
{
	ic_rules_run *all = ctx;
	if (complete && all->reading)
		ic_scan_group_end(all->group);
	ic_scan_group_free(all->group);
	all->group = NULL;
	if (all->reading)
		ic_telemetry_relation.close(all->reading, false);
	all->reading = NULL;
	all->input.facts = NULL;
	all->done |= complete;
	if (complete)
		(void)end_counts(all);
	for (uint32_t i = 0; i < all->n && !complete; i++)
		forget(all, i);
}

ic_guests ic_rules_guests(ic_rules_run *all)
{
	return (ic_guests){ .ctx = all, .again = read_again, .begin = begin_pass, .end = end_pass };
}

static void say_fault(const ic_rules_run *all, const char *file, const ic_error *e)
{
	if (e->line)
		ic_run_note(all->run, "%s:%llu:%u: %s", file, (unsigned long long)e->line, e->column,
			    e->message);
	else
		ic_run_note(all->run, "%s: %s", file, e->message);
}

static void say_failed(ic_rules_run *all, const rule_run *r)
{
	ic_summary *sum = &all->run->summary;
	sum->rules_lacking += r->lacks;
	sum->rules_failed += !r->lacks;
	say_fault(all, r->rule->file, &r->err);
}

/* Files of the folder that are no rules. */
static void say_faults(const ic_rules_run *all)
{
	const ic_error *e;
	for (size_t i = 0; (e = ic_rules_fault(all->rules, i)); i++) {
		all->run->summary.rules++;
		all->run->summary.rules_failed++;
		say_fault(all, e->file, e);
	}
}

ic_status ic_rules_finish(ic_rules_run *all, const ic_detect_config *cfg, ic_findings *to, ic_error *err)
{
	for (uint32_t i = 0; i < all->n; i++)
		all->list[i].opt.input.now_ticks = cfg->now;
	ic_status st;
	do {
		begin_rules(all);
		st = ic_exec_together(all->x, all->n, err);
	} while (end_counts(all) && st == IC_OK);
	say_faults(all);
	for (uint32_t i = 0; i < all->n && st == IC_OK; i++) {
		rule_run *r = &all->list[i];
		ic_error own = { .code = IC_OK };
		if (all->x[i]) {
			ic_status ran = ic_query_job_end(r->job, all->x[i], &own);
			all->x[i] = NULL;
			if (ran != IC_OK)
				rule_failed(all, r, ran, &own, NULL);
		}
		all->run->summary.rules++;
		if (r->state == RULE_FAILED) {
			say_failed(all, r);
			continue;
		}
		if (r->cut)
			ic_run_note(all->run, "%s: only its first %zu rows are findings%s", r->rule->file,
				    r->n, r->n < FINDINGS_MAX ? ", for want of memory (--memory)" : "");
		if (add_reasons(r) != IC_OK || ic_findings_add(to, cfg, r->list, r->n) != IC_OK)
			st = ic_fail_nomem(err);
	}
	ic_findings_rank(to, cfg);
	return st;
}

/* ---- setting up ------------------------------------------------------------------------------- */

static ic_status rule_init(rule_run *r, const ic_rule *rule, size_t most, const ic_run *run)
{
	const ic_input_options *o = run->opt;
	r->rule = rule;
	r->most = most;
	r->rows = (ic_query_rows){ r, take_columns, take_rows };
	ic_arena_init(&r->arena, 0, NULL);
	ic_query_options_init(&r->opt);
	r->opt.text = rule->text;
	r->opt.file = rule->file;
	r->opt.language = ic_rule_language(rule);
	r->opt.input.paths = o->paths;
	r->opt.input.path_count = o->path_count;
	r->opt.input.input_type = o->input_type;
	r->opt.input.map_file = o->map_file;
	/* as they are resolved, so that all look at the same rows */
	r->opt.input.since.ticks = run->filter.since;
	r->opt.input.until.ticks = run->filter.until;
	/* no row of a capture is the newest while it is made: now is its beginning */
	r->opt.input.now_ticks = o->now_ticks != IC_TIME_NONE ? o->now_ticks
				 : o->live		      ? ic_run_now(run)
							      : run->newest;
	r->opt.input.internal = o->internal;
	r->opt.input.internal_count = o->internal_count;
	r->opt.input.threads = run->threads;
	return split_attack(r);
}

ic_status ic_rules_run_new(const ic_rules *rules, ic_run *run, ic_rules_run **ret, ic_error *err)
{
	uint32_t n = 0;
	while (ic_rules_get(rules, n))
		n++;
	ic_rules_run *all = ic_calloc(1, sizeof *all);
	if (!all)
		return ic_fail_nomem(err);
	all->rules = rules;
	all->run = run;
	all->input.spool = run->spool;
	/* a rule that outgrows its share fails alone: the detectors keep theirs */
	all->budget.limit = run->budget.limit / MEMORY_SHARE;
	run->budget.limit -= all->budget.limit;
	all->list = ic_calloc(n + (size_t)1, sizeof *all->list);
	all->x = ic_calloc(n + (size_t)1, sizeof(ic_exec *));
	const size_t room = ic_run_findings_most(run), each = room / (n ? n : 1);
	const size_t most = !room || each > FINDINGS_MAX ? FINDINGS_MAX : each ? each : 1;
	ic_status st = all->list && all->x ? IC_OK : IC_E_NOMEM;
	for (; st == IC_OK && all->n < n; all->n++)
		st = rule_init(&all->list[all->n], ic_rules_get(rules, all->n), most, run);
	if (st == IC_OK) {
		*ret = all;
		return IC_OK;
	}
	ic_rules_run_free(all);
	return ic_fail_nomem(err);
}

void ic_rules_run_free(ic_rules_run *all)
{
	if (!all)
		return;
	for (uint32_t i = 0; i < all->n; i++) {
		(void)ic_exec_end(all->x[i], NULL, NULL);
		ic_query_job_free(all->list[i].job);
		ic_arena_clear(&all->list[i].arena);
		ic_free(all->list[i].list);
	}
	ic_input_free(all->input.spare);
	ic_free(all->list);
	ic_free(all->x);
	ic_free(all);
}
