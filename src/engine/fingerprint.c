/* SPDX-License-Identifier: Apache-2.0 */
/* `fingerprint`: one row for each hello and request of captures, in order of time. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "engine/hash_list.h"
#include "engine/run.h"
#include "report/report.h"
#include "source/packet/listen.h"
#include "source/packet/live.h"
#include "source/walk.h"

enum { BLOCK = 512 << 10 };

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
	const char *text;
	size_t n;
} row;

/* What one lane tells. Its thread forms the rows too, as their order does not matter for that. */
typedef struct part {
	struct job *job;
	ic_arena rows, texts; /* apart, as only rows are looked at to sort them; in the budget */
	row *first, **last;
	uint64_t n, out_time;
	ic_arena scratch; /* of the row at hand */
	ic_buf formed;
} part;

typedef struct job {
	ic_run run;
	ic_qcolumn column[COLUMNS];
	ic_schema schema;
	ic_rows_writer *writer;
	part part[IC_LANES];
	ic_arena arena; /* of paths */
	const char *path;
	size_t files;	       /* before this one */
	ic_hash_list lists[2]; /* JA3, JA4 */
	size_t captures;
	ic_live *live; /* NULL: files are read */
} job;

/* ---- rows ---------------------------------------------------------------------------- */

/* A null where there is none. */
static void put(ic_value *v, unsigned column, ic_str s)
{
	if (s.p)
		v[column] = ic_value_str(s);
}

static void put_text(ic_value *v, unsigned column, const char *s)
{
	if (*s)
		v[column] = ic_value_str(ic_str_of(s));
}

static const ic_dyn *text_of(part *p, const char *s)
{
	const ic_value v = ic_value_str(ic_str_of(s));
	return ic_dyn_of(&p->scratch, &v);
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
		{ IC_STR("age_days"), ic_dyn_of(&p->scratch, &age) },
	};
	if (!member[0].value || !member[1].value || !member[2].value)
		return false;
	item[*n] = ic_dyn_bag(&p->scratch, member, 3);
	return item[(*n)++] != NULL;
}

static bool put_client(part *p, ic_value *v, const ic_hello *h)
{
	const ic_ja3 *ja3 = &h->print->ja3;
	const ic_ja4 *ja4 = &h->print->ja4;
	const ic_dyn *alt[IC_JA4_FORMS], *match[1 + IC_JA4_FORMS];
	uint32_t matches = 0;
	bool ok = add_match(p, &p->job->lists[0], ja3->hash, h->ticks, match, &matches);
	put_text(v, JA3, ja3->hash);
	put_text(v, JA3_STRING, ja3->string);
	put_text(v, JA4, ja4->form[0]);
	put(v, ALPN, h->tls->alpn_first);
	for (unsigned i = 1; ok && i < ja4->n; i++)
		ok = (alt[i - 1] = text_of(p, ja4->form[i])) != NULL;
	for (unsigned i = 0; ok && i < ja4->n; i++)
		ok = add_match(p, &p->job->lists[1], ja4->form[i], h->ticks, match, &matches);
	if (!ok)
		return false;
	v[JA4_ALT] = ic_value_dyn(ic_dyn_array(&p->scratch, alt, ja4->n - 1));
	v[MATCHES] = ic_value_dyn(ic_dyn_array(&p->scratch, match, matches));
	return v[JA4_ALT].dyn && v[MATCHES].dyn;
}

static bool put_what(part *p, ic_value *v, const ic_hello *h)
{
	if (h->request) {
		put_text(v, EVENT, "request");
		put(v, METHOD, h->request->method);
		put(v, HOST, h->request->host);
		put(v, URI, h->request->target);
		put(v, USER_AGENT, h->request->user_agent);
		return true;
	}
	put_text(v, EVENT, h->tls->client ? "client_hello" : "server_hello");
	put_text(v, TLS_VERSION, ic_tls_version_name(h->tls->version));
	put(v, SNI, h->tls->sni);
	if (h->tls->client)
		return put_client(p, v, h);
	put_text(v, JA3S, h->print->ja3.hash);
	put(v, ALPN, h->tls->alpn);
	return true;
}

/* Forms the row of these values and keeps it. */
static bool keep(part *p, const ic_hello *h, const ic_value *v)
{
	ic_buf_reset(&p->formed);
	ic_rows_form(p->job->writer, v, &p->scratch, &p->formed);
	row *r = ic_arena_alloc(&p->rows, sizeof *r);
	const char *text = r && !p->formed.failed ? ic_arena_dup(&p->texts, p->formed.p, p->formed.n) : NULL;
	if (!text)
		return false;
	*r = (row){
		.ticks = h->ticks, .file = p->job->files, .packet = h->packet, .text = text, .n = p->formed.n
	};
	*p->last = r;
	p->last = &r->next;
	p->n++;
	return true;
}

static bool take(void *ctx, const ic_hello *h)
{
	part *p = ctx;
	ic_value v[COLUMNS];
	char time[32], id[32];
	const ic_flow *f = h->flow;
	const ic_row_filter *filter = &p->job->run.filter;
	if ((filter->since != IC_TIME_NONE && h->ticks < filter->since) ||
	    (filter->until != IC_TIME_NONE && h->ticks > filter->until)) {
		p->out_time++;
		return true;
	}
	ic_arena_reset(&p->scratch);
	for (unsigned c = 0; c < COLUMNS; c++)
		v[c] = ic_value_null(columns[c].type);
	for (int side = 0; side < IC_SIDES; side++) {
		v[side ? DST_IP : SRC_IP] = (ic_value){ .type = IC_Q_IP, .ip = f->ip[side] };
		v[side ? DST_PORT : SRC_PORT] = ic_value_long(f->port[side]);
	}
	ic_flow_community_id(f, id);
	put(v, TIME, (ic_str){ time, (uint32_t)ic_time_format(h->ticks, 6, time) });
	put_text(v, TRANSPORT, f->proto == 6 ? "tcp" : "udp");
	put_text(v, COMMUNITY_ID, id);
	v[PACKET] = ic_value_long((int64_t)h->packet);
	put_text(v, SOURCE_FILE, p->job->path);
	return put_what(p, v, h) && keep(p, h, v);
}

/* ---- files --------------------------------------------------------------------------- */

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
	ic_buf shown;
	ic_buf_init(&shown, 0);
	ic_buf_term(&shown, ic_str_of(path));
	ic_buf_putc(&shown, 0);
	ic_file_report r = { .path = shown.failed ? "" : shown.p,
			     .device = found->dev,
			     .inode = found->ino,
			     .format = known ? "pcap" : "" };
	if (damage->code != IC_OK) {
		r.damaged = true;
		r.first_bad = *damage;
	} else if (!known) {
		(void)ic_fail_at(&r.first_bad, IC_E_FORMAT, path, 0, 0, "not a capture");
		r.skipped = !found->named;
		j->run.summary.unknown_named += found->named;
		if (r.skipped)
			ic_run_note(&j->run, "skipped %s: not a capture", path);
	}
	if (j->live)
		r.lost = ic_live_lost(j->live);
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
	ic_run_report(&j->run, &r);
	ic_buf_clear(&shown);
}

/* Everything that `u` gives, which decompresses or not; takes it over (NULL: out of memory). */
static ic_status read_from(job *j, const ic_found *found, ic_unpack *u, ic_error *err)
{
	const bool ahead = j->run.threads > 1 && !j->live;
	ic_hello_sink sink[IC_LANES];
	const uint64_t before = rows_of(j);
	ic_error damage = { 0 };
	bool known = true;
	for (unsigned i = 0; i < IC_LANES; i++)
		sink[i] = (ic_hello_sink){ &j->part[i], take };
	ic_lanes *l = ic_lanes_new(sink, j->run.threads - ahead, &j->run.budget);
	ic_feed *f = u ? ic_feed_new(u, ahead && ic_unpack_pack(u) != IC_PACK_PLAIN, false, BLOCK) : NULL;
	ic_status st = l && f ? ic_listen(l, f, ahead, &known, &damage) : ic_fail_nomem(&damage);
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
	int fd = in ? STDIN_FILENO : -1;
	j->path = ic_arena_dup(&j->arena, found->path, strlen(found->path));
	if (!j->path)
		return ic_fail_nomem(err);
	if (!found->error && !in)
		fd = open(found->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		ic_error damage = { 0 };
		(void)ic_fail_at(&damage, IC_E_IO, found->path, 0, 0, "%s",
				 strerror(found->error ? found->error : errno));
		report(j, found->path, found, false, rows_of(j), NULL, &damage);
		return IC_OK;
	}
	ic_status st = read_from(j, found, ic_unpack_open(ic_read_fd, &fd), err);
	if (!in)
		(void)close(fd);
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

static ic_status open_writer(job *j, const char *format, const ic_output *out, ic_error *err)
{
	for (unsigned c = 0; c < COLUMNS; c++)
		j->column[c] = (ic_qcolumn){ ic_str_of(columns[c].name), columns[c].type };
	j->schema = (ic_schema){ j->column, COLUMNS };
	j->writer = ic_rows_writer_new(format, &j->schema, out, err);
	return j->writer ? IC_OK : err->code;
}

/* Whether y is to come before x, which was told before it if one packet told both. */
static bool overtakes(const row *y, const row *x)
{
	if (x->ticks != y->ticks)
		return y->ticks < x->ticks;
	return x->file != y->file ? y->file < x->file : y->packet < x->packet;
}

static row *merge(row *a, row *b)
{
	row *all = NULL, **last = &all;
	while (a && b) {
		row **next = overtakes(b, a) ? &b : &a;
		*last = *next;
		last = &(*next)->next;
		*next = *last;
	}
	*last = a ? a : b;
	return all;
}

/* In order of time. The rows of a lane nearly are, so runs are merged: pile[i] has 2^i of them. */
static row *sorted(job *j)
{
	enum { MOST = 64 };
	row *pile[MOST] = { NULL }, *all = NULL;
	for (unsigned i = 0; i < IC_LANES; i++) {
		for (row *left = j->part[i].first; left;) {
			row *run = left, *end = run;
			while (end->next && !overtakes(end->next, end))
				end = end->next;
			left = end->next;
			end->next = NULL;
			unsigned at = 0;
			for (; pile[at]; at++) {
				run = merge(pile[at], run);
				pile[at] = NULL;
			}
			pile[at] = run;
		}
	}
	for (unsigned at = 0; at < MOST; at++)
		all = merge(pile[at], all);
	return all;
}

static ic_status print(job *j, ic_error *err)
{
	ic_status st = IC_OK;
	for (const row *r = sorted(j); r && st == IC_OK; r = r->next)
		st = ic_rows_put(j->writer, r->text, r->n);
	if (st == IC_OK)
		return ic_rows_end(j->writer, err);
	return st == IC_E_NOMEM ? ic_fail_nomem(err) : st;
}

/* ---- the verb ------------------------------------------------------------------------ */

void ic_fingerprint_options_init(ic_fingerprint_options *opt)
{
	*opt = (ic_fingerprint_options){ .input = ic_run_defaults(true), .format = "ndjson" };
}

ic_status ic_fingerprint(const ic_fingerprint_options *opt, const ic_observer *obs, const ic_output *out,
			 ic_summary *ret, ic_error *err)
{
	ic_error local = { 0 };
	err = err ? err : &local;
	job j = { 0 };
	ic_status st = ic_run_init(&j.run, &opt->input, obs, err);
	if (st != IC_OK)
		return st;
	ic_arena_init(&j.arena, 0, &j.run.budget);
	for (unsigned i = 0; i < IC_LANES; i++) {
		part *p = &j.part[i];
		*p = (part){ .job = &j, .last = &p->first };
		ic_arena_init(&p->rows, 0, &j.run.budget);
		ic_arena_init(&p->texts, 0, &j.run.budget);
		ic_arena_init(&p->scratch, 0, NULL);
		ic_buf_init(&p->formed, 0);
	}
	st = open_writer(&j, opt->format, out, err);
	if (st == IC_OK && opt->ja3_list)
		st = ic_hash_list_open(&j.lists[0], opt->ja3_list, IC_HASH_JA3, err);
	if (st == IC_OK && opt->ja4_list)
		st = ic_hash_list_open(&j.lists[1], opt->ja4_list, IC_HASH_JA4, err);
	if (st == IC_OK)
		st = read_all(&j, err);
	if (st == IC_OK)
		st = print(&j, err);
	for (unsigned i = 0; i < IC_LANES; i++) {
		part *p = &j.part[i];
		j.run.summary.out_time += p->out_time;
		ic_arena_clear(&p->rows);
		ic_arena_clear(&p->texts);
		ic_arena_clear(&p->scratch);
		ic_buf_clear(&p->formed);
	}
	ic_rows_writer_free(j.writer);
	if (ret)
		*ret = j.run.summary;
	ic_hash_list_clear(&j.lists[0]);
	ic_hash_list_clear(&j.lists[1]);
	ic_arena_clear(&j.arena);
	ic_run_clear(&j.run);
	return st;
}
