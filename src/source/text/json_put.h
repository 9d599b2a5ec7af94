/* SPDX-License-Identifier: Apache-2.0 */
/* Values of JSON into the columns of one row, for the formats that are read fast (Zeek, EVE). */
#ifndef IC_SOURCE_TEXT_JSON_PUT_H
#define IC_SOURCE_TEXT_JSON_PUT_H

#include "source/text/json.h"

/* What we call the thing that is named so in a log: the name itself or a constant; {NULL, 0}: it has no
 * name, or one that this function does not know. */
typedef ic_str (*ic_json_name_fn)(ic_str theirs);

#define IC_NAMES_KEPT 64

/* A row being filled at b->rows. */
typedef struct ic_json_fill {
	/* Set by the owner. */
	ic_json *j;
	/* The plan of the record that was scanned; NULL: it is of no use. Two records with the same keys and
	 * the same value at the gate have the same plan, unless a value is null. */
	const struct ic_json_plan *(*plan_of)(void *ctx, ic_json *j);
	void *ctx;
	const ic_row_filter *filter;
	struct ic_json_queue *queue; /* made when needed; freed by ic_json_fill_clear */
	/* of the row */
	ic_batch *b;
	uint32_t row;
	ic_fieldset seen;  /* columns that have a value */
	const char *cause; /* of a bad value, with its field and text */
	ic_field bad_field;
	ic_str bad_text;
	char day[10]; /* a date, and when it begins */
	int64_t day_ticks;
	struct {
		ic_json_name_fn fn;
		uint64_t key[2]; /* of theirs, with n */
		uint32_t n;
		bool same; /* ours is theirs */
		ic_str ours;
	} names[IC_NAMES_KEPT];
} ic_json_fill;

/* Puts a value into a wanted column by the column's type; null and absent values leave it unseen. Times
 * are numbers of seconds or text. False: a bad value. */
bool ic_json_put(ic_json_fill *f, ic_field field, const ic_json_value *v);
/* A time as ic_json_put takes it; false and a cause if it is none. */
bool ic_json_time(ic_json_fill *f, const ic_json_value *v, int64_t *ret);
/* "2024-05-01T00:00:00.123456+0000", also with Z: the form of EVE and of Zeek, at a place that one byte
 * follows (its quote); false: another one. Days are remembered. */
bool ic_json_usual_time(ic_json_fill *f, ic_str s, int64_t *ret);
/* {NULL, 0} leaves it unseen. */
void ic_json_put_str(ic_json_fill *f, ic_field field, ic_str s);
/* What fn says, remembered. padded: 16 bytes may be read. */
ic_str ic_json_name(ic_json_fill *f, ic_json_name_fn fn, ic_str theirs, bool padded);
/* Counts the row as bad for the value that was refused. The sample is that of the earliest line, whatever
 * the order of the calls. */
void ic_json_fill_bad(const ic_json_fill *f, ic_row_counts *c, uint64_t line);

/* ---- plans: how records of one kind become rows ---- */

#define IC_JSON_SOURCES 3
/* Puts the column from the values of its slots, in their order (kind NONE where the record has none), or
 * leaves it unseen. False: a bad value. */
typedef bool (*ic_json_put_fn)(ic_json_fill *f, ic_field field, const ic_json_value *v);
/* A service, in our names. */
bool ic_json_put_service(ic_json_fill *f, ic_field field, const ic_json_value *v);

/* The usual form of a value: what put would do, but for many rows at once. Of a column that has one, put leaves a
 * value unseen that is not there. */
typedef enum ic_json_form {
	IC_JSON_FORM_NONE,
	IC_JSON_FORM_TEXT,
	IC_JSON_FORM_COUNT,
	IC_JSON_FORM_PORT,
	IC_JSON_FORM_REAL,
	IC_JSON_FORM_IP,
	IC_JSON_FORM_EPOCH, /* seconds since 1970 with six decimals */
	IC_JSON_FORM_ISO,   /* see ic_json_usual_time */
	IC_JSON_FORM_SPAN,  /* seconds from the time of the second slot to that of the first, both ISO */
	IC_JSON_FORM_NAME,  /* that the column's `name` knows */
} ic_json_form;

typedef struct ic_json_column {
	uint8_t field, form;
	uint8_t slots; /* that it is put from, 1 to IC_JSON_SOURCES */
	uint16_t slot[IC_JSON_SOURCES];
	ic_json_put_fn put;
	ic_json_name_fn name; /* of IC_JSON_FORM_NAME */
} ic_json_column;

typedef struct ic_json_plan {
	uint8_t stream, flags;
	bool by_column; /* each put reads nothing but the values it is given */
	uint8_t asked;	/* so many columns come first: those that the row filter looks at */
	uint8_t columns;
	uint16_t time;	     /* slot without which there is no row */
	uint16_t without;    /* slot whose value would make it a row of another plan; IC_JSON_SLOTS: none */
	const char *no_time; /* what is then said */
	ic_fieldset fields;  /* of the columns */
	ic_json_column column[IC_FIELD_COUNT];
} ic_json_plan;

/* Adds a column if the batch has it and the plan not yet. put NULL: plain, in the form of the field's
 * type. The column, to be changed; NULL if none was added. */
ic_json_column *ic_json_plan_add(ic_json_plan *p, ic_fieldset wanted, ic_field field, unsigned slot,
				 ic_json_put_fn put);
/* Appends the record that was scanned as a row, or counts why not. */
void ic_json_plan_row(const ic_json_plan *p, ic_json_fill *f, ic_batch *b, ic_row_counts *c, uint64_t line);
/* The parse() of line formats with plans. Lines whose keys came before in the same order are taken
 * together, column by column (json_columns.c). */
ic_status ic_json_plan_lines(ic_json_fill *f, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			     ic_row_counts *c);
void ic_json_fill_clear(ic_json_fill *f);

#endif
