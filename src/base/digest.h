/* SPDX-License-Identifier: Apache-2.0 */
/* MD5, SHA-1 and SHA-256 as queries and fingerprints name them. For comparing with lists of known
 * hashes only; nothing is kept secret by them. */
#ifndef IC_BASE_DIGEST_H
#define IC_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef enum ic_digest_kind { IC_DIGEST_MD5, IC_DIGEST_SHA1, IC_DIGEST_SHA256 } ic_digest_kind;

/* Returns the number of bytes: 16, 20 or 32; 0 when there is no memory for it. */
size_t ic_digest(ic_digest_kind kind, const void *p, size_t n, uint8_t ret[32]);

#endif
