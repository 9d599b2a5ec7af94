/* SPDX-License-Identifier: Apache-2.0 */
/* `fingerprint`: one row for each hello and request of captures, in order of time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "engine/hash_list.h"
#include "engine/run.h"
#include "report/report.h"
#include "source/packet/lanes.h"
#include "source/packet/live.h"
#include "source/feed.h"
#include "source/walk.h"

enum { BLOCK = 512 << 10, HEAD = 8, FINISH_STEP = 1024 };

enum {
	TIME,
	EVENT,
	SRC_IP,
	SRC_PORT,
	DST_IP,
	DST_PORT,
	TRANSPORT,
	TLS_VERSION,
	SNI,
	ALPN,
	JA3,
	JA3_STRING,
	JA3S,
	JA4,
	JA4_ALT,
	METHOD,
	HOST,
	URI,
	USER_AGENT,
	COMMUNITY_ID,
	PACKET,
	SOURCE_FILE,
	MATCHES,
	COLUMNS
};

static const struct {
	const char *name;
	ic_qtype type;
} columns[COLUMNS] = {
	{ "time", IC_Q_STRING },	{ "event", IC_Q_STRING },	 { "src_ip", IC_Q_IP },
	{ "src_port", IC_Q_LONG },	{ "dst_ip", IC_Q_IP },		 { "dst_port", IC_Q_LONG },
	{ "transport", IC_Q_STRING },	{ "tls_version", IC_Q_STRING },	 { "sni", IC_Q_STRING },
	{ "alpn", IC_Q_STRING },	{ "ja3", IC_Q_STRING },		 { "ja3_string", IC_Q_STRING },
	{ "ja3s", IC_Q_STRING },	{ "ja4", IC_Q_STRING },		 { "ja4_alt", IC_Q_DYNAMIC },
	{ "method", IC_Q_STRING },	{ "host", IC_Q_STRING },	 { "uri", IC_Q_STRING },
	{ "user_agent", IC_Q_STRING },	{ "community_id", IC_Q_STRING }, { "packet", IC_Q_LONG },
	{ "source_file", IC_Q_STRING }, { "matches", IC_Q_DYNAMIC },
};

typedef struct row {
	struct row *next;
	int64_t ticks;
	size_t file;	 /* in order of reading */
	uint64_t packet; /* the one that was read when it was told */
	uint64_t number; /* in its lane: those of one packet are in one */
	ic_value v[COLUMNS];
} row;

/* What one lane tells. */
typedef struct part {
	struct job *job;
	ic_arena arena; /* of the rows, in the budget */
	row *first, **last;
	uint64_t n, out_time;
} part;

typedef struct job {
	ic_run run;
	const ic_fingerprint_options *opt;
	part part[IC_LANES];
	ic_arena arena; /* of paths */
	const char *path;
	size_t files;	       /* before this one */
	ic_hash_list lists[2]; /* JA3, JA4 */
	size_t captures;
	ic_live *live; /* NULL: files are read */
} job;

/* ---- rows ---------------------------------------------------------------------------- */

static bool put(part *p, row *r, unsigned column, ic_str s)
{
	if (!s.p)
		return true;
	char *copy = ic_arena_dup(&p->arena, s.p, s.n);
	if (copy)
		r->v[column] = ic_value_str((ic_str){ copy, s.n });
	return copy != NULL;
}

static bool put_text(part *p, row *r, unsigned column, const char *s)
{
	return !*s || put(p, r, column, ic_str_of(s));
}

static const ic_dyn *text_of(part *p, const char *s)
{
	const char *copy = ic_arena_dup(&p->arena, s, strlen(s));
	const ic_value v = ic_value_str(ic_str_of(copy ? copy : ""));
	return copy ? ic_dyn_of(&p->arena, &v) : NULL;
}

/* What the list says of this hash, added to item[*n]. */
static bool add_match(part *p, const ic_hash_list *list, const char *hash, int64_t ticks, const ic_dyn **item,
		      uint32_t *n)
{
	const ic_listed *e = ic_hash_list_find(list, hash);
	if (!e)
		return true;
	ic_value age = e->ticks == IC_TIME_NONE ? ic_value_null(IC_Q_LONG)
						: ic_value_long((ticks - e->ticks) / (86400 * IC_TICKS_S));
	const ic_dyn_member member[] = {
		{ IC_STR("list"), text_of(p, list->name) },
		{ IC_STR("reason"), text_of(p, e->reason) },
		{ IC_STR("age_days"), ic_dyn_of(&p->arena, &age) },
	};
	if (!member[0].value || !member[1].value || !member[2].value)
		return false;
	item[*n] = ic_dyn_bag(&p->arena, member, 3);
	return item[(*n)++] != NULL;
}

static bool put_client(part *p, row *r, const ic_hello *h)
{
	const ic_ja3 *ja3 = &h->print->ja3;
	const ic_ja4 *ja4 = &h->print->ja4;
	const ic_dyn *alt[IC_JA4_FORMS], *match[1 + IC_JA4_FORMS];
	uint32_t matches = 0;
	bool ok = put_text(p, r, JA3, ja3->hash) && put_text(p, r, JA3_STRING, ja3->string) &&
		  put_text(p, r, JA4, ja4->form[0]) && put(p, r, ALPN, h->tls->alpn_first);
	for (unsigned i = 1; ok && i < ja4->n; i++)
		ok = (alt[i - 1] = text_of(p, ja4->form[i])) != NULL;
	ok = ok && add_match(p, &p->job->lists[0], ja3->hash, h->ticks, match, &matches);
	for (unsigned i = 0; ok && i < ja4->n; i++)
		ok = add_match(p, &p->job->lists[1], ja4->form[i], h->ticks, match, &matches);
	if (!ok)
		return false;
	r->v[JA4_ALT] = ic_value_dyn(ic_dyn_array(&p->arena, alt, ja4->n - 1));
	r->v[MATCHES] = ic_value_dyn(ic_dyn_array(&p->arena, match, matches));
	return r->v[JA4_ALT].dyn && r->v[MATCHES].dyn;
}

static bool put_server(part *p, row *r, const ic_hello *h)
{
	return put_text(p, r, JA3S, h->print->ja3.hash) && put(p, r, ALPN, h->tls->alpn);
}

static bool put_what(part *p, row *r, const ic_hello *h)
{
	if (h->request)
		return put_text(p, r, EVENT, "request") && put(p, r, METHOD, h->request->method) &&
		       put(p, r, HOST, h->request->host) && put(p, r, URI, h->request->target) &&
		       put(p, r, USER_AGENT, h->request->user_agent);
	return put_text(p, r, EVENT, h->tls->client ? "client_hello" : "server_hello") &&
	       put_text(p, r, TLS_VERSION, ic_tls_version_name(h->tls->version)) &&
	       put(p, r, SNI, h->tls->sni) && (h->tls->client ? put_client(p, r, h) : put_server(p, r, h));
}

static bool take(void *ctx, const ic_hello *h)
{
	part *p = ctx;
	char text[64];
	const ic_flow *f = h->flow;
	const ic_row_filter *filter = &p->job->run.filter;
	if ((filter->since != IC_TIME_NONE && h->ticks < filter->since) ||
	    (filter->until != IC_TIME_NONE && h->ticks > filter->until)) {
		p->out_time++;
		return true;
	}
	row *r = ic_arena_alloc(&p->arena, sizeof *r);
	if (!r)
		return false;
	*r = (row){ .ticks = h->ticks, .file = p->job->files, .packet = h->packet, .number = p->n };
	for (unsigned c = 0; c < COLUMNS; c++)
		r->v[c] = ic_value_null(columns[c].type);
	for (int side = 0; side < IC_SIDES; side++) {
		r->v[side ? DST_IP : SRC_IP] = (ic_value){ .type = IC_Q_IP, .ip = f->ip[side] };
		r->v[side ? DST_PORT : SRC_PORT] = ic_value_long(f->port[side]);
	}
	r->v[PACKET] = ic_value_long((int64_t)h->packet);
	r->v[SOURCE_FILE] = ic_value_str(ic_str_of(p->job->path));
	text[ic_time_format(h->ticks, 6, text)] = 0;
	bool ok = put_text(p, r, TIME, text) && put_text(p, r, TRANSPORT, f->proto == 6 ? "tcp" : "udp");
	ic_flow_community_id(f, text);
	ok = ok && put_text(p, r, COMMUNITY_ID, text) && put_what(p, r, h);
	*p->last = r;
	p->last = &r->next;
	p->n++;
	return ok;
}

/* ---- files --------------------------------------------------------------------------- */

/* A file whose first bytes were looked at. */
typedef struct file {
	int fd;
	uint8_t head[HEAD];
	size_t head_n, head_at;
} file;

static ssize_t read_file(void *ctx, void *to, size_t n)
{
	file *f = ctx;
	ssize_t got;
	if (f->head_at < f->head_n) {
		n = n < f->head_n - f->head_at ? n : f->head_n - f->head_at;
		memcpy(to, f->head + f->head_at, n);
		f->head_at += n;
		return (ssize_t)n;
	}
	do
		got = read(f->fd, to, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static void look_at_head(file *f)
{
	while (f->head_n < HEAD) {
		ssize_t got = read(f->fd, f->head + f->head_n, HEAD - f->head_n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		f->head_n += (size_t)got;
	}
}

/* Everything of one capture. *known: its first bytes are those of one. */
static ic_status read_capture(ic_feed *f, ic_lanes *l, bool *known, ic_error *err)
{
	ic_feed_text t = { .p = NULL };
	size_t used;
	ic_status st = IC_OK;
	for (bool end = false, first = true; st == IC_OK && !end; first = false) {
		ic_status damage = ic_feed_more(f, &t, &end, err);
		if (damage == IC_E_NOMEM) {
			st = damage;
			break;
		}
		const uint8_t *p = t.p ? (const uint8_t *)t.p + t.at : NULL;
		if (first && !(*known = t.n == t.at || ic_capture_sniff(p, t.n - t.at)))
			break;
		st = ic_lanes_feed(l, p, t.n - t.at, end, &used);
		for (bool more = end; st == IC_OK && more; ic_lanes_drop(l))
			st = ic_lanes_finish(l, FINISH_STEP, &more);
		ic_lanes_drop(l);
		if (st != IC_OK)
			st = ic_fail_nomem(err);
		else if (damage != IC_OK)
			st = damage;
		t.at += used;
	}
	ic_free(t.p);
	return st;
}

static uint64_t rows_of(const job *j)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < IC_LANES; i++)
		n += j->part[i].n;
	return n;
}

static void report(job *j, const char *path, const ic_found *found, bool known, uint64_t before,
		   const ic_lanes *l, const ic_error *damage)
{
	ic_summary *s = &j->run.summary;
	ic_buf shown;
	ic_buf_init(&shown, 0);
	ic_buf_term(&shown, ic_str_of(path));
	ic_buf_putc(&shown, 0);
	ic_file_report r = { .path = shown.failed ? "" : shown.p, .format = known ? "pcap" : "" };
	if (damage->code != IC_OK) {
		r.damaged = true;
		r.first_bad = *damage;
	} else if (!known) {
		r.skipped = true;
		(void)ic_fail_at(&r.first_bad, IC_E_FORMAT, path, 0, 0, "not a capture");
		s->skipped_files += !found->named;
		s->unknown_named += found->named;
	}
	if (j->live) {
		r.lost = ic_live_lost(j->live);
		s->lost += r.lost;
	}
	if (l) {
		const ic_lanes_counts *counts = ic_lanes_get_counts(l);
		ic_lanes_tally(l, r.tally);
		r.bad = counts->bad;
		r.kept = rows_of(j) - before;
		r.read = r.kept + r.bad;
		if (counts->bad && !r.damaged)
			(void)ic_fail_at(&r.first_bad, IC_E_FORMAT, path, counts->bad_at, 0, "%s",
					 counts->cause);
	}
	s->files++;
	s->damaged_files += r.damaged;
	s->bad += r.bad;
	s->rows += r.read;
	s->kept += r.kept;
	if (j->run.obs && j->run.obs->file_done)
		j->run.obs->file_done(j->run.obs->ctx, &r);
	ic_buf_clear(&shown);
}

/* Everything that `u` gives; takes it over (NULL: out of memory). */
static ic_status read_from(job *j, const ic_found *found, ic_unpack *u, ic_error *err)
{
	ic_hello_sink sink[IC_LANES];
	const uint64_t before = rows_of(j);
	ic_error damage = { 0 };
	bool known = true;
	for (unsigned i = 0; i < IC_LANES; i++)
		sink[i] = (ic_hello_sink){ &j->part[i], take };
	ic_lanes *l = ic_lanes_new(sink, j->run.threads, &j->run.budget);
	ic_feed *f = u ? ic_feed_new(u, j->run.threads > 1 && !j->live, BLOCK) : NULL;
	ic_status st = l && f ? read_capture(f, l, &known, &damage) : ic_fail_nomem(&damage);
	if (st == IC_E_NOMEM)
		*err = damage;
	else
		report(j, found->path, found, known, before, l, &damage);
	j->captures += known && st != IC_E_NOMEM;
	j->files++;
	ic_feed_free(f);
	ic_lanes_free(l);
	return st == IC_E_NOMEM ? st : IC_OK;
}

static ic_status read_one(job *j, const ic_found *found, ic_error *err)
{
	const bool in = strcmp(found->path, "-") == 0;
	file f = { .fd = in ? STDIN_FILENO : -1 };
	j->path = ic_arena_dup(&j->arena, found->path, strlen(found->path));
	if (!j->path)
		return ic_fail_nomem(err);
	if (!found->error && !in)
		f.fd = open(found->path, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0) {
		ic_error damage = { 0 };
		(void)ic_fail_at(&damage, IC_E_IO, found->path, 0, 0, "%s",
				 strerror(found->error ? found->error : errno));
		report(j, found->path, found, true, rows_of(j), NULL, &damage);
		return IC_OK;
	}
	look_at_head(&f);
	ic_status st = read_from(j, found, ic_unpack_new(ic_pack_of(f.head, f.head_n), read_file, &f), err);
	if (!in)
		(void)close(f.fd);
	return st;
}

static ic_status read_live(job *j, const ic_live_options *opt, ic_error *err)
{
	const ic_found found = { .path = (char *)(uintptr_t)opt->interface, .named = true };
	j->path = opt->interface;
	ic_status st = ic_live_open(opt, &j->live, err);
	if (st == IC_OK)
		st = read_from(j, &found, ic_unpack_new(IC_PACK_PLAIN, ic_live_read, j->live), err);
	ic_live_close(j->live);
	return st;
}

static ic_status read_all(job *j, ic_error *err)
{
	ic_walk w = { 0 };
	const ic_input_options *in = j->run.opt;
	if (in->live)
		return read_live(j, in->live, err);
	ic_status st = ic_walk_paths(&w, in->paths, in->path_count, err);
	for (size_t i = 0; i < w.n && st == IC_OK; i++)
		st = read_one(j, &w.list[i], err);
	ic_walk_clear(&w);
	if (st == IC_OK && j->captures == 0)
		st = ic_fail(err, IC_E_NOINPUT, "no capture to read");
	return st;
}

/* ---- printing ------------------------------------------------------------------------ */

static int in_time(const void *a, const void *b)
{
	const row *x = *(row *const *)a, *y = *(row *const *)b;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->packet != y->packet)
		return x->packet < y->packet ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static ic_status print_some(ic_rows_writer *w, row *const *rows, uint32_t n)
{
	ic_arena a;
	ic_vector_out out[COLUMNS];
	ic_vector col[COLUMNS];
	bool ok = true;
	ic_arena_init(&a, 0, NULL);
	for (unsigned c = 0; ok && c < COLUMNS; c++) {
		ok = ic_vector_make(&out[c], &a, columns[c].type, n);
		for (uint32_t i = 0; ok && i < n; i++)
			ic_vector_set(&out[c], i, &rows[i]->v[c]);
		col[c] = out[c].v;
	}
	const ic_chunk chunk = { .rows = n, .columns = COLUMNS, .col = col };
	ic_status st = ok ? ic_rows_write(w, &chunk) : IC_E_NOMEM;
	ic_arena_clear(&a);
	return st;
}

static ic_status print(job *j, const ic_output *out, ic_error *err)
{
	ic_qcolumn column[COLUMNS];
	for (unsigned c = 0; c < COLUMNS; c++)
		column[c] = (ic_qcolumn){ ic_str_of(columns[c].name), columns[c].type };
	const ic_schema schema = { column, COLUMNS };
	row **rows = ic_reallocarray(NULL, rows_of(j) + 1, sizeof *rows);
	size_t n = 0;
	if (!rows)
		return ic_fail_nomem(err);
	for (unsigned i = 0; i < IC_LANES; i++)
		for (row *r = j->part[i].first; r; r = r->next)
			rows[n++] = r;
	if (n)
		qsort(rows, n, sizeof(row *), in_time);
	ic_rows_writer *w = ic_rows_writer_new(j->opt->format, &schema, out, err);
	ic_status st = w ? IC_OK : err->code;
	for (size_t at = 0; st == IC_OK && at < n; at += IC_CHUNK_ROWS)
		st = print_some(w, rows + at,
				(uint32_t)(n - at < IC_CHUNK_ROWS ? n - at : (size_t)IC_CHUNK_ROWS));
	if (st == IC_OK)
		st = ic_rows_end(w, err);
	else if (st == IC_E_NOMEM)
		(void)ic_fail_nomem(err);
	ic_rows_writer_free(w);
	ic_free(rows);
	return st;
}

/* ---- the verb ------------------------------------------------------------------------ */

void ic_fingerprint_options_init(ic_fingerprint_options *opt)
{
	memset(opt, 0, sizeof *opt);
	opt->input.since.ticks = opt->input.until.ticks = IC_TIME_NONE;
	opt->input.now_ticks = IC_TIME_NONE;
	opt->input.ports = "all";
	opt->input.scope_all = true;
	opt->format = "ndjson";
}

ic_status ic_fingerprint(const ic_fingerprint_options *opt, const ic_observer *obs, const ic_output *out,
			 ic_summary *ret, ic_error *err)
{
	ic_error local = { 0 };
	err = err ? err : &local;
	job j = { .opt = opt };
	ic_status st = ic_run_init(&j.run, &opt->input, obs, err);
	if (st != IC_OK)
		return st;
	ic_arena_init(&j.arena, 0, &j.run.budget);
	for (unsigned i = 0; i < IC_LANES; i++) {
		j.part[i] = (part){ .job = &j, .last = &j.part[i].first };
		ic_arena_init(&j.part[i].arena, 0, &j.run.budget);
	}
	if (opt->ja3_list)
		st = ic_hash_list_open(&j.lists[0], opt->ja3_list, IC_HASH_JA3, err);
	if (st == IC_OK && opt->ja4_list)
		st = ic_hash_list_open(&j.lists[1], opt->ja4_list, IC_HASH_JA4, err);
	if (st == IC_OK)
		st = read_all(&j, err);
	if (st == IC_OK)
		st = print(&j, out, err);
	for (unsigned i = 0; i < IC_LANES; i++) {
		j.run.summary.out_time += j.part[i].out_time;
		ic_arena_clear(&j.part[i].arena);
	}
	if (ret)
		*ret = j.run.summary;
	ic_hash_list_clear(&j.lists[0]);
	ic_hash_list_clear(&j.lists[1]);
	ic_arena_clear(&j.arena);
	ic_run_clear(&j.run);
	return st;
}
