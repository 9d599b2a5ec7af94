/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.x messages of one direction (RFC 9112): a parser that is fed bytes as they come and gives heads as
 * slices. Pipelining, keep-alive, chunked bodies, lengths, CONNECT, absolute targets, upgrades; what is
 * malformed is given as far as it can be read, and what makes no sense is passed. Pure except for its own bounded buffer. */
#ifndef IC_SOURCE_PACKET_HTTP1_H
#define IC_SOURCE_PACKET_HTTP1_H

#include "base/alloc.h"
#include "base/str.h"

enum { IC_HTTP_HEAD_MAX = 64 << 10 };

typedef struct ic_http_head {
	bool request;
	ic_str method, target; /* of a request */
	unsigned status;       /* of an answer */
	unsigned minor;	       /* HTTP/1.minor */
	ic_str host, user_agent, referrer, content_type, upgrade, content_encoding;
	int64_t content_length;		     /* -1: not given */
	bool chunked, keep_alive, websocket; /* websocket: Upgrade: websocket */
	bool malformed;			     /* parts are missing or odd */
} ic_http_head;

/* What a parser tells; the slices are valid during the call. */
typedef struct ic_http_sink {
	void *ctx;
	bool (*head)(void *ctx, const ic_http_head *h);	  /* false: out of memory, parsing ends */
	bool (*body_end)(void *ctx, uint64_t body_bytes); /* of the message whose head came last */
	/* What came makes no sense: reading goes on at the next line that starts a message. May be NULL. */
	void (*lost)(void *ctx);
} ic_http_sink;

typedef struct ic_http ic_http;
/* requests: the side that asks. NULL: out of memory. */
ic_http *ic_http_new(bool requests);
void ic_http_free(ic_http *h);
size_t ic_http_bytes(const ic_http *h); /* of memory; NULL: 0 */
/* True when these first bytes of a connection's side may start a message. *more: too few to tell. */
bool ic_http_sniff(bool requests, const uint8_t *p, size_t n, bool *more);
/* Inside of head(): what would be a body does not follow (the answer to HEAD). To be told by the owner, who sees
 * both sides. */
void ic_http_next_has_no_body(ic_http *h);
/* Inside of head(): no HTTP follows the message, which has no body. */
void ic_http_stop(ic_http *h);
typedef enum ic_http_state {
	IC_HTTP_GOES_ON,
	IC_HTTP_OTHER, /* it was stopped: no HTTP from *used on */
	IC_HTTP_FAILED
} ic_http_state;
ic_http_state ic_http_feed(ic_http *h, const uint8_t *p, size_t n, size_t *used, const ic_http_sink *sink);
/* n bytes were lost: resynchronises if they lie in a body, else looks for the next head. */
void ic_http_gap(ic_http *h, uint64_t n);
void ic_http_close(ic_http *h, const ic_http_sink *sink); /* the side has ended */

#endif
