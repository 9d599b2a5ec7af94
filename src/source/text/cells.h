/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text into the columns of one row, for formats whose cells are text (CSV) or scalars of
 * JSON: one place for what a bad value is and how it is reported. */
#ifndef IC_SOURCE_TEXT_CELLS_H
#define IC_SOURCE_TEXT_CELLS_H

#include "source/text/reader.h"

/* A row being filled. Set up with ic_cells_begin for row b->rows; the row is appended (b->rows++)
 * only by the caller, at the very end. */
typedef struct ic_cells {
	ic_batch *b;
	uint32_t row;
	ic_fieldset seen;  /* columns that have a value */
	ic_fieldset given; /* fields that the record has a value for, wanted or not: what a row is must not
			    * depend on what is wanted of it, so put every field */
	char cause[160];   /* of the first bad value; "" if none */
} ic_cells;

void ic_cells_begin(ic_cells *c, ic_batch *b);
/* Puts `text` into column f by the column's type; nothing happens when f is not wanted or text is
 * null or empty (the column stays null). A later value replaces an earlier one. unit_ticks: ticks of
 * one unit of a numeric time or of a duration (IC_TICKS_S, IC_TICKS_MS...; 0: nanoseconds, which are
 * finer than a tick). The slice is kept for
 * strings: it must live as long as the batch's row. False: bad value, cause is filled.
 * Checked: times, addresses, ports 0..65535, counts and sizes not negative. */
bool ic_cells_put(ic_cells *c, ic_field f, ic_str text, int64_t unit_ticks);
/* A string known to be good (literal or in the batch's arena); {NULL, 0} sets null. */
void ic_cells_set_string(ic_cells *c, ic_field f, ic_str value);
void ic_cells_set_long(ic_cells *c, ic_field f, int64_t value);
void ic_cells_clear(ic_cells *c, ic_field f);
/* The string of a column, {NULL, 0} if it is null or not wanted. */
ic_str ic_cells_string(const ic_cells *c, ic_field f);
static inline bool ic_cells_has(const ic_cells *c, ic_field f)
{
	return (c->seen >> f) & 1;
}
/* Sets IC_ROW_PROXIED when the row's own port is another one than that of its URL (-1: unknown), or on CONNECT. */
void ic_cells_proxied(ic_cells *c, int url_port);
/* What a URL of the destination says: host, dst_name, dst_port, service, uri, where the row has
 * none; IC_ROW_PROXIED as above. Call after all other columns are put. A path alone becomes the uri, anything
 * else without a host is ignored. */
void ic_cells_url(ic_cells *c, ic_str url);
/* The stream of a row that does not say it: a request when it has a method, uri or URL, else a
 * connection. Sets b->stream. */
void ic_cells_stream_by_content(ic_cells *c);
/* The last step of every row: nulls what was not seen, checks that a wanted time is there, applies
 * the wanted streams and the row filter, counts all but counts->read. True: the row was appended. */
bool ic_cells_end(ic_cells *c, const ic_input_request *req, ic_row_counts *counts, uint64_t line);

/* Epoch number of that unit, all that ic_time_from_text reads (also with a comma behind the date), and dates with
 * an English month name. */
bool ic_cell_time(ic_str text, int64_t unit_ticks, int64_t *ret);
/* "tcp", "udp", "icmp" from a name in any case, "TcpV4", or an IANA protocol number. Unknown names
 * come back in lower case, copied into the arena. */
ic_str ic_transport_name(ic_arena *a, ic_str s);
/* True when `name` is one of the '|'-separated alternatives (NULL: none). */
bool ic_name_is(ic_str name, const char *alternatives, bool ignore_case);
/* Suricata logs an answer of DNS (dns.type) as its packet goes, from the server: true if the ports say so too, as the low
 * one is the server's. */
bool ic_dns_is_turned(ic_str type, ic_str src_port, ic_str dst_port);

#endif
