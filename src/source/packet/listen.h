/* SPDX-License-Identifier: Apache-2.0 */
/* A whole capture for those who listen to its hellos and requests. */
#ifndef IC_SOURCE_PACKET_LISTEN_H
#define IC_SOURCE_PACKET_LISTEN_H

#include "source/feed.h"
#include "source/packet/lanes.h"

/* Takes everything of the feed through the lanes; events are dropped. ahead: a thread of its own reads and deals while
 * the caller works; without it if none can be started. *known: the first bytes are those of a capture, or it
 * is empty; nothing is read if not. Otherwise as ic_feed_more: after damage what came before it was taken. */
ic_status ic_listen(ic_lanes *l, ic_feed *f, bool ahead, bool *known, ic_error *err);

#endif
