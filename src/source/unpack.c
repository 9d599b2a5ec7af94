/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unpack.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>
#ifdef IC_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/alloc.h"
#include "base/error.h"
#include "source/messages.h"

#define IN_BYTES (128u << 10)
#define SLACK	 64u /* bytes before the input that stay readable: see gz_isal */

typedef struct codec codec;
struct ic_unpack {
	const codec *codec;
	ic_read_fn read;
	void *ctx;
	uint8_t *buffer; /* twice SLACK, then IN_BYTES */
	uint8_t *in;	 /* not consumed: in..in_end */
	uint8_t *in_end;
	bool in_eof;
	bool between; /* a member or frame ended, none has begun */
	bool any;     /* at least one member or frame ended */
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

/* One step: consumes input, makes output; NULL or the damage. Sets `between` at a member's end. */
struct codec {
	bool (*open)(ic_unpack *u);
	const char *(*step)(ic_unpack *u, uint8_t *out, size_t room, size_t *made);
	void (*close)(ic_unpack *u);
	uint8_t magic[4];
	size_t magic_bytes;
	const char *cut, *tail;
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
	u->z->avail_in = (uInt)(u->in_end - u->in);
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

static const codec gz_zlib = { zlib_open, zlib_step,	   zlib_close,	    { 0x1f, 0x8b },
			       2,	  IC_MSG_GZIP_CUT, IC_MSG_GZIP_TAIL };

/* ---- ISA-L: twice as fast. At the end of a member it gives back bytes that it had read ahead, also
 * ones of an earlier input buffer: the SLACK bytes before `in` keep those readable. ---- */

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
	s->avail_in = (uint32_t)(u->in_end - u->in);
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

static const codec gz_isal = { isal_open, isal_step,	   isal_close,	    { 0x1f, 0x8b },
			       2,	  IC_MSG_GZIP_CUT, IC_MSG_GZIP_TAIL };
#endif

/* ---- zstd ---- */

static bool zstd_open(ic_unpack *u)
{
	u->zstd = ZSTD_createDStream();
	return u->zstd != NULL;
}

static const char *zstd_step(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	ZSTD_inBuffer in = { u->in, (size_t)(u->in_end - u->in), 0 };
	ZSTD_outBuffer to = { out, room, 0 };
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

static const codec zstd_codec = { zstd_open, zstd_step,	      zstd_close,      { 0x28, 0xb5, 0x2f, 0xfd },
				  4,	     IC_MSG_ZSTD_CUT, IC_MSG_ZSTD_TAIL };

/* ---- all ---- */

ic_unpack *ic_unpack_new(ic_pack pack, ic_read_fn read, void *ctx)
{
	ic_unpack *u = ic_calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->read = read;
	u->ctx = ctx;
	u->between = true;
	if (pack == IC_PACK_PLAIN)
		return u;
	const codec *c = pack == IC_PACK_GZIP ? &gz_zlib : &zstd_codec;
#ifdef IC_HAVE_ISAL
	if (pack == IC_PACK_GZIP && !zlib_only)
		c = &gz_isal;
#endif
	u->buffer = ic_malloc(2 * SLACK + IN_BYTES);
	if (u->buffer && c->open(u)) {
		u->codec = c;
		memset(u->buffer, 0, 2 * SLACK);
		u->in = u->in_end = u->buffer + 2 * SLACK;
		return u;
	}
	ic_free(u->buffer);
	ic_free(u);
	return NULL;
}

void ic_unpack_free(ic_unpack *u)
{
	if (!u)
		return;
	if (u->codec)
		u->codec->close(u);
	ic_free(u->buffer);
	ic_free(u);
}

static ic_status fail(ic_unpack *u, ic_status code, const char *why)
{
	u->failed = ic_fail(&u->why, code, "%s", why);
	return u->failed;
}

/* More input behind what is left; SLACK consumed bytes stay in front. */
static ic_status refill(ic_unpack *u)
{
	size_t left = (size_t)(u->in_end - u->in);
	if (left >= IN_BYTES)
		return fail(u, IC_E_FORMAT, u->codec->cut); /* so much input and no step possible */
	/* `in` may have gone back a few bytes before its start: the first SLACK is there for that */
	memmove(u->buffer + SLACK, u->in - SLACK, SLACK + left);
	u->in = u->buffer + 2 * SLACK;
	u->in_end = u->in + left;
	ssize_t n = u->read(u->ctx, u->in_end, IN_BYTES - left);
	if (n < 0)
		return fail(u, IC_E_IO, strerror((int)-n));
	u->in_eof = n == 0;
	u->in_end += n;
	return IC_OK;
}

static ic_status read_plain(ic_unpack *u, uint8_t *out, size_t room, size_t *made)
{
	while (*made < room && !u->in_eof) {
		ssize_t n = u->read(u->ctx, out + *made, room - *made);
		if (n < 0)
			return fail(u, IC_E_IO, strerror((int)-n));
		u->in_eof = n == 0;
		*made += (size_t)n;
	}
	return IC_OK;
}

/* Between members: *end when the input ends here. Zstd's skippable frames are the codec's. */
static ic_status next_member(ic_unpack *u, bool *end)
{
	const codec *c = u->codec;
	while ((size_t)(u->in_end - u->in) < c->magic_bytes && !u->in_eof)
		if (refill(u) != IC_OK)
			return u->failed;
	size_t left = (size_t)(u->in_end - u->in);
	*end = left == 0;
	if (*end || !u->any)
		return IC_OK;
	bool skippable = c == &zstd_codec && ic_pack_of(u->in, left) == IC_PACK_ZSTD;
	if (skippable || (left >= c->magic_bytes && memcmp(u->in, c->magic, c->magic_bytes) == 0))
		return IC_OK;
	return fail(u, IC_E_FORMAT, c->tail);
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
		if (u->between && (next_member(u, &end) != IC_OK || end))
			break;
		const uint8_t *before = u->in;
		size_t chunk = room - *made < (1u << 30) ? room - *made : 1u << 30;
		const char *damage = u->codec->step(u, to + *made, chunk, &n);
		*made += n;
		u->any |= u->between;
		if (damage) {
			(void)fail(u, IC_E_FORMAT, damage);
		} else if (n == 0 && !u->between && u->in == before) {
			/* no progress: input is needed */
			if (u->in_eof)
				(void)fail(u, IC_E_FORMAT, u->codec->cut);
			else
				(void)refill(u);
		}
	}
	if (u->failed != IC_OK && err)
		*err = u->why;
	return u->failed;
}
