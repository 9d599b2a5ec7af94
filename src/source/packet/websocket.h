/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames of one side (RFC 6455). Only headers are looked at: payloads stay masked and compressed
 * (RFC 7692 sets one reserved bit, the two others mean that these are no frames). */
#ifndef IC_SOURCE_PACKET_WEBSOCKET_H
#define IC_SOURCE_PACKET_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ic_ws_frame {
	uint8_t opcode;
	bool final, masked, control, compressed;
	uint64_t length; /* of the payload */
} ic_ws_frame;

typedef struct ic_ws {
	uint8_t head[14];
	uint8_t have;
	uint64_t left; /* payload bytes to pass */
} ic_ws;	       /* all zero at the start */

/* Moves *at to the next frame header that is complete in p[*at..n). True: *ret is that frame; *at is behind
 * its header. False with *bad: no frames; else more bytes are needed. */
bool ic_ws_next(ic_ws *w, const uint8_t *p, size_t n, size_t *at, ic_ws_frame *ret, bool *bad);
/* n bytes were lost. False: frames are not found again. */
bool ic_ws_gap(ic_ws *w, uint64_t n);

#endif
