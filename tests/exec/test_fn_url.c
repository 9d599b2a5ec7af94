/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

static void urls(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PARSE_URL,
		  { S("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v%202#fragment") },
		  "{\"Scheme\":\"scheme\",\"Host\":\"host\",\"Port\":\"1234\",\"Path\":\"/this/is/a/path\","
		  "\"Username\":\"username\",\"Password\":\"password\",\"Query "
		  "Parameters\":{\"k1\":\"v1\",\"k2\":\"v 2\"},"
		  "\"Fragment\":\"fragment\"}" },
		{ IC_FN_PARSE_URL,
		  { S("https://[2001:db8::1]:8443") },
		  "{\"Scheme\":\"https\",\"Host\":\"[2001:db8::1]\",\"Port\":\"8443\",\"Path\":\"\","
		  "\"Username\":\"\","
		  "\"Password\":\"\",\"Query Parameters\":{},\"Fragment\":\"\"}" },
		{ IC_FN_PARSE_URL,
		  { S("") },
		  "{\"Scheme\":\"\",\"Host\":\"\",\"Port\":\"\",\"Path\":\"\",\"Username\":\"\",\"Password\":"
		  "\"\","
		  "\"Query Parameters\":{},\"Fragment\":\"\"}" },
		{ IC_FN_PARSE_URLQUERY,
		  { S("k1=v1&k2&=x&&k3=a=b") },
		  "{\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"\",\"k3\":\"a=b\"}}" },
		{ IC_FN_PARSE_URLQUERY, { S("") }, "{\"Query Parameters\":{}}" },
		{ IC_FN_URL_ENCODE,
		  { S("https://www.bing.com/hello world") },
		  "https%3a%2f%2fwww.bing.com%2fhello+world" },
		{ IC_FN_URL_ENCODE_COMPONENT, { S("a b\xc3\xa9") }, "a%20b%c3%a9" },
		{ IC_FN_URL_DECODE,
		  { S("https%3a%2f%2fwww.bing.com%2Fhello+world%") },
		  "https://www.bing.com/hello world%" },
		{ IC_FN_URL_DECODE, { S("%2") }, "%2" },
	};
	FN_CHECK(list);
}

static void base64(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_BASE64_ENCODE, { S("Kusto") }, "S3VzdG8=" },
		{ IC_FN_BASE64_ENCODE, { S("") }, NULL },
		{ IC_FN_BASE64_DECODE, { S("S3VzdG8=") }, "Kusto" },
		{ IC_FN_BASE64_DECODE, { S("S3VzdG8") }, NULL },
		{ IC_FN_BASE64_DECODE, { S("S3Vzd") }, NULL },
		{ IC_FN_BASE64_DECODE, { S("S3V*dG8=") }, NULL },
		{ IC_FN_BASE64_DECODE, { S("//8=") }, NULL },
		{ IC_FN_BASE64_TO_ARRAY, { S("S3VzdG8=") }, "[75,117,115,116,111]" },
		{ IC_FN_BASE64_OF_ARRAY, { D("[75,117,115,116,111]") }, "S3VzdG8=" },
		{ IC_FN_BASE64_OF_ARRAY, { D("[256]") }, NULL },
		{ IC_FN_BASE64_OF_ARRAY, { D("{}") }, NULL },
		{ IC_FN_BASE64_TO_GUID,
		  { S("8jMxriJurkmwahbmqbIS6w==") },
		  "ae3133f2-6e22-49ae-b06a-16e6a9b212eb" },
		{ IC_FN_BASE64_TO_GUID, { S("JpbpEA==") }, NULL },
	};
	FN_CHECK(list);
}

static void hashes(void **state)
{
	(void)state;
	char million[64 * 3 + 1];
	memset(million, 'a', sizeof million - 1);
	million[sizeof million - 1] = 0;
	const fn_case list[] = {
		{ IC_FN_HASH, { S("Hello") }, "753694413698530628" },
		{ IC_FN_HASH, { S("World") }, "1846988464401551951" },
		{ IC_FN_HASH, { S("World"), L(100) }, "51" },
		{ IC_FN_HASH, { T("2015-01-01") }, "1380966698541616202" },
		{ IC_FN_HASH, { S("World"), L(0) }, NULL },
		{ IC_FN_HASH_COMBINE, { L(1), L(2) }, "-3633068722900018038" },
		{ IC_FN_HASH_COMBINE, { L(2), L(1) }, "-3633068722900017972" },
		{ IC_FN_HASH_COMBINE, { L(2), N(IC_Q_LONG) }, NULL },
		{ IC_FN_HASH_MANY, { S("Hello"), S("World") }, "-6494079414218597469" },
		{ IC_FN_HASH_MD5, { S("World") }, "f5a7924e621e84c9280a9a27e1bcb7f6" },
		{ IC_FN_HASH_MD5, { T("2020-01-01") }, "786c530672d1f8db31fee25ea8a9390b" },
		{ IC_FN_HASH_MD5, { S("") }, "d41d8cd98f00b204e9800998ecf8427e" },
		{ IC_FN_HASH_SHA1, { S("World") }, "70c07ec18ef89c5309bbb0937f3a6342411e1fdd" },
		{ IC_FN_HASH_SHA1, { T("2020-01-01") }, "e903e533f4d636b4fc0dcf3cf81e7b7f330de776" },
		{ IC_FN_HASH_SHA256,
		  { S("abc") },
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ IC_FN_HASH_SHA256,
		  { S("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") },
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ IC_FN_HASH_SHA1,
		  { S("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") },
		  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
		{ IC_FN_HASH_MD5,
		  { S("12345678901234567890123456789012345678901234567890123456789012345678901234567890") },
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};
	FN_CHECK(list);
}

static void punycode(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PUNYCODE_ENCODE,
		  { S("b\xc3\xbc"
		      "cher") },
		  "bcher-kva" },
		{ IC_FN_PUNYCODE_DECODE,
		  { S("bcher-kva") },
		  "b\xc3\xbc"
		  "cher" },
		{ IC_FN_PUNYCODE_DECODE, { S("bcher-999999999999") }, NULL },
		{ IC_FN_PUNYCODE_DECODE, { S("a-!") }, NULL },
		{ IC_FN_PUNYCODE_DOMAIN_ENCODE,
		  { S("www.\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.com") },
		  "www.xn--e1afmkfd.com" },
		{ IC_FN_PUNYCODE_DOMAIN_DECODE,
		  { S("www.xn--e1afmkfd.com") },
		  "www.\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.com" },
		{ IC_FN_PUNYCODE_DOMAIN_DECODE, { S("plain.com.") }, "plain.com." },
		{ IC_FN_PUNYCODE_ENCODE, { S("\xff") }, NULL },
	};
	FN_CHECK(list);
}

static void compressed(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_ZLIB_DECOMPRESS,
		  { S("eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==") },
		  "1234567890qwertyuiop" },
		{ IC_FN_ZLIB_DECOMPRESS, { S("x0x0x0") }, NULL },
		{ IC_FN_ZLIB_DECOMPRESS, { S("") }, NULL },
		{ IC_FN_GZIP_DECOMPRESS, { S("eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==") }, NULL },
	};
	FN_CHECK(list);
	ic_plan p;
	ic_plan_init(&p, NULL);
	static const ic_fn_id pair[][2] = { { IC_FN_ZLIB_COMPRESS, IC_FN_ZLIB_DECOMPRESS },
					    { IC_FN_GZIP_COMPRESS, IC_FN_GZIP_DECOMPRESS } };
	for (size_t i = 0; i < 2; i++) {
		ic_schema schema;
		ic_diag diag = { 0 };
		ic_value v;
		const fn_case to = { pair[i][0], { S("the same text, the same text, the same text") }, NULL };
		ic_expr *call = fn_call(&p, &to, true, &schema);
		assert_int_equal(ic_eval_fold(&p, call, &v, &diag), IC_OK);
		const fn_case back = { pair[i][1], { S(ic_arena_dup(&p.arena, v.s.p, v.s.n)) }, to.arg[0].s };
		fn_check_one(&p, &back);
	}
	ic_plan_clear(&p);
}

/* What unpacks to more than a value may hold ends the run. */
static void a_bomb(void **state)
{
	(void)state;
	ic_plan p;
	ic_plan_init(&p, NULL);
	ic_schema schema;
	ic_diag diag = { 0 };
	ic_value v;
	char *zeros = ic_arena_alloc(&p.arena, (15 << 20) + 1);
	memset(zeros, 'a', 15 << 20);
	zeros[15 << 20] = 0;
	const fn_case three = { IC_FN_STRCAT, { S(zeros), S(zeros) }, NULL };
	ic_expr *call = fn_call(&p, &three, true, &schema);
	assert_int_equal(ic_eval_fold(&p, call, &v, &diag), IC_E_LIMIT);
	ic_plan_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),	    cmocka_unit_test(base64),	  cmocka_unit_test(hashes),
		cmocka_unit_test(punycode), cmocka_unit_test(compressed), cmocka_unit_test(a_bomb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
