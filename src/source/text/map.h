/* SPDX-License-Identifier: Apache-2.0 */
/* The field map: which of our fields each of their columns (CSV) or paths (NDJSON, nested names
 * joined by dots) holds. Text lines `theirs = ours`, `#` comments; names with blanks or `=` in double
 * quotes. `ours` is a canonical or Zeek name, or `url`; `time` and `duration_s` may carry the unit of
 * their numbers: time(ms), duration(us). */
#ifndef IC_SOURCE_TEXT_MAP_H
#define IC_SOURCE_TEXT_MAP_H

#include "source/text/cells.h"

#define IC_MAP_URL     IC_FIELD_COUNT /* target: gives dst_name, dst_port, service, uri */
#define IC_MAP_ENTRIES 256	      /* the most lines a map may have */

typedef struct ic_map_entry {
	ic_str theirs;
	int target;	    /* ic_field or IC_MAP_URL */
	int64_t unit_ticks; /* ticks of one unit of a numeric time or duration; seconds if not given, 0: ns */
} ic_map_entry;

struct ic_field_map {
	size_t n;
	ic_map_entry *entries; /* slices point into text */
	char *text;
};

/* `file` is the name for messages. Errors: IC_E_USAGE with file, line and column; a map without a
 * line for time is one. */
ic_status ic_field_map_parse(const char *text, size_t n, const char *file, ic_field_map **ret, ic_error *err);
/* The same of a file; IC_E_IO: it cannot be read. */
ic_status ic_field_map_load(const char *path, ic_field_map **ret, ic_error *err);
void ic_field_map_free(ic_field_map *m); /* NULL allowed */

/* Fields that rows under this map can have. */
ic_fieldset ic_field_map_can_give(const ic_field_map *m);
/* Puts one of their values; *url receives the slice of a URL. False: bad value, cause is filled. */
bool ic_field_map_put(ic_cells *c, const ic_map_entry *e, ic_str text, ic_str *url);
/* After all values: URL, names, transport, stream. Then ic_cells_end. */
void ic_field_map_finish(ic_cells *c, ic_str url);

#endif
