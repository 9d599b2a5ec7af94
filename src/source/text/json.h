/* SPDX-License-Identifier: Apache-2.0 */
/* A scanner of the fields of JSON objects (RFC 8259), made for logs: the same keys come again in much
 * the same order, and few of them are wanted.
 *
 * Each key of an object is a node that remembers which keys followed it last; the next key is first
 * compared with those, byte for byte, and only looked up when it is another one. Values are slices of
 * the text. The whole record is checked, wanted or not; only control bytes and invalid UTF-8 in
 * strings are let through, as logs have them. What a record gives never depends on the records before
 * it. */
#ifndef IC_SOURCE_TEXT_JSON_H
#define IC_SOURCE_TEXT_JSON_H

#include "base/cpu.h"
#include "source/text/cells.h"

#define IC_JSON_DEPTH 64  /* objects and arrays inside each other */
#define IC_JSON_SLOTS 320 /* values a reader can ask for */

typedef enum ic_json_kind {
	IC_JSON_NONE, /* not in this record */
	IC_JSON_STRING,
	IC_JSON_NUMBER,
	IC_JSON_TRUE,
	IC_JSON_FALSE,
	IC_JSON_NULL,
	IC_JSON_OBJECT, /* the text only when asked for with IC_JSON_WHOLE */
	IC_JSON_ARRAY,	/* the text with its brackets */
} ic_json_kind;

typedef struct ic_json_value {
	const char *p; /* strings without their quotes, escapes as they stand */
	uint32_t n;
	uint8_t kind; /* ic_json_kind */
	bool escaped; /* a string with at least one backslash */
	uint16_t record;
} ic_json_value;

typedef enum ic_json_result {
	IC_JSON_OK,
	IC_JSON_BAD,	 /* cause and at say why and where */
	IC_JSON_SHORT,	 /* the text ends in the middle of the record */
	IC_JSON_SKIPPED, /* the gate did not want the record; its rest was not looked at */
	IC_JSON_LIST,	 /* a list of records starts at `at` (after its bracket) */
} ic_json_result;

enum {			    /* of a path */
       IC_JSON_WHOLE = 1,   /* an object here is one value, its text */
       IC_JSON_GATE = 2,    /* ask the gate when this value is met */
       IC_JSON_LISTS = 4,   /* an array of objects here is a list of records (see list_ok) */
       IC_JSON_RESOLVE = 8, /* keys of the object here that are not known are given to resolve() */
       IC_JSON_RECORD = 16, /* the members of the object here are taken as the record's own */
};

typedef struct ic_json ic_json;
struct ic_json {
	/* Results of the last scan. */
	ic_json_value values[IC_JSON_SLOTS + 1]; /* by slot; the last one takes what nobody wants */
	uint16_t record;			 /* a value is of this record when it has this number */
	uint32_t marks;				 /* of the paths met */
	size_t at;				 /* offset of the end, or of the error */
	const char *cause;
	bool cut;    /* the cause: the text ends */
	bool padded; /* 32 bytes may be read from any byte of a value */
	bool nomem;  /* text did not fit into an arena; stays set until cleared by hand */

	/* Set by the owner, may be NULL. */
	bool (*gate)(void *ctx, ic_json *j, const ic_json_value *v); /* false: skip the record */
	int (*resolve)(void *ctx, ic_str key);			     /* slot of an unknown key, -1 for none */
	void *ctx;
	bool list_ok; /* stop at IC_JSON_LISTS */
	ic_simd level;
	struct ic_json_nodes *nodes;
};

ic_json *ic_json_new(void);    /* NULL: out of memory */
void ic_json_free(ic_json *j); /* NULL allowed */
/* Wants the value at a dotted path: nested objects, or keys that have dots themselves ("id.orig_h").
 * "" is the record. slot -1: no value is wanted, only the marks or flags. The first slot given to a
 * path stays, marks and flags add up. Returns the slot of the path (IC_JSON_SLOTS if it has none), -1
 * when out of memory or when there are too many paths. */
int ic_json_add(ic_json *j, ic_str path, int slot, uint32_t marks, unsigned flags);

/* Scans the object at text[at..n); line ends count as blanks. */
ic_json_result ic_json_scan(ic_json *j, const char *text, size_t n, size_t at);
/* Checks and passes one value of any kind at text[at..n). Sets j->at and j->cause. */
ic_json_result ic_json_skip(ic_json *j, const char *text, size_t n, size_t at);

static inline const ic_json_value *ic_json_get(const ic_json *j, unsigned slot)
{
	static const ic_json_value none = { .kind = IC_JSON_NONE };
	const ic_json_value *v = &j->values[slot];
	return v->record == j->record ? v : &none;
}
static inline bool ic_json_has(const ic_json *j, unsigned slot)
{
	return j->values[slot].record == j->record && j->values[slot].kind != IC_JSON_NULL &&
	       j->values[slot].kind != IC_JSON_NONE;
}
/* The text of a value: strings without escapes, in the arena if they had one; numbers, true and false
 * as they stand; arrays of such values joined by commas; objects as they stand. {NULL, 0} for null
 * and for no value, and when memory is short (j->nomem). */
ic_str ic_json_text(ic_json *j, const ic_json_value *v, ic_arena *a);
/* The value after the comma or bracket before text[*at] in an array; moves *at after it. False at its
 * end. The array must have passed a scan. */
bool ic_json_element(const ic_json_value *array, size_t *at, ic_json_value *ret);
/* A member of an object that has passed a scan (IC_JSON_OBJECT with its text); the last one of that
 * name. Names with escapes are not found. */
bool ic_json_member(const ic_json_value *object, ic_str name, ic_json_value *ret);

/* ---- lines: one record each ---- */

/* Puts the record that was scanned into the batch, or counts why not. */
typedef void (*ic_json_row)(void *ctx, ic_json *j, ic_batch *b, ic_row_counts *c, uint64_t line);

/* Forgets what lines of known keys become: the plans have changed (json_put.h). */
void ic_json_shapes_forget_plans(ic_json *j);

/* The parse() of line formats. */
ic_status ic_json_lines(ic_json *j, const char *text, size_t n, size_t *at, bool final, ic_batch *b,
			ic_row_counts *c, ic_json_row row, void *ctx);

/* ---- documents: records in arrays, in lists under a key, or one after the other ---- */

typedef struct ic_json_document {
	char open[8]; /* '[' list of records, '{' object around one */
	unsigned depth;
	bool begun;
	bool damaged;  /* a record was given up: brackets may not match any more */
	bool skipping; /* looking for a line that starts a record */
} ic_json_document;

/* The parse() of document formats. Records over 16 MiB are bad. */
ic_status ic_json_records(ic_json *j, ic_json_document *d, const char *text, size_t n, size_t *at, bool final,
			  ic_batch *b, ic_row_counts *c, ic_json_row row, void *ctx);

/* ---- shared by the kinds ---- */

/* The first record of a head for sniffing: its text, cut where the head ends. {NULL, 0}: no JSON. */
ic_str ic_json_first_record(const char *head, size_t n);
/* True when text has "key" followed by a colon. */
bool ic_json_mentions(ic_str text, const char *key);
/* True when it is a member of the record itself, or of its _source. */
bool ic_json_has_member(ic_str record, const char *name);
/* The peek() of every kind: reads the head with the kind's own reader. */
void ic_json_peek(const ic_source_kind *kind, const ic_layout *layout, const char *head, size_t n,
		  unsigned *streams, int64_t *first);
/* Layouts: JSON has no header. */
ic_layout *ic_json_layout_new(unsigned streams, const ic_field_map *map, bool *nomem);
const ic_field_map *ic_json_layout_map(const ic_layout *l);
bool ic_json_layout_equal(const ic_layout *a, const ic_layout *b);
void ic_json_layout_free(const ic_layout *l);

#endif
