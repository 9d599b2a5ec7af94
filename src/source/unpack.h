/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression: bytes of a file in, its text out; gzip of several members, zstd of several frames,
 * or plain. The bytes come from a function. */
#ifndef IC_SOURCE_UNPACK_H
#define IC_SOURCE_UNPACK_H

#include <sys/types.h>

#include "ictus.h"

typedef enum ic_pack { IC_PACK_PLAIN, IC_PACK_GZIP, IC_PACK_ZSTD } ic_pack;

/* By magic. */
ic_pack ic_pack_of(const void *head, size_t n);

/* Up to n bytes into `to`; 0 at the end, -errno on failure. */
typedef ssize_t (*ic_read_fn)(void *ctx, void *to, size_t n);
ssize_t ic_read_fd(void *fd, void *to, size_t n); /* one; fd points to a descriptor */

typedef struct ic_unpack ic_unpack;

ic_unpack *ic_unpack_new(ic_pack pack, ic_read_fn read, void *ctx); /* NULL: out of memory */
/* The same for bytes of which the first, that are read at once, tell how they are packed. ic_unpack_read says that
 * they could not be read. */
ic_unpack *ic_unpack_open(ic_read_fn read, void *ctx);
ic_pack ic_unpack_pack(const ic_unpack *u);
void ic_unpack_free(ic_unpack *u); /* NULL allowed */
/* Fills `out` as far as it can: *made < room only at the end of the text or at damage. IC_E_FORMAT or
 * IC_E_IO on damage; the *made bytes before it are good. */
ic_status ic_unpack_read(ic_unpack *u, void *out, size_t room, size_t *made, ic_error *err);

/* The text is lines, and ic_unpack_resume will be called: where within a member or frame another one seems to begin,
 * text is held back until it is known that it does not, so that none is given twice. Before the first read. False:
 * out of memory. */
bool ic_unpack_lines(ic_unpack *u);
/* After IC_E_FORMAT: goes to the next place where a member or frame seems to start, and on from the start of a line
 * there; *err says which bytes lie between. False: there is none, or this was done too often; all stays as it was. */
bool ic_unpack_resume(ic_unpack *u, ic_error *err);

/* The first text, up to `room` bytes: that behind damage which comes before the end of the first line. As
 * ic_unpack_read; *err also says damage that was passed over. After ic_unpack_lines. */
ic_status ic_unpack_head(ic_unpack *u, char *head, size_t room, size_t *n, ic_error *err);

/* For tests: zlib even where ISA-L is there. Not while files are read. */
void ic_unpack_use_zlib(bool yes);

#endif
