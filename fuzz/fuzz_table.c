/* SPDX-License-Identifier: Apache-2.0 */
/* Files as tables: any bytes end in a table or an error; every record and cell of it can be read, as its own
 * type and as any other. The first byte says whether a schema is given and cells may lack a header. */
#include <stdlib.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/table_file.h"

static void read_cell(ic_arena *a, ic_qtype own, ic_str json)
{
	bool fits;
	(void)ic_cell_seen_json(a, json);
	(void)ic_cell_of_json(a, own, json, &fits);
	for (int t = 0; t < IC_Q_NULL; t++)
		(void)ic_cell_of_json(a, (ic_qtype)t, json, &fits);
}

static void read_record(ic_arena *a, const ic_table_file *f, const ic_records *r, ic_str record)
{
	size_t at = 0;
	ic_str name, value;
	bool bad, fits;
	switch (f->kind) {
	case IC_TABLE_CSV:
		for (uint32_t i = 0; i < r->split->count && i < f->cells; i++) {
			int32_t c = f->cell_column[i];
			if (c >= (int32_t)f->schema.n)
				abort();
			ic_str cell = { r->split->cells[i].p, r->split->cells[i].n };
			for (int t = 0; t < IC_Q_NULL; t++)
				(void)ic_cell_of_csv(a, (ic_qtype)t, cell, r->split->cells[i].doubled, &fits);
		}
		break;
	case IC_TABLE_TYPED:
		for (uint32_t i = 0; ic_record_element(record, &at, &value, &bad); i++)
			if (i < f->cells && f->cell_column[i] >= 0)
				read_cell(a, f->schema.column[f->cell_column[i]].type, value);
		break;
	case IC_TABLE_NDJSON:
	case IC_TABLE_ARRAY:
		while (ic_record_member(record, &at, &name, &value, &bad))
			read_cell(a, IC_Q_STRING, value);
		break;
	case IC_TABLE_EMPTY:
	case IC_TABLE_LINES: break;
	}
}

static void read_all(const ic_table_file *f)
{
	ic_records r;
	ic_arena a;
	ic_error err = { 0 };
	ic_str record;
	bool more = false;
	ic_arena_init(&a, 0, NULL);
	ic_status st = ic_records_begin(&r, f, 0, &err);
	while (st == IC_OK) {
		if (ic_records_next(&r, &record, &more)) {
			ic_arena_reset(&a);
			read_record(&a, f, &r, record);
		} else if (more) {
			st = ic_records_fill(&r, &err);
		} else {
			break;
		}
	}
	ic_records_end(&r);
	ic_arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	static char path[64];
	ic_qcolumn columns[] = { { IC_STR("a"), IC_Q_DYNAMIC }, { IC_STR("b"), IC_Q_DECIMAL } };
	if (n == 0)
		return 0;
	if (fd < 0) {
		fd = memfd_create("table", 0);
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data + 1, n - 1, 0) != (ssize_t)(n - 1))
		return 0;
	ic_budget budget = { .limit = 64 << 20 };
	ic_schema schema = { columns, data[0] & 1 ? 2 : 0 };
	ic_table_file *f = NULL;
	ic_error err = { 0 };
	if (ic_table_file_open(path, &schema, data[0] & 2, &budget, &f, &err) == IC_OK && f)
		read_all(f);
	ic_table_file_close(f);
	return 0;
}
