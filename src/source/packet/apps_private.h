/* SPDX-License-Identifier: Apache-2.0 */
/* Between apps.c, which knows connections, and those that read what one carries: app_http.c, app_tls.c. */
#ifndef IC_SOURCE_PACKET_APPS_PRIVATE_H
#define IC_SOURCE_PACKET_APPS_PRIVATE_H

#include "source/packet/apps.h"

#include "source/packet/websocket.h"

enum { CONTENT_TYPE = 120 }; /* bytes of one that are kept */

typedef enum carries { UNKNOWN, NOTHING, HTTP, HTTP2, TLS, DTLS, QUIC, WEBSOCKET } carries;

/* A request that waits for its answer; the slices point behind it. */
typedef struct asked {
	struct asked *next;
	int64_t ticks, body;
	ic_str method, target, host, user_agent, referrer;
	bool websocket;
	size_t bytes;
	char text[];
} asked;

/* The head of an answer. */
typedef struct answered {
	bool known;
	unsigned status;
	int64_t body;
	uint32_t type_n;
	char type[CONTENT_TYPE];
} answered;

typedef struct app {
	ic_apps *apps;
	ic_flow *flow;
	carries carries;
	uint8_t *start[IC_SIDES]; /* first bytes that did not tell yet */
	uint16_t start_n[IC_SIDES];
	int64_t ticks; /* of the bytes at hand */
	uint64_t packet;
	int side;

	ic_http *http[IC_SIDES];
	asked *first, **last;
	unsigned asked_n;
	size_t asked_bytes;
	answered answer; /* of the oldest request, while its body comes */
	bool requests;	 /* there were some */
	ic_ws frames[IC_SIDES];
	bool frames_lost; /* they make no sense any more */

	ic_tls *tls[IC_SIDES];
	bool records_lost[IC_SIDES]; /* of TLS: until one begins where a packet does */
	ic_quic *quic;
	bool hello[IC_SIDES], certified, told;
	int64_t hello_ticks;
	uint16_t version;
	ic_arena arena; /* of what follows */
	ic_str sni, alpn, ja3, ja3s, ja4, subject, issuer;
	bool self_signed;
	bool offers_h2; /* ALPN of the client, or chosen by the server */
	size_t counted; /* in the budget */
} app;

struct ic_apps {
	ic_events *events;
	ic_budget *budget;
	ic_apps_counts counts;
	ic_hello_sink sink; /* .hello NULL: nobody listens */
	ic_prints *prints;
};

/* What nobody wants is not told. */
static inline bool app_wants_stream(const ic_apps *a, ic_stream stream)
{
	return a->events->streams & IC_STREAM_BIT(stream);
}

/* All return false when memory is out, or the sink refused. */
bool app_tell_listener(const app *a, const ic_tls_hello *tls, const ic_print *print,
		       const ic_http_head *request);
bool app_say(ic_apps *apps, ic_flow *f, const ic_word *w);

bool app_feed_http(app *a, int side, const uint8_t *p, size_t n);
bool app_feed_frames(app *a, int side, const uint8_t *p, size_t n);
/* The frames of a WebSocket make no sense any more: from here on its packets are words again. */
void app_lose_frames(app *a);
/* Both sides are over: tells the requests that are left. */
bool app_end_http(app *a);

bool app_feed_tls(app *a, int side, const uint8_t *p, size_t n);
/* What comes next of that side does not go on with its records of TLS. */
void app_lose_records(app *a, int side);
bool app_feed_quic(app *a, int side, const uint8_t *p, size_t n);
/* One row a handshake, when all of it that will come is known. */
bool app_tell_tls(app *a);

#endif
