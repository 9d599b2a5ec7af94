/* SPDX-License-Identifier: Apache-2.0 */
/* `query`: text to plan to rows. */
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "base/geo.h"
#include "base/zone.h"
#include "engine/query.h"
#include "engine/query_rows.h"
#include "engine/table_file.h"
#include "lang/lang.h"
#include "report/report.h"

#define QUERY_BYTES ((size_t)16 << 20)
#define MADE_ROWS   UINT64_C(10000000)
#define JOINED_ROWS UINT64_C(100000000)

void ic_query_options_init(ic_query_options *opt)
{
	*opt = (ic_query_options){ .input = ic_run_defaults(true), .format = "ndjson" };
}

/* Where the rows go; with neither taker nor writer they are only counted. */
typedef struct rows_out {
	const ic_query_rows *taker;
	ic_rows_writer *writer;
	uint64_t rows;
	const ic_query_run *q;
	ic_error *err;
} rows_out;

typedef struct ic_query_job job;
struct ic_query_job {
	ic_query_run q;
	ic_query_input input; /* of a query by itself */
	const ic_query_options *opt;
	const ic_output *out;
	rows_out rows;
	ic_sink sink;
	char *text; /* owned */
	size_t text_n;
	const char *name; /* of the query in messages */
	unsigned language;
	ic_zone *zone;
	ic_geo *geo; /* NULL: there is no file of places */
	ic_plan plan;
	bool planned;
	ic_screen *screen; /* NULL: none */
	ic_diag diag;
	ic_query_diag *shown;
	ic_error *err;
};

/* ---- errors of the query -------------------------------------------------------------------- */

static const char *kind_name(ic_diag_kind k)
{
	switch (k) {
	case IC_DIAG_SYNTAX: return "syntax";
	case IC_DIAG_NAME: return "name";
	case IC_DIAG_TYPE: return "type";
	case IC_DIAG_UNSUPPORTED: return "unsupported";
	case IC_DIAG_LIMIT: return "limit";
	}
	return "syntax";
}

static void append(char *to, size_t room, size_t *n, const char *text, size_t length)
{
	if (*n + length < room) {
		memcpy(to + *n, text, length);
		*n += length;
	}
	to[*n] = 0;
}

/* The line with the place and a caret under it, about 90 columns of a long one. */
static void show_place(const job *j, ic_query_diag *d)
{
	enum { BEFORE = 60, SHOWN = 90 };
	ic_place at = j->diag.at;
	const char *line = j->text, *end = j->text + j->text_n;
	for (uint32_t l = 1; line && l < at.line; l++) {
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	if (!line || at.line == 0 || at.column == 0)
		return;
	const char *eol = memchr(line, '\n', (size_t)(end - line));
	size_t n = (size_t)((eol ? eol : end) - line), from = at.column - 1;
	if (from > n)
		from = n;
	size_t to = from + (j->diag.length ? j->diag.length : 1), start = from > BEFORE ? from - BEFORE : 0;
	while (start > 0 && ((unsigned char)line[start] & 0xc0) == 0x80)
		start--;
	size_t made = 0, caret = 0, width = 0;
	for (size_t i = start; i <= n && width < SHOWN;) {
		char piece[16] = " ";
		size_t used = 1, length = 1;
		if (i < n && line[i] != '\t' && line[i] != '\r')
			length = ic_term_piece(line + i, n - i, piece, &used);
		bool under = i >= from && (i < to || i == from);
		if (i == n && !under)
			break;
		size_t wide = ic_term_width((ic_str){ piece, (uint32_t)length });
		append(d->line, sizeof d->line, &made, piece, length);
		if (i <= from || under)
			for (size_t k = 0; k < wide; k++)
				append(d->caret, sizeof d->caret, &caret, under ? "^" : " ", 1);
		width += wide;
		i += used;
	}
}

/* From what a stage said about the query to what the caller is told. */
static ic_status query_fault(job *j, ic_status st)
{
	const ic_diag *g = &j->diag;
	if (!g->set && st == IC_E_NOMEM && ic_query_outgrew(&j->q))
		(void)ic_diag_fail(&j->diag, IC_DIAG_LIMIT, (ic_place){ 0 }, 1, IC_MSG_OUTGREW);
	if (!g->set)
		return st == IC_E_NOMEM	       ? ic_fail_nomem(j->err)
		       : j->err->code != IC_OK ? st
					       : ic_fail(j->err, st == IC_OK ? IC_E_INTERNAL : st,
							 "the query failed without a cause");
	/* a file that cannot be read is no fault of the query */
	const ic_error *f = &j->q.failed;
	if (f->code != IC_OK && strstr(g->message, f->message)) {
		*j->err = *f;
		return f->code == IC_E_FORMAT ? IC_E_IO : f->code;
	}
	ic_query_diag *d = j->shown;
	if (d) {
		size_t n = 0;
		d->kind = kind_name(g->kind);
		show_place(j, d);
		for (size_t i = 0, used, length; g->hint[i]; i += used) {
			char piece[16];
			length = ic_term_piece(g->hint + i, strlen(g->hint + i), piece, &used);
			append(d->hint, sizeof d->hint, &n, piece, length);
		}
	}
	return ic_fail_at(j->err, g->kind == IC_DIAG_LIMIT ? IC_E_LIMIT : IC_E_USAGE, j->name, g->at.line,
			  g->at.column, "%s: %s", kind_name(g->kind), g->message);
}

/* An error at run time that names line and column is the query's too. */
static ic_status run_fault(job *j, ic_status st)
{
	if (j->diag.set || (st == IC_E_NOMEM && ic_query_outgrew(&j->q)))
		return query_fault(j, st);
	if (st != IC_E_LIMIT && st != IC_E_USAGE)
		return st;
	if (j->err->file[0])
		return st;
	ic_diag_kind kind = st == IC_E_LIMIT ? IC_DIAG_LIMIT : IC_DIAG_TYPE;
	ic_place at = { (uint32_t)j->err->line, j->err->column };
	(void)ic_diag_fail(&j->diag, kind, at, 1, "%s", j->err->message);
	return query_fault(j, st);
}

/* ---- the text -------------------------------------------------------------------------------- */

static ic_status load_text(job *j)
{
	const ic_query_options *o = j->opt;
	if (o->text) {
		j->name = o->file ? o->file : "query";
		j->text_n = strlen(o->text);
		j->text = ic_strdup(o->text);
		if (!j->text)
			return ic_fail_nomem(j->err);
	} else if (o->file) {
		j->name = strcmp(o->file, "-") == 0 ? "stdin" : o->file;
		ic_status st = ic_table_text_read(o->file, QUERY_BYTES, &j->text, &j->text_n, j->err);
		if (st != IC_OK && st != IC_E_LIMIT)
			return st;
		j->text_n = st == IC_E_LIMIT ? QUERY_BYTES + 1 : j->text_n;
	} else {
		return ic_fail(j->err, IC_E_USAGE, "no query is given");
	}
	if (j->text_n <= QUERY_BYTES)
		return IC_OK;
	return ic_fail_at(j->err, IC_E_LIMIT, j->name, 0, 0, "limit: the text of the query is over 16 MiB");
}

/* Says what --extract leaves out, in one line. */
static void say_dropped(const job *j, const char *where, ic_str text)
{
	text = ic_str_trim(text);
	if (text.n == 0)
		return;
	int shown = text.n < 60 ? (int)text.n : 60;
	const char *eol = memchr(text.p, '\n', text.n);
	if (eol && eol - text.p < shown)
		shown = (int)(eol - text.p);
	ic_run_note(&j->q.run, "%s: left out %u byte%s %s the query: \"%.*s%s\"", j->name, text.n,
		    IC_S(text.n), where, shown, text.p, (uint32_t)shown < text.n ? "..." : "");
}

/* What is not the query becomes blank, so that places stay right. */
static ic_status extract(job *j)
{
	ic_str all = { j->text, (uint32_t)j->text_n }, query;
	if (!ic_lang_extract(all, j->language, &query, &j->language))
		return ic_fail_at(j->err, IC_E_USAGE, j->name, 0, 0, "syntax: there is no query in the text");
	size_t from = (size_t)(query.p - j->text), to = from + query.n;
	say_dropped(j, "before", (ic_str){ j->text, (uint32_t)from });
	say_dropped(j, "after", (ic_str){ j->text + to, (uint32_t)(j->text_n - to) });
	for (size_t i = 0; i < j->text_n; i++)
		if ((i < from || i >= to) && j->text[i] != '\n')
			j->text[i] = ' ';
	return IC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------- */

/* What was counted is void. */
static void unscreen(job *j)
{
	ic_screen_free(j->screen);
	j->screen = j->q.exec.screen = NULL;
}

static ic_status compile(job *j, bool checking)
{
	ic_query_run *q = &j->q;
	unscreen(j);
	if (j->planned)
		ic_plan_clear(&j->plan);
	q->relations = NULL;
	q->checking = checking;
	q->language = j->language;
	ic_plan_init(&j->plan, &q->run.budget);
	j->planned = true;
	j->plan.language = j->language;
	j->plan.now = ic_run_now(&q->run);
	j->plan.internal = &q->run.internal;
	j->plan.integer_division = j->opt->integer_division;
	j->plan.zone = j->zone;
	j->plan.geo = j->geo;
	j->diag = (ic_diag){ .set = false };
	q->failed = (ic_error){ .code = IC_OK };
	ic_catalog catalog = ic_query_catalog(q);
	ic_str text = { j->text, (uint32_t)j->text_n };
	ic_status st = ic_lang_compile(text, j->language, &catalog, &j->plan, &j->diag);
	return st == IC_OK ? IC_OK : query_fault(j, st);
}

/* QRadar's times are milliseconds. */
static int64_t ticks_of(const ic_relation *r, int64_t v)
{
	if (r->table.schema.column[r->time_column].type == IC_Q_DATETIME)
		return v;
	return v >= 0 && v <= IC_TIME_MAX / IC_TICKS_MS ? v * IC_TICKS_MS : IC_TIME_NONE;
}

/* The newest row of everything that the query reads is its "now". */
static ic_status find_now(job *j)
{
	ic_query_run *q = &j->q;
	bool telemetry = false;
	int64_t newest = IC_TIME_NONE;
	for (const ic_relation *r = q->relations; r; r = r->next) {
		int64_t t = IC_TIME_NONE;
		ic_status st = IC_OK;
		if (r->view && !telemetry && q->run.opt->path_count) {
			telemetry = true;
			st = ic_query_spool(q, j->err);
			if (st == IC_OK)
				st = ic_run_newest(&q->run, j->err);
			t = q->run.newest;
		} else if (r->file && r->time_column >= 0) {
			st = ic_query_newest(r, &t, j->err);
			t = t == IC_TIME_NONE ? t : ticks_of(r, t);
		}
		if (st != IC_OK)
			return st;
		newest = t != IC_TIME_NONE && t > newest ? t : newest;
	}
	q->run.newest = newest;
	ic_run_say_now(&q->run);
	return IC_OK;
}

bool ic_query_now_holds(const ic_query_run *q)
{
	return !q->likely || atomic_load(&q->seen) == q->run.newest;
}

/* Whether the rows of the input are all read, once, before the first row of the answer comes out. */
static bool answers_last(const job *j)
{
	bool waits = false;
	const ic_op *op = j->plan.root;
	for (; op->in || op->kind == IC_OP_KEPT; op = op->kind == IC_OP_KEPT ? op->kept.of : op->in) {
		switch (op->kind) {
		case IC_OP_SUMMARIZE:
		case IC_OP_SORT:
		case IC_OP_TOP: waits = true; break;
		case IC_OP_FILTER:
		case IC_OP_PROJECT:
		case IC_OP_PARSE:
		case IC_OP_EXPAND:
		case IC_OP_KEEP:
		case IC_OP_KEPT: break;
		case IC_OP_TAKE:
			if (!waits)
				break; /* behind what waits */
			return false;
		default: return false;
		}
	}
	const ic_relation *only = j->q.relations;
	return waits && op->kind == IC_OP_SCAN && only && !only->next && only->view;
}

/* The newest row mostly stands at the end of a log. Then the query runs with that for its "now", looks at the
 * times of all rows as it reads them, and must run again only if there was a newer one. *ret false: it would
 * have to know before. */
static ic_status guess_now(job *j, bool *ret)
{
	ic_query_run *q = &j->q;
	const ic_row_filter *own = &q->run.filter;
	*ret = false;
	if (own->ports || own->since != IC_TIME_NONE || own->until != IC_TIME_NONE ||
	    !q->run.opt->path_count || !answers_last(j))
		return IC_OK;
	const ic_input_facts *facts = NULL;
	ic_status st = ic_query_look(q, &facts, j->err);
	if (st != IC_OK || !facts->cut)
		return st;
	st = ic_run_newest_likely(&q->run, j->err);
	*ret = q->likely = st == IC_OK && q->run.newest != IC_TIME_NONE;
	q->seen = IC_TIME_NONE;
	return st;
}

static ic_status optimise(job *j)
{
	ic_status st = ic_plan_optimise(&j->plan, ic_eval_fold, &j->diag);
	return st == IC_OK ? IC_OK : query_fault(j, st);
}

static ic_status make_plan(job *j)
{
	bool now_open = j->q.run.opt->now_ticks == IC_TIME_NONE && !j->opt->check;
	bool may_read = j->q.run.opt->path_count || j->opt->table_count;
	ic_status st = compile(j, j->opt->check || (now_open && may_read));
	if (st == IC_OK && now_open && may_read) {
		bool guessed = false;
		if (j->plan.now_used)
			st = guess_now(j, &guessed);
		if (st == IC_OK && j->plan.now_used && !guessed)
			st = find_now(j);
		if (st == IC_OK)
			st = compile(j, false);
	}
	for (uint32_t i = 0; st == IC_OK && i < j->plan.warnings; i++)
		ic_run_note(&j->q.run, "%s:%.*s", j->name, (int)j->plan.warning[i].n, j->plan.warning[i].p);
	if (st == IC_OK)
		st = optimise(j);
	return st == IC_OK ? ic_query_keep(&j->q, &j->plan, j->plan.root, 1, j->err) : st;
}

/* ---- running --------------------------------------------------------------------------------- */

static ic_status write_text(const job *j, ic_str text)
{
	if (!text.p)
		return ic_fail_nomem(j->err);
	ic_buf b;
	ic_buf_init(&b, 0);
	for (uint32_t from = 0; from < text.n;) {
		const char *eol = memchr(text.p + from, '\n', text.n - from);
		uint32_t end = eol ? (uint32_t)(eol - text.p) : text.n;
		ic_buf_term(&b, (ic_str){ text.p + from, end - from });
		ic_buf_putc(&b, '\n');
		from = end + 1;
	}
	ic_status st = b.failed ? ic_fail_nomem(j->err) : j->out->write(j->out->ctx, b.p, b.n);
	ic_buf_clear(&b);
	return st;
}

static ic_status push(void *ctx, const ic_chunk *c)
{
	rows_out *o = ctx;
	if (!ic_query_now_holds(o->q))
		return IC_E_CLOSED;
	o->rows += c->rows;
	if (o->taker)
		return o->taker->push(o->taker->ctx, c);
	ic_status st = o->writer ? ic_rows_write(o->writer, c) : IC_OK;
	if (st == IC_E_LIMIT)
		return ic_fail(
		    o->err, st,
		    "the answer is over 1 GiB, which json prints as a whole: --format ndjson prints rows "
		    "as they come");
	return st;
}

static ic_status run_rows(job *j, ic_op_counts *counts)
{
	rows_out *o = &j->rows;
	*o = (rows_out){ .q = &j->q, .err = j->err };
	if (!j->opt->explain) {
		o->writer = ic_rows_writer_new(j->opt->format, &j->plan.root->out, j->out, j->err);
		if (!o->writer)
			return j->err->code;
	}
	j->err->code = IC_OK;
	ic_status st = ic_exec_run(&j->plan, &j->q.exec, &j->sink, counts, j->err);
	const bool more =
	    st == IC_E_LIMIT || st == IC_E_NOMEM; /* there may be more rows than with the right one */
	if (!ic_query_now_holds(&j->q) && (more || st == IC_OK || st == IC_E_CLOSED))
		st = IC_OK; /* void */
	else if (st == IC_OK && o->writer)
		st = ic_rows_end(o->writer, j->err);
	else if (st != IC_OK && st != IC_E_CLOSED)
		st = run_fault(j, st);
	ic_rows_writer_free(o->writer);
	return st;
}

/* The answer was made with a "now" that was not the newest row. */
static ic_status run_again(job *j, ic_op_counts **counts)
{
	j->q.likely = false;
	ic_free(*counts);
	*counts = NULL;
	ic_status st = find_now(j);
	if (st == IC_OK)
		st = compile(j, false);
	if (st == IC_OK)
		st = optimise(j);
	if (st != IC_OK)
		return st;
	*counts = ic_calloc((size_t)j->plan.ops + 1, sizeof **counts);
	return *counts ? run_rows(j, *counts) : ic_fail_nomem(j->err);
}

static ic_status run_plan(job *j)
{
	ic_op_counts *counts = ic_calloc((size_t)j->plan.ops + 1, sizeof *counts);
	if (!counts)
		return ic_fail_nomem(j->err);
	ic_status st = run_rows(j, counts);
	if (st == IC_OK && !ic_query_now_holds(&j->q))
		st = run_again(j, &counts);
	if (st == IC_OK && j->opt->explain)
		st = write_text(j, ic_plan_explain(&j->plan, counts));
	if (j->plan.geo_used && !j->geo)
		ic_run_note(&j->q.run, "geo_info_from_ip_address() knows no places: %s",
			    ic_geo_supported ? "there is no GeoLite2-City.mmdb in the folder of --lists"
					     : "this build has no libmaxminddb");
	if (st == IC_OK && !j->opt->explain && j->rows.rows == 0 && j->plan.root->kind != IC_OP_VALUES)
		ic_run_note(&j->q.run, "%s: no rows; --explain shows which step took them out", j->name);
	ic_free(counts);
	return st;
}

/* The file of places lies with the lists, under the name that its makers give it. */
static ic_status open_geo(job *j)
{
	static const char *const names[] = { "GeoLite2-City.mmdb", "GeoIP2-City.mmdb", "dbip-city-lite.mmdb",
					     "GeoLite2-Country.mmdb", "GeoIP2-Country.mmdb" };
	const char *folder = j->opt->folder ? j->opt->folder : ".";
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ic_buf path;
		ic_buf_init(&path, 0);
		ic_buf_printf(&path, "%s/%s", folder, names[i]);
		ic_buf_putc(&path, 0);
		ic_status st = path.failed ? IC_E_NOMEM : ic_geo_open(path.p, &j->geo);
		ic_buf_clear(&path);
		if (st == IC_OK || st == IC_E_NOMEM)
			return st == IC_OK ? st : ic_fail_nomem(j->err);
		if (st == IC_E_FORMAT)
			ic_run_note(&j->q.run, "%s is damaged: places of addresses are unknown", names[i]);
	}
	return IC_OK;
}

static ic_status prepare(job *j)
{
	ic_status st = load_text(j);
	if (st == IC_OK && j->opt->language)
		j->language = strcmp(j->opt->language, "aql") == 0 ? IC_FN_AQL : IC_FN_KQL;
	if (st == IC_OK && j->opt->extract)
		st = extract(j);
	if (st == IC_OK && j->language == 0)
		j->language = ic_lang_guess((ic_str){ j->text, (uint32_t)j->text_n });
	if (st == IC_OK && j->opt->timezone) {
		st = ic_zone_open(ic_str_of(j->opt->timezone), &j->zone);
		if (st != IC_OK)
			st = ic_fail(j->err, st == IC_E_NOMEM ? st : IC_E_USAGE,
				     "--timezone: no zone is called \"%s\"", j->opt->timezone);
	}
	return st == IC_OK ? open_geo(j) : st;
}

/* What a run would refuse before its first row: a bad regular expression, say. */
static ic_status check_plan(job *j)
{
	ic_exec *x = NULL;
	ic_status st = ic_exec_begin(&j->plan, j->plan.root, &j->q.exec, &j->sink, &x, j->err);
	ic_exec_end(x, NULL, NULL);
	return st == IC_OK ? IC_OK : run_fault(j, st);
}

static ic_status run_job(job *j)
{
	ic_status st = prepare(j);
	if (st == IC_OK)
		st = make_plan(j);
	if (st == IC_OK && j->opt->check)
		st = check_plan(j);
	if (st != IC_OK || (j->opt->check && !j->opt->explain))
		return st;
	return j->opt->check ? write_text(j, ic_plan_explain(&j->plan, NULL)) : run_plan(j);
}

/* input, budget NULL: its own. */
static ic_status job_init(job *j, const ic_query_options *opt, const ic_observer *obs, ic_query_input *input,
			  ic_budget *budget, ic_error *err)
{
	*j = (job){ .opt = opt, .err = err, .name = "query" };
	j->sink = (ic_sink){ .ctx = &j->rows, .push = push };
	j->q.opt = opt;
	j->q.input = input ? input : &j->input;
	j->q.no_push = opt->explain;
	ic_status st = ic_run_init(&j->q.run, &opt->input, obs, j->err);
	if (input && input->spool)
		j->q.run.spool = input->spool;
	j->q.exec = (ic_exec_config){ .source = ic_query_source(),
				      .threads = j->q.run.threads,
				      .budget = budget ? budget : &j->q.run.budget,
				      .beacon = &ic_query_beacon,
				      .max_made_rows = MADE_ROWS,
				      .max_joined_rows = opt->max_rows ? opt->max_rows : JOINED_ROWS };
	return st;
}

static void job_clear(job *j)
{
	unscreen(j);
	if (j->planned)
		ic_plan_clear(&j->plan);
	ic_query_close_files(&j->q);
	ic_input_free(j->input.spare);
	ic_zone_free(j->zone);
	ic_geo_close(j->geo);
	ic_free(j->text);
	ic_run_clear(&j->q.run);
}

ic_status ic_query(const ic_query_options *opt, const ic_observer *obs, const ic_output *out, ic_summary *ret,
		   ic_query_diag *diag, ic_error *err)
{
	ic_error local = { 0 };
	job j;
	if (diag)
		*diag = (ic_query_diag){ .kind = NULL };
	ic_status st = job_init(&j, opt, obs, NULL, NULL, err ? err : &local);
	if (st != IC_OK)
		return st;
	j.out = out;
	j.shown = diag;
	st = run_job(&j);
	if (ret)
		*ret = j.q.run.summary;
	job_clear(&j);
	return st;
}

/* ---- in steps ------------------------------------------------------------------------------------ */

ic_status ic_query_job_new(const ic_query_options *opt, ic_query_input *input, ic_budget *budget,
			   unsigned beside, ic_query_job **ret, ic_error *err)
{
	job *j = ic_malloc(sizeof *j);
	if (!j)
		return ic_fail_nomem(err);
	ic_status st = job_init(j, opt, NULL, input, budget, err);
	if (st != IC_OK) {
		ic_free(j);
		return st;
	}
	j->q.exec.beside = beside;
	st = prepare(j);
	if (st == IC_OK)
		*ret = j;
	else
		ic_query_job_free(j);
	return st;
}

void ic_query_job_free(ic_query_job *j)
{
	if (j)
		job_clear(j);
	ic_free(j);
}

ic_status ic_query_job_bind(ic_query_job *j, bool *ret_waits, ic_query_diag *diag, ic_error *err)
{
	bool now_open = j->opt->input.now_ticks == IC_TIME_NONE;
	j->err = err;
	j->shown = diag;
	*ret_waits = false;
	ic_status st = compile(j, now_open);
	if (st == IC_OK && now_open && j->plan.now_used) {
		*ret_waits = true;
		return IC_OK;
	}
	if (st == IC_OK && now_open)
		st = compile(j, false);
	return st == IC_OK ? optimise(j) : st;
}

ic_status ic_query_job_screen(ic_query_job *j, uint64_t cells, bool *ret, ic_error *err)
{
	unscreen(j);
	if (ic_screen_new(j->plan.root, cells, &j->q.exec, &j->screen) != IC_OK)
		return ic_fail_nomem(err);
	*ret = j->screen != NULL;
	return IC_OK;
}

ic_status ic_query_job_count(ic_query_job *j, ic_exec **ret, ic_error *err)
{
	ic_status st = ic_screen_begin(j->screen, &j->plan, &j->q.exec, ret, err);
	j->q.exec.screen = st == IC_OK ? j->screen : NULL;
	return st;
}

ic_status ic_query_job_begin(ic_query_job *j, const ic_query_rows *rows, ic_exec **ret, ic_error *err)
{
	j->rows = (rows_out){ .taker = rows, .q = &j->q, .err = err };
	ic_status st = rows->columns(rows->ctx, &j->plan.root->out);
	if (st == IC_OK && !j->opt->input.path_count) /* nothing is left to read after the pass */
		st = ic_query_keep(&j->q, &j->plan, j->plan.root, 1, err);
	if (st == IC_OK)
		st = ic_exec_begin(&j->plan, j->plan.root, &j->q.exec, &j->sink, ret, err);
	return st;
}

ic_status ic_query_job_end(ic_query_job *j, ic_exec *x, ic_error *err)
{
	j->err = err;
	err->code = IC_OK;
	ic_status st = ic_exec_end(x, NULL, err);
	return st == IC_OK || st == IC_E_CLOSED ? IC_OK : run_fault(j, st);
}
