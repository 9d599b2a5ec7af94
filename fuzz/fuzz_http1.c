/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 of one side: the same is told in whatever pieces the bytes come. The first byte says which side,
 * and how long the pieces are. */
#include <stdlib.h>
#include <string.h>

#include "source/packet/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t h, ic_str s)
{
	h = (h ^ s.n) * UINT64_C(0x100000001b3);
	for (uint32_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static bool on_head(void *ctx, const ic_http_head *head)
{
	uint64_t *h = ctx;
	const ic_str texts[] = { head->method,	 head->target,	     head->host,    head->user_agent,
				 head->referrer, head->content_type, head->upgrade, head->content_encoding };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*h = mix(*h, texts[i]);
	*h += head->status + (uint64_t)head->content_length + head->malformed + head->websocket;
	return true;
}

static bool on_body_end(void *ctx, uint64_t bytes)
{
	uint64_t *h = ctx;
	*h = (*h ^ bytes) * 31;
	return true;
}

static uint64_t told(bool requests, const uint8_t *p, size_t n, size_t step)
{
	uint64_t h = 1;
	const ic_http_sink sink = { &h, on_head, on_body_end };
	ic_http *parser = ic_http_new(requests);
	ic_http_state st = IC_HTTP_GOES_ON;
	if (!parser)
		abort();
	for (size_t at = 0; at < n && st == IC_HTTP_GOES_ON; at += step) {
		size_t part = n - at < step ? n - at : step, used;
		uint8_t *piece = malloc(part);
		if (!piece)
			abort();
		memcpy(piece, p + at, part);
		st = ic_http_feed(parser, piece, part, &used, &sink);
		if (used > part || (st == IC_HTTP_GOES_ON && used != part))
			abort();
		free(piece);
	}
	ic_http_close(parser, &sink);
	ic_http_free(parser);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const bool requests = data[0] & 1;
	if (told(requests, data + 1, size - 1, size) !=
	    told(requests, data + 1, size - 1, (data[0] >> 1) + 1))
		abort();
	return 0;
}
