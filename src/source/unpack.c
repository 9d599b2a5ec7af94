/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unpack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
#ifdef IC_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "source/messages.h"

#define IN_BYTES   (128u << 10)
#define GAPS_MOST  1000u       /* that are passed over in one file */
#define AGAIN_MOST (16u << 20) /* bytes that are read again in all: each may stand for a thousand of text */
#define HEAD_BYTES 4u	       /* that tell how a file is packed */
/* A member that lacks its end runs on into the next one: in a block that is not packed to its end, which is 64 KiB of
 * gzip at the most, 128 of zstd; in another one of gzip until chance ends it, within some ten thousand codes. What
 * follows is no block. So much input without damage proves that there was no end, or so much text of it, which is held
 * meanwhile. */
#define PROOF_BYTES  (256u << 10)
#define HELD_BYTES   (128u << 10)
#define HELD_MOST    (8u << 20)
#define KEPT_BYTES   PROOF_BYTES /* before the input that stay readable: see gz_isal and ic_unpack_resume */
#define BUFFER_BYTES (KEPT_BYTES + 4 * IN_BYTES) /* those are moved but now and then */

typedef struct codec codec;
struct ic_unpack {
	const codec *codec;
	ic_read_fn read;
	void *ctx;
	uint8_t head[HEAD_BYTES]; /* read by ic_unpack_open, taken up to head_at */
	size_t head_n, head_at;
	ssize_t behind;	 /* the head, as ic_read_fn gives it; more than 0: not known */
	uint8_t *buffer; /* KEPT_BYTES, then the input */
	uint8_t *in;	 /* not consumed: in..in_end */
	uint8_t *in_end;
	uint8_t *stop; /* the codec reads no further */
	bool in_eof;
	bool between; /* a member or frame ended, none has begun */
	bool any;     /* at least one member or frame ended */
	bool cut;     /* some of them ended within a line, */
	char last;    /* by the last byte of its text */
	bool to_line; /* the text up to the next line's start is dropped */
	unsigned gaps;
	uint64_t again;	    /* bytes that were read once more behind gaps */
	uint64_t taken;	    /* bytes read: those before in_end */
	uint64_t member_at; /* where the member begins that is being read */
	uint64_t looked;    /* up to here no other one seems to begin */
	/* The text from where another one seems to begin, until it is known that it does not. NULL: not of lines */
	uint8_t *held;
	size_t held_n, held_at, held_room; /* given up to held_at */
	bool holding;
	uint64_t doubt; /* where it seems to begin */
	ic_status failed;
	ic_error why;
	union {
		z_stream *z;
		ZSTD_DStream *zstd;
#ifdef IC_HAVE_ISAL
		struct inflate_state *isal;
#endif
	};
};

/* How members (of zstd: frames) begin, and what is said of those that are damaged. */
typedef struct container {
	/* Whether these head_bytes look like the start of a member; *inside: of one that may start within a line. */
	bool (*starts)(const uint8_t *p, bool *inside);
	size_t head_bytes;
	uint8_t magic[4];
	size_t magic_bytes;
	const char *cut, *tail;
} container;

struct codec {
	const container *of;
	bool (*open)(ic_unpack *u);
	/* Consumes input up to `stop`, makes output; NULL or the damage. Sets `between` at a member's end. */
	const char *(*step)(ic_unpack *u, uint8_t *out, size_t room, size_t *made);
	void (*close)(ic_unpack *u);
};

static bool zlib_only;

void ic_unpack_use_zlib(bool yes)
{
	zlib_only = yes;
}

ic_pack ic_pack_of(const void *head, size_t n)
{
	const uint8_t *p = head;
	if (n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8)
		return IC_PACK_GZIP;
	if (n >= 4 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd && p[0] == 0x28)
		return IC_PACK_ZSTD;
	/* a skippable frame may come first */
	if (n >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18)
		return IC_PACK_ZSTD;
	return IC_PACK_PLAIN;
}

ssize_t ic_read_fd(void *fd, void *to, size_t n)
{
	ssize_t got;
	do
		got = read(*(int *)fd, to, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* ---- gzip: RFC 1952. Writers that cut a text anywhere (bgzip and its like) tell sizes in extra fields. ---- */

static bool gzip_starts(const uint8_t *p, bool *inside)
{
	enum { RESERVED = 0xe0, EXTRA = 4 };
	const uint8_t flags = p[3], effort = p[8];
	*inside = flags & EXTRA;
	return p[0] == 0x1f && p[1] == 0x8b && p[2] == 8 && !(flags & RESERVED) &&
	       (effort == 0 || effort == 2 || effort == 4);
}

static const container gzip = { .starts = gzip_starts,
				.head_bytes = 10,
				.magic = { 0x1f, 0x8b },
				.magic_bytes = 2,
				.cut = IC_MSG_GZIP_CUT,
				.tail = IC_MSG_GZIP_TAIL };

/* ---- zlib ---- */

static void *z_alloc(void *opaque, unsigned n, unsigned size)
{
	(void)opaque;
	return ic_calloc(n, size);
}

static void z_free(void *opaque, void *p)
{
	(void)opaque;
	ic_free(p);
}

static bool zlib_open(ic_unpack *u)
{
	u->z = ic_calloc(1, sizeof(*u->z));
	if (!u->z)
		return false;
	u->z->zalloc = z_alloc;
	u->z->zfree = z_free;
	if (inflateInit2(u->z, 15 + 16) == Z_OK)
		return true;
	ic_free(u->z);
	return false;
}

static const char *zlib_step(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	if (u->between && inflateReset(u->z) != Z_OK)
		return IC_MSG_GZIP_BAD;
	u->between = false;
	u->z->next_in = u->in;
	u->z->avail_in = (uInt)(u->stop - u->in);
	u->z->next_out = out;
	u->z->avail_out = (uInt)room;
	int rc = inflate(u->z, Z_NO_FLUSH);
	u->in = u->z->next_in;
	*made = room - u->z->avail_out;
	u->between = rc == Z_STREAM_END;
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? NULL : IC_MSG_GZIP_BAD;
}

static void zlib_close(ic_unpack *u)
{
	(void)inflateEnd(u->z);
	ic_free(u->z);
}

static const codec gz_zlib = { &gzip, zlib_open, zlib_step, zlib_close };

/* ---- ISA-L: twice as fast. At the end of a member it gives back bytes that it had read ahead, also
 * ones of an earlier input buffer: the KEPT_BYTES before `in` keep those readable. ---- */

#ifdef IC_HAVE_ISAL
static bool isal_open(ic_unpack *u)
{
	u->isal = ic_malloc(sizeof(*u->isal));
	if (!u->isal)
		return false;
	isal_inflate_init(u->isal);
	u->isal->crc_flag = ISAL_GZIP;
	return true;
}

static const char *isal_step(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	struct inflate_state *s = u->isal;
	if (u->between) {
		isal_inflate_reset(s);
		s->crc_flag = ISAL_GZIP;
	}
	u->between = false;
	s->next_in = u->in;
	s->avail_in = (uint32_t)(u->stop - u->in);
	s->next_out = out;
	s->avail_out = (uint32_t)room;
	int rc = isal_inflate(s);
	u->in = s->next_in;
	*made = room - s->avail_out;
	u->between = rc == ISAL_DECOMP_OK && s->block_state == ISAL_BLOCK_FINISH;
	return rc == ISAL_DECOMP_OK || rc == ISAL_END_INPUT ? NULL : IC_MSG_GZIP_BAD;
}

static void isal_close(ic_unpack *u)
{
	ic_free(u->isal);
}

static const codec gz_isal = { &gzip, isal_open, isal_step, isal_close };
#endif

/* ---- zstd ---- */

static bool zstd_open(ic_unpack *u)
{
	u->zstd = ZSTD_createDStream();
	return u->zstd != NULL;
}

static const char *zstd_step(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	ZSTD_inBuffer in = { u->in, (size_t)(u->stop - u->in), 0 };
	ZSTD_outBuffer to = { out, room, 0 };
	if (u->between)
		(void)ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
	u->between = false;
	size_t rc = ZSTD_decompressStream(u->zstd, &to, &in);
	u->in += in.pos;
	*made = to.pos;
	u->between = rc == 0;
	if (!ZSTD_isError(rc))
		return NULL;
	return ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge ? IC_MSG_ZSTD_WINDOW
										 : IC_MSG_ZSTD_BAD;
}

static void zstd_close(ic_unpack *u)
{
	(void)ZSTD_freeDStream(u->zstd);
}

static bool zstd_starts(const uint8_t *p, bool *inside)
{
	enum { RESERVED = 8 };
	*inside = false;
	return p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd && !(p[4] & RESERVED);
}

static const container zstd = { .starts = zstd_starts,
				.head_bytes = 5,
				.magic = { 0x28, 0xb5, 0x2f, 0xfd },
				.magic_bytes = 4,
				.cut = IC_MSG_ZSTD_CUT,
				.tail = IC_MSG_ZSTD_TAIL };
static const codec zstd_codec = { &zstd, zstd_open, zstd_step, zstd_close };

/* ---- all ---- */

static ic_status fail(ic_unpack *u, ic_status code, const char *why)
{
	u->failed = ic_fail(&u->why, code, "%s", why);
	return u->failed;
}

ic_unpack *ic_unpack_new(ic_pack pack, ic_read_fn read, void *ctx)
{
	ic_unpack *u = ic_calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->read = read;
	u->ctx = ctx;
	u->behind = 1;
	u->between = true;
	u->last = '\n';
	if (pack == IC_PACK_PLAIN)
		return u;
	const codec *c = pack == IC_PACK_GZIP ? &gz_zlib : &zstd_codec;
#ifdef IC_HAVE_ISAL
	if (pack == IC_PACK_GZIP && !zlib_only)
		c = &gz_isal;
#endif
	u->buffer = ic_malloc(BUFFER_BYTES);
	if (u->buffer && c->open(u)) {
		u->codec = c;
		memset(u->buffer, 0, KEPT_BYTES);
		u->in = u->in_end = u->buffer + KEPT_BYTES;
		return u;
	}
	ic_free(u->buffer);
	ic_free(u);
	return NULL;
}

ic_unpack *ic_unpack_open(ic_read_fn read, void *ctx)
{
	uint8_t head[HEAD_BYTES];
	size_t n = 0;
	ssize_t got;
	do {
		got = read(ctx, head + n, sizeof(head) - n);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n < sizeof(head));
	ic_unpack *u = ic_unpack_new(ic_pack_of(head, n), read, ctx);
	if (!u)
		return NULL;
	memcpy(u->head, head, n);
	u->head_n = n;
	u->behind = got;
	return u;
}

ic_pack ic_unpack_pack(const ic_unpack *u)
{
	return !u->codec ? IC_PACK_PLAIN : u->codec->of == &gzip ? IC_PACK_GZIP : IC_PACK_ZSTD;
}

void ic_unpack_free(ic_unpack *u)
{
	if (!u)
		return;
	if (u->codec)
		u->codec->close(u);
	ic_free(u->held);
	ic_free(u->buffer);
	ic_free(u);
}

bool ic_unpack_lines(ic_unpack *u)
{
	if (u->codec && !u->held)
		u->held = ic_malloc(u->held_room = HELD_BYTES);
	return !u->codec || u->held;
}

/* An ic_read_fn. A terminal that has ended would have to be ended again. */
static ssize_t take(ic_unpack *u, void *to, size_t n)
{
	size_t left = u->head_n - u->head_at;
	if (left == 0)
		return u->behind > 0 ? u->read(u->ctx, to, n) : u->behind;
	n = n < left ? n : left;
	memcpy(to, u->head + u->head_at, n);
	u->head_at += n;
	return (ssize_t)n;
}

/* More input behind what is left; KEPT_BYTES that were consumed stay in front, however few come at once. */
static ic_status refill(ic_unpack *u)
{
	size_t left = (size_t)(u->in_end - u->in);
	if (left >= IN_BYTES)
		return fail(u, IC_E_FORMAT, u->codec->of->cut); /* so much input and no step possible */
	const uint8_t *end = u->buffer + BUFFER_BYTES;
	if ((size_t)(end - u->in_end) < IN_BYTES) {
		memmove(u->buffer, u->in - KEPT_BYTES, KEPT_BYTES + left);
		u->in = u->buffer + KEPT_BYTES;
		u->in_end = u->in + left;
	}
	ssize_t n = take(u, u->in_end, IN_BYTES);
	if (n < 0)
		return fail(u, IC_E_IO, strerror((int)-n));
	u->in_eof = n == 0;
	u->in_end += n;
	u->taken += (uint64_t)n;
	return IC_OK;
}

/* Where in the file the next byte of the input is. */
static uint64_t place(const ic_unpack *u)
{
	return u->taken - (uint64_t)(u->in_end - u->in);
}

static ic_status read_plain(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	while (*made < room && !u->in_eof) {
		ssize_t n = take(u, out + *made, room - *made);
		if (n < 0)
			return fail(u, IC_E_IO, strerror((int)-n));
		u->in_eof = n == 0;
		*made += (size_t)n;
	}
	return IC_OK;
}

/* Between members: *end when the input ends here. Zstd's skippable frames are the codec's. What follows the end of a
 * frame without a checksum tells whether it was one, if text is held. */
static ic_status next_member(ic_unpack *u, bool *end)
{
	const container *c = u->codec->of;
	while ((size_t)(u->in_end - u->in) < c->magic_bytes && !u->in_eof)
		if (refill(u) != IC_OK)
			return u->failed;
	size_t left = (size_t)(u->in_end - u->in);
	*end = left == 0;
	const bool skippable = c == &zstd && ic_pack_of(u->in, left) == IC_PACK_ZSTD;
	const bool good = *end || !u->any || skippable ||
			  (left >= c->magic_bytes && memcmp(u->in, c->magic, c->magic_bytes) == 0);
	if (!good && u->holding)
		return fail(u, IC_E_FORMAT, c->cut);
	u->cut |= u->last != '\n';
	u->member_at = place(u);
	return good ? IC_OK : fail(u, IC_E_FORMAT, c->tail);
}

/* Of n bytes of text those are kept that lie behind the end of a line. */
static size_t drop_to_line(ic_unpack *u, uint8_t *text, size_t n)
{
	const uint8_t *eol = n ? memchr(text, '\n', n) : NULL;
	const size_t drop = eol ? (size_t)(eol + 1 - text) : n;
	memmove(text, text + drop, n - drop);
	u->to_line = !eol;
	return n - drop;
}

/* All of a packed file is looked at, by blocks, without a branch for each byte that chance makes the first. */
enum { BLOCK = 1024 };

/* Made anew for each level of vector instructions: the bytes before the first block in which the pair is, or before the
 * last ones, which are less than a block. */
static inline __attribute__((always_inline)) size_t pass_blocks(const uint8_t *p, size_t n,
								const uint8_t pair[2])
{
	const uint8_t a = pair[0], b = pair[1];
	uint8_t any = 0;
	size_t i = 0;
	for (; n - i >= BLOCK; i += BLOCK) {
		for (size_t k = 0; k < BLOCK; k++)
			any |= (uint8_t)((p[i + k] == a) & (p[i + k + 1] == b));
		if (any)
			break;
	}
	return i;
}

static size_t pass_plain(const uint8_t *p, size_t n, const uint8_t pair[2])
{
	return pass_blocks(p, n, pair);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t pass_avx2(const uint8_t *p, size_t n, const uint8_t pair[2])
{
	return pass_blocks(p, n, pair);
}

__attribute__((target("avx512bw"))) static size_t pass_avx512(const uint8_t *p, size_t n,
							      const uint8_t pair[2])
{
	return pass_blocks(p, n, pair);
}
#endif

/* The first of n places with these two bytes; p[n] can be read. */
static uint8_t *find_pair(uint8_t *p, size_t n, const uint8_t pair[2])
{
	static size_t (*const pass[])(const uint8_t *, size_t, const uint8_t *) = {
		[IC_SIMD_SCALAR] = pass_plain,
		[IC_SIMD_128] = pass_plain,
#if defined(__x86_64__)
		[IC_SIMD_AVX2] = pass_avx2,
		[IC_SIMD_AVX512] = pass_avx512,
#endif
	};
	for (size_t i = pass[ic_cpu_simd()](p, n, pair); i < n; i++)
		if (p[i] == pair[0] && p[i + 1] == pair[1])
			return p + i;
	return NULL;
}

/* The first place in p..end that looks like the start of a member, or from where on that cannot be told. */
static uint8_t *find_start(const container *c, uint8_t *p, uint8_t *end, bool *found, bool *inside)
{
	*found = false;
	while ((size_t)(end - p) >= c->head_bytes) {
		const size_t room = (size_t)(end - p) - (c->head_bytes - 1);
		uint8_t *q = find_pair(p, room, c->magic);
		if (!q)
			return p + room;
		*found = c->starts(q, inside);
		if (*found)
			return q;
		p = q + 1;
	}
	return p;
}

/* How far the codec may read. *turn: there the text begins to be held, or to be held no more. */
static uint8_t *find_stop(ic_unpack *u, bool *turn)
{
	const uint64_t at = place(u), left = (uint64_t)(u->in_end - u->in);
	bool inside;
	*turn = false;
	if (u->holding) {
		const uint64_t more = u->doubt + PROOF_BYTES - at;
		*turn = more <= left;
		return *turn ? u->in + more : u->in_end;
	}
	if (!u->held || u->again >= AGAIN_MOST)
		return u->in_end;
	uint64_t from = u->looked > u->member_at ? u->looked : u->member_at + 1;
	from = from > at ? from - at : 0;
	uint8_t *p = find_start(u->codec->of, u->in + (from < left ? from : left), u->in_end, turn, &inside);
	u->looked = at + (uint64_t)(p - u->in);
	return *turn || !u->in_eof ? p : u->in_end;
}

static void turn_holding(ic_unpack *u)
{
	u->holding = !u->holding;
	if (u->holding) {
		u->doubt = place(u);
		u->held_n = u->held_at = 0;
	}
}

/* False: enough is held. */
static bool widen_held(ic_unpack *u)
{
	uint8_t *p = u->held_room < HELD_MOST ? ic_realloc(u->held, u->held_room * 2) : NULL;
	if (p) {
		u->held = p;
		u->held_room *= 2;
	} else if (u->held_room < HELD_MOST) {
		u->failed = ic_fail_nomem(&u->why);
	}
	return p != NULL;
}

static size_t give_held(ic_unpack *u, uint8_t *to, size_t room)
{
	const size_t left = u->held_n - u->held_at, n = left < room ? left : room;
	memcpy(to, u->held + u->held_at, n);
	u->held_at += n;
	return n;
}

/* One step of the codec in a member. */
static void step_member(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	const uint8_t *before = u->in;
	size_t n = 0;
	bool turn;
	u->stop = find_stop(u, &turn);
	const char *damage = u->codec->step(u, out, room < (1u << 30) ? room : 1u << 30, &n);
	if (n)
		u->last = (char)out[n - 1];
	u->any |= u->between;
	const bool stuck = n == 0 && !u->between && u->in == before;
	*made = u->to_line ? drop_to_line(u, out, n) : n;
	if (damage)
		(void)fail(u, IC_E_FORMAT, u->holding ? u->codec->of->cut : damage);
	else if (stuck && turn && u->in == u->stop)
		turn_holding(u);
	else if (stuck && u->in_eof)
		(void)fail(u, IC_E_FORMAT, u->codec->of->cut);
	else if (stuck)
		(void)refill(u);
}

ic_status ic_unpack_read(ic_unpack *u, void *out, size_t room, size_t *made, ic_error *err)
{
	uint8_t *to = out;
	*made = 0;
	if (u->failed == IC_OK && !u->codec)
		(void)read_plain(u, to, room, made);
	while (u->codec && *made < room && u->failed == IC_OK) {
		bool end = false;
		size_t n = 0;
		if (!u->holding && u->held_at < u->held_n) {
			*made += give_held(u, to + *made, room - *made);
			continue;
		}
		if (u->between && next_member(u, &end) != IC_OK)
			break;
		if (u->between && u->holding) {
			u->holding = false;
			continue;
		}
		if (end)
			break;
		if (u->holding) {
			step_member(u, u->held + u->held_n, u->held_room - u->held_n, &n);
			u->held_n += n;
			u->holding &= u->held_n < u->held_room || widen_held(u);
		} else {
			step_member(u, to + *made, room - *made, &n);
			*made += n;
		}
	}
	if (u->failed != IC_OK && err)
		*err = u->why;
	return u->failed;
}

/* Goes to the next place that looks like the start of a member. False: there is none. */
static bool find_member(ic_unpack *u)
{
	const container *c = u->codec->of;
	bool found, inside;
	for (;;) {
		u->in = find_start(c, u->in, u->in_end, &found, &inside);
		if (found) {
			u->to_line = u->cut || inside;
			return true;
		}
		if (u->in_eof || refill(u) != IC_OK)
			return false;
	}
}

bool ic_unpack_resume(ic_unpack *u, ic_error *err)
{
	const uint64_t from = u->member_at;
	const ic_error why = u->why;
	if (!u->codec || u->failed != IC_E_FORMAT || u->gaps == GAPS_MOST)
		return false;
	if (u->holding) { /* another one does begin there */
		u->again += place(u) - u->doubt;
		u->in = u->in_end - (size_t)(u->taken - u->doubt);
	} else if (place(u) == from && u->in < u->in_end) {
		u->in++;
	}
	u->holding = false;
	u->held_n = u->held_at = 0;
	if (!find_member(u)) {
		u->failed = why.code;
		u->why = why;
		return false;
	}
	u->gaps++;
	u->failed = IC_OK;
	u->between = true;
	u->last = '\n';
	(void)ic_fail(err, why.code, IC_MSG_GAP, why.message, from, place(u));
	return true;
}

ic_status ic_unpack_head(ic_unpack *u, char *head, size_t room, size_t *n, ic_error *err)
{
	ic_status st;
	do
		st = ic_unpack_read(u, head, room, n, err);
	while (st == IC_E_FORMAT && !memchr(head, '\n', *n) && ic_unpack_resume(u, err));
	return st;
}
