/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "engine/query.h"

/* Every scan begins with it. */
typedef struct head {
	const ic_relation_class *class;
} head;

static const ic_relation_class *class_of(const void *scan)
{
	return ((const head *)scan)->class;
}

static ic_status open_scan(void *ctx, const ic_op *op, unsigned workers, void **ret, ic_error *err)
{
	const ic_relation *r = op->scan.table->origin;
	return r->class->open(ctx, op, workers, ret, err);
}

static ic_status next_unit(void *scan, unsigned worker, void **unit, uint64_t *seq, ic_error *err)
{
	return class_of(scan)->next(scan, worker, unit, seq, err);
}

static ic_status read_chunk(void *scan, unsigned worker, void *unit, const ic_chunk **ret, ic_error *err)
{
	return class_of(scan)->read(scan, worker, unit, ret, err);
}

static bool certain(void *scan, void *unit)
{
	return !class_of(scan)->certain || class_of(scan)->certain(scan, unit);
}

static bool commit(void *scan, void *unit)
{
	return !class_of(scan)->commit || class_of(scan)->commit(scan, unit);
}

static void close_scan(void *scan)
{
	if (scan)
		class_of(scan)->close(scan);
}

ic_scan_source ic_query_source(ic_query_run *q)
{
	return (ic_scan_source){
		.ctx = q,
		.open = open_scan,
		.next = next_unit,
		.read = read_chunk,
		.certain = certain,
		.commit = commit,
		.close = close_scan,
	};
}

/* ---- the newest row -------------------------------------------------------------------- */

static void raise_by(const ic_chunk *c, int64_t *newest)
{
	for (uint32_t r = 0; r < c->rows; r++) {
		const int64_t *t = c->col[0].data;
		uint32_t at = ic_vector_at(&c->col[0], r);
		if (!ic_vector_null(&c->col[0], r) && (*newest == IC_TIME_NONE || t[at] > *newest))
			*newest = t[at];
	}
}

ic_status ic_query_newest(ic_query_run *q, const ic_relation *r, int64_t *newest, ic_error *err)
{
	uint32_t column = (uint32_t)r->time_column;
	ic_op op = { .kind = IC_OP_SCAN, .out = { &r->table.schema.column[column], 1 } };
	op.scan.table = &r->table;
	op.scan.column = &column;
	*newest = IC_TIME_NONE;
	void *scan = NULL, *unit = NULL;
	uint64_t seq;
	ic_status st = r->class->open(q, &op, 1, &scan, err);
	while (st == IC_OK && (st = r->class->next(scan, 0, &unit, &seq, err)) == IC_OK && unit) {
		const ic_chunk *c = NULL;
		while ((st = r->class->read(scan, 0, unit, &c, err)) == IC_OK && c)
			raise_by(c, newest);
	}
	close_scan(scan);
	return st;
}
