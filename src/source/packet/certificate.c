/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 by libcrypto: names and times of one certificate. Nothing is verified. */
#include <openssl/x509.h>

#include "base/time.h"
#include "source/packet/tls.h"

/* RFC 2253, as Zeek prints it. .p NULL: none, or no memory. */
static ic_str name_of(ic_arena *a, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	ic_str s = { NULL, 0 };
	char *p;
	if (!bio)
		return s;
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		long n = BIO_get_mem_data(bio, &p);
		char *copy = n >= 0 && n < 4096 ? ic_arena_dup(a, p, (size_t)n) : NULL;
		if (copy)
			s = (ic_str){ copy, (uint32_t)n };
	}
	(void)BIO_free(bio);
	return s;
}

static int64_t time_of(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
	ASN1_TIME_free(epoch);
	return ok ? ((int64_t)days * 86400 + seconds) * IC_TICKS_S : IC_TIME_NONE;
}

bool ic_certificate_parse(ic_arena *a, const uint8_t *der, size_t n, ic_certificate *ret)
{
	X509 *x = d2i_X509(NULL, &der, (long)n);
	if (!x)
		return false;
	const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);
	*ret = (ic_certificate){ .subject = name_of(a, subject),
				 .issuer = name_of(a, issuer),
				 .not_before = time_of(X509_get0_notBefore(x)),
				 .not_after = time_of(X509_get0_notAfter(x)),
				 .self_signed = X509_NAME_cmp(subject, issuer) == 0 };
	X509_free(x);
	return true;
}
