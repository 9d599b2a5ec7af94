/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of products over telemetry: batches of the input as chunks, without copies where a column is a
 * field. A reading serves any number of scans, of one query or of several; a column that several of them
 * want is made once. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/error.h"
#include "base/time.h"
#include "engine/details.h"
#include "engine/query.h"

typedef struct part_view {
	ic_vector *col;
	ic_chunk chunk;
} part_view;

/* A column that some scan wants. */
typedef struct column {
	ic_view_column from;
	bool null_text; /* the scan's language knows a null text */
} column;

typedef struct worker {
	ic_batch *batch; /* NULL: somebody else reads */
	ic_arena arena;
	const ic_unit *unit; /* being read */
	uint64_t number;     /* of the batch that the columns are of */
	unsigned streams;    /* of its rows */
	ic_vector *col;	     /* of the reading's columns */
	bool *made;
	part_view *part;
} worker;

/* A scan. */
typedef struct part {
	const ic_op *op;
	ic_query_run *q;
	const ic_view *view;
	uint32_t *column; /* of the reading, for each of the scan */
	unsigned streams;
	unsigned
	    alone; /* rows of these are too where they name no connection: they are of one of their own */
} part;

typedef struct reading {
	const ic_relation_class *class;
	ic_query_run *q; /* of the first scan: the one that tells what was read */
	part *parts;
	uint32_t part_n;
	column *columns;
	uint32_t column_n, column_room;
	ic_input *in; /* NULL: somebody else's */
	ic_input_facts facts;
	ic_fieldset wanted;
	unsigned streams;
	ic_query_bounds bounds;
	bool pushed, open;
	_Atomic uint64_t out_scope;
	ic_details *details; /* NULL: none are needed */
	unsigned detailed;   /* streams whose rows they are for */
	worker *workers;
	unsigned worker_n;
	ic_batch_at *own_at;
	const ic_batch_at *at; /* of each worker */
} reading;

/* Logs that tell more of connections. */
#define DETAILS                                                                                              \
	(IC_STREAM_BIT(IC_STREAM_HTTP) | IC_STREAM_BIT(IC_STREAM_SSL) | IC_STREAM_BIT(IC_STREAM_WEBSOCKET))

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
static ic_status choose_streams(reading *r, part *p, ic_error *err)
{
	const ic_view *v = p->view;
	p->streams = v->streams;
	if (v->connections)
		p->alone = r->facts.untied & DETAILS & ~v->streams;
	if (!v->connections || r->facts.streams & v->streams)
		return IC_OK;
	for (const part *before = r->parts; before < p; before++) {
		if (before->view->connections && before->view->streams == v->streams) {
			p->streams = before->streams;
			return IC_OK;
		}
	}
	unsigned found = v->streams;
	if (r->facts.mixed && r->facts.rereadable) {
		ic_status st = looks_further(r->q, &found, err);
		if (st != IC_OK || found)
			return st;
	}
	p->streams = IC_ALL_STREAMS & ~IC_STREAM_BIT(IC_STREAM_DNS);
	return IC_OK;
}

/* Names, user agents and the like of connections stand in other logs of the input. */
static ic_status read_details(reading *r, ic_error *err)
{
	unsigned streams = r->facts.streams & DETAILS;
	ic_fieldset wanted = 0;
	bool full = false;
	for (const part *p = r->parts; p < r->parts + r->part_n; p++) {
		if (!p->view->connections || p->streams != p->view->streams)
			continue;
		r->detailed |= p->streams;
		for (uint32_t i = 0; i < p->op->out.n; i++)
			wanted |= ic_view_needs(&r->columns[p->column[i]].from);
	}
	ic_fieldset fields = ic_details_fields(wanted);
	if (!streams || !fields || !r->facts.rereadable)
		return IC_OK;
	ic_status st = ic_details_read(&r->q->run, fields, streams, &r->details, &full, err);
	if (st != IC_OK)
		return st;
	r->wanted |= IC_FIELD_BIT(IC_F_UID);
	if (full)
		ic_run_note(&r->q->run,
			    "--memory: not all connections have what http and ssl logs say of them");
	return IC_OK;
}

/* A column that nothing in the input can fill is said, so that an empty answer is no riddle. */
static void say_empty(const reading *r, const part *p)
{
	char list[300] = "";
	size_t n = 0, count = 0;
	for (uint32_t i = 0; i < p->op->out.n; i++) {
		const ic_view_column *c = &r->columns[p->column[i]].from;
		ic_fieldset needs = ic_view_needs(c);
		if (c->how == IC_VIEW_LEVEL || c->how == IC_VIEW_COUNT || needs & r->facts.can_give)
			continue;
		count++;
		ic_str name = p->op->out.column[i].name;
		int more = snprintf(list + n, sizeof list - n, "%s%.*s", n ? ", " : "", (int)name.n, name.p);
		if (more > 0 && n + (size_t)more < sizeof list)
			n += (size_t)more;
		list[n] = 0;
	}
	/* all columns of a wide table were not asked for one by one */
	if (count && p->op->out.n < ic_view_column_count(p->view))
		ic_run_note(&p->q->run, "%s: nothing in the input gives %s", p->view->name, list);
}

/* What filters and derived values of the readers look at, whether a scan reads it or not. */
static ic_fieldset helpers_of(const reading *r, const ic_row_filter *f)
{
	const ic_fieldset derived = IC_FIELD_BIT(IC_F_DST_NAME) | IC_FIELD_BIT(IC_F_SERVICE) |
				    IC_FIELD_BIT(IC_F_URI) | IC_FIELD_BIT(IC_F_HOST);
	ic_fieldset set = 0;
	if (f->since != IC_TIME_NONE || f->until != IC_TIME_NONE)
		set |= IC_FIELD_BIT(IC_F_TIME);
	if (f->ports)
		set |= IC_FIELD_BIT(IC_F_DST_PORT);
	if (f->web_services)
		set |= IC_FIELD_BIT(IC_F_SERVICE);
	if (!r->q->run.opt->scope_all)
		set |= IC_FIELD_BIT(IC_F_DST_IP);
	if (r->wanted & derived && r->streams & ~IC_STREAM_BIT(IC_STREAM_CONN))
		set |= IC_NAMING_FIELDS;
	return set;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static void close_reading(void *ctx, bool early);

static bool same_column(const column *a, const column *b)
{
	return a->null_text == b->null_text && a->from.how == b->from.how && a->from.field == b->from.field &&
	       a->from.type == b->from.type;
}

/* Its number among the columns of the reading. */
static ic_status add_column(reading *r, const column *c, uint32_t *number, ic_error *err)
{
	for (*number = 0; *number < r->column_n; ++*number)
		if (same_column(&r->columns[*number], c))
			return IC_OK;
	if (r->column_n == r->column_room) {
		uint32_t room = r->column_room ? r->column_room * 2 : 32;
		column *more = ic_reallocarray(r->columns, room, sizeof *more);
		if (!more)
			return ic_fail_nomem(err);
		r->columns = more;
		r->column_room = room;
	}
	r->columns[r->column_n++] = *c;
	r->wanted |= ic_view_needs(&c->from);
	return IC_OK;
}

/* The columns of the scan, and what its conditions say of rows. */
static ic_status take_columns(reading *r, part *p, ic_query_bounds *bounds, ic_error *err)
{
	uint32_t n = p->op->out.n;
	ic_view_column *of_scan = ic_calloc(n + 1, sizeof *of_scan);
	p->column = ic_calloc(n + 1, sizeof *p->column);
	ic_status st = of_scan && p->column ? IC_OK : ic_fail_nomem(err);
	for (uint32_t i = 0; i < n && st == IC_OK; i++) {
		uint32_t at = p->op->scan.column ? p->op->scan.column[i] : i;
		char name[64];
		column c = { .null_text = p->q->language == IC_FN_AQL };
		if (!ic_view_column_get(p->view, at, &c.from, name))
			st = ic_fail(err, IC_E_INTERNAL, "a column of %s is missing", p->view->name);
		/* bound as the address: see ic_query_look */
		if (c.from.how == IC_VIEW_DEVICE && p->op->out.column[i].type == IC_Q_IP)
			c.from = (ic_view_column){ NULL, IC_Q_IP, IC_VIEW_FIELD, IC_F_SRC_IP };
		c.from.name = NULL; /* it may lie in `name` */
		of_scan[i] = c.from;
		if (st == IC_OK)
			st = add_column(r, &c, &p->column[i], err);
	}
	const ic_row_filter *own = &p->q->run.filter;
	*bounds = (ic_query_bounds){ .since = own->since, .until = own->until };
	if (st == IC_OK && !p->q->no_push)
		st = ic_query_push(p->op, of_scan, own, bounds, err);
	ic_free(of_scan);
	return st;
}

static ic_status add_parts(reading *r, const ic_op *const *scan, ic_error *err)
{
	for (uint32_t i = 0; i < r->part_n; i++) {
		part *p = &r->parts[i];
		const ic_relation *table = scan[i]->scan.table->origin;
		ic_query_bounds bounds;
		*p = (part){ .op = scan[i], .q = table->q, .view = table->view };
		ic_status st = take_columns(r, p, &bounds, err);
		if (st != IC_OK) {
			ic_free(bounds.ports);
			return st;
		}
		if (i == 0) {
			r->bounds = bounds;
			continue;
		}
		ic_query_widen(&r->bounds, &bounds);
		ic_free(bounds.ports);
	}
	return IC_OK;
}

static ic_status make_workers(reading *r, unsigned n, ic_error *err)
{
	r->workers = ic_calloc(n, sizeof *r->workers);
	if (!r->workers)
		return ic_fail_nomem(err);
	r->worker_n = n;
	for (unsigned i = 0; i < n; i++)
		ic_arena_init(&r->workers[i].arena, 0, NULL);
	for (worker *w = r->workers; w < r->workers + n; w++) {
		w->col = ic_calloc(r->column_n + 1, sizeof *w->col);
		w->made = ic_calloc(r->column_n + 1, sizeof *w->made);
		w->part = ic_calloc(r->part_n, sizeof *w->part);
		if (!w->col || !w->made || !w->part)
			return ic_fail_nomem(err);
		for (uint32_t p = 0; p < r->part_n; p++)
			if (!(w->part[p].col = ic_calloc(r->parts[p].op->out.n + 1, sizeof(ic_vector))))
				return ic_fail_nomem(err);
	}
	return IC_OK;
}

static ic_status new_reading(const ic_op *const *scan, uint32_t n, unsigned workers, reading **ret,
			     ic_error *err)
{
	const ic_relation *first = scan[0]->scan.table->origin;
	reading *r = ic_calloc(1, sizeof *r);
	if (!r)
		return ic_fail_nomem(err);
	*ret = r;
	r->class = &ic_telemetry_relation;
	r->q = first->q;
	r->parts = ic_calloc(n, sizeof *r->parts);
	if (!r->parts)
		return ic_fail_nomem(err);
	r->part_n = n;
	ic_status st = add_parts(r, scan, err);
	return st == IC_OK ? make_workers(r, workers, err) : st;
}

static ic_status open_spare(ic_query_run *q, ic_error *err)
{
	ic_input_request req = ic_run_request(&q->run, IC_ALL_FIELDS, IC_ALL_STREAMS);
	return ic_input_open(&req, &q->input->spare, err);
}

ic_status ic_query_look(ic_query_run *q, const ic_input_facts **ret, ic_error *err)
{
	ic_query_input *in = q->input;
	ic_status st = in->facts || in->spare ? IC_OK : open_spare(q, err);
	if (st == IC_OK)
		*ret = in->facts ? in->facts : ic_input_get_facts(in->spare);
	return st;
}

/* Whether it can be read only once. */
static bool is_once(const ic_query_input *in)
{
	const ic_input_facts *f = in->facts ? in->facts : in->spare ? ic_input_get_facts(in->spare) : NULL;
	return f && !f->rereadable;
}

static ic_status read_twice(ic_query_input *in, const ic_query_run *q, ic_error *err)
{
	in->again = true;
	return ic_fail(err, IC_E_USAGE, "the query reads its tables more than once, which %s does not allow",
		       q->run.opt->path_count ? "a pipe" : "a live capture");
}

ic_status ic_query_spool(ic_query_run *q, ic_error *err)
{
	ic_query_input *in = q->input;
	if (!is_once(in))
		return IC_OK;
	return in->spare ? ic_run_spool(&q->run, &in->spare, err) : read_twice(in, q, err);
}

static ic_status no_rows(void *ctx, const ic_chunk *c)
{
	(void)ctx;
	(void)c;
	return IC_OK;
}

ic_status ic_query_keep(ic_query_run *q, ic_plan *plan, const ic_op *root, uint32_t most, ic_error *err)
{
	const ic_sink nobody = { .push = no_rows };
	ic_exec *x = NULL;
	uint32_t readings = 0;
	if (!is_once(q->input))
		return IC_OK;
	ic_status st = ic_exec_begin(plan, root, &q->exec, &nobody, &x, err);
	if (st == IC_OK)
		st = ic_exec_readings(&x, 1, q->input, &readings, err);
	(void)ic_exec_end(x, NULL, NULL);
	return st == IC_OK && readings > most ? ic_query_spool(q, err) : st;
}

/* Decides what each scan is to see of the input. */
static ic_status choose_rows(reading *r, ic_error *err)
{
	ic_status st = IC_OK;
	for (uint32_t i = 0; i < r->part_n && st == IC_OK; i++) {
		st = choose_streams(r, &r->parts[i], err);
		r->streams |= r->parts[i].streams | r->parts[i].alone;
		r->wanted |= r->parts[i].alone ? IC_FIELD_BIT(IC_F_UID) : 0;
	}
	if (st == IC_OK)
		st = read_details(r, err);
	for (uint32_t i = 0; i < r->part_n && st == IC_OK; i++)
		say_empty(r, &r->parts[i]);
	return st;
}

/* Takes the input that was looked at, or opens it anew. */
static ic_status take_input(reading *r, ic_error *err)
{
	ic_query_input *from = r->q->input;
	bool taken = from->facts ? !from->facts->rereadable : from->begun && from->once;
	if (taken)
		return read_twice(from, r->q, err);
	ic_status st = from->spare ? IC_OK : open_spare(r->q, err);
	if (st != IC_OK)
		return st;
	r->in = from->spare;
	r->facts = *ic_input_get_facts(r->in);
	from->spare = NULL;
	from->begun = true;
	from->once = !r->facts.rereadable;
	return IC_OK;
}

static ic_status begin_input(reading *r, ic_error *err)
{
	ic_row_filter filter = r->q->run.filter;
	unsigned streams = 0;
	ic_status st = take_input(r, err);
	if (st == IC_OK)
		st = choose_rows(r, err);
	if (st != IC_OK)
		return st;
	streams = r->streams;
	if (r->q->likely) { /* every row is looked at */
		filter.newest = &r->q->seen;
		r->wanted |= IC_FIELD_BIT(IC_F_TIME);
		streams = IC_ALL_STREAMS;
	}
	r->pushed = r->bounds.ports || r->bounds.since != filter.since || r->bounds.until != filter.until;
	filter.since = r->bounds.since;
	filter.until = r->bounds.until;
	if (r->bounds.ports)
		filter.ports = r->bounds.ports;
	r->wanted |= helpers_of(r, &filter);
	ic_input_filter(r->in, &filter);
	ic_input_narrow(r->in, r->wanted, streams);
	r->at = r->own_at = ic_calloc(r->worker_n, sizeof *r->own_at);
	if (!r->own_at)
		return ic_fail_nomem(err);
	for (unsigned i = 0; i < r->worker_n; i++) {
		r->own_at[i].batch = r->workers[i].batch = ic_batch_new(r->wanted);
		if (!r->workers[i].batch)
			return ic_fail_nomem(err);
	}
	r->open = true;
	return IC_OK;
}

static ic_status open_reading(const ic_op *const *scan, uint32_t n, unsigned workers, void **ret,
			      ic_error *err)
{
	reading *r = NULL;
	ic_status st = new_reading(scan, n, workers, &r, err);
	if (st == IC_OK)
		st = begin_input(r, err);
	if (st == IC_OK)
		*ret = r;
	else
		close_reading(r, true);
	return st;
}

ic_status ic_telemetry_share(const ic_op *const *scan, uint32_t n, unsigned workers, const ic_batch_at *at,
			     void **ret, ic_fieldset *ret_wanted, ic_error *err)
{
	reading *r = NULL;
	ic_status st = new_reading(scan, n, workers, &r, err);
	if (st == IC_OK) {
		r->facts = *r->q->input->facts;
		r->q->input->begun = true;
		r->q->input->once = !r->facts.rereadable;
		r->at = at;
		st = choose_rows(r, err);
	}
	if (st != IC_OK) {
		close_reading(r, true);
		return st;
	}
	*ret_wanted = r->wanted | helpers_of(r, &r->q->run.filter);
	*ret = r;
	return IC_OK;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static const void *input_of(const ic_query_run *q, const ic_op *scan)
{
	(void)scan;
	return q->input;
}

static ic_status next_unit(void *ctx, unsigned worker_no, void **unit, uint64_t *seq, ic_error *err)
{
	reading *r = ctx;
	ic_unit *u = NULL;
	ic_status st = ic_input_next(r->in, &u, err);
	*unit = u;
	if (u) {
		*seq = ic_unit_seq(u);
		r->workers[worker_no].unit = NULL;
	}
	return st;
}

static ic_status read_on(void *ctx, unsigned worker_no, void *unit, bool *more, ic_error *err)
{
	reading *r = ctx;
	worker *w = &r->workers[worker_no];
	ic_batch_at *at = &r->own_at[worker_no];
	ic_status st = ic_unit_read(unit, w->batch);
	if (st != IC_OK)
		return st == IC_E_NOMEM ? ic_fail_nomem(err) : ic_fail(err, st, "reading failed");
	*more = w->batch->rows > 0;
	at->first = w->unit != unit;
	at->seq = ic_unit_seq(unit);
	at->number++;
	w->unit = *more ? unit : NULL; /* read again, it starts anew */
	ic_run_progress(&r->q->run, r->in);
	return IC_OK;
}

/* --scope public: the destination is public and not ours; a proxied name is. */
static bool out_of_scope(const ic_query_run *q, const ic_batch *b, uint32_t row)
{
	const ic_ip *ip = &b->col[IC_F_DST_IP].ip[row];
	if (ic_column_null(&b->col[IC_F_DST_IP], row) || b->flags[row] & IC_ROW_PROXIED)
		return false;
	return ic_ip_classify(ip) != IC_IP_PUBLIC || ic_cidrs_has(&q->run.internal, ip);
}

static bool is_ours(const part *p, const ic_batch *b, uint32_t row)
{
	unsigned stream = IC_STREAM_BIT(b->stream[row]);
	return p->streams & stream || (p->alone & stream && ic_column_null(&b->col[IC_F_UID], row));
}

/* The rows that are the scan's: of its logs, and in scope. */
static uint32_t pick_rows(reading *r, const part *p, const ic_batch *b, uint16_t pick[IC_BATCH_ROWS])
{
	uint32_t n = 0;
	uint64_t out = 0;
	bool scope = !p->q->run.opt->scope_all;
	for (uint32_t i = 0; i < b->rows; i++) {
		bool ours = is_ours(p, b, i), outside = scope && ours && out_of_scope(p->q, b, i);
		pick[n] = (uint16_t)i;
		n += ours && !outside;
		out += outside;
	}
	if (out && p == r->parts)
		atomic_fetch_add_explicit(&r->out_scope, out, memory_order_relaxed);
	return n;
}

static bool make_column(const reading *r, worker *w, const ic_batch *b, uint32_t number)
{
	const column *c = &r->columns[number];
	ic_view_batch from = {
		.batch = b, .arena = &w->arena, .internal = &r->q->run.internal, .null_text = c->null_text
	};
	/* a scan that has no memory ends alone: the others must not take what is not there for made */
	return w->made[number] = ic_view_fill(&c->from, &from, &w->col[number]);
}

/* Another batch: the columns of the one before are gone. */
static void begin_batch(const reading *r, worker *w, const ic_batch_at *at)
{
	w->number = at->number;
	ic_arena_reset(&w->arena);
	memset(w->made, 0, r->column_n * sizeof *w->made);
	const uint8_t *stream = at->batch->stream;
	uint32_t rows = at->batch->rows;
	bool alike = rows && memcmp(stream, stream + 1, rows - 1) == 0; /* as in most batches */
	w->streams = 0;
	for (uint32_t i = 0; i < (alike ? 1 : rows); i++)
		w->streams |= IC_STREAM_BIT(stream[i]);
	if (r->details)
		ic_details_put(r->details, at->batch, r->detailed);
}

static ic_status chunk_of(void *ctx, unsigned worker_no, uint32_t number, const ic_chunk **ret, ic_error *err)
{
	reading *r = ctx;
	worker *w = &r->workers[worker_no];
	const part *p = &r->parts[number];
	part_view *v = &w->part[number];
	const ic_batch_at *at = &r->at[worker_no];
	const ic_batch *b = at->batch;
	uint16_t pick[IC_BATCH_ROWS];
	if (w->number != at->number)
		begin_batch(r, w, at);
	uint64_t flow = at->first ? 0 : v->chunk.flow + v->chunk.rows;
	bool all = !(w->streams & ~p->streams) && p->q->run.opt->scope_all;
	uint32_t n = all ? b->rows : pick_rows(r, p, b, pick);
	for (uint32_t c = 0; c < p->op->out.n && n; c++) {
		uint32_t from = p->column[c];
		if (!w->made[from] && !make_column(r, w, b, from))
			return ic_fail_nomem(err);
		if (n == b->rows)
			v->col[c] = w->col[from];
		else if (!ic_vector_pick(&v->col[c], &w->arena, &w->col[from], pick, n))
			return ic_fail_nomem(err);
	}
	v->chunk =
	    (ic_chunk){ .rows = n, .columns = p->op->out.n, .col = v->col, .seq = at->seq, .flow = flow };
	*ret = &v->chunk;
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
static void report(reading *r, bool early)
{
	ic_query_run *q = r->q;
	if (q->reported || !r->open || !ic_query_now_holds(q))
		return;
	if (q->likely) /* now it is sure; else it was said before, or the query does not ask */
		ic_run_say_now(&q->run);
	q->reported = true;
	for (size_t i = 0; i < ic_input_report_count(r->in); i++) {
		ic_file_report f = *ic_input_report(r->in, i);
		if (r->bounds.ports) {
			f.out_query += f.out_ports;
			f.out_ports = 0;
		}
		if (r->pushed) {
			f.out_query += f.out_time;
			f.out_time = 0;
		}
		if (q->part) {
			f.kept += f.out_query;
			f.out_query = 0;
		}
		f.in_part = early;
		ic_run_report(&q->run, &f);
	}
	q->run.summary.out_scope += r->out_scope;
	q->run.summary.unknown_named = r->facts.unknown_named;
}

/* A row counts for "now" by its time alone, whatever else is wrong in it; but readers that look at more may have
 * given it up before they came to its time. */
static void doubt_now(reading *r)
{
	uint64_t bad = 0;
	for (size_t i = 0; r->q->likely && r->open && i < ic_input_report_count(r->in); i++)
		bad += ic_input_report(r->in, i)->bad;
	if (bad)
		atomic_store(&r->q->seen, IC_TIME_MAX);
}

static void close_reading(void *ctx, bool early)
{
	reading *r = ctx;
	if (!r)
		return;
	doubt_now(r);
	report(r, early);
	for (unsigned i = 0; i < r->worker_n; i++) {
		worker *w = &r->workers[i];
		ic_batch_free(w->batch);
		ic_arena_clear(&w->arena);
		for (uint32_t p = 0; w->part && p < r->part_n; p++)
			ic_free(w->part[p].col);
		ic_free(w->part);
		ic_free(w->made);
		ic_free(w->col);
	}
	for (uint32_t p = 0; p < r->part_n; p++)
		ic_free(r->parts[p].column);
	ic_input_free(r->in);
	ic_details_free(r->details);
	ic_free(r->own_at);
	ic_free(r->bounds.ports);
	ic_free(r->columns);
	ic_free(r->workers);
	ic_free(r->parts);
	ic_free(r);
}

const ic_relation_class ic_telemetry_relation = {
	.input = input_of,
	.open = open_reading,
	.next = next_unit,
	.read = read_on,
	.chunk = chunk_of,
	.certain = certain,
	.commit = commit,
	.close = close_reading,
};
