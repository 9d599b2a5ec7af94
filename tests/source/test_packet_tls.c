/* SPDX-License-Identifier: Apache-2.0 */
#include "packet_builder.h"

#include "source/packet/prints.h"

static ic_arena arena;

static int set_up(void **state)
{
	(void)state;
	ic_arena_init(&arena, 0, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ic_arena_clear(&arena);
	return 0;
}

/* ---- hellos made here ---- */

typedef struct out {
	uint8_t b[8192];
	size_t n;
} out;

static void put16(out *o, size_t v)
{
	pk_put16(o->b + o->n, v);
	o->n += 2;
}

static void put_bytes(out *o, const void *p, size_t n)
{
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

/* "1301,c02b" as 16 bit values after a length of so many bytes. */
static void put_list(out *o, const char *hex, unsigned length_bytes)
{
	size_t n = (strlen(hex) + 1) / 5 * 2;
	if (length_bytes == 2)
		put16(o, n);
	else
		o->b[o->n++] = (uint8_t)n;
	for (; *hex; hex += hex[4] ? 5 : 4) {
		char one[5] = { hex[0], hex[1], hex[2], hex[3], 0 };
		put16(o, strtoul(one, NULL, 16));
	}
}

typedef struct wish {
	unsigned version;
	const char *ciphers, *extensions, *groups, *algorithms, *versions, *alpn, *sni;
} wish;

static void put_extension(out *o, const wish *w, unsigned type)
{
	put16(o, type);
	size_t at = o->n;
	put16(o, 0);
	switch (type) {
	case 0:
		put16(o, strlen(w->sni) + 3);
		o->b[o->n++] = 0;
		put16(o, strlen(w->sni));
		put_bytes(o, w->sni, strlen(w->sni));
		break;
	case 10: put_list(o, w->groups ? w->groups : "", 2); break;
	case 11: put_bytes(o, "\1\0", 2); break;
	case 13: put_list(o, w->algorithms ? w->algorithms : "", 2); break;
	case 16:
		put16(o, strlen(w->alpn) + 1);
		o->b[o->n++] = (uint8_t)strlen(w->alpn);
		put_bytes(o, w->alpn, strlen(w->alpn));
		break;
	case 43: put_list(o, w->versions, 1); break;
	default: break;
	}
	pk_put16(o->b + at, o->n - at - 2);
}

/* The body of a ClientHello. */
static void put_hello(out *o, const wish *w)
{
	put16(o, w->version);
	o->n += 32;
	o->b[o->n++] = 0;
	put_list(o, w->ciphers, 2);
	put_bytes(o, "\1\0", 2);
	if (!w->extensions)
		return;
	size_t at = o->n;
	put16(o, 0);
	for (const char *e = w->extensions; *e; e += e[4] ? 5 : 4) {
		char one[5] = { e[0], e[1], e[2], e[3], 0 };
		put_extension(o, w, (unsigned)strtoul(one, NULL, 16));
	}
	pk_put16(o->b + at, o->n - at - 2);
}

static void parse(const wish *w, ic_tls_hello *h)
{
	out o = { .n = 0 };
	put_hello(&o, w);
	uint8_t *p = malloc(o.n);
	memcpy(p, o.b, o.n);
	assert_true(ic_tls_hello_parse(true, p, o.n, h));
	for (size_t n = 0; n < o.n; n++) { /* cut anywhere, in memory of its own size */
		static ic_tls_hello part;
		uint8_t *q = malloc(n + !n);
		memcpy(q, p, n);
		if (ic_tls_hello_parse(true, q, n, &part))
			assert_true(part.truncated || part.extensions.n == 0);
		free(q);
	}
	free(p);
	h->sni = h->alpn_first = (ic_str){ NULL, 0 }; /* they were slices */
}

/* ---- fingerprints ---- */

static void ja3(void **state)
{
	static const struct {
		wish w;
		const char *string, *hash;
	} cases[] = {
		{ { .version = 0x301,
		    .ciphers = "002f,0035,0005,000a,c009,c00a,c013,c014,0032,0038,0013,0004",
		    .extensions = "0000,000a,000b",
		    .groups = "0017,0018,0019",
		    .sni = "a.example" },
		  "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
		  "ada70206e40642a3e4461f35503241d5" },
		{ { .version = 0x301, .ciphers = "0004,0005,000a,0009,0064,0062,0003,0006,0013,0012,0063" },
		  "769,4-5-10-9-100-98-3-6-19-18-99,,,",
		  "de350869b8c85de67a350c8d186f11e6" },
		{ { .version = 0x301, /* GREASE */
		    .ciphers = "0a0a,002f,0035,0005,000a,c009,c00a,c013,c014,0032,0038,0013,0004,fafa",
		    .extensions = "1a1a,0000,000a,000b,2a2a",
		    .groups = "dada,0017,0018,0019",
		    .sni = "a.example" },
		  "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
		  "ada70206e40642a3e4461f35503241d5" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ic_tls_hello h;
		ic_ja3 got;
		parse(&cases[i].w, &h);
		assert_true(ic_ja3_of(&arena, &h, &got));
		assert_string_equal(got.string, cases[i].string);
		assert_string_equal(got.hash, cases[i].hash);
	}
}

#define CIPHERS	   "002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9"
#define EXTENSIONS "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
#define ALGORITHMS "0403,0804,0401,0503,0805,0501,0806,0601"

static const wish chrome = { .version = 0x303,
			     .ciphers = "1a1a," CIPHERS,
			     .extensions = "3a3a," EXTENSIONS,
			     .algorithms = ALGORITHMS,
			     .versions = "6a6a,0304,0303",
			     .alpn = "h2",
			     .sni = "a.example",
			     .groups = "001d" };

static const char *ja4_of(const wish *w, unsigned form, unsigned *forms)
{
	static ic_ja4 got;
	out o = { .n = 0 };
	ic_tls_hello h;
	put_hello(&o, w);
	assert_true(ic_tls_hello_parse(true, o.b, o.n, &h));
	ic_ja4_of(&h, 't', &got);
	*forms = got.n;
	assert_true(form < got.n);
	return got.form[form];
}

static void ja4(void **state)
{
	unsigned n;
	wish w = chrome;
	ic_tls_hello h;
	(void)state;
	parse(&w, &h);
	assert_int_equal(h.version, 0x304);
	assert_string_equal(ja4_of(&w, 0, &n), "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_int_equal(n, 1);
	w.algorithms = NULL; /* no trailing underscore; others hash it */
	assert_string_equal(ja4_of(&w, 0, &n), "t13d1516h2_8daaf6152771_6d807ffa2a79");
	assert_int_equal(n, 2);
	w = chrome;
	w.alpn = "\xab"
		 "c\xcd"; /* hex digits by the specification */
	assert_memory_equal(ja4_of(&w, 0, &n), "t13d1516ad_8daaf6152771", 23);
	assert_int_equal(n, 2);
	assert_memory_equal(ja4_of(&w, 1, &n), "t13d151699_8daaf6152771", 23);
	w = (wish){ .version = 0x302, .ciphers = "0a0a,1a1a" }; /* nothing but GREASE */
	assert_string_equal(ja4_of(&w, 0, &n), "t11i000000_000000000000_000000000000");
	assert_int_equal(n, 1);
	char many[120 * 5];
	for (unsigned i = 0; i < 119; i++)
		snprintf(many + i * 5, 6, "%04x,", 0x2000 + i);
	many[119 * 5 - 1] = 0;
	w.ciphers = many;
	assert_memory_equal(ja4_of(&w, 0, &n), "t11i990000_", 11);
}

/* ---- records ---- */

static struct {
	char text[256];
	size_t n;
	uint16_t version;
} told;

static bool on_hello(void *ctx, const ic_tls_hello *h)
{
	(void)ctx;
	told.n += (size_t)snprintf(told.text + told.n, sizeof told.text - told.n, "%s%s ",
				   h->client ? "client" : "server", h->retry ? "-retry" : "");
	if (h->sni.p)
		told.n += (size_t)snprintf(told.text + told.n, sizeof told.text - told.n, "%.*s ",
					   (int)h->sni.n, h->sni.p);
	told.version = h->version;
	return true;
}

static bool on_certificate(void *ctx, const uint8_t *der, size_t n)
{
	(void)ctx;
	told.n += (size_t)snprintf(told.text + told.n, sizeof told.text - told.n, "cert:%.*s ", (int)n,
				   (const char *)der);
	return true;
}

static bool on_encrypted(void *ctx)
{
	(void)ctx;
	told.n += (size_t)snprintf(told.text + told.n, sizeof told.text - told.n, "sealed ");
	return true;
}

static const ic_tls_sink sink = { NULL, on_hello, on_certificate, on_encrypted };

static void put_record(out *o, uint8_t type, const void *p, size_t n)
{
	o->b[o->n++] = type;
	put16(o, 0x303);
	put16(o, n);
	put_bytes(o, p, n);
}

static void put_message(out *o, uint8_t type, const void *p, size_t n)
{
	o->b[o->n++] = type;
	o->b[o->n++] = 0;
	put16(o, n);
	put_bytes(o, p, n);
}

/* In pieces of every size: always the same is told. */
static void feed_is(const out *o, const char *want)
{
	for (size_t step = o->n; step; step = step > 40 ? step / 2 : step - 1) {
		ic_tls *t = ic_tls_new();
		bool ok = true;
		memset(&told, 0, sizeof told);
		for (size_t at = 0; ok && at < o->n; at += step) {
			size_t part = o->n - at < step ? o->n - at : step;
			uint8_t *p = malloc(part);
			memcpy(p, o->b + at, part);
			ok = ic_tls_feed(t, p, part, &sink);
			free(p);
		}
		ic_tls_free(t);
		assert_true(ok);
		assert_string_equal(told.text, want);
	}
}

static void records(void **state)
{
	out body = { .n = 0 }, message = { .n = 0 }, o = { .n = 0 };
	bool more;
	(void)state;
	put_hello(&body, &chrome);
	put_message(&message, 1, body.b, body.n);
	put_record(&o, 22, message.b, 3); /* one message in three records */
	put_record(&o, 22, message.b + 3, 50);
	put_record(&o, 22, message.b + 53, message.n - 53);
	put_record(&o, 20, "\1", 1);
	put_record(&o, 22, "\x55\xaa rubbish that is encrypted", 28);
	put_record(&o, 23, message.b, message.n); /* application data that look like a hello */
	put_record(&o, 22, message.b, message.n);
	feed_is(&o, "client a.example sealed ");
	message.n = 0;
	put_message(&message, 1, body.b, body.n);
	o.n = 0;
	put_record(&o, 22, message.b, message.n);
	assert_true(ic_tls_sniff(o.b, o.n, &more));
	assert_false(ic_tls_sniff(o.b, 4, &more));
	assert_true(more);
	ic_tls *t = ic_tls_new();
	assert_false(ic_tls_feed(t, (const uint8_t *)"GET / HTTP/1.1", 14, &sink));
	ic_tls_free(t);
}

static void server(void **state)
{
	static const uint8_t retry[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
					   0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
					   0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	static const uint8_t versions[] = { 0, 6, 0, 43, 0, 2, 3, 4 };
	uint8_t body[2 + 32 + 1 + 3 + sizeof versions] = { 3, 3 };
	out message = { .n = 0 }, o = { .n = 0 };
	(void)state;
	memcpy(body + 2, retry, 32);
	memcpy(body + 35, "\x13\1\0", 3);
	memcpy(body + 38, versions, sizeof versions);
	put_message(&message, 2, body, sizeof body);
	put_record(&o, 22, message.b, message.n);
	put_record(&o, 20, "\1", 1); /* for the sake of middleboxes */
	body[2] = 0;
	message.n = 0;
	put_message(&message, 2, body, sizeof body);
	put_record(&o, 22, message.b, message.n);
	put_record(&o, 23, "\1", 1);
	feed_is(&o, "server-retry sealed server ");
	assert_int_equal(told.version, 0x304);
	/* two messages in one record, one of them a chain of certificates */
	message.n = o.n = 0;
	put_message(&message, 2, body, 38);
	put_message(&message, 11, "\0\0\x0c\0\0\3DER\0\0\3two", 15);
	put_record(&o, 22, message.b, message.n);
	feed_is(&o, "server cert:DER ");
	assert_int_equal(told.version, 0x303);
	ic_tls_hello h;
	ic_ja3 s;
	assert_true(ic_tls_hello_parse(false, body, sizeof body, &h));
	assert_true(ic_ja3_of(&arena, &h, &s));
	assert_string_equal(s.string, "771,4865,43");
}

/* Drafts of TLS 1.3 up to 21: no session, no compression. */
static void draft_server(void **state)
{
	static const uint8_t rest[] = { 0x13, 1, 0, 4, 0, 40, 0, 0 };
	uint8_t body[2 + 32 + sizeof rest] = { 0x7f, 0x12 };
	ic_tls_hello h;
	ic_ja3 s;
	(void)state;
	memcpy(body + 34, rest, sizeof rest);
	assert_true(ic_tls_hello_parse(false, body, sizeof body, &h));
	assert_true(ic_ja3_of(&arena, &h, &s));
	assert_string_equal(s.string, "32530,4865,40");
	body[1] = 0x16; /* the next one looks like TLS 1.2 */
	assert_false(ic_tls_hello_parse(false, body, sizeof body, &h) && h.cipher == 0x1301);
}

static void old_form(void **state)
{
	static const uint8_t p[] = { 0x80, 0x0f, 1, 3, 1, 0, 6, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0x80 };
	ic_tls *t = ic_tls_new();
	(void)state;
	memset(&told, 0, sizeof told);
	assert_true(ic_tls_feed(t, p, sizeof p, &sink));
	assert_string_equal(told.text, "client ");
	assert_int_equal(told.version, 0x301);
	ic_tls_free(t);
}

static void old_form_cut(void **state)
{
	static const uint8_t others[][3] = { { 2, 3, 1 }, { 1, 4, 1 }, { 1, 3, 5 } }; /* type, version */
	(void)state;
	for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
		uint8_t p[17] = { 0x80, 0x0f, others[i][0], others[i][1], others[i][2], 0, 6 };
		ic_tls *t = ic_tls_new();
		assert_false(ic_tls_feed(t, p, sizeof p, &sink));
		ic_tls_free(t);
	}
	for (uint8_t length = 0; length < 9; length++) { /* shorter than its fixed parts */
		uint8_t *p = malloc(17);
		memset(p, 0, 17);
		p[0] = 0x80;
		p[1] = length;
		p[2] = 1;
		ic_tls *t = ic_tls_new();
		assert_false(ic_tls_feed(t, p, 17, &sink));
		ic_tls_free(t);
		free(p);
	}
}

static void datagrams(void **state)
{
	out body = { .n = 0 };
	wish w = { .version = 0xfefd, .ciphers = "c02b", .extensions = "0000", .sni = "d.example" };
	(void)state;
	put_hello(&body, &w);
	memmove(body.b + 36, body.b + 35, body.n - 35); /* the empty cookie of DTLS */
	body.b[35] = 0;
	body.n++;
	for (size_t first = 1; first < body.n; first++) {
		ic_tls *t = ic_tls_new();
		memset(&told, 0, sizeof told);
		for (int part = 0; part < 2; part++) {
			size_t from = part ? first : 0, n = part ? body.n - first : first;
			out o = { .n = 0 };
			put_bytes(&o, "\x16\xfe\xfd\0\0\0\0\0\0\0\0", 11);
			put16(&o, n + 12);
			put_bytes(&o, "\1\0", 2);
			put16(&o, body.n);
			put_bytes(&o, "\0\0\0", 3);
			put16(&o, from);
			put_bytes(&o, "\0", 1);
			put16(&o, n);
			put_bytes(&o, body.b + from, n);
			assert_true(ic_tls_datagram(t, o.b, o.n, &sink));
		}
		assert_string_equal(told.text, "client d.example ");
		assert_int_equal(told.version, 0xfefd);
		ic_tls_free(t);
	}
}

/* ---- QUIC ---- */

/* RFC 9001, appendix A.2: the protected Initial packet of a client. */
static const char initial[] =
    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c0bab"
    "7df5976d27cd449f63300099f3991c260ec4c60d17b31f8429157bb35a1282a643a8d2262cad67500cadb8e7378c8eb7539e"
    "c4d4905fed1bee1fc8aafba17c750e2c7ace01e6005f80fcb7df621230c83711b39343fa028cea7f7fb5ff89eac2308249a0"
    "2252155e2347b63d58c5457afd84d05dfffdb20392844ae812154682e9cf012f9021a6f0be17ddd0c2084dce25ff9b06cde5"
    "35d0f920a2db1bf362c23e596d11a4f5a6cf3948838a3aec4e15daf8500a6ef69ec4e3feb6b1d98e610ac8b7ec3faf6ad760"
    "b7bad1db4ba3485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e30c5c4287e53805db059ae0648db2f64264ed5e39"
    "be2e20d82df566da8dd5998ccabdae053060ae6c7b4378e846d29f37ed7b4ea9ec5d82e7961b7f25a9323851f681d582363a"
    "a5f89937f5a67258bf63ad6f1a0b1d96dbd4faddfcefc5266ba6611722395c906556be52afe3f565636ad1b17d508b73d874"
    "3eeb524be22b3dcbc2c7468d54119c7468449a13d8e3b95811a198f3491de3e7fe942b330407abf82a4ed7c1b311663ac698"
    "90f4157015853d91e923037c227a33cdd5ec281ca3f79c44546b9d90ca00f064c99e3dd97911d39fe9c5d0b23a229a234cb3"
    "6186c4819e8b9c5927726632291d6a418211cc2962e20fe47feb3edf330f2c603a9d48c0fcb5699dbfe5896425c5bac4aee8"
    "2e57a85aaf4e2513e4f05796b07ba2ee47d80506f8d2c25e50fd14de71e6c418559302f939b0e1abd576f279c4b2e0feb85c"
    "1f28ff18f58891ffef132eef2fa09346aee33c28eb130ff28f5b766953334113211996d20011a198e3fc433f9f2541010ae1"
    "7c1bf202580f6047472fb36857fe843b19f5984009ddc324044e847a4f4a0ab34f719595de37252d6235365e9b84392b0610"
    "85349d73203a4a13e96f5432ec0fd4a1ee65accdd5e3904df54c1da510b0ff20dcc0c77fcb2c0e0eb605cb0504db87632cf3"
    "d8b4dae6e705769d1de354270123cb11450efc60ac47683d7b8d0f811365565fd98c4c8eb936bcab8d069fc33bd801b03ade"
    "a2e1fbc5aa463d08ca19896d2bf59a071b851e6c239052172f296bfb5e72404790a2181014f3b94a4e97d117b438130368cc"
    "39dbb2d198065ae3986547926cd2162f40a29f0c3c8745c0f50fba3852e566d44575c29d39a03f0cda721984b6f440591f35"
    "5e12d439ff150aab7613499dbd49adabc8676eef023b15b65bfc5ca06948109f23f350db82123535eb8a7433bdabcb909271"
    "a6ecbcb58b936a88cd4e8f2e6ff5800175f113253d8fa9ca8885c2f552e657dc603f252e1a8e308f76f0be79e2fb8f5d5fbb"
    "e2e30ecadd220723c8c0aea8078cdfcb3868263ff8f0940054da48781893a7e49ad5aff4af300cd804a6b6279ab3ff3afb64"
    "491c85194aab760d58a606654f9f4400e8b38591356fbf6425aca26dc85244259ff2b19c41b9f96f3ca9ec1dde434da7d2d3"
    "92b905ddf3d1f9af93d1af5950bd493f5aa731b4056df31bd267b6b90a079831aaf579be0a39013137aac6d404f518cfd468"
    "40647e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934";

static void quic(void **state)
{
	static uint8_t p[1300];
	static ic_tls_hello h;
	size_t n = pk_hex(initial, p);
	(void)state;
	assert_int_equal(n, 1200);
	assert_true(ic_quic_sniff(p, n));
	ic_quic *q = ic_quic_new();
	assert_int_equal(ic_quic_datagram(q, p, n, &h), IC_QUIC_HELLO);
	assert_int_equal(h.sni.n, 11);
	assert_memory_equal(h.sni.p, "example.com", 11);
	assert_int_equal(h.version, 0x304);
	assert_int_equal(h.ciphers.n, 2);
	ic_ja4 f;
	ic_ja4_of(&h, 'q', &f);
	assert_memory_equal(f.form[0], "q13d0211an_", 11);
	ic_quic_free(q);
	p[600] ^= 1; /* the seal is broken */
	q = ic_quic_new();
	assert_int_equal(ic_quic_datagram(q, p, n, &h), IC_QUIC_NONE);
	for (size_t cut = 0; cut < n; cut += 7)
		assert_int_equal(ic_quic_datagram(q, p, cut, &h), IC_QUIC_NONE);
	ic_quic_free(q);
}

/* Whatever was met before, and whether it is kept or too long for that, a hello's prints are its own. */
static void prints(void **state)
{
	enum { HELLOS = 300, LONG = 290 };
	static ic_tls_hello h[HELLOS];
	static const char alpn[2][3] = { "h2", "h3" };
	ic_prints *m = ic_prints_new();
	(void)state;
	assert_non_null(m);
	for (unsigned i = 0; i < HELLOS; i++) {
		ic_tls_hello *x = &h[i];
		parse(&chrome, x);
		x->client = i % 3 != 0;
		switch (i / 3 % 6) { /* each differs from the others in one thing */
		case 0: x->ciphers.v[2] = (uint16_t)i; break;
		case 1: x->extensions.v[3] = (uint16_t)(1000 + i); break;
		case 2: x->groups.v[0] = (uint16_t)i; break;
		case 3: x->algorithms.v[1] = (uint16_t)i; break;
		case 4: x->formats[x->formats_n++] = (uint8_t)i; break;
		case 5: x->legacy_version = x->version = (uint16_t)i; break;
		}
		x->cipher = (uint16_t)i;
		x->alpn_first = (ic_str){ alpn[i / 2 % 2], 2 };
		x->ciphers.n = i >= LONG ? IC_TLS_LIST : x->ciphers.n;
	}
	for (unsigned k = 0, i = 0; k < 8 * HELLOS; k++, i = (i + (k % 4 ? 0 : 7)) % HELLOS) {
		const char transport = k % 8 < 2 ? 'q' : 't';
		const ic_print *got = ic_prints_of(m, &h[i], transport);
		ic_ja3 ja3;
		ic_ja4 ja4;
		assert_non_null(got);
		assert_true(ic_ja3_of(&arena, &h[i], &ja3));
		assert_string_equal(got->ja3.hash, ja3.hash);
		assert_string_equal(got->ja3.string, ja3.string);
		if (!h[i].client)
			continue;
		ic_ja4_of(&h[i], transport, &ja4);
		assert_int_equal(got->ja4.n, ja4.n);
		for (unsigned f = 0; f < ja4.n; f++)
			assert_string_equal(got->ja4.form[f], ja4.form[f]);
	}
	ic_prints_free(m);
	ic_prints_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ja3),	TEST(ja4),	    TEST(records),   TEST(server), TEST(draft_server),
		TEST(old_form), TEST(old_form_cut), TEST(datagrams), TEST(quic),   TEST(prints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
