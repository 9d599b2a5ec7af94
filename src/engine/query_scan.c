/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query.h"

/* Every reading begins with it. */
typedef struct head {
	const ic_relation_class *class;
} head;

static const ic_relation_class *class_of(const void *reading)
{
	return ((const head *)reading)->class;
}

static const ic_relation *relation_of(const ic_op *scan)
{
	return scan->scan.table->origin;
}

static const void *input_of(void *ctx, const ic_op *scan)
{
	(void)ctx;
	return relation_of(scan)->class->input(relation_of(scan)->q, scan);
}

static ic_status open_reading(void *ctx, const ic_op *const *scan, uint32_t n, unsigned workers, void **ret,
			      ic_error *err)
{
	(void)ctx;
	return relation_of(scan[0])->class->open(scan, n, workers, ret, err);
}

static ic_status next_unit(void *reading, unsigned worker, void **unit, uint64_t *seq, ic_error *err)
{
	return class_of(reading)->next(reading, worker, unit, seq, err);
}

static ic_status read_on(void *reading, unsigned worker, void *unit, bool *more, ic_error *err)
{
	return class_of(reading)->read(reading, worker, unit, more, err);
}

static ic_status chunk_of(void *reading, unsigned worker, uint32_t i, const ic_chunk **ret, ic_error *err)
{
	return class_of(reading)->chunk(reading, worker, i, ret, err);
}

static bool certain(void *reading, void *unit)
{
	return !class_of(reading)->certain || class_of(reading)->certain(reading, unit);
}

static bool commit(void *reading, void *unit)
{
	return !class_of(reading)->commit || class_of(reading)->commit(reading, unit);
}

static void close_reading(void *reading, bool early)
{
	if (reading)
		class_of(reading)->close(reading, early);
}

ic_scan_source ic_query_source(void)
{
	return (ic_scan_source){
		.input = input_of,
		.open = open_reading,
		.next = next_unit,
		.read = read_on,
		.chunk = chunk_of,
		.certain = certain,
		.commit = commit,
		.close = close_reading,
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

static ic_status unit_newest(const ic_relation_class *class, void *reading, void *unit, int64_t *newest,
			     ic_error *err)
{
	for (;;) {
		bool more = false;
		const ic_chunk *c = NULL;
		ic_status st = class->read(reading, 0, unit, &more, err);
		if (st == IC_OK && more)
			st = class->chunk(reading, 0, 0, &c, err);
		if (st != IC_OK || !more)
			return st;
		raise_by(c, newest);
	}
}

ic_status ic_query_newest(const ic_relation *r, int64_t *newest, ic_error *err)
{
	uint32_t column = (uint32_t)r->time_column;
	ic_op op = { .kind = IC_OP_SCAN, .out = { &r->table.schema.column[column], 1 } };
	const ic_op *scan = &op;
	op.scan.table = &r->table;
	op.scan.column = &column;
	*newest = IC_TIME_NONE;
	void *reading = NULL, *unit = NULL;
	uint64_t seq;
	ic_status st = r->class->open(&scan, 1, 1, &reading, err);
	while (st == IC_OK && (st = r->class->next(reading, 0, &unit, &seq, err)) == IC_OK && unit)
		st = unit_newest(r->class, reading, unit, newest, err);
	close_reading(reading, false);
	return st;
}
