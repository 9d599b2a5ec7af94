/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed files: any bytes end in text, damage or the end, and ISA-L and zlib tell the same text. Behind damage
 * reading goes on, and ends too. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "source/unpack.h"

#define TEXT_BYTES (1u << 20)

typedef struct memory {
	const uint8_t *p;
	size_t n, at, step;
} memory;

static ssize_t read_memory(void *ctx, void *to, size_t n)
{
	memory *m = ctx;
	size_t left = m->n - m->at;
	n = n < left ? n : left;
	n = n < m->step ? n : m->step;
	memcpy(to, m->p + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static ic_status unpack(ic_pack pack, const uint8_t *data, size_t n, size_t step, char *out, size_t *made)
{
	memory m = { data, n, 0, step };
	ic_unpack *u = ic_unpack_new(pack, read_memory, &m);
	*made = 0;
	if (!u)
		return IC_E_NOMEM;
	ic_status st = ic_unpack_read(u, out, TEXT_BYTES, made, NULL);
	ic_unpack_free(u);
	return st;
}

static void unpack_over_damage(ic_pack pack, const uint8_t *data, size_t n, size_t step, char *out)
{
	memory m = { data, n, 0, step };
	ic_unpack *u = ic_unpack_new(pack, read_memory, &m);
	ic_error gap;
	ic_status st;
	size_t made;
	if (!u || !ic_unpack_lines(u)) {
		ic_unpack_free(u);
		return;
	}
	do
		st = ic_unpack_read(u, out, TEXT_BYTES, &made, NULL);
	while (st == IC_OK ? made == TEXT_BYTES : ic_unpack_resume(u, &gap));
	ic_unpack_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *a = ic_malloc(TEXT_BYTES), *b = ic_malloc(TEXT_BYTES);
	size_t made = 0, again = 0, step = size ? (size_t)data[size - 1] + 1 : 1;
	ic_pack pack = ic_pack_of(data, size);
	if (a && b) {
		ic_status st = unpack(pack, data, size, size + 1, a, &made);
		ic_unpack_use_zlib(true);
		ic_status other = unpack(pack, data, size, step, b, &again);
		ic_unpack_use_zlib(false);
		/* before damage one may have got further than the other */
		if ((st == IC_OK) != (other == IC_OK) || (st == IC_OK && made != again))
			abort();
		if (memcmp(a, b, made < again ? made : again) != 0)
			abort();
		unpack_over_damage(pack, data, size, step, a);
	}
	ic_free(a);
	ic_free(b);
	return 0;
}
