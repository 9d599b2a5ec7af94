/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/evp.h>

size_t ic_digest(ic_digest_kind kind, const void *p, size_t n, uint8_t ret[32])
{
	const EVP_MD *md = kind == IC_DIGEST_MD5    ? EVP_md5()
			   : kind == IC_DIGEST_SHA1 ? EVP_sha1()
						    : EVP_sha256();
	unsigned length = 0;
	return EVP_Digest(p, n, ret, &length, md, NULL) == 1 ? length : 0;
}
