/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>
#include <pthread.h>

/* Looked up once: each look-up takes locks that all threads share. Kept until the program ends. */
static EVP_MD *known[3];

static void look_up(void)
{
	static const char *const names[] = {
		[IC_DIGEST_MD5] = "MD5", [IC_DIGEST_SHA1] = "SHA1", [IC_DIGEST_SHA256] = "SHA256"
	};
	for (unsigned i = 0; i < 3; i++)
		known[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

size_t ic_digest(ic_digest_kind kind, const void *p, size_t n, uint8_t ret[32])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned length = 0;
	(void)pthread_once(&once, look_up);
	return known[kind] && EVP_Digest(p, n, ret, &length, known[kind], NULL) == 1 ? length : 0;
}
