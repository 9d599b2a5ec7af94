/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rules.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/query_rows.h"
#include "engine/table_file.h"
#include "source/walk.h"

enum { RULES_MAX = 10000, RULE_BYTES = 1 << 20, FINDINGS_MAX = 10000 /* of one rule */ };

struct ic_rules {
	ic_arena arena;
	ic_rule *list;
	size_t n, room;
};

/* ---- heads ----------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t at;
} keys[] = {
	{ "id", offsetof(ic_rule, id) },
	{ "title", offsetof(ic_rule, title) },
	{ "attack", offsetof(ic_rule, attack) },
	{ "description", offsetof(ic_rule, description) },
	{ "falsepositives", offsetof(ic_rule, false_positives) },
	{ "author", offsetof(ic_rule, author) },
	{ "date", offsetof(ic_rule, date) },
};

static int level_of(ic_str name)
{
	for (int l = IC_INFO; l <= IC_CRITICAL; l++)
		if (ic_str_eq(name, ic_str_of(ic_level_name(l))))
			return l;
	return -1;
}

/* "key: value" of a comment line; false: it is none. */
static bool head_line(ic_str line, ic_str *key, ic_str *value)
{
	if (line.n < 2 || (memcmp(line.p, "//", 2) != 0 && memcmp(line.p, "--", 2) != 0))
		return false;
	const char *colon = memchr(line.p, ':', line.n);
	if (!colon)
		return false;
	*key = ic_str_trim((ic_str){ line.p + 2, (uint32_t)(colon - line.p) - 2 });
	*value = ic_str_trim((ic_str){ colon + 1, line.n - (uint32_t)(colon + 1 - line.p) });
	return true;
}

static ic_status read_head(ic_rules *r, ic_rule *rule, ic_error *err)
{
	int level = -1;
	const char *p = rule->text, *end = p + strlen(p);
	for (uint64_t number = 1; p < end; number++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		ic_str line = { p, (uint32_t)((eol ? eol : end) - p) }, key, value;
		p = eol ? eol + 1 : end;
		if (!head_line(line, &key, &value))
			break;
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			if (!ic_str_eq(key, ic_str_of(keys[i].key)))
				continue;
			const char *copy = ic_arena_dup(&r->arena, value.p, value.n);
			if (!copy)
				return ic_fail_nomem(err);
			memcpy((char *)rule + keys[i].at, &copy, sizeof copy);
		}
		if (!ic_str_eq(key, IC_STR("level")))
			continue;
		level = level_of(value);
		if (level < 0)
			return ic_fail_at(err, IC_E_FORMAT, rule->file, number, 1,
					  "level is one of info, low, medium, high, critical");
	}
	if (!rule->id[0] || !rule->title[0] || level < 0)
		return ic_fail_at(err, IC_E_FORMAT, rule->file, 1, 1,
				  "the head of a rule needs id, title and level");
	rule->level = (ic_level)level;
	return IC_OK;
}

static ic_status add_rule(ic_rules *r, const char *file, const char *text, size_t n, ic_error *err)
{
	if (r->n == RULES_MAX)
		return ic_fail(err, IC_E_LIMIT, "there are more than %d rules", RULES_MAX);
	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 32;
		ic_rule *more = ic_reallocarray(r->list, room, sizeof *more);
		if (!more)
			return ic_fail_nomem(err);
		r->list = more;
		r->room = room;
	}
	ic_rule *rule = &r->list[r->n];
	*rule = (ic_rule){ .id = "",
			   .title = "",
			   .attack = "",
			   .description = "",
			   .false_positives = "",
			   .author = "",
			   .date = "" };
	rule->file = ic_arena_dup(&r->arena, file, strlen(file));
	rule->text = ic_arena_dup(&r->arena, text, n);
	if (!rule->file || !rule->text)
		return ic_fail_nomem(err);
	ic_status st = read_head(r, rule, err);
	for (size_t i = 0; i < r->n && st == IC_OK; i++)
		if (strcmp(r->list[i].id, rule->id) == 0)
			st = ic_fail_at(err, IC_E_FORMAT, rule->file, 1, 1, "the id %s is that of %s too",
					rule->id, r->list[i].file);
	r->n += st == IC_OK;
	return st;
}

/* ---- folders --------------------------------------------------------------------------------- */

static bool is_rule(const char *path)
{
	ic_str name = ic_str_of(path);
	return ic_str_iends(name, IC_STR(".kql")) || ic_str_iends(name, IC_STR(".aql"));
}

static ic_status add_file(ic_rules *r, const char *path, ic_error *err)
{
	char *text = NULL;
	size_t n = 0;
	ic_status st = ic_table_text_read(path, RULE_BYTES, &text, &n, err);
	if (st == IC_OK && memchr(text, 0, n))
		st = ic_fail_at(err, IC_E_FORMAT, path, 0, 0, "a rule is text");
	if (st == IC_OK)
		st = add_rule(r, path, text, n, err);
	ic_free(text);
	return st;
}

static ic_status add_folder(ic_rules *r, const char *folder, ic_error *err)
{
	ic_walk w = { 0 };
	ic_status st = ic_walk_paths(&w, &folder, 1, err);
	for (size_t i = 0; i < w.n && st == IC_OK; i++) {
		if (w.list[i].error)
			st = ic_fail_at(err, IC_E_IO, w.list[i].path, 0, 0, "%s", strerror(w.list[i].error));
		else if (is_rule(w.list[i].path))
			st = add_file(r, w.list[i].path, err);
	}
	if (st == IC_OK && r->n == 0)
		st = ic_fail_at(err, IC_E_NOINPUT, folder, 0, 0, "no rule (*.kql, *.aql) is here");
	ic_walk_clear(&w);
	return st;
}

ic_status ic_rules_open(const char *folder, ic_rules **ret, ic_error *err)
{
	ic_rules *r = ic_calloc(1, sizeof *r);
	if (!r)
		return ic_fail_nomem(err);
	ic_arena_init(&r->arena, 0, NULL);
	ic_status st = IC_OK;
	if (folder)
		st = add_folder(r, folder, err);
	for (const ic_rule_text *t = ic_rules_built_in; !folder && t->name && st == IC_OK; t++)
		st = add_rule(r, t->name, t->text, strlen(t->text), err);
	if (st != IC_OK) {
		ic_rules_close(r);
		return st;
	}
	*ret = r;
	return IC_OK;
}

void ic_rules_close(ic_rules *r)
{
	if (!r)
		return;
	ic_arena_clear(&r->arena);
	ic_free(r->list);
	ic_free(r);
}

const ic_rule *ic_rules_get(const ic_rules *r, size_t i)
{
	return i < r->n ? &r->list[i] : NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

static const char *language_of(const ic_rule *rule)
{
	return ic_str_iends(ic_str_of(rule->file), IC_STR(".aql")) ? "aql" : "kql";
}

ic_status ic_rule_check(const ic_rule *rule, ic_query_diag *diag, ic_error *err)
{
	ic_query_options q;
	ic_query_options_init(&q);
	q.text = rule->text;
	q.file = rule->file;
	q.language = language_of(rule);
	q.check = true;
	return ic_query(&q, NULL, NULL, NULL, diag, err);
}

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

typedef struct rule_run {
	const ic_rule *rule;
	ic_findings *to;
	const ic_schema *columns;
	int32_t fact[FACTS]; /* its column, -1: none */
	ic_finding *list;
	size_t n, room;
	bool cut;
	const char *const *attack;
	size_t attack_n;
} rule_run;

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

static ic_str fact_text(const rule_run *r, const ic_chunk *c, uint32_t row, unsigned fact)
{
	ic_str none = { NULL, 0 };
	if (r->fact[fact] < 0 || ic_vector_null(&c->col[r->fact[fact]], row))
		return none;
	ic_value v = ic_vector_value(&c->col[r->fact[fact]], row);
	ic_str s = ic_value_text(&r->to->arena, &v);
	char *copy = s.n ? ic_arena_dup(&r->to->arena, s.p, s.n) : NULL;
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
static const char *row_text(const rule_run *r, const ic_chunk *c, uint32_t row)
{
	enum { TEXT_MOST = 600, CELL_MOST = 80 };
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_puts(&b, r->rule->title);
	for (uint32_t i = 0; i < r->columns->n && b.n < TEXT_MOST; i++) {
		ic_value v = ic_vector_value(&c->col[i], row);
		ic_str s = ic_value_text(&r->to->arena, &v), name = r->columns->column[i].name;
		if (!s.p || s.n == 0)
			continue;
		s.n = s.n < CELL_MOST ? s.n : CELL_MOST;
		ic_buf_puts(&b, i ? ", " : ": ");
		ic_buf_str(&b, name);
		ic_buf_putc(&b, '=');
		ic_buf_str(&b, s);
	}
	char *copy = b.failed ? NULL : ic_arena_dup(&r->to->arena, b.p, b.n);
	ic_buf_clear(&b);
	return copy;
}

/* The priority that stands for a level: rules have no evidence to weigh. */
static double priority_of(ic_level l)
{
	static const double middle[] = { 10, 30, 50, 70, 90 };
	return middle[l];
}

static uint64_t id_of(const rule_run *r, const ic_finding *f)
{
	ic_buf b;
	ic_buf_init(&b, 0);
	ic_buf_printf(&b, "rule.%s|", r->rule->id);
	ic_buf_str(&b, f->src_host.p ? f->src_host : f->src_ip);
	ic_buf_putc(&b, '|');
	ic_buf_str(&b, f->value);
	ic_buf_printf(&b, "|%d", f->dst_port);
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
	ic_reason *reason = ic_arena_alloc(&r->to->arena, sizeof *reason);
	ic_buf name;
	ic_buf_init(&name, 0);
	ic_buf_printf(&name, "rule.%s", r->rule->id);
	char *detector = name.failed ? NULL : ic_arena_dup(&r->to->arena, name.p, name.n);
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
	f->value = f->dst_name.p ? f->dst_name : f->dst_ip;
	f->group_by = f->dst_ip.p || !f->dst_name.p ? IC_BY_IP_PORT : IC_BY_NAME;
	f->id = id_of(r, f);
	r->n++;
	return IC_OK;
}

static ic_status take_rows(void *ctx, const ic_chunk *c)
{
	rule_run *r = ctx;
	for (uint32_t row = 0; row < c->rows; row++) {
		if (r->n == FINDINGS_MAX) {
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
	const char **list = ic_arena_alloc(&r->to->arena, (n + 1) * sizeof *list);
	if (!list)
		return IC_E_NOMEM;
	for (; *p; p += *p == ',') {
		ic_str id = { p, (uint32_t)strcspn(p, ",") };
		p += id.n;
		id = ic_str_trim(id);
		if (id.n && !(list[r->attack_n++] = ic_arena_dup(&r->to->arena, id.p, id.n)))
			return IC_E_NOMEM;
	}
	r->attack = list;
	return IC_OK;
}

static void say(const ic_observer *obs, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(const ic_observer *obs, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	if (!obs || !obs->note)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	obs->note(obs->ctx, text);
}

static ic_status run_rule(const ic_rule *rule, const ic_input_options *input, const ic_detect_config *cfg,
			  const ic_observer *obs, ic_findings *to)
{
	rule_run r = { .rule = rule, .to = to };
	ic_query_options q;
	ic_query_options_init(&q);
	q.text = rule->text;
	q.file = rule->file;
	q.language = language_of(rule);
	q.input.paths = input->paths;
	q.input.path_count = input->path_count;
	q.input.input_type = input->input_type;
	q.input.map_file = input->map_file;
	q.input.since = input->since;
	q.input.until = input->until;
	q.input.now_ticks = input->now_ticks;
	q.input.internal = input->internal;
	q.input.internal_count = input->internal_count;
	q.input.threads = input->threads;
	q.input.memory_bytes = input->memory_bytes;
	ic_error err = { 0 };
	const ic_query_rows rows = { &r, take_columns, take_rows };
	ic_status st = split_attack(&r);
	if (st == IC_OK)
		st = ic_query_into(&q, NULL, &rows, &err);
	if (st == IC_OK || st == IC_E_CLOSED)
		st = ic_findings_add(to, cfg, r.list, r.n);
	if (r.cut)
		say(obs, "%s: only its first %d rows are findings", rule->file, FINDINGS_MAX);
	ic_free(r.list);
	if (st == IC_OK || st == IC_E_NOMEM)
		return st;
	say(obs, "%s:%llu:%u: %s", rule->file, (unsigned long long)err.line, err.column, err.message);
	return IC_OK;
}

ic_status ic_rules_scan(const ic_rules *rules, const ic_input_options *input, const ic_detect_config *cfg,
			const ic_observer *obs, ic_findings *to, ic_error *err)
{
	for (size_t i = 0; i < rules->n; i++)
		if (run_rule(&rules->list[i], input, cfg, obs, to) == IC_E_NOMEM)
			return ic_fail_nomem(err);
	return IC_OK;
}
