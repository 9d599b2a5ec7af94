/* SPDX-License-Identifier: Apache-2.0 */
/* The field catalogue: every canonical field once, with its type, unit, meaning and its name in
 * each product. Readers, `convert`, queries and the documentation all follow this table. */
#ifndef IC_TABLE_FIELDS_H
#define IC_TABLE_FIELDS_H

#include "base/str.h"

typedef enum ic_type {
	IC_T_BOOL,   /* uint8_t 0/1 */
	IC_T_LONG,   /* int64_t */
	IC_T_REAL,   /* double */
	IC_T_TIME,   /* int64_t ticks */
	IC_T_IP,     /* ic_ip */
	IC_T_STRING, /* ic_str */
} ic_type;

/* Which log a row comes from. The event level of a row follows from it. */
typedef enum ic_stream {
	IC_STREAM_CONN,	     /* connections, flows */
	IC_STREAM_HTTP,	     /* one row a request */
	IC_STREAM_SSL,	     /* one row a TLS or QUIC handshake */
	IC_STREAM_DNS,	     /* one row a DNS query */
	IC_STREAM_WEBSOCKET, /* one row an upgrade */
	IC_STREAM_COUNT,     /* one row a time slot with a number of connections */
	IC_STREAM_BURST,     /* one row a check-in inside a connection */
	IC_STREAM_NONE,	     /* a log that ictus does not use */
} ic_stream;
#define IC_STREAM_BIT(s)   (1u << (s))
#define IC_STREAM_COUNT_OF IC_STREAM_NONE
#define IC_ALL_STREAMS	   (IC_STREAM_BIT(IC_STREAM_COUNT_OF) - 1)

typedef enum ic_field {
	IC_F_TIME,
	IC_F_EVENT_LEVEL,
	IC_F_UID,
	IC_F_SENSOR,
	IC_F_SRC_IP,
	IC_F_SRC_PORT,
	IC_F_DST_IP,
	IC_F_DST_PORT,
	IC_F_TRANSPORT,
	IC_F_SERVICE,
	IC_F_DURATION,
	IC_F_BYTES_OUT,
	IC_F_BYTES_IN,
	IC_F_IP_BYTES_OUT,
	IC_F_IP_BYTES_IN,
	IC_F_PACKETS_OUT,
	IC_F_PACKETS_IN,
	IC_F_CONN_STATE,
	IC_F_ACTION,
	IC_F_SRC_HOST,
	IC_F_USER,
	IC_F_PROCESS,
	IC_F_PROCESS_PATH,
	IC_F_PROCESS_PARENT,
	IC_F_DST_NAME,
	IC_F_METHOD,
	IC_F_URI,
	IC_F_HOST,
	IC_F_STATUS,
	IC_F_USER_AGENT,
	IC_F_REFERRER,
	IC_F_CONTENT_TYPE,
	IC_F_SNI,
	IC_F_ALPN,
	IC_F_TLS_VERSION,
	IC_F_CERT_SUBJECT,
	IC_F_CERT_ISSUER,
	IC_F_CERT_VALID,
	IC_F_JA3,
	IC_F_JA3S,
	IC_F_JA4,
	IC_F_COMMUNITY_ID,
	IC_F_COUNT,
	/* printed only when asked for by name */
	IC_F_SOURCE_FILE,
	IC_F_SOURCE_LINE,
	IC_F_REQUEST_BODY_BYTES,
	IC_F_RESPONSE_BODY_BYTES,
	IC_F_CERT_STATUS,
	IC_F_DNS_QUERY,
	IC_F_DNS_ANSWERS,
	IC_FIELD_COUNT
} ic_field;

typedef uint64_t ic_fieldset; /* bit = ic_field */
#define IC_FIELD_BIT(f) (UINT64_C(1) << (f))
_Static_assert(IC_FIELD_COUNT <= 64, "ic_fieldset is one word");
#define IC_ALL_FIELDS (~UINT64_C(0) >> (64 - IC_FIELD_COUNT))

typedef struct ic_field_def {
	const char *name; /* canonical */
	ic_type type;
	const char *unit; /* "s", "bytes" ..., "" if none */
	const char *meaning;
	const char *zeek;      /* column in Zeek logs; NULL: none. "id.orig_h" also appears as "id_orig_h" */
	unsigned zeek_streams; /* IC_STREAM_BITs of the Zeek logs that can have it */
	const char *eve;       /* dotted path in Suricata EVE, NULL: none; alternatives split by '|' */
	const char *defender;  /* column of DeviceNetworkEvents, alternatives split by '|' */
	const char *qradar;    /* AQL column, alternatives split by '|' */
	const char *ecs;       /* dotted path in the Elastic Common Schema, alternatives split by '|' */
	bool on_request;       /* convert prints it only when --fields names it */
} ic_field_def;

extern const ic_field_def ic_fields[IC_FIELD_COUNT];

/* By canonical or Zeek name (exact; id.orig_h and id_orig_h alike); -1 if unknown. */
int ic_field_find(ic_str name);
/* "connection", "request", "handshake", "count", "burst". */
const char *ic_stream_level(ic_stream s);
/* "conn", "http", "ssl", "dns", "websocket", "count", "burst". */
const char *ic_stream_name(ic_stream s);

#endif
