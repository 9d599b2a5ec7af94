/* SPDX-License-Identifier: Apache-2.0 */
/* Types and values of queries, for both languages.
 *
 * A value is small and passed by copy; text, dynamic values and big numbers point to memory that
 * someone else owns (the plan's arena for constants, a chunk's for results). Values are immutable. */
#ifndef IC_PLAN_VALUE_H
#define IC_PLAN_VALUE_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/str.h"

typedef enum ic_qtype {
	IC_Q_BOOL,     /* uint8_t 0/1 */
	IC_Q_INT,      /* int64_t in the range of int32 */
	IC_Q_LONG,     /* int64_t */
	IC_Q_REAL,     /* double */
	IC_Q_DECIMAL,  /* ic_decimal */
	IC_Q_STRING,   /* ic_str; KQL knows no null string, the empty one takes its place */
	IC_Q_IP,       /* ic_ip; to KQL a string that is not yet written out, to AQL an address */
	IC_Q_DATETIME, /* int64_t ticks since 1970 */
	IC_Q_TIMESPAN, /* int64_t ticks */
	IC_Q_DYNAMIC,  /* const ic_dyn *, never NULL unless null */
	IC_Q_GUID,     /* ic_guid */
	IC_Q_NULL,     /* a null that has no type yet; no column has it */
	IC_QTYPES
} ic_qtype;

/* "bool", "int", "long", ... as `--format json` prints it; an address is a "string". */
const char *ic_qtype_name(ic_qtype t);
/* By that name or one of KQL's aliases (boolean, double, date, time, uniqueid...); -1 if none. */
int ic_qtype_find(ic_str name);
static inline bool ic_qtype_is_number(ic_qtype t)
{
	return t == IC_Q_INT || t == IC_Q_LONG || t == IC_Q_REAL || t == IC_Q_DECIMAL;
}
static inline bool ic_qtype_is_text(ic_qtype t)
{
	return t == IC_Q_STRING || t == IC_Q_IP;
}
/* Bytes of one value in a vector. */
size_t ic_qtype_size(ic_qtype t);

/* coefficient * 10^-scale, 0 <= scale <= 28, at most 34 digits: decimal128's range as Kusto shows it. */
typedef struct ic_decimal {
	__int128 coefficient;
	int32_t scale;
} __attribute__((packed, aligned(8))) ic_decimal; /* arenas align to 8 */

typedef struct ic_guid {
	uint8_t b[16]; /* in the order in which it is written */
} ic_guid;

typedef struct ic_dyn ic_dyn;

typedef struct ic_value {
	ic_qtype type;
	bool null;
	union {
		bool b;
		int64_t i; /* int, long, datetime, timespan */
		double d;
		ic_str s;
		ic_ip ip;
		ic_guid guid;
		const ic_decimal *decimal;
		const ic_dyn *dyn;
	};
} ic_value;

static inline ic_value ic_value_null(ic_qtype t)
{
	return (ic_value){ .type = t, .null = true, .s = { t == IC_Q_STRING ? "" : NULL, 0 } };
}
static inline ic_value ic_value_bool(bool v)
{
	return (ic_value){ .type = IC_Q_BOOL, .b = v };
}
static inline ic_value ic_value_long(int64_t v)
{
	return (ic_value){ .type = IC_Q_LONG, .i = v };
}
static inline ic_value ic_value_ticks(ic_qtype t, int64_t v)
{
	return (ic_value){ .type = t, .i = v };
}
static inline ic_value ic_value_real(double v)
{
	return (ic_value){ .type = IC_Q_REAL, .d = v };
}
static inline ic_value ic_value_str(ic_str v)
{
	return (ic_value){ .type = IC_Q_STRING, .s = v };
}
static inline ic_value ic_value_dyn(const ic_dyn *v)
{
	return (ic_value){ .type = IC_Q_DYNAMIC, .null = v == NULL, .dyn = v };
}

/* ---- dynamic ------------------------------------------------------------------------ */

typedef enum ic_dyn_kind {
	IC_DYN_NULL, /* JSON null inside a document; a whole dynamic that is null is a null value */
	IC_DYN_BOOL,
	IC_DYN_LONG,
	IC_DYN_REAL,
	IC_DYN_STRING,
	IC_DYN_DATETIME, /* these four are written as strings in JSON */
	IC_DYN_TIMESPAN,
	IC_DYN_GUID,
	IC_DYN_DECIMAL,
	IC_DYN_ARRAY,
	IC_DYN_BAG,
} ic_dyn_kind;

typedef struct ic_dyn_member ic_dyn_member;
struct ic_dyn {
	ic_dyn_kind kind;
	uint32_t n; /* items, members */
	union {
		bool b;
		int64_t i; /* long, datetime, timespan */
		double d;
		ic_str s;
		ic_guid guid;
		const ic_decimal *decimal;
		struct {
			union {
				const ic_dyn *const *item;   /* array: none is NULL */
				const ic_dyn_member *member; /* bag: in the order of writing, names unique */
			};
			uint32_t weight; /* of arrays and bags: about the bytes of their text */
			uint32_t depth;	 /* 1: nothing inside, or scalars only */
		};
	};
};
struct ic_dyn_member {
	ic_str name;
	const ic_dyn *value; /* never NULL */
};

enum { IC_DYN_DEPTH = 64, IC_VALUE_BYTES = 16 << 20 };
enum { IC_DYN_WEIGHT = 256 << 20, IC_DYN_MADE_DEPTH = 256 }; /* the most of arrays and bags that are made */

extern const ic_dyn ic_dyn_null; /* the null inside a document */

/* dyn.c. All results lie in the arena (or are borrowed from the input); NULL: out of memory. Parts may be
 * shared, so that a small query could make a value that no walk ends on: arrays and bags heavier than
 * IC_DYN_WEIGHT, or deeper than IC_DYN_MADE_DEPTH, are refused like that too. */

/* Parses JSON. *ok false: it is none (the result is then NULL). Names given twice: the last counts.
 * Integers that fit are longs, other numbers reals. Nesting beyond IC_DYN_DEPTH is no JSON. */
const ic_dyn *ic_dyn_parse(ic_arena *a, ic_str json, bool *ok);
/* Only the value that the text begins with; *used: its bytes. NULL: none, or out of memory. */
const ic_dyn *ic_dyn_parse_first(ic_arena *a, ic_str json, uint32_t *used);
/* The scalar of a value; a dynamic is itself, a null the dynamic null. */
const ic_dyn *ic_dyn_of(ic_arena *a, const ic_value *v);
const ic_dyn *ic_dyn_array(ic_arena *a, const ic_dyn *const *item, uint32_t n); /* copies the list */
const ic_dyn *ic_dyn_bag(ic_arena *a, const ic_dyn_member *member, uint32_t n); /* copies the list */
/* The member of a bag, the item of an array (negative: from its end); NULL: there is none. */
const ic_dyn *ic_dyn_member_of(const ic_dyn *d, ic_str name);
const ic_dyn *ic_dyn_item(const ic_dyn *d, int64_t i);
/* Compact JSON text, as Kusto writes it. Text is cut nowhere; .p NULL: out of memory. */
ic_str ic_dyn_text(ic_arena *a, const ic_dyn *d);
/* The same, but a text, time, span, GUID or number that stands alone has no quotes: what tostring() gives. */
ic_str ic_dyn_plain_text(ic_arena *a, const ic_dyn *d);
/* A copy whose every part lies in the arena. */
const ic_dyn *ic_dyn_copy(ic_arena *a, const ic_dyn *d);
/* By kind and content; a long equals the real of the same value; order of members does not matter. */
bool ic_dyn_equal(const ic_dyn *a, const ic_dyn *b);
uint64_t ic_dyn_hash(const ic_dyn *d, uint64_t seed); /* equal values, equal hashes */

/* ---- text of values (text.c) --------------------------------------------------------- */

/* As tostring() gives it: bools "True"/"False", times with 7 decimals and Z, spans
 * [-][d.]hh:mm:ss[.fffffff], reals the shortest text that reads back the same, dynamic JSON (a
 * scalar alone without quotes). A null gives "". .p NULL: out of memory. */
ic_str ic_value_text(ic_arena *a, const ic_value *v);
/* A copy whose bytes lie in the arena. *ok false: out of memory. */
ic_value ic_value_copy(ic_arena *a, const ic_value *v, bool *ok);
/* Readers of text; false: it is none. Blanks at both ends are ignored. */
bool ic_parse_datetime(ic_str s, int64_t *ticks); /* the forms that KQL's todatetime takes */
bool ic_parse_timespan(ic_str s, int64_t *ticks); /* "1.02:03:04.5", "24h", "1d" */
bool ic_parse_guid(ic_str s, ic_guid *g);
bool ic_parse_decimal(ic_str s, ic_decimal *d);
double ic_decimal_real(const ic_decimal *d);
/* The nearest decimal of at most 15 significant digits; false: too large, or no number. */
bool ic_decimal_of_real(double v, ic_decimal *ret);
int ic_decimal_compare(const ic_decimal *a, const ic_decimal *b); /* -1, 0, 1 */
/* a + b, a - b, a * b, a / b, rounded to what a decimal holds; false: too large, or b is zero. The quotient
 * has 28 decimals at most; zeros at its end are cut. */
bool ic_decimal_add(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret);
bool ic_decimal_sub(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret);
bool ic_decimal_mul(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret);
bool ic_decimal_div(const ic_decimal *a, const ic_decimal *b, ic_decimal *ret);

#endif
