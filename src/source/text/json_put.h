/* SPDX-License-Identifier: Apache-2.0 */
/* Values of JSON into the columns of one row, for the formats that are read fast (Zeek, EVE). */
#ifndef IC_SOURCE_TEXT_JSON_PUT_H
#define IC_SOURCE_TEXT_JSON_PUT_H

#include "source/text/json.h"

#define IC_SERVICE_CACHE 16

/* A row being filled at b->rows. */
typedef struct ic_json_fill {
	ic_json *j;
	ic_batch *b;
	uint32_t row;
	ic_fieldset seen;  /* columns that have a value */
	const char *cause; /* of a bad value, with its field and text */
	ic_field bad_field;
	ic_str bad_text;
	char day[10]; /* a date, and when it begins */
	int64_t day_ticks;
	struct {
		char name[16];
		uint8_t n;
		bool same; /* our name is theirs */
		ic_str ours;
	} services[IC_SERVICE_CACHE];
} ic_json_fill;

/* Starts row b->rows with this stream and these flags. */
void ic_json_fill_begin(ic_json_fill *f, ic_batch *b, ic_stream s, uint8_t flags);
/* Puts a value into a wanted column by the column's type; null and absent values leave it unseen. Times
 * are numbers of seconds or text. False: a bad value. */
bool ic_json_put(ic_json_fill *f, ic_field field, const ic_json_value *v);
/* A plan of columns that are taken from one slot each as they stand. */
typedef struct ic_json_op {
	uint8_t field;
	uint8_t how; /* by the field's type */
	uint16_t slot;
} ic_json_op;
ic_json_op ic_json_op_of(ic_field field, unsigned slot);
/* Puts the values of n wanted columns. False: a bad value. */
bool ic_json_put_all(ic_json_fill *f, const ic_json_op *ops, unsigned n);
/* A time as ic_json_put takes it; false and a cause if it is none. */
bool ic_json_time(ic_json_fill *f, const ic_json_value *v, int64_t *ret);
/* {NULL, 0} leaves it unseen. */
void ic_json_put_str(ic_json_fill *f, ic_field field, ic_str s);
/* What ic_service_name says, remembered. */
ic_str ic_json_service(ic_json_fill *f, ic_str theirs);
/* The row filter, once port, service and time are put (order of cost); false: dropped and counted. */
bool ic_json_fill_keep(ic_json_fill *f, const ic_row_filter *filter, ic_row_counts *c);
/* Appends the row. */
void ic_json_fill_end(ic_json_fill *f, ic_row_counts *c, uint64_t line);
/* Counts the row as bad for the value that was refused. */
void ic_json_fill_bad(const ic_json_fill *f, ic_row_counts *c, uint64_t line);

#endif
