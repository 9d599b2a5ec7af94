/* SPDX-License-Identifier: Apache-2.0 */
/* Rows with hostile texts through observation: each line is a row, cells split by tabs. The first byte
 * of a line chooses addresses (bits 0 and 1), the stream (2 to 4) and the flags (4 to 7). */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/observe.h"

enum { MAX_ROWS = 256 };

static const ic_field texts[] = { IC_F_UID,	     IC_F_URI,	       IC_F_DST_NAME, IC_F_DNS_QUERY,
				  IC_F_DNS_ANSWERS,  IC_F_METHOD,      IC_F_SERVICE,  IC_F_TRANSPORT,
				  IC_F_CERT_SUBJECT, IC_F_CERT_ISSUER, IC_F_SRC_HOST, IC_F_USER_AGENT };

static ic_str next_cell(ic_str *rest, char end)
{
	const char *at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	uint32_t n = at ? (uint32_t)(at - rest->p) : rest->n;
	ic_str cell = { rest->p, n };
	*rest = (ic_str){ rest->p + n + (at != NULL), rest->n - n - (at != NULL) };
	return cell;
}

static void add_row(ic_batch *b, ic_str line)
{
	uint32_t r = b->rows++;
	uint8_t first = line.n ? (uint8_t)line.p[0] : 0;
	ic_fieldset seen = IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_DST_PORT) | IC_FIELD_BIT(IC_F_DST_IP);
	_Static_assert(IC_STREAM_NONE == 7, "three bits");
	b->stream[r] = first >> 2 & 7;
	b->flags[r] = first >> 4;
	line = line.n ? (ic_str){ line.p + 1, line.n - 1 } : line;
	b->col[IC_F_TIME].i[r] = r * IC_TICKS_S;
	b->col[IC_F_DST_PORT].i[r] = first;
	b->col[IC_F_DST_IP].ip[r] = ic_ip_from_v4(first & 1 ? 0x08080808 : 0x0a000001);
	if (first & 2) {
		b->col[IC_F_SRC_IP].ip[r] = ic_ip_from_v4(0x0a000000u + (first & 7));
		seen |= IC_FIELD_BIT(IC_F_SRC_IP);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts && line.n; i++) {
		b->col[texts[i]].s[r] = next_cell(&line, '\t');
		seen |= IC_FIELD_BIT(texts[i]);
	}
	ic_batch_null_rest(b, r, seen);
}

static void drain_all(ic_observation *o, const ic_parcel *p)
{
	for (uint32_t r = 0; r < p->n; r++)
		if (ic_observe_drain(o, p->part[r], p->rows + r * ic_observe_row_bytes(o), 1) != IC_OK)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > UINT16_MAX)
		return 0;
	ic_observe_config cfg = { .full = true,
				  .have_conn = data[0] & 1,
				  .join_pending = data[0] & 2,
				  .repeats = data[0] & 4,
				  .join_entries = data[0] >> 4 };
	ic_intern *names = ic_intern_new(NULL);
	ic_observation *o = names ? ic_observe_new(&cfg, names, NULL) : NULL;
	ic_batch *b = ic_batch_new(ic_observe_fields(true));
	ic_parcel p = { .room = 300 };
	p.rows = malloc(p.room * sizeof(ic_obs_full));
	p.part = malloc(p.room);
	if (o && b && p.rows && p.part) {
		ic_str rest = { (const char *)data + 1, (uint32_t)size - 1 };
		uint64_t out_scope = 0, dropped = 0;
		ic_batch_reset(b);
		while (rest.n && b->rows < MAX_ROWS)
			add_row(b, next_cell(&rest, '\n'));
		for (uint32_t at = 0; at < b->rows; p.n = 0) {
			at = ic_observe_rows(o, b, at, &p, &out_scope, &dropped);
			drain_all(o, &p);
		}
		if (dropped || ic_observe_finish(o, 1) != IC_OK)
			abort();
	}
	free(p.rows);
	free(p.part);
	ic_batch_free(b);
	ic_observe_free(o);
	ic_intern_free(names);
	return 0;
}
