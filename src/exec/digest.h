/* SPDX-License-Identifier: Apache-2.0 */
/* Digests that queries name: MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4). For comparing with lists of
 * known hashes only; nothing here is kept secret by them. Private to src/exec. */
#ifndef IC_EXEC_DIGEST_H
#define IC_EXEC_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef enum ic_digest_kind { IC_DIGEST_MD5, IC_DIGEST_SHA1, IC_DIGEST_SHA256 } ic_digest_kind;

/* Returns the number of bytes: 16, 20 or 32. */
size_t ic_digest(ic_digest_kind kind, const void *p, size_t n, uint8_t ret[32]);

#endif
