/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of products over the field catalogue: which columns they have, and how a column comes from
 * the canonical fields. Private to src/engine. */
#ifndef IC_ENGINE_VIEWS_H
#define IC_ENGINE_VIEWS_H

#include "exec/rows/chunk.h"

/* How a column is made. */
typedef enum ic_view_how {
	IC_VIEW_NULL,	     /* nothing that ictus reads has it */
	IC_VIEW_FIELD,	     /* the field as it is */
	IC_VIEW_MS,	     /* milliseconds since 1970, floored */
	IC_VIEW_MS_END,	     /* the same of time and duration together */
	IC_VIEW_END,	     /* time and duration together */
	IC_VIEW_SPAN,	     /* seconds to a timespan */
	IC_VIEW_LIST,	     /* text split at commas, to an array */
	IC_VIEW_COUNT,	     /* the number of events behind the row, at least 1 */
	IC_VIEW_LEVEL,	     /* connection, request... */
	IC_VIEW_IP_TYPE,     /* Defender's class of an address: Public, Private... */
	IC_VIEW_ACTION_TYPE, /* Defender's ActionType, from conn_state or action */
	IC_VIEW_RESULT,	     /* ASIM's EventResult: what became of a connection, from the same */
	IC_VIEW_HTTP_RESULT, /* EventResult of a request, from its status */
	IC_VIEW_DEVICE,	     /* name of the endpoint, else its address */
	IC_VIEW_DIRECTION,   /* QRadar's L2L, L2R, R2L, R2R by --internal */
	IC_VIEW_PROTOCOL,    /* Defender's Tcp, Udp, Icmp */
	IC_VIEW_PROTOCOL_ID, /* 6, 17, 1 */
	IC_VIEW_ZEEK_SERVICE,
	IC_VIEW_URL, /* scheme, host and target put together; else the name */
	IC_VIEW_HOWS
} ic_view_how;

typedef struct ic_view_column {
	const char *name;
	ic_qtype type;
	ic_view_how how;
	ic_field field; /* of the hows that take one */
} ic_view_column;

typedef struct ic_view {
	const char *name, *help;
	const char *aliases; /* other names, split by '|'; NULL: none */
	unsigned languages;  /* IC_FN_KQL, IC_FN_AQL */
	unsigned streams;    /* whose rows it has */
	bool connections;    /* connections where the input has them; else the events that stand for them */
	const ic_view_column *columns; /* NULL: made from the catalogue by `zeek` or `qradar` */
	enum { IC_VIEW_LISTED, IC_VIEW_ZEEK, IC_VIEW_QRADAR, IC_VIEW_CANONICAL } made;
} ic_view;

extern const ic_view ic_views[]; /* ends with name NULL */
const ic_view *ic_view_find(ic_str name, unsigned language);

/* Column i; false past the end. Names may lie in the arena. */
size_t ic_view_column_count(const ic_view *v);
bool ic_view_column_get(const ic_view *v, size_t i, ic_view_column *ret, char name[64]);
/* Fields that a column reads. */
ic_fieldset ic_view_needs(const ic_view_column *c);

/* What making a column may use. */
typedef struct ic_view_batch {
	const ic_batch *batch;
	ic_arena *arena;
	const ic_cidrs *internal;
	bool null_text; /* the language knows a null text */
} ic_view_batch;
/* All rows of the batch. False: out of memory. */
bool ic_view_fill(const ic_view_column *c, const ic_view_batch *from, ic_vector *ret);

#endif
