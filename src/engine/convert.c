/* SPDX-License-Identifier: Apache-2.0 */
/* `convert`: rows to normalised events, in the order of the input. Workers turn units into text; each
 * writes its text when its unit's turn has come. */
#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "engine/run.h"
#include "report/report.h"

void ic_convert_options_init(ic_convert_options *opt)
{
	*opt = (ic_convert_options){ .input = ic_run_defaults(true), .table = "all", .format = "ndjson" };
}

/* Rows that count connections are a part of their log. */
#define CONNECTIONS (IC_STREAM_BIT(IC_STREAM_CONN) | IC_STREAM_BIT(IC_STREAM_COUNT))

static const struct {
	const char *name;
	unsigned streams;
} tables[] = {
	{ "all", IC_ALL_STREAMS },
	{ "conn", CONNECTIONS },
	{ "http", IC_STREAM_BIT(IC_STREAM_HTTP) },
	{ "ssl", IC_STREAM_BIT(IC_STREAM_SSL) },
	{ "websocket", IC_STREAM_BIT(IC_STREAM_WEBSOCKET) },
	{ "burst", IC_STREAM_BIT(IC_STREAM_BURST) },
};

const char *ic_convert_table(size_t i)
{
	return i < sizeof tables / sizeof *tables ? tables[i].name : NULL;
}

enum {
	AHEAD_BYTES = 4 << 20, /* text that a unit gathers before it waits for its turn */
};

typedef struct conversion {
	ic_run run;
	ic_input *in;
	ic_event_writer *writer;
	const ic_output *out;
	unsigned streams;
	ic_fieldset wanted;
	ic_field fields[IC_FIELD_COUNT];
	size_t field_count;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t turned;
	uint64_t turn; /* sequence number of the unit that may write */
	ic_status failed;
	ic_error *err;
} conversion;

/* ---- what to print --------------------------------------------------------------- */

static ic_status choose_table(conversion *c, const char *name, ic_error *err)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (strcmp(tables[i].name, name) == 0) {
			c->streams = tables[i].streams;
			return IC_OK;
		}
	}
	return ic_fail(err, IC_E_USAGE, "no table of events is called \"%s\"", name);
}

static ic_status choose_fields(conversion *c, const char *list, ic_error *err)
{
	ic_fieldset seen = 0;
	for (const char *at = list;;) {
		size_t n = strcspn(at, ",");
		ic_str name = ic_str_trim((ic_str){ at, (uint32_t)n });
		int f = ic_field_find(name);
		if (f < 0)
			return ic_fail(err, IC_E_USAGE, "--fields: no field is called \"%.*s\"", (int)name.n,
				       name.p);
		if (!(seen & IC_FIELD_BIT(f)))
			c->fields[c->field_count++] = (ic_field)f;
		seen |= IC_FIELD_BIT(f);
		if (!at[n])
			return IC_OK;
		at += n + 1;
	}
}

/* Without --fields: whatever the inputs can give, in the order of the catalogue. A Zeek log has all of
 * Zeek's own columns. */
static void take_all_fields(conversion *c, ic_fieldset can_give, bool zeek)
{
	can_give |= IC_FIELD_BIT(IC_F_EVENT_LEVEL);
	for (unsigned f = 0; f < IC_FIELD_COUNT; f++) {
		bool usual = !ic_fields[f].on_request || (zeek && ic_fields[f].zeek);
		if (can_give & IC_FIELD_BIT(f) && usual)
			c->fields[c->field_count++] = (ic_field)f;
	}
}

static ic_fieldset set_of(const conversion *c)
{
	ic_fieldset set = 0;
	for (size_t i = 0; i < c->field_count; i++)
		set |= IC_FIELD_BIT(c->fields[i]);
	return set;
}

/* The one stream that the output holds, IC_STREAM_NONE if several. */
static ic_stream only_stream(unsigned streams)
{
	for (unsigned s = 0; s < IC_STREAM_COUNT_OF; s++) {
		if (streams == IC_STREAM_BIT(s))
			return (ic_stream)s;
	}
	return IC_STREAM_NONE;
}

static ic_status open_writer(conversion *c, const ic_convert_options *opt, ic_error *err)
{
	unsigned streams = c->streams;
	/* "all" over the logs of one kind is that kind. */
	unsigned present = ic_input_get_facts(c->in)->streams & streams;
	if (!ic_input_get_facts(c->in)->mixed && present)
		streams = present;
	if (streams == CONNECTIONS)
		streams = IC_STREAM_BIT(IC_STREAM_CONN);
	ic_event_writer_config cfg = {
		.format = opt->format,
		.fields = c->fields,
		.field_count = c->field_count,
		.stream = only_stream(streams),
		.picked = opt->fields != NULL,
	};
	if (strncmp(opt->format, "zeek-", 5) == 0 && cfg.stream == IC_STREAM_NONE)
		return ic_fail(err, IC_E_USAGE,
			       "a Zeek log holds one kind of event: choose it with --table conn, http, ssl "
			       "or websocket");
	c->writer = ic_event_writer_new(&cfg, c->out, err);
	return c->writer ? IC_OK : err->code;
}

/* ---- reading and writing --------------------------------------------------------- */

static ic_status wait_turn(conversion *c, uint64_t seq)
{
	pthread_mutex_lock(&c->lock);
	while (c->turn != seq && c->failed == IC_OK)
		pthread_cond_wait(&c->turned, &c->lock);
	ic_status st = c->failed;
	pthread_mutex_unlock(&c->lock);
	return st;
}

static void next_turn(conversion *c)
{
	pthread_mutex_lock(&c->lock);
	c->turn++;
	pthread_cond_broadcast(&c->turned);
	pthread_mutex_unlock(&c->lock);
}

static void stop(conversion *c, ic_status st, const ic_error *err)
{
	pthread_mutex_lock(&c->lock);
	if (c->failed == IC_OK) {
		c->failed = st;
		*c->err = *err;
	}
	pthread_cond_broadcast(&c->turned);
	pthread_mutex_unlock(&c->lock);
}

static ic_status flush(conversion *c, ic_buf *text)
{
	if (text->failed)
		return IC_E_NOMEM;
	ic_status st = text->n ? c->out->write(c->out->ctx, text->p, text->n) : IC_OK;
	ic_buf_reset(text);
	return st;
}

/* Marks the rows that --scope leaves out: the writer passes over rows of no stream. */
static void apply_scope(conversion *c, ic_batch *b)
{
	if (c->run.opt->scope_all || !ic_batch_has(b, IC_F_DST_IP))
		return;
	for (uint32_t r = 0; r < b->rows; r++) {
		const ic_ip *ip = &b->col[IC_F_DST_IP].ip[r];
		bool known = !ic_column_null(&b->col[IC_F_DST_IP], r);
		bool proxied = b->flags[r] & IC_ROW_PROXIED;
		if (known && !proxied &&
		    (ic_ip_classify(ip) != IC_IP_PUBLIC || ic_cidrs_has(&c->run.internal, ip)))
			b->stream[r] = IC_STREAM_NONE;
	}
}

static ic_status read_unit(conversion *c, ic_unit *u, ic_batch *b, ic_buf *text)
{
	ic_status st;
	ic_buf_reset(text);
	while ((st = ic_unit_read(u, b)) == IC_OK && b->rows) {
		apply_scope(c, b);
		ic_event_format_rows(c->writer, b, c->streams, ic_unit_path(u), ic_unit_first_line(u), text);
		ic_run_progress(&c->run, c->in);
		/* whoever reads the rows of a capture in progress waits for them */
		bool enough = text->n >= AHEAD_BYTES || c->run.opt->live;
		if (!enough || !ic_unit_certain(u))
			continue;
		st = wait_turn(c, ic_unit_seq(u));
		if (st == IC_OK)
			st = flush(c, text);
		if (st != IC_OK)
			break;
	}
	return st;
}

static ic_status take_unit(conversion *c, ic_unit *u, ic_batch *b, ic_buf *text)
{
	ic_status st = read_unit(c, u, b, text);
	if (st == IC_OK)
		st = wait_turn(c, ic_unit_seq(u));
	while (st == IC_OK && !ic_unit_commit(u))
		st = read_unit(c, u, b, text);
	if (st == IC_OK)
		st = flush(c, text);
	if (st == IC_OK)
		next_turn(c);
	return st;
}

static ic_status work(void *ctx, unsigned worker)
{
	conversion *c = ctx;
	(void)worker;
	ic_error err = { 0 };
	ic_buf text;
	ic_buf_init(&text, 0);
	ic_batch *b = ic_batch_new(c->wanted);
	ic_status st = b ? IC_OK : ic_fail_nomem(&err);
	while (st == IC_OK) {
		ic_unit *u = NULL;
		st = ic_input_next(c->in, &u, &err);
		if (st != IC_OK || !u)
			break;
		st = take_unit(c, u, b, &text);
	}
	if (st != IC_OK)
		stop(c, st, &err);
	ic_batch_free(b);
	ic_buf_clear(&text);
	return st;
}

static ic_status convert_all(conversion *c, ic_error *err)
{
	/* The line of a row is known once all text before it was read. */
	bool lines = set_of(c) & IC_FIELD_BIT(IC_F_SOURCE_LINE);
	unsigned threads = lines ? 1 : c->run.threads;
	c->err = err;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->turned, NULL);
	ic_batch *none = ic_batch_new(0);
	ic_status st = none ? ic_event_write(c->writer, none, 0, "", 0) : ic_fail_nomem(err);
	ic_batch_free(none);
	if (st == IC_OK)
		st = ic_parallel_for(threads, threads, work, c);
	if (st == IC_OK)
		st = ic_event_writer_end(c->writer);
	pthread_cond_destroy(&c->turned);
	pthread_mutex_destroy(&c->lock);
	return st;
}

static ic_status open_input(conversion *c, const ic_convert_options *opt, ic_error *err)
{
	ic_status st = choose_table(c, opt->table, err);
	if (st == IC_OK && opt->fields)
		st = choose_fields(c, opt->fields, err);
	if (st != IC_OK)
		return st;
	ic_input_request req = ic_run_request(&c->run, IC_ALL_FIELDS, c->streams);
	st = ic_input_open(&req, &c->in, err);
	if (st != IC_OK)
		return st;
	if (!opt->fields)
		take_all_fields(c, ic_input_get_facts(c->in)->can_give,
				strncmp(opt->format, "zeek-", 5) == 0);
	/* Filters and readers look at these whether they are printed or not. */
	c->wanted = set_of(c) | IC_FIELD_BIT(IC_F_TIME) | IC_NAMING_FIELDS;
	ic_input_narrow(c->in, c->wanted, c->streams);
	return open_writer(c, opt, err);
}

ic_status ic_convert(const ic_convert_options *opt, const ic_observer *obs, const ic_output *out,
		     ic_summary *ret, ic_error *err)
{
	ic_error local = { 0 };
	err = err ? err : &local;
	conversion c = { .out = out };
	ic_status st = ic_run_init(&c.run, &opt->input, obs, err);
	if (st != IC_OK)
		return st;
	st = open_input(&c, opt, err);
	if (st == IC_OK)
		st = convert_all(&c, err);
	if (st != IC_OK && err->code == IC_OK)
		ic_fail(err, st, st == IC_E_NOMEM ? "out of memory" : "writing failed");
	if (st == IC_OK)
		ic_run_report_files(&c.run, c.in);
	if (ret)
		*ret = c.run.summary;
	ic_event_writer_free(c.writer);
	ic_input_free(c.in);
	ic_run_clear(&c.run);
	return st;
}
