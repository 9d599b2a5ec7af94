/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one file in order. Ahead: a thread of its own decompresses into a short ring of
 * blocks while the caller parses. */
#ifndef IC_SOURCE_FEED_H
#define IC_SOURCE_FEED_H

#include "source/unpack.h"

typedef struct ic_feed ic_feed;

/* Takes over the unpacker, also on failure. block: bytes that are read at once; resume: it is text in lines, which
 * goes on behind damage where it can. NULL: out of memory. When no thread can be started it does without. */
ic_feed *ic_feed_new(ic_unpack *u, bool ahead, bool resume, size_t block);

/* Text on its way: p[at..n) is still to be used. p is the caller's, of ic_malloc, and has `room` bytes; all zero at
 * the start. */
typedef struct ic_feed_text {
	char *p;
	size_t room, at, n;
} ic_feed_text;
/* More bytes behind those that are still to be used; p may become another buffer, and at another number. *ended:
 * there are no more; then some may have come before it. Otherwise as ic_unpack_read, and IC_E_NOMEM. IC_E_FORMAT
 * and not *ended: behind these bytes text is missing, and what comes next starts a line. */
ic_status ic_feed_more(ic_feed *f, ic_feed_text *t, bool *ended, ic_error *err);
/* Ends the thread, waiting for a read in progress. NULL allowed. */
void ic_feed_free(ic_feed *f);

#endif
