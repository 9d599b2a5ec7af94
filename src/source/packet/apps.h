/* SPDX-License-Identifier: Apache-2.0 */
/* What connections carry: HTTP requests, TLS and QUIC hellos, WebSocket upgrades, told by content, as
 * events beside those of the connections. */
#ifndef IC_SOURCE_PACKET_APPS_H
#define IC_SOURCE_PACKET_APPS_H

#include "source/packet/events.h"

typedef struct ic_apps ic_apps;
/* budget: of what is kept for each connection; where it is used up the connection is not looked into any
 * more (ic_apps_given_up counts these). It may be NULL. NULL: out of memory. */
ic_apps *ic_apps_new(ic_events *events, ic_budget *budget);
void ic_apps_free(ic_apps *a);
/* For ic_flow_table_new; lives as long as the apps. */
ic_flow_handler ic_apps_handler(ic_apps *a);
uint64_t ic_apps_given_up(const ic_apps *a);

#endif
