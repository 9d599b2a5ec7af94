/* SPDX-License-Identifier: Apache-2.0 */
/* The passes of a run over its input: rows go from the readers to an observation and its guests. */
#include "engine/run.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "exec/group/exchange.h"

/* What a worker has at hand. */
typedef struct pass_worker {
	ic_parcel *parcel;
	uint64_t out_scope, out_ports; /* of the unit so far */
	bool begun, certain;	       /* the unit */
} pass_worker;

/* What the workers of one pass share: the observation as a taker of the reading. Without an observation
 * only times are looked at. */
typedef struct pass {
	ic_taker t;
	ic_run *run;
	ic_input *in;
	ic_observation *o;
	ic_exchange *x;
	const ic_row_filter
	    *ports; /* readers let all ports pass, for the guests: it is our filter. NULL: no */
	pass_worker *worker;
	ic_batch_at *at; /* of each worker */
	_Atomic int64_t newest;
	_Atomic uint64_t out_scope, dropped;
	_Atomic bool open_rows; /* some connection was logged while it was open */
} pass;

static void raise_to(_Atomic int64_t *max, int64_t v)
{
	int64_t seen = atomic_load_explicit(max, memory_order_relaxed);
	while (v > seen && !atomic_compare_exchange_weak(max, &seen, v))
		;
}

/* Names found no room, and which ones follows from which thread came first: to be read again by one thread, with more
 * room for them. */
static bool misses_names(const ic_run *run, const ic_input *in)
{
	return run->names_budget.refused && !run->names_short && ic_input_get_facts(in)->rereadable;
}

/* A conn-only run met what only a full run can count rightly: another log (cat conn.log http.log), or
 * open connections, which are logged again and again and told apart by their uid. */
static bool unfit(const pass *p)
{
	if (misses_names(p->run, p->in))
		return true;
	return p->o && !ic_observe_is_full(p->o) && (p->open_rows || ic_input_surprised(p->in));
}

static void look_at(pass *p, const ic_batch *b)
{
	int64_t newest = IC_TIME_NONE;
	unsigned open = 0;
	const int64_t *t = b->col[IC_F_TIME].i; /* a null slot is 0: older than any event */
	for (uint32_t r = 0; r < b->rows; r++) {
		bool ours = !p->ports || b->stream[r] < IC_STREAM_NONE;
		newest = ours && t[r] > newest ? t[r] : newest;
		open |= ours ? b->flags[r] : 0;
	}
	raise_to(&p->newest, newest);
	if (open & IC_ROW_OPEN)
		p->open_rows = true;
}

static ic_status hand_over(pass *p, const ic_batch *b, pass_worker *w, uint64_t seq)
{
	uint64_t dropped = 0;
	for (uint32_t at = 0; at < b->rows;) {
		if (w->parcel) {
			at = ic_observe_rows(p->o, b, at, w->parcel, &w->out_scope, &dropped);
			if (at == b->rows)
				break;
			ic_parcel *full = w->parcel;
			w->parcel = NULL;
			ic_status st = ic_exchange_put(p->x, seq, full, w->certain);
			if (st != IC_OK)
				return st;
		}
		ic_status st = ic_exchange_get(p->x, seq, &w->parcel);
		if (st != IC_OK)
			return st;
	}
	p->dropped += dropped;
	return IC_OK;
}

/* Rows of other ports are made rows of no log. */
static uint64_t hide_ports(const ic_row_filter *f, ic_batch *b)
{
	uint64_t n = 0;
	for (uint32_t r = 0; r < b->rows; r++) {
		if (ic_row_port_kept(f, b, r))
			continue;
		b->stream[r] = IC_STREAM_NONE;
		n++;
	}
	return n;
}

static ic_status take(ic_taker *t, unsigned worker, uint64_t seq, bool certain, ic_error *err)
{
	pass *p = (pass *)t;
	pass_worker *w = &p->worker[worker];
	ic_batch *b = p->at[worker].batch;
	uint8_t stream[IC_BATCH_ROWS];
	(void)err;
	w->certain = certain;
	if (p->at[worker].first)
		w->out_scope = 0;
	if (p->ports) {
		memcpy(stream, b->stream, b->rows);
		w->out_ports += hide_ports(p->ports, b);
	}
	look_at(p, b);
	ic_status st = p->o ? hand_over(p, b, w, seq) : IC_OK;
	if (p->ports)
		memcpy(b->stream, stream, b->rows);
	return st;
}

static ic_status flush(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err)
{
	pass *p = (pass *)t;
	pass_worker *w = &p->worker[worker];
	ic_parcel *last = w->parcel;
	(void)err;
	w->parcel = NULL;
	return last ? ic_exchange_put(p->x, seq, last, w->certain) : IC_OK;
}

static ic_status turn(ic_taker *t, unsigned worker, uint64_t seq)
{
	(void)worker;
	return ic_exchange_turn(((pass *)t)->x, seq);
}

static void discard(ic_taker *t, unsigned worker, uint64_t seq)
{
	(void)worker;
	ic_exchange_discard(((pass *)t)->x, seq);
}

static ic_status end(ic_taker *t, unsigned worker, uint64_t seq, ic_error *err)
{
	pass *p = (pass *)t;
	(void)err;
	p->out_scope += p->worker[worker].out_scope;
	p->worker[worker].out_scope = 0;
	ic_exchange_end(p->x, seq);
	return IC_OK;
}

static void abort_pass(ic_taker *t, ic_status code)
{
	ic_exchange_abort(((pass *)t)->x, code);
}

static const ic_taker_class pass_class = {
	.take = take,
	.flush = flush,
	.turn = turn,
	.discard = discard,
	.end = end,
	.abort = abort_pass,
};

static ic_status next_unit(void *ctx, unsigned worker, void **unit, uint64_t *seq, ic_error *err)
{
	pass *p = ctx;
	ic_unit *u = NULL;
	*unit = NULL;
	if (unfit(p))
		return IC_OK;
	ic_status st = ic_input_next(p->in, &u, err);
	*unit = u;
	*seq = u ? ic_unit_seq(u) : 0;
	p->worker[worker].begun = false;
	return st;
}

static ic_status read_on(void *ctx, unsigned worker, void *unit, bool *more, ic_error *err)
{
	pass *p = ctx;
	pass_worker *w = &p->worker[worker];
	ic_batch_at *at = &p->at[worker];
	ic_status st = ic_unit_read(unit, at->batch);
	if (st != IC_OK)
		return st == IC_E_NOMEM ? ic_fail_nomem(err) : ic_fail(err, st, "reading failed");
	*more = at->batch->rows > 0;
	at->first = !w->begun;
	at->seq = ic_unit_seq(unit);
	at->number++;
	w->begun = *more; /* read again, it starts anew */
	if (!*more) {
		ic_unit_drop(unit, w->out_ports);
		w->out_ports = 0;
	}
	ic_run_progress(p->run, p->in);
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

static ic_status finish(void *ctx, unsigned worker)
{
	(void)worker;
	return ic_exchange_finish(ctx);
}

static ic_status pass_init(pass *p, ic_error *err)
{
	unsigned n = p->run->threads;
	size_t row_bytes = p->o ? ic_observe_row_bytes(p->o) : sizeof(ic_obs);
	/* Under a memory limit, rows that wait for their partition are a part of what has to fit. */
	uint64_t window = p->run->opt->memory_bytes / IC_ROWS_SHARE / row_bytes;
	p->x = ic_exchange_new(row_bytes, window, true, ic_observe_drain, p->o);
	/* What only counts pairs has no limit but that of memory. */
	if (p->x && p->o && (p->run->opt->memory_bytes || ic_observe_is_full(p->o)))
		ic_exchange_before(p->x, ic_observe_share);
	p->worker = ic_calloc(n, sizeof *p->worker);
	p->at = ic_calloc(n, sizeof *p->at);
	return p->x && p->worker && p->at ? IC_OK : ic_fail_nomem(err);
}

/* The peak is near: what the last windows need comes when they are drained. */
static void free_batches(pass *p)
{
	for (unsigned i = 0; p->at && i < p->run->threads; i++) {
		ic_batch_free(p->at[i].batch);
		p->at[i].batch = NULL;
	}
}

static void pass_clear(pass *p)
{
	free_batches(p);
	for (unsigned i = 0; i < p->run->threads; i++) {
		ic_parcel *left = p->worker ? p->worker[i].parcel : NULL;
		if (left) { /* of a pass that failed */
			left->n = 0;
			(void)ic_exchange_put(p->x, 0, left, false);
		}
	}
	ic_exchange_free(p->x);
	ic_free(p->worker);
	ic_free(p->at);
}

/* Reads the input to its end, or until the observation turns out to be unfit. */
static ic_status read_all(pass *p, ic_taker *const *guest, uint32_t guests, ic_error *err)
{
	const ic_units units = {
		.ctx = p, .next = next_unit, .read = read_on, .certain = certain, .commit = commit
	};
	ic_taker **all = ic_calloc(guests + (size_t)1, sizeof *all);
	if (!all)
		return ic_fail_nomem(err);
	/* first, because guests may fill in what the rows lack */
	all[0] = &p->t;
	for (uint32_t i = 0; i < guests; i++)
		all[i + 1] = guest[i];
	ic_status st = ic_read_units(&units, all, guests + 1, p->run->threads, err);
	if (st == IC_OK && p->t.status != IC_OK) {
		st = p->t.status;
		*err = p->t.err;
	}
	ic_free(all);
	return st;
}

/* One pass over an open input. o NULL: only the newest time is wanted. guests: NULL, or who reads along.
 * *ret_unfit: the observation is useless, read again in full. */
static ic_status run_pass(ic_run *run, ic_input *in, ic_fieldset wanted, ic_observation *o,
			  const ic_guests *guests, bool *ret_unfit, ic_error *err)
{
	pass p = { .t = { .class = &pass_class }, .run = run, .in = in, .o = o, .newest = IC_TIME_NONE };
	ic_row_filter wide = run->filter;
	ic_taker *const *guest = NULL;
	uint32_t n = 0;
	ic_fieldset more = 0;
	err->code = IC_OK;
	ic_status st = pass_init(&p, err);
	if (st == IC_OK && guests)
		st = guests->begin(guests->ctx, ic_input_get_facts(in), p.at, &guest, &n, &more, err);
	if (n && wide.ports) {
		wide.ports = NULL;
		ic_input_filter(in, &wide);
		p.ports = &run->filter;
		more |= IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_SERVICE);
	}
	wanted |= more;
	ic_input_narrow(in, wanted, IC_ALL_STREAMS);
	for (unsigned i = 0; i < run->threads && st == IC_OK; i++)
		if (!(p.at[i].batch = ic_batch_new(wanted)))
			st = ic_fail_nomem(err);
	if (st == IC_OK)
		st = read_all(&p, guest, n, err);
	*ret_unfit = st == IC_OK && unfit(&p);
	if (guests)
		guests->end(guests->ctx, st == IC_OK && !*ret_unfit);
	free_batches(&p);
	if (st == IC_OK && !*ret_unfit)
		st = ic_parallel_for(run->threads, run->threads, finish, p.x);
	pass_clear(&p);
	if (st != IC_OK)
		return err->code != IC_OK ? st
		       : st == IC_E_NOMEM ? ic_fail_nomem(err)
					  : ic_fail(err, st, "reading failed");
	run->newest = p.newest > run->newest ? p.newest : run->newest;
	run->summary.out_scope = p.out_scope;
	run->summary.dropped_memory = p.dropped;
	return IC_OK;
}

ic_status ic_run_spool(ic_run *run, ic_input **in, ic_error *err)
{
	ic_status st = ic_input_spool(*in, run->spool, err);
	ic_input_free(*in);
	*in = NULL;
	return st;
}

static ic_status open_times(ic_run *run, bool ends, ic_input **ret, ic_error *err)
{
	ic_input_request req = ic_run_request(run, IC_FIELD_BIT(IC_F_TIME), IC_ALL_STREAMS);
	req.filter = (ic_row_filter){ .since = IC_TIME_NONE, .until = IC_TIME_NONE };
	req.note = NULL; /* the pass that follows says it */
	req.ends = ends;
	return ic_input_open(&req, ret, err);
}

static ic_status read_times(ic_run *run, ic_input *in, ic_error *err)
{
	bool none = false;
	return run_pass(run, in, IC_FIELD_BIT(IC_F_TIME), NULL, NULL, &none, err);
}

ic_status ic_run_newest(ic_run *run, ic_error *err)
{
	ic_input *in = NULL;
	ic_status st = open_times(run, false, &in, err);
	if (st == IC_OK && !ic_input_get_facts(in)->rereadable) {
		st = ic_run_spool(run, &in, err);
		if (st == IC_OK)
			st = open_times(run, false, &in, err);
	}
	if (st == IC_OK)
		st = read_times(run, in, err);
	ic_input_free(in);
	return st;
}

ic_status ic_run_newest_likely(ic_run *run, ic_error *err)
{
	ic_input *in = NULL;
	ic_status st = open_times(run, true, &in, err);
	if (st == IC_OK)
		st = read_times(run, in, err);
	ic_input_free(in);
	return st;
}

/* Values that only the full form of an observation carries. */
static const ic_fieldset detail_fields = IC_FIELD_BIT(IC_F_SRC_HOST) | IC_FIELD_BIT(IC_F_USER) |
					 IC_FIELD_BIT(IC_F_PROCESS) | IC_FIELD_BIT(IC_F_DST_NAME) |
					 IC_FIELD_BIT(IC_F_USER_AGENT) | IC_FIELD_BIT(IC_F_JA4) |
					 IC_FIELD_BIT(IC_F_COUNT);

static bool needs_full(const ic_input_facts *f)
{
	bool may_surprise = f->mixed && !f->rereadable;
	return f->streams & ~IC_STREAM_BIT(IC_STREAM_CONN) || f->can_give & detail_fields || may_surprise;
}

/* What earlier passes over the input have shown about it. */
typedef struct lesson {
	bool full, repeats;
	unsigned blended;
} lesson;

enum {
	NAMES_SHARE = 8, /* of the tables, what is for the dictionary where rows are pairs of addresses, */
	NAMES_SHARE_FULL = 4, /* where they have names, */
	NAMES_SHARE_MOST = 3, /* and where these were found to fall short */
};

/* Who takes what is fixed before: what one leaves to another would follow from how far each thread has come. */
static void divide_memory(ic_run *run, bool full, bool captures)
{
	const uint64_t tables = run->budget.limit / (captures ? 2 : 1);
	run->names_budget.refused = 0;
	run->names_budget.limit = tables / (run->names_short ? NAMES_SHARE_MOST
					    : full	     ? NAMES_SHARE_FULL
							     : NAMES_SHARE);
	run->tables_budget.limit = tables - run->names_budget.limit;
}

/* *again: the result is not to be used, a full run must follow. */
static ic_status observe_input(ic_run *run, ic_input *in, const lesson *l, ic_intern *names,
			       const ic_guests *guests, ic_observation **ret, bool *again, ic_error *err)
{
	const ic_input_facts *facts = ic_input_get_facts(in);
	bool full = l->full || needs_full(facts);
	unsigned streams = facts->streams | l->blended;
	ic_observe_config cfg = {
		.full = full,
		.repeats = l->repeats,
		.join_pending = facts->mixed || l->blended,
		.have_conn = streams & IC_STREAM_BIT(IC_STREAM_CONN) || facts->mixed,
		.scope_all = run->opt->scope_all,
		.internal = run->internal,
	};
	divide_memory(run, full, facts->streams & IC_STREAM_BIT(IC_STREAM_BURST));
	ic_observation *o = ic_observe_new(&cfg, names, &run->tables_budget);
	if (!o)
		return ic_fail_nomem(err);
	ic_status st = run_pass(run, in, ic_observe_fields(full), o, guests, again, err);
	if (st == IC_OK && !*again) {
		st = ic_observe_finish(o, run->threads);
		if (st != IC_OK)
			st = ic_fail_nomem(err);
	}
	if (st != IC_OK) {
		ic_observe_free(o);
		return st;
	}
	*ret = o;
	return IC_OK;
}

/* Opens the input; one that will be read twice is made one that can be. */
static ic_status open_input(ic_run *run, const ic_guests *guests, bool noted, ic_input **ret, ic_error *err)
{
	ic_input_request req = ic_run_request(run, ic_observe_fields(true), IC_ALL_STREAMS);
	bool again = false;
	if (noted)
		req.note = NULL;
	ic_status st = ic_input_open(&req, ret, err);
	if (st != IC_OK)
		return st;
	const ic_input_facts *facts = ic_input_get_facts(*ret);
	if (guests && !facts->rereadable && !run->opt->live)
		st = guests->again(guests->ctx, facts, &again, err);
	if (st != IC_OK || !again)
		return st;
	st = ic_run_spool(run, ret, err);
	req.note = NULL;
	return st == IC_OK ? ic_input_open(&req, ret, err) : st;
}

/* Learns from a pass what only a pass shows. True: it has to be done again. */
static bool learn(ic_run *run, const ic_input *in, const ic_observation *o, bool again, lesson *l)
{
	if (misses_names(run, in)) {
		run->names_short = true;
		return true;
	}
	const ic_input_facts *f = ic_input_get_facts(in);
	bool tells_repeats = f->rereadable && f->can_give & IC_FIELD_BIT(IC_F_UID);
	/* Rows of a file came before those of their connections, or after, against what was thought. */
	if (!l->blended && !f->mixed && ic_input_blended(in)) {
		l->blended = ic_input_blended(in);
		again = true;
	}
	/* Logs that repeat each other (a log and its labelled copy) and have uids to tell. */
	if (!again && tells_repeats && ic_observe_repeats(o))
		again = l->repeats = true;
	l->full |= again;
	/* How much of the names a pass saw that was given up follows from the threads. */
	run->names_short &= !again;
	return again;
}

static void summarise(ic_run *run, ic_observation *o)
{
	ic_summary *s = &run->summary;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		const ic_partition *p = ic_observe_partition(o, i);
		s->late += p->late;
		s->dropped_memory += p->dropped;
		s->out_scope += p->out_scope;
		if (p->first != IC_TIME_NONE && (s->first_ticks == IC_TIME_NONE || p->first < s->first_ticks))
			s->first_ticks = p->first;
		if (p->last != IC_TIME_NONE && p->last > s->last_ticks)
			s->last_ticks = p->last;
	}
}

static ic_status observe_until_fit(ic_run *run, ic_intern *names, const ic_guests *guests,
				   ic_observation **ret, ic_error *err)
{
	const unsigned threads = run->threads;
	lesson learned = { .full = false };
	run->names_short = false;
	for (bool first = true;; first = false) {
		ic_input *in = NULL;
		run->threads = run->names_short ? 1 : threads;
		ic_status st = open_input(run, guests, !first, &in, err);
		if (st != IC_OK) {
			ic_input_free(in);
			return st;
		}
		ic_observation *o = NULL;
		bool again = false;
		st = observe_input(run, in, &learned, names, guests, &o, &again, err);
		if (st == IC_OK && learn(run, in, o, again, &learned)) {
			ic_observe_free(o);
			ic_input_free(in);
			if (run->opt->memory_bytes)
				ic_intern_rewind(names);
			continue;
		}
		if (st == IC_OK) {
			summarise(run, o);
			ic_run_report_files(run, in);
			*ret = o;
		}
		ic_input_free(in);
		return st;
	}
}

ic_status ic_run_observe(ic_run *run, ic_intern *names, const ic_guests *guests, ic_observation **ret,
			 ic_error *err)
{
	ic_error local;
	err = err ? err : &local;
	const unsigned threads = run->threads;
	if (run->opt->memory_bytes && !ic_intern_mark(names))
		return ic_fail_nomem(err);
	ic_status st = observe_until_fit(run, names, guests, ret, err);
	run->threads = threads;
	return st;
}
