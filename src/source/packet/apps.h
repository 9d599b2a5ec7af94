/* SPDX-License-Identifier: Apache-2.0 */
/* What connections carry: HTTP requests, TLS and QUIC hellos, WebSocket upgrades, told by content, as
 * events beside those of the connections. */
#ifndef IC_SOURCE_PACKET_APPS_H
#define IC_SOURCE_PACKET_APPS_H

#include "source/packet/events.h"

#include "source/packet/http1.h"
#include "source/packet/prints.h"

/* A hello or a request, told as soon as it is met; all of it is valid during the call only. */
typedef struct ic_hello {
	const ic_flow *flow;
	int64_t ticks;
	uint64_t packet;	     /* number of the one that completed it */
	const ic_tls_hello *tls;     /* NULL: a request */
	const ic_print *print;	     /* of tls */
	const ic_http_head *request; /* NULL: a hello */
} ic_hello;
typedef struct ic_hello_sink {
	void *ctx;
	bool (*hello)(void *ctx, const ic_hello *h); /* false: out of memory, reading ends */
} ic_hello_sink;

typedef struct ic_apps ic_apps;
/* budget: of what is kept for each connection; where it is used up the connection is not looked into any
 * more (that is counted). It may be NULL. NULL: out of memory. */
ic_apps *ic_apps_new(ic_events *events, ic_budget *budget);
void ic_apps_free(ic_apps *a);
/* For ic_flow_table_new; lives as long as the apps. */
ic_flow_handler ic_apps_handler(ic_apps *a);
/* Tells each hello and request to the sink too. Before the first packet. */
void ic_apps_listen(ic_apps *a, const ic_hello_sink *sink);

typedef struct ic_apps_counts {
	uint64_t given_up; /* connections that memory did not allow to look into, or to follow check-ins of */
	uint64_t pings;	   /* keep-alives, which are no check-ins */
	uint64_t
	    requests_lost;    /* times that bytes of a client made no sense as HTTP; requests may lie there */
	uint64_t frames_lost; /* WebSockets whose frames make no sense from some point on */
	uint64_t http2;	      /* connections with HTTP/2 in clear, whose requests are not read */
} ic_apps_counts;
const ic_apps_counts *ic_apps_get_counts(const ic_apps *a);

#endif
