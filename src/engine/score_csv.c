/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/score_csv.h"

#include "base/num.h"
#include "base/time.h"
#include "beacon/sketch.h"

#define BYTES_MAX 9.2e18 /* below INT64_MAX */

static ic_str text_of(const ic_csv_cell *cell)
{
	return ic_str_trim((ic_str){ cell->p, cell->n });
}

bool ic_score_header(const ic_csv_split *record, ic_score_columns *ret, const char **cause)
{
	bool key = false, time = false;
	*ret = (ic_score_columns){ .count = record->count };
	for (uint32_t i = 0; i < record->count && i < IC_CSV_COLUMNS; i++) {
		ic_str name = text_of(&record->cells[i]);
		if (!key && ic_str_ieq(name, IC_STR("key"))) {
			ret->key = i;
			key = true;
		} else if (!time && ic_str_ieq(name, IC_STR("time"))) {
			ret->time = i;
			time = true;
		} else if (!ret->has_bytes && ic_str_ieq(name, IC_STR("bytes"))) {
			ret->bytes = i;
			ret->has_bytes = true;
		}
	}
	*cause = "the header has no column \"key\"";
	if (key)
		*cause = "the header has no column \"time\"";
	return key && time && record->count <= IC_CSV_COLUMNS;
}

bool ic_score_blank(const ic_csv_split *record)
{
	return record->count == 1 && record->cells[0].n == 0;
}

static bool fail(ic_score_fault *fault, const ic_csv_cell *cell, const char *cause)
{
	*fault = (ic_score_fault){ .cell = cell ? cell->p : NULL, .cause = cause };
	return false;
}

static ic_str unquoted(const ic_csv_cell *cell, ic_buf *scratch)
{
	ic_buf_reset(scratch);
	for (uint32_t i = 0; i < cell->n; i++) {
		ic_buf_putc(scratch, cell->p[i]);
		i += cell->p[i] == '"'; /* doubled */
	}
	return (ic_str){ scratch->p, (uint32_t)scratch->n };
}

static bool parse_bytes(ic_str text, int64_t *ret)
{
	double v;
	if (ic_parse_i64(text, ret))
		return *ret >= 0;
	if (!ic_parse_double(text, &v) || !(v >= 0) || v > BYTES_MAX)
		return false;
	*ret = (int64_t)v;
	return true;
}

bool ic_score_record(const ic_csv_split *record, const ic_score_columns *columns, ic_buf *scratch,
		     ic_score_row *ret, ic_score_fault *fault)
{
	const ic_csv_cell *key = &record->cells[columns->key], *time = &record->cells[columns->time];
	const ic_csv_cell *bytes = &record->cells[columns->bytes];
	if (record->count != columns->count)
		return fail(fault, NULL, "another number of cells than the header has");
	ic_str when = text_of(time);
	if (!ic_time_from_epoch_text(when, &ret->ticks) && !ic_time_from_text(when, &ret->ticks))
		return fail(fault, time, "time is neither seconds since 1970 nor RFC 3339");
	ret->bytes = IC_SIZE_UNKNOWN;
	ic_str size = columns->has_bytes ? text_of(bytes) : (ic_str){ "", 0 };
	if (size.n && !parse_bytes(size, &ret->bytes))
		return fail(fault, bytes, "bytes is not a number of 0 or more");
	ret->key = (ic_str){ key->p, key->n };
	if (key->doubled) {
		ret->key = unquoted(key, scratch);
		if (scratch->failed) {
			fail(fault, key, "out of memory");
			fault->nomem = true;
			return false;
		}
	}
	return true;
}
