/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/tally.h"

void ic_packet_tally(const ic_decoder *d, const ic_flow_table *t, const ic_apps *a, ic_tally to[IC_TALLIES])
{
	static const ic_decode_counts none;
	const ic_decode_counts *x = d ? ic_decoder_counts(d) : &none;
	const ic_flow_counts *f = ic_flow_table_counts(t);
	const ic_apps_counts *c = ic_apps_get_counts(a);
	const ic_tally all[] = {
		{ "packets cut short", x->cut },
		{ "packets whose lengths contradict each other", x->bad },
		{ "bad checksums", x->bad_checksums },
		{ "packets of an unknown link type", x->unknown_link },
		{ "fragments dropped", x->fragments_dropped },
		{ "gaps in streams", f->gaps },
		{ "bytes missing in them", f->gap_bytes },
		{ "segments that overlap others", f->overlaps },
		{ "segments out of the window", f->out_of_window },
		{ "connections ended early to make room", f->evicted },
		{ "segments and connections dropped for want of memory", f->no_memory },
		{ "connections not looked into for want of memory", c->given_up },
		{ "places where HTTP requests may be lost", c->requests_lost },
		{ "WebSockets whose frames make no sense", c->frames_lost },
		{ "connections with HTTP/2 in clear", c->http2 },
		{ "keep-alives", c->pings },
	};
	_Static_assert(sizeof all / sizeof *all <= IC_TALLIES, "what is told has room");
	for (size_t i = 0; i < IC_TALLIES; i++)
		if (i < sizeof all / sizeof *all)
			to[i] = (ic_tally){ all[i].what, to[i].n + all[i].n };
}
