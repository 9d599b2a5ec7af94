/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one file in order. Ahead: a thread of its own decompresses into a short ring of
 * blocks while the caller parses. */
#ifndef IC_SOURCE_FEED_H
#define IC_SOURCE_FEED_H

#include "source/unpack.h"

typedef struct ic_feed ic_feed;

/* Takes over the unpacker, also on failure. block: bytes of a ring block. NULL: out of memory. When
 * no thread can be started it does without. */
ic_feed *ic_feed_new(ic_unpack *u, bool ahead, size_t block);
/* As ic_unpack_read. */
ic_status ic_feed_read(ic_feed *f, void *out, size_t room, size_t *made, ic_error *err);
/* Ends the thread, waiting for a read in progress. NULL allowed. */
void ic_feed_free(ic_feed *f);

#endif
