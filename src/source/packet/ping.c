/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/ping.h"

enum {
	FRAME = 17, /* of HTTP/2: 9 bytes of head, 8 that come back */
	RECORD_HEAD = 5,
	ALERT = 21,
	DATA = 23,
	HEARTBEAT = 24,
};

static bool is_http2_ping(const uint8_t *p, size_t length)
{
	return length == FRAME && p[0] == 0 && p[1] == 0 && p[2] == 8 && p[3] == 6;
}

/* What encryption adds: TLS 1.2 with AES-GCM or CCM 8 + 16, ChaCha20 16; TLS 1.3 1 + 16. */
static bool is_sealed_ping(size_t record)
{
	return record == FRAME + 24 || record == FRAME + 16 || record == FRAME + 17;
}

bool ic_is_ping(const uint8_t *p, size_t n, size_t length, bool h2)
{
	if (n < RECORD_HEAD)
		return false;
	if (is_http2_ping(p, length))
		return true;
	size_t record = (size_t)p[3] << 8 | p[4];
	if (p[1] != 3 || p[2] > 4 || length != RECORD_HEAD + record)
		return false;
	return p[0] == ALERT || p[0] == HEARTBEAT || (p[0] == DATA && h2 && is_sealed_ping(record));
}
