/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/prints.h"

#include <string.h>

#include "base/hash.h"

enum {
	SETS = 16, /* a hello has one, by its hash */
	WAYS = 4,  /* places of a set, taken in turn */
	PLACES = SETS * WAYS,
	KEY_MOST = 512, /* a hello of more is not kept */
	PAGE = 512,	/* of a string's arena */
};

typedef struct place {
	ic_print print;
	ic_arena arena; /* of its string */
	uint32_t key_n; /* 0: nothing is kept */
	uint8_t key[KEY_MOST];
} place;

struct ic_prints {
	place place[PLACES + 1]; /* set by set; the last is that of hellos that are not kept */
	uint8_t turn[SETS];
};

ic_prints *ic_prints_new(void)
{
	ic_prints *m = ic_calloc(1, sizeof *m);
	for (unsigned i = 0; m && i <= PLACES; i++)
		ic_arena_init(&m->place[i].arena, PAGE, NULL);
	return m;
}

void ic_prints_free(ic_prints *m)
{
	for (unsigned i = 0; m && i <= PLACES; i++)
		ic_arena_clear(&m->place[i].arena);
	ic_free(m);
}

/* All of a hello that its fingerprints are made of. Returns its length; 0: it does not fit. */
static uint32_t key_of(const ic_tls_hello *h, char transport, uint8_t key[KEY_MOST])
{
	const ic_tls_list *const lists[] = { &h->ciphers, &h->extensions, &h->groups, &h->algorithms };
	const ic_str alpn = h->alpn_first;
	const uint16_t fixed[] = { h->client,
				   (uint8_t)transport,
				   h->legacy_version,
				   h->version,
				   h->cipher,
				   alpn.n > 0,
				   alpn.n ? (uint8_t)alpn.p[0] : 0,
				   alpn.n ? (uint8_t)alpn.p[alpn.n - 1] : 0,
				   h->formats_n,
				   lists[0]->n,
				   lists[1]->n,
				   lists[2]->n,
				   lists[3]->n };
	size_t n = sizeof fixed;
	memcpy(key, fixed, sizeof fixed);
	memcpy(key + n, h->formats, h->formats_n); /* 255 at most */
	n += h->formats_n;
	for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++) {
		const size_t bytes = lists[i]->n * sizeof *lists[i]->v;
		if (bytes > KEY_MOST - n)
			return 0;
		memcpy(key + n, lists[i]->v, bytes);
		n += bytes;
	}
	return (uint32_t)n;
}

const ic_print *ic_prints_of(ic_prints *m, const ic_tls_hello *h, char transport)
{
	uint8_t key[KEY_MOST];
	const uint32_t n = key_of(h, transport, key);
	const unsigned set = n ? ic_hash(key, n) % SETS : 0;
	place *p = &m->place[n ? set * WAYS : PLACES];
	for (unsigned i = 0; n && i < WAYS; i++)
		if (p[i].key_n == n && memcmp(p[i].key, key, n) == 0)
			return &p[i].print;
	if (n)
		p += m->turn[set]++ % WAYS;
	p->key_n = 0;
	ic_arena_reset(&p->arena);
	if (!ic_ja3_of(&p->arena, h, &p->print.ja3))
		return NULL;
	p->print.ja4.n = 0;
	if (h->client)
		ic_ja4_of(h, transport, &p->print.ja4);
	memcpy(p->key, key, n);
	p->key_n = n;
	return &p->print;
}
