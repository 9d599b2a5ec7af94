/* SPDX-License-Identifier: Apache-2.0 */
/* pcap: draft-ietf-opsawg-pcap; pcapng: draft-ietf-opsawg-pcapng. */
#include "source/packet/capture.h"

#include <string.h>

#include "base/time.h"

enum {
	PCAP_US = 0xa1b2c3d4,
	PCAP_NS = 0xa1b23c4d,
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_ORDER = 0x1a2b3c4d,
	PCAPNG_INTERFACE = 1,
	PCAPNG_PACKET = 2, /* obsolete, still met */
	PCAPNG_SIMPLE = 3,
	PCAPNG_ENHANCED = 6,
	OPTION_END = 0,
	OPTION_RESOLUTION = 9,
	OPTION_OFFSET = 14,
	RECORD_MAX = 1 << 20,
	BLOCK_MAX = 16 << 20,
	INTERFACES_MAX = 65536,
};

typedef struct interface {
	uint16_t link;
	uint32_t snap;	     /* 0: none */
	uint64_t per_second; /* time units */
	int64_t offset;	     /* seconds */
} interface;

struct ic_capture {
	enum { NOTHING, PCAP, PCAPNG } form;
	bool swapped, nano;
	uint64_t number;
	interface *list; /* of the section; pcap has one */
	uint32_t n, room;
};

ic_capture *ic_capture_new(void)
{
	return ic_calloc(1, sizeof(ic_capture));
}

void ic_capture_free(ic_capture *c)
{
	if (c)
		ic_free(c->list);
	ic_free(c);
}

static uint32_t raw32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t u32(const ic_capture *c, const uint8_t *p)
{
	return c->swapped ? __builtin_bswap32(raw32(p)) : raw32(p);
}

static uint16_t u16(const ic_capture *c, const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return c->swapped ? __builtin_bswap16(v) : v;
}

static bool is_pcap(uint32_t magic)
{
	return magic == PCAP_US || magic == PCAP_NS;
}

bool ic_capture_sniff(const uint8_t *p, size_t n)
{
	if (n < 4)
		return false;
	uint32_t magic = raw32(p);
	return is_pcap(magic) || is_pcap(__builtin_bswap32(magic)) || magic == PCAPNG_SECTION;
}

static ic_take bad(const char **cause, const char *why)
{
	*cause = why;
	return IC_TAKE_BAD;
}

/* ---- pcap ---- */

enum { PCAP_HEADER = 24, PCAP_RECORD = 16 };

/* The new interface, NULL: no memory. */
static interface *add_interface(ic_capture *c)
{
	if (c->n == c->room) {
		uint32_t room = c->room ? c->room * 2 : 1;
		interface *more = ic_reallocarray(c->list, room, sizeof *more);
		if (!more)
			return NULL;
		c->list = more;
		c->room = room;
	}
	return &c->list[c->n++];
}

static ic_take pcap_header(ic_capture *c, const uint8_t *p, size_t n, size_t *used, const char **cause)
{
	if (n < PCAP_HEADER)
		return IC_TAKE_MORE;
	c->swapped = !is_pcap(raw32(p));
	interface *i = add_interface(c);
	if (!i)
		return bad(cause, NULL);
	c->nano = u32(c, p) == PCAP_NS;
	const uint64_t per_second = c->nano ? 1000000000 : 1000000;
	/* The upper bits of the link type tell of a frame check sequence. */
	*i = (interface){ .link = (uint16_t)(u32(c, p + 20) & 0xffff), .per_second = per_second };
	c->form = PCAP;
	*used = PCAP_HEADER;
	return IC_TAKE_SKIP;
}

/* Units since 1970 (or since the offset) to ticks; false: out of range. */
static bool ticks_of(const interface *i, uint64_t units, int64_t *ret)
{
	uint64_t seconds = units / i->per_second, rest = units % i->per_second;
	int64_t whole;
	if (seconds > (uint64_t)(IC_TIME_MAX / IC_TICKS_S) ||
	    __builtin_add_overflow((int64_t)seconds, i->offset, &whole) || whole < 0 ||
	    whole > IC_TIME_MAX / IC_TICKS_S)
		return false;
	uint64_t part, product;
	if (!__builtin_mul_overflow(rest, (uint64_t)IC_TICKS_S, &product))
		part = product / i->per_second;
	else
		part = (uint64_t)((unsigned __int128)rest * (uint64_t)IC_TICKS_S / i->per_second);
	*ret = whole * IC_TICKS_S + (int64_t)part;
	return true;
}

static ic_take pcap_record(ic_capture *c, const uint8_t *p, size_t n, size_t *used, ic_frame *ret,
			   const char **cause)
{
	if (n < PCAP_RECORD)
		return IC_TAKE_MORE;
	const uint32_t captured = u32(c, p + 8), length = u32(c, p + 12), part = u32(c, p + 4);
	const interface *i = &c->list[0];
	if (captured > RECORD_MAX)
		return bad(cause, "packet record is longer than 1 MiB");
	if (n < PCAP_RECORD + (size_t)captured)
		return IC_TAKE_MORE;
	*used = PCAP_RECORD + (size_t)captured;
	c->number++;
	*ret = (ic_frame){ .number = c->number,
			   .p = p + PCAP_RECORD,
			   .captured = captured,
			   .length = length < captured ? captured : length,
			   .link = i->link };
	if (part >= i->per_second)
		return bad(cause, "packet time is out of range");
	/* As ticks_of says it, without its divisions. */
	ret->ticks = u32(c, p) * (int64_t)IC_TICKS_S + (c->nano ? part / 100 : part * 10);
	return IC_TAKE_OK;
}

/* ---- pcapng ---- */

enum { BLOCK_LEAST = 12, SECTION_LEAST = 28 };

static ic_take section(ic_capture *c, const uint8_t *p, size_t n, const char **cause)
{
	if (n < SECTION_LEAST)
		return bad(cause, "section header is too short");
	if (u16(c, p + 12) != 1)
		return bad(cause, "pcapng version is not 1");
	c->n = 0;
	c->form = PCAPNG;
	return IC_TAKE_SKIP;
}

/* if_tsresol: a power of ten, or of two when the top bit is set. */
static uint64_t resolution(uint8_t v)
{
	uint64_t per_second = 1;
	if (v & 0x80)
		return (v & 0x7f) < 64 ? UINT64_C(1) << (v & 0x7f) : 0;
	for (; v; v--)
		if (__builtin_mul_overflow(per_second, 10, &per_second))
			return 0;
	return per_second;
}

static ic_take add_described(ic_capture *c, const uint8_t *p, size_t n, const char **cause)
{
	if (n < BLOCK_LEAST + 8)
		return bad(cause, "interface description is too short");
	if (c->n == INTERFACES_MAX)
		return bad(cause, "more than 65,536 interfaces");
	interface *i = add_interface(c);
	if (!i)
		return bad(cause, NULL);
	*i = (interface){ .link = u16(c, p + 8), .snap = u32(c, p + 12), .per_second = 1000000 };
	for (size_t at = 16; at + 4 <= n - 4;) {
		const uint16_t code = u16(c, p + at), length = u16(c, p + at + 2);
		if (code == OPTION_END || length > n - 4 - at - 4)
			break;
		const uint8_t *v = p + at + 4;
		if (code == OPTION_RESOLUTION && length == 1 && resolution(v[0]))
			i->per_second = resolution(v[0]);
		if (code == OPTION_OFFSET && length == 8) {
			memcpy(&i->offset, v, sizeof i->offset);
			if (c->swapped)
				i->offset = (int64_t)__builtin_bswap64((uint64_t)i->offset);
		}
		at += 4 + ((size_t)length + 3) / 4 * 4;
	}
	return IC_TAKE_SKIP;
}

/* A block with a packet: interface, time, lengths at `head` bytes from its start, the frame after. */
static ic_take packet(ic_capture *c, const uint8_t *p, size_t n, uint32_t which, size_t head, ic_frame *ret,
		      const char **cause)
{
	if (n < head + 4)
		return bad(cause, "packet block is too short");
	c->number++;
	if (which >= c->n)
		return bad(cause, "packet of an interface that is not described");
	const interface *i = &c->list[which];
	const bool timed = head > 12;
	uint32_t length = u32(c, p + (timed ? head - 4 : 8)),
		 captured = timed ? u32(c, p + head - 8) : length;
	if (!timed) {
		captured = i->snap && i->snap < captured ? i->snap : captured;
		captured = captured < n - 4 - head ? captured : (uint32_t)(n - 4 - head);
	}
	if (captured > n - 4 - head)
		return bad(cause, "packet is longer than its block");
	*ret = (ic_frame){ .number = c->number,
			   .p = p + head,
			   .captured = captured,
			   .length = length < captured ? captured : length,
			   .link = i->link };
	if (!timed)
		return bad(cause, "packet block without a time");
	uint64_t units = (uint64_t)u32(c, p + 12) << 32 | u32(c, p + 16);
	return ticks_of(i, units, &ret->ticks) ? IC_TAKE_OK : bad(cause, "packet time is out of range");
}

static ic_take block(ic_capture *c, const uint8_t *p, size_t n, size_t *used, ic_frame *ret,
		     const char **cause)
{
	if (n < BLOCK_LEAST)
		return IC_TAKE_MORE;
	if (raw32(p) == PCAPNG_SECTION) {
		uint32_t order = raw32(p + 8);
		c->swapped = order != PCAPNG_ORDER;
		if (c->swapped && order != __builtin_bswap32(PCAPNG_ORDER))
			return bad(cause, "section header without byte order");
	}
	const uint32_t length = u32(c, p + 4);
	if (length < BLOCK_LEAST || length % 4)
		return bad(cause, "block length is wrong");
	if (length > BLOCK_MAX)
		return bad(cause, "block is longer than 16 MiB");
	if (n < length)
		return IC_TAKE_MORE;
	if (u32(c, p + length - 4) != length)
		return bad(cause, "block lengths differ");
	*used = length;
	if (raw32(p) == PCAPNG_SECTION)
		return section(c, p, length, cause);
	switch (u32(c, p)) {
	case PCAPNG_INTERFACE: return add_described(c, p, length, cause);
	case PCAPNG_ENHANCED: return packet(c, p, length, length >= 12 ? u32(c, p + 8) : 0, 28, ret, cause);
	case PCAPNG_PACKET: return packet(c, p, length, u16(c, p + 8), 28, ret, cause);
	case PCAPNG_SIMPLE: return packet(c, p, length, 0, 12, ret, cause);
	default: return IC_TAKE_SKIP;
	}
}

ic_take ic_capture_next(ic_capture *c, const uint8_t *p, size_t n, size_t *used, ic_frame *ret,
			const char **cause)
{
	*used = 0;
	if (c->form == PCAP)
		return pcap_record(c, p, n, used, ret, cause);
	if (c->form == PCAPNG)
		return block(c, p, n, used, ret, cause);
	if (n < 4)
		return IC_TAKE_MORE;
	if (!ic_capture_sniff(p, n))
		return bad(cause, "no capture file");
	return raw32(p) == PCAPNG_SECTION ? block(c, p, n, used, ret, cause)
					  : pcap_header(c, p, n, used, cause);
}
