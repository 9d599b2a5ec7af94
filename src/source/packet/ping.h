/* SPDX-License-Identifier: Apache-2.0 */
/* Keep-alives of known protocols: what software sends to hold a connection open, whatever uses it. */
#ifndef IC_SOURCE_PACKET_PING_H
#define IC_SOURCE_PACKET_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a packet of `length` payload bytes, of which n were captured at p, is nothing but a PING of HTTP/2 in
 * clear (RFC 9113, 6.7), a heartbeat or an alert of TLS (RFC 6520; the alert that says good-bye is no check-in
 * either) or, h2: in a connection that may carry HTTP/2, a TLS record whose size is that of a PING. */
bool ic_is_ping(const uint8_t *p, size_t n, size_t length, bool h2);

#endif
