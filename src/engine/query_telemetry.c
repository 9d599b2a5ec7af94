/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of products over telemetry: batches of the input as chunks, without copies where a column is a
 * field. Simple comparisons of port and time go down to the readers. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "engine/details.h"
#include "engine/query.h"

enum { PORT_WORDS = 65536 / 64 };

typedef struct worker {
	ic_batch *batch;
	ic_arena arena;
	ic_vector *col;
	ic_chunk chunk;
	const ic_unit *unit; /* being read */
} worker;

typedef struct scan {
	const ic_relation_class *class;
	ic_query_run *q;
	const ic_op *op;
	ic_input *in;
	ic_view_column *columns; /* of the output */
	char (*names)[64];
	ic_fieldset wanted;
	unsigned streams;
	uint64_t *ports;
	bool pushed, open;
	_Atomic uint64_t out_scope;
	ic_details *details; /* NULL: none are needed */
	worker *workers;
	unsigned worker_n;
} scan;

/* ---- which rows -------------------------------------------------------------------------- */

/* Whether an input whose heads show no connection has some after all: EVE writes flows when they end. */
static ic_status looks_further(ic_query_run *q, unsigned *streams, ic_error *err)
{
	ic_input_request req = ic_run_request(&q->run, IC_FIELD_BIT(IC_F_TIME), *streams);
	req.note = NULL;
	ic_input *in = NULL;
	ic_unit *u = NULL;
	unsigned met = 0;
	ic_batch *b = ic_batch_new(req.wanted);
	ic_status st = b ? ic_input_open(&req, &in, err) : ic_fail_nomem(err);
	while (st == IC_OK && !(met & *streams)) {
		st = ic_input_next(in, &u, err);
		if (st != IC_OK || !u)
			break;
		do {
			while (!(met & *streams) && (st = ic_unit_read(u, b)) == IC_OK && b->rows)
				for (uint32_t r = 0; r < b->rows; r++)
					met |= IC_STREAM_BIT(b->stream[r]);
		} while (st == IC_OK && !(met & *streams) && !ic_unit_commit(u));
	}
	ic_input_free(in);
	ic_batch_free(b);
	*streams &= met;
	return st;
}

/* Connections where the input has them: the other logs describe the same ones. */
static ic_status choose_streams(scan *s, const ic_view *v, ic_error *err)
{
	const ic_input_facts *facts = ic_input_get_facts(s->in);
	s->streams = v->streams;
	if (!v->connections || facts->streams & v->streams)
		return IC_OK;
	unsigned found = v->streams;
	if (facts->mixed && facts->rereadable) {
		ic_status st = looks_further(s->q, &found, err);
		if (st != IC_OK)
			return st;
		if (found)
			return IC_OK;
	}
	s->streams = ((1u << IC_STREAM_COUNT_OF) - 1) & ~IC_STREAM_BIT(IC_STREAM_DNS);
	return IC_OK;
}

/* Names, user agents and the like of connections stand in other logs of the input. */
static ic_status read_details(scan *s, const ic_view *v, ic_error *err)
{
	const ic_input_facts *facts = ic_input_get_facts(s->in);
	unsigned streams = facts->streams & (IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) |
					     IC_STREAM_BIT(IC_STREAM_WEBSOCKET));
	ic_fieldset fields = ic_details_fields(s->wanted);
	bool full = false;
	if (!v->connections || s->streams != v->streams || !streams || !fields || !facts->rereadable)
		return IC_OK;
	ic_status st = ic_details_read(&s->q->run, fields, streams, &s->details, &full, err);
	if (st != IC_OK)
		return st;
	s->wanted |= IC_FIELD_BIT(IC_F_UID);
	if (full)
		ic_query_note(s->q, "--memory: not all connections have what http and ssl logs say of them");
	return IC_OK;
}

/* A column that nothing in the input can fill is said, so that an empty answer is no riddle. */
static void say_empty(const scan *s, const ic_view *v)
{
	ic_fieldset given = ic_input_get_facts(s->in)->can_give;
	char list[300] = "";
	size_t n = 0, count = 0;
	for (uint32_t i = 0; i < s->op->out.n; i++) {
		const ic_view_column *c = &s->columns[i];
		ic_fieldset needs = ic_view_needs(c);
		if (c->how == IC_VIEW_LEVEL || c->how == IC_VIEW_COUNT || needs & given)
			continue;
		count++;
		int more = snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", c->name);
		if (more > 0 && n + (size_t)more < sizeof list)
			n += (size_t)more;
		list[n] = 0;
	}
	/* all columns of a wide table were not asked for one by one */
	if (count && s->op->out.n < ic_view_column_count(v))
		ic_query_note(s->q, "%s: nothing in the input gives %s", v->name, list);
}

/* ---- push-down ----------------------------------------------------------------------------- */

typedef struct bounds {
	int64_t since, until;
	uint64_t *ports;
} bounds;

static bool whole_const(const ic_expr *x, int64_t *ret)
{
	bool whole = x->type == IC_Q_LONG || x->type == IC_Q_INT || x->type == IC_Q_DATETIME;
	if (x->kind != IC_X_CONST || x->value.null || !whole)
		return false;
	*ret = x->value.i;
	return true;
}

/* An int that is made a long is the same number. */
static const ic_expr *plain_number(const ic_expr *x)
{
	bool widened = x->kind == IC_X_CALL && x->call.fn == IC_FN_TO_LONG && x->call.n == 1 &&
		       x->call.arg[0]->type == IC_Q_INT;
	return widened ? x->call.arg[0] : x;
}

/* a op b as b op' a */
static ic_fn_id mirrored(ic_fn_id fn)
{
	switch (fn) {
	case IC_FN_LT: return IC_FN_GT;
	case IC_FN_LE: return IC_FN_GE;
	case IC_FN_GT: return IC_FN_LT;
	case IC_FN_GE: return IC_FN_LE;
	case IC_FN_SQL_LT: return IC_FN_SQL_GT;
	case IC_FN_SQL_LE: return IC_FN_SQL_GE;
	case IC_FN_SQL_GT: return IC_FN_SQL_LT;
	case IC_FN_SQL_GE: return IC_FN_SQL_LE;
	default: return fn;
	}
}

/* The values that pass: low to high, both included. Strict bounds are widened: the filter stays. */
static bool range_of(const ic_expr *x, const ic_expr **column, int64_t *low, int64_t *high)
{
	int64_t v = 0;
	if (x->kind != IC_X_CALL || x->call.n < 2)
		return false;
	const ic_expr *a = plain_number(x->call.arg[0]), *b = plain_number(x->call.arg[1]);
	ic_fn_id fn = x->call.fn;
	*low = INT64_MIN;
	*high = INT64_MAX;
	if (fn == IC_FN_BETWEEN || fn == IC_FN_SQL_BETWEEN) {
		*column = a;
		return a->kind == IC_X_COLUMN && x->call.n == 3 && whole_const(b, low) &&
		       whole_const(x->call.arg[2], high);
	}
	if (x->call.n != 2)
		return false;
	if (a->kind != IC_X_COLUMN) {
		const ic_expr *t = a;
		a = b;
		b = t;
		fn = mirrored(fn);
	}
	*column = a;
	if (a->kind != IC_X_COLUMN || !whole_const(b, &v))
		return false;
	switch (fn) {
	case IC_FN_EQ:
	case IC_FN_SQL_EQ: *low = *high = v; return true;
	case IC_FN_GT:
	case IC_FN_GE:
	case IC_FN_SQL_GT:
	case IC_FN_SQL_GE: *low = v; return true;
	case IC_FN_LT:
	case IC_FN_LE:
	case IC_FN_SQL_LT:
	case IC_FN_SQL_LE: *high = v; return true;
	default: return false;
	}
}

static void push_time(bounds *to, const ic_view_column *c, int64_t low, int64_t high)
{
	if (c->how == IC_VIEW_MS) {
		low = low > INT64_MIN / IC_TICKS_MS ? low * IC_TICKS_MS : INT64_MIN;
		high =
		    high < INT64_MAX / IC_TICKS_MS - 1 ? high * IC_TICKS_MS + (IC_TICKS_MS - 1) : INT64_MAX;
	}
	/* times lie in [0, IC_TIME_MAX]; IC_TIME_NONE means open */
	if (low > INT64_MIN && (to->since == IC_TIME_NONE || low > to->since))
		to->since = low;
	if (high < INT64_MAX && (to->until == IC_TIME_NONE || high < to->until))
		to->until = high > INT64_MIN ? high : INT64_MIN + 1;
}

static bool set_port(uint64_t *bitmap, const ic_value *v)
{
	if (v->type != IC_Q_LONG && v->type != IC_Q_INT)
		return false;
	if (!v->null && v->i >= 0 && v->i < 65536)
		bitmap[v->i >> 6] |= UINT64_C(1) << (v->i & 63);
	return true;
}

/* The ports that the conjunct lets pass; false: it does not speak of a few ports. */
static bool ports_of(const ic_expr *x, const ic_expr **column, uint64_t bitmap[PORT_WORDS])
{
	int64_t low, high;
	memset(bitmap, 0, sizeof(uint64_t) * PORT_WORDS);
	if (range_of(x, column, &low, &high)) {
		ic_value v = ic_value_long(low);
		return low == high && set_port(bitmap, &v);
	}
	if (x->kind != IC_X_CALL || (x->call.fn != IC_FN_IN && x->call.fn != IC_FN_SQL_IN) || !x->call.list ||

	    x->call.n < 1 || plain_number(x->call.arg[0])->kind != IC_X_COLUMN)
		return false;
	*column = plain_number(x->call.arg[0]);
	for (uint32_t i = 0; i < x->call.list->n; i++)
		if (!set_port(bitmap, &x->call.list->value[i]))
			return false;
	return true;
}

static bool push_ports(scan *s, bounds *to, const uint64_t *bitmap)
{
	if (!to->ports) {
		to->ports = s->ports = ic_calloc(PORT_WORDS, sizeof(uint64_t));
		if (!s->ports)
			return false;
		memset(s->ports, 0xff, sizeof(uint64_t) * PORT_WORDS);
	}
	for (unsigned i = 0; i < PORT_WORDS; i++)
		to->ports[i] &= bitmap[i];
	return true;
}

static ic_status push_down(scan *s, ic_row_filter *filter, ic_error *err)
{
	bounds b = { .since = filter->since, .until = filter->until };
	bool own_ports = filter->ports != NULL;
	for (uint32_t i = 0; !s->q->no_push && i < s->op->scan.pushed_n; i++) {
		const ic_expr *x = s->op->scan.pushed[i], *column = NULL;
		uint64_t bitmap[PORT_WORDS];
		int64_t low, high;
		if (!own_ports && ports_of(x, &column, bitmap) && column->column < s->op->out.n) {
			const ic_view_column *c = &s->columns[column->column];
			if (c->how == IC_VIEW_FIELD && c->field == IC_F_DST_PORT &&
			    !push_ports(s, &b, bitmap))
				return ic_fail_nomem(err);
		}
		if (!range_of(x, &column, &low, &high) || column->column >= s->op->out.n)
			continue;
		const ic_view_column *c = &s->columns[column->column];
		if ((c->how == IC_VIEW_FIELD || c->how == IC_VIEW_MS) && c->field == IC_F_TIME)
			push_time(&b, c, low, high);
	}
	s->pushed = s->ports || b.since != filter->since || b.until != filter->until;
	filter->since = b.since;
	filter->until = b.until;
	if (s->ports)
		filter->ports = s->ports;
	return IC_OK;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static void close_scan(void *ctx);

static ic_status take_columns(scan *s, const ic_view *v, ic_error *err)
{
	uint32_t n = s->op->out.n;
	s->columns = ic_calloc(n + 1, sizeof *s->columns);
	s->names = ic_calloc(n + 1, sizeof *s->names);
	if (!s->columns || !s->names)
		return ic_fail_nomem(err);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = s->op->scan.column ? s->op->scan.column[i] : i;
		ic_view_column *c = &s->columns[i];
		if (!ic_view_column_get(v, at, c, s->names[i]))
			return ic_fail(err, IC_E_INTERNAL, "a column of %s is missing", v->name);
		/* bound as the address: see ic_query_look */
		if (c->how == IC_VIEW_DEVICE && s->op->out.column[i].type == IC_Q_IP)
			*c = (ic_view_column){ c->name, IC_Q_IP, IC_VIEW_FIELD, IC_F_SRC_IP };
		s->wanted |= ic_view_needs(&s->columns[i]);
	}
	return IC_OK;
}

static ic_status make_workers(scan *s, unsigned n, ic_error *err)
{
	s->workers = ic_calloc(n, sizeof *s->workers);
	if (!s->workers)
		return ic_fail_nomem(err);
	s->worker_n = n;
	for (unsigned i = 0; i < n; i++) {
		worker *w = &s->workers[i];
		ic_arena_init(&w->arena, 0, NULL);
		w->col = ic_calloc(s->op->out.n + 1, sizeof *w->col);
	}
	for (unsigned i = 0; i < n; i++)
		if (!s->workers[i].col)
			return ic_fail_nomem(err);
	return IC_OK;
}

/* What filters and derived values of the readers look at, whether the query reads it or not. */
static ic_fieldset helpers_of(const scan *s, const ic_row_filter *f)
{
	ic_fieldset set = 0;
	if (f->since != IC_TIME_NONE || f->until != IC_TIME_NONE)
		set |= IC_FIELD_BIT(IC_F_TIME);
	if (f->ports)
		set |= IC_FIELD_BIT(IC_F_DST_PORT);
	if (f->web_services)
		set |= IC_FIELD_BIT(IC_F_SERVICE);
	if (!s->q->run.opt->scope_all)
		set |= IC_FIELD_BIT(IC_F_DST_IP);
	if ((s->wanted & (IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_URI) |
			  IC_FIELD_BIT(IC_F_HOST))) &&
	    s->streams & ~IC_STREAM_BIT(IC_STREAM_CONN))
		set |= IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_METHOD) | IC_FIELD_BIT(IC_F_URI) |
		       IC_FIELD_BIT(IC_F_HOST) | IC_FIELD_BIT(IC_F_STATUS) | IC_FIELD_BIT(IC_F_SNI) |
		       IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_DST_IP);
	return set;
}

ic_status ic_query_look(ic_query_run *q, const ic_input_facts **ret, ic_error *err)
{
	if (!q->spare) {
		ic_input_request req = ic_run_request(&q->run, ~UINT64_C(0) >> (64 - IC_FIELD_COUNT),
						      (1u << IC_STREAM_COUNT_OF) - 1);
		ic_status st = ic_input_open(&req, &q->spare, err);
		if (st != IC_OK)
			return st;
	}
	*ret = ic_input_get_facts(q->spare);
	return IC_OK;
}

/* Takes the input and decides what to read of it. */
static ic_status begin_input(scan *s, const ic_view *v, ic_error *err)
{
	ic_query_run *q = s->q;
	const ic_input_facts *facts = NULL;
	ic_row_filter filter = q->run.filter;
	ic_status st = push_down(s, &filter, err);
	if (st == IC_OK)
		st = ic_query_look(q, &facts, err);
	if (st != IC_OK)
		return st;
	s->in = q->spare;
	q->spare = NULL;
	if (q->stdin_begun && !facts->rereadable)
		return ic_fail(
		    err, IC_E_USAGE,
		    "the query reads its tables more than once, which standard input does not allow: "
		    "give a file");
	q->stdin_begun = true;
	st = choose_streams(s, v, err);
	if (st == IC_OK)
		st = read_details(s, v, err);
	if (st != IC_OK)
		return st;
	say_empty(s, v);
	s->wanted |= helpers_of(s, &filter);
	ic_input_filter(s->in, &filter);
	ic_input_narrow(s->in, s->wanted, s->streams);
	for (unsigned i = 0; i < s->worker_n; i++) {
		s->workers[i].batch = ic_batch_new(s->wanted);
		if (!s->workers[i].batch)
			return ic_fail_nomem(err);
	}
	s->open = true;
	return IC_OK;
}

static ic_status open_scan(ic_query_run *q, const ic_op *op, unsigned workers, void **ret, ic_error *err)
{
	const ic_relation *r = op->scan.table->origin;
	scan *s = ic_calloc(1, sizeof *s);
	if (!s)
		return ic_fail_nomem(err);
	*s = (scan){ .class = &ic_telemetry_relation, .q = q, .op = op };
	ic_status st = take_columns(s, r->view, err);
	if (st == IC_OK)
		st = make_workers(s, workers, err);
	if (st == IC_OK)
		st = begin_input(s, r->view, err);
	if (st == IC_OK)
		*ret = s;
	else
		close_scan(s);
	return st;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static ic_status next_unit(void *ctx, unsigned worker_no, void **unit, uint64_t *seq, ic_error *err)
{
	scan *s = ctx;
	ic_unit *u = NULL;
	ic_status st = ic_input_next(s->in, &u, err);
	*unit = u;
	if (u) {
		*seq = ic_unit_seq(u);
		s->workers[worker_no].unit = NULL;
	}
	return st;
}

/* --scope public: the destination is public and not ours; a proxied name is. */
static bool out_of_scope(const scan *s, const ic_batch *b, uint32_t r)
{
	const ic_ip *ip = &b->col[IC_F_DST_IP].ip[r];
	if (ic_column_null(&b->col[IC_F_DST_IP], r) || b->flags[r] & IC_ROW_PROXIED)
		return false;
	return ic_ip_classify(ip) != IC_IP_PUBLIC || ic_cidrs_has(&s->q->run.internal, ip);
}

/* Rows of other logs that a mixed file gave all the same are taken out, and those out of scope. */
static ic_status drop_others(scan *s, worker *w)
{
	const ic_batch *b = w->batch;
	uint16_t pick[IC_BATCH_ROWS];
	uint32_t n = 0;
	uint64_t out = 0;
	bool scope = !s->q->run.opt->scope_all;
	for (uint32_t r = 0; r < b->rows; r++) {
		bool ours = (s->streams >> b->stream[r]) & 1,
		     outside = scope && ours && out_of_scope(s, b, r);
		pick[n] = (uint16_t)r;
		n += ours && !outside;
		out += outside;
	}
	if (out)
		atomic_fetch_add_explicit(&s->out_scope, out, memory_order_relaxed);
	w->chunk.rows = n;
	if (n == b->rows || n == 0)
		return IC_OK;
	for (uint32_t c = 0; c < s->op->out.n; c++) {
		ic_vector picked;
		if (!ic_vector_pick(&picked, &w->arena, &w->col[c], pick, n))
			return IC_E_NOMEM;
		w->col[c] = picked;
	}
	return IC_OK;
}

static ic_status read_chunk(void *ctx, unsigned worker_no, void *unit, const ic_chunk **ret, ic_error *err)
{
	scan *s = ctx;
	worker *w = &s->workers[worker_no];
	ic_unit *u = unit;
	uint64_t flow = w->unit == u ? w->chunk.flow + w->chunk.rows : 0;
	w->unit = u;
	*ret = NULL;
	do {
		ic_arena_reset(&w->arena);
		ic_status st = ic_unit_read(u, w->batch);
		if (st != IC_OK)
			return st == IC_E_NOMEM ? ic_fail_nomem(err) : ic_fail(err, st, "reading failed");
		if (w->batch->rows == 0) {
			w->unit = NULL; /* read again, it starts anew */
			return IC_OK;
		}
		if (s->details)
			ic_details_put(s->details, w->batch);
		ic_view_batch from = { .batch = w->batch,
				       .arena = &w->arena,
				       .internal = &s->q->run.internal,
				       .null_text = s->q->language == IC_FN_AQL };
		for (uint32_t c = 0; c < s->op->out.n; c++)
			if (!ic_view_fill(&s->columns[c], &from, &w->col[c]))
				return ic_fail_nomem(err);
		if (drop_others(s, w) != IC_OK)
			return ic_fail_nomem(err);
		ic_run_progress(&s->q->run, s->in);
	} while (w->chunk.rows == 0);
	w->chunk.columns = s->op->out.n;
	w->chunk.col = w->col;
	w->chunk.seq = ic_unit_seq(u);
	w->chunk.flow = flow;
	*ret = &w->chunk;
	return IC_OK;
}

static bool certain(void *ctx, void *unit)
{
	(void)ctx;
	return ic_unit_certain(unit);
}

static bool commit(void *ctx, void *unit)
{
	(void)ctx;
	return ic_unit_commit(unit);
}

/* What the sources dropped for the query was not dropped by options of the user. */
static void report(scan *s)
{
	ic_query_run *q = s->q;
	ic_summary *sum = &q->run.summary;
	if (q->reported || !s->open)
		return;
	q->reported = true;
	for (size_t i = 0; i < ic_input_report_count(s->in); i++) {
		ic_file_report r = *ic_input_report(s->in, i);
		if (s->ports) {
			r.out_query += r.out_ports;
			r.out_ports = 0;
		}
		if (s->pushed) {
			r.out_query += r.out_time;
			r.out_time = 0;
		}
		sum->files++;
		sum->damaged_files += r.damaged;
		sum->skipped_files += r.skipped;
		sum->rows += r.read;
		sum->kept += r.kept;
		sum->bad += r.bad;
		sum->out_ports += r.out_ports;
		sum->out_time += r.out_time;
		sum->out_query += r.out_query;
		if (q->run.obs && q->run.obs->file_done)
			q->run.obs->file_done(q->run.obs->ctx, &r);
	}
	sum->out_scope += s->out_scope;
	sum->unknown_named = ic_input_get_facts(s->in)->unknown_named;
}

static void close_scan(void *ctx)
{
	scan *s = ctx;
	report(s);
	for (unsigned i = 0; i < s->worker_n; i++) {
		ic_batch_free(s->workers[i].batch);
		ic_arena_clear(&s->workers[i].arena);
		ic_free(s->workers[i].col);
	}
	ic_input_free(s->in);
	ic_details_free(s->details);
	ic_free(s->workers);
	ic_free(s->columns);
	ic_free(s->names);
	ic_free(s->ports);
	ic_free(s);
}

const ic_relation_class ic_telemetry_relation = {
	.open = open_scan,
	.next = next_unit,
	.read = read_chunk,
	.certain = certain,
	.commit = commit,
	.close = close_scan,
};
