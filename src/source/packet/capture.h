/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files to frames: pcap in both byte orders, with micro- and nanoseconds, and pcapng with several
 * sections and interfaces. Pure: bytes in, slices out, no I/O. */
#ifndef IC_SOURCE_PACKET_CAPTURE_H
#define IC_SOURCE_PACKET_CAPTURE_H

#include "base/alloc.h"
#include "ictus.h"

/* One captured frame; p points into the bytes given. */
typedef struct ic_frame {
	int64_t ticks;	 /* since 1970 */
	uint64_t number; /* of the packet in its file, from 1 */
	const uint8_t *p;
	uint32_t captured; /* bytes at p */
	uint32_t length;   /* on the wire; at least captured */
	uint16_t link;	   /* link type, LINKTYPE_* as www.tcpdump.org/linktypes.html numbers them */
} ic_frame;

typedef enum ic_take {
	IC_TAKE_OK,   /* *ret is set, *used bytes were consumed */
	IC_TAKE_SKIP, /* *used bytes held no frame (headers, other blocks) */
	IC_TAKE_MORE, /* the bytes end in the middle of something; *used is 0 */
	IC_TAKE_BAD, /* no capture from here on, or a damaged record: *cause; *used > 0 if it can be passed */
} ic_take;

typedef struct ic_capture ic_capture; /* byte order, interfaces, resolutions */
ic_capture *ic_capture_new(void);     /* NULL: out of memory */
void ic_capture_free(ic_capture *c);  /* NULL allowed */
/* True when the first bytes of a file are those of a capture (4 are enough). */
bool ic_capture_sniff(const uint8_t *p, size_t n);
/* What is at p. A record longer than 1 MiB is bad, a pcapng block longer than 16 MiB too; a section may
 * have 65,536 interfaces. Out of memory is IC_TAKE_BAD with cause NULL. */
ic_take ic_capture_next(ic_capture *c, const uint8_t *p, size_t n, size_t *used, ic_frame *ret,
			const char **cause);

#endif
