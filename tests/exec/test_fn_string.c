/* SPDX-License-Identifier: Apache-2.0 */
#include "fn.h"

static void parts(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_STRCAT, { S("a"), L(5), S("b") }, "a5b" },
		{ IC_FN_STRCAT, { S(""), S("") }, NULL },
		{ IC_FN_STRCAT, { A("10.0.0.1"), S(":"), L(80) }, "10.0.0.1:80" },
		{ IC_FN_STRCAT_DELIM, { S(":"), S("Hello"), L(5), S("HELLO") }, "Hello:5:HELLO" },
		{ IC_FN_STRCAT_DELIM, { S("-"), S(""), S("z") }, "-z" },
		{ IC_FN_STRLEN, { S("emoji\xf0\x9f\x98\x80here") }, "10" },
		{ IC_FN_STRLEN, { S("") }, "0" },
		{ IC_FN_STRLEN, { S("\xff\xc3") }, "2" },
		{ IC_FN_STRING_SIZE,
		  { S("Stra\xc3\x9f"
		      "e") },
		  "7" },
		{ IC_FN_SUBSTRING, { S("hello"), L(1), L(3) }, "ell" },
		{ IC_FN_SUBSTRING, { S("hello"), L(-2), L(2) }, "lo" },
		{ IC_FN_SUBSTRING, { S("x"), L(-1), L(2) }, "x" },
		{ IC_FN_SUBSTRING, { S("abc"), L(5), L(3) }, NULL },
		{ IC_FN_SUBSTRING, { S("hello"), L(2), L(INT64_MAX) }, "llo" },
		{ IC_FN_SUBSTRING, { S("hello"), L(INT64_MIN) }, "hello" },
		{ IC_FN_SUBSTRING, { S("caf\xc3\xa9s"), L(3), L(1) }, "\xc3\xa9" },
		{ IC_FN_SUBSTRING, { S("xy"), L(-1), L(0) }, NULL },
		{ IC_FN_REVERSE,
		  { S("caf\xc3\xa9") },
		  "\xc3\xa9"
		  "fac" },
		{ IC_FN_REVERSE, { L(123) }, "321" },
		{ IC_FN_STRREP, { S("ABC"), L(2) }, "ABCABC" },
		{ IC_FN_STRREP, { L(123), L(3), S(".") }, "123.123.123" },
		{ IC_FN_STRREP, { P("3s"), L(2), S(" ") }, "00:00:03 00:00:03" },
		{ IC_FN_STRREP, { S("a"), L(-1) }, NULL },
		{ IC_FN_STRCMP, { S("abcde"), S("abc") }, "1" },
		{ IC_FN_STRCMP, { S("ABC"), S("abc") }, "-1" },
		{ IC_FN_STRCMP, { S(""), S("") }, "0" },
	};
	FN_CHECK(list);
}

static void searches(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde") }, "2" },
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde"), L(1), L(4) }, "2" },
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde"), L(1), L(2) }, "-1" },
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde"), L(3), L(4) }, "-1" },
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde"), L(-5) }, "2" },
		{ IC_FN_INDEXOF, { L(1234567), L(5), L(1), L(4) }, "4" },
		{ IC_FN_INDEXOF, { S("abcdefg"), S("cde"), L(2), L(-1) }, "2" },
		{ IC_FN_INDEXOF, { S("abcdefgabcdefg"), S("cde"), L(1), L(10), L(2) }, "9" },
		{ IC_FN_INDEXOF, { S("abcdefgabcdefg"), S("cde"), L(1), L(-1), L(3) }, "-1" },
		{ IC_FN_INDEXOF, { S("abc"), S("c"), L(INT64_MIN) }, "2" },
		{ IC_FN_INDEXOF,
		  { S("\xc3\xa9"
		      "abc"),
		    S("c") },
		  "3" },
		{ IC_FN_INDEXOF, { S(""), S("x") }, "-1" },
		{ IC_FN_INDEXOF, { S("abc"), S("c"), L(0), L(-2) }, NULL },
		{ IC_FN_COUNTOF, { S("ababa"), S("aba") }, "2" },
		{ IC_FN_COUNTOF, { S("abc"), S("") }, "0" },
		{ IC_FN_HAS_ANY_INDEX, { S("this is an example"), D("[\"this\",\"example\"]") }, "0" },
		{ IC_FN_HAS_ANY_INDEX, { S("this is an example"), D("[\"not\",\"exam\"]") }, "-1" },
		{ IC_FN_HAS_ANY_INDEX, { S("Example number 2"), D("[1,2,3]") }, "1" },
		{ IC_FN_HAS_ANY_INDEX, { S("this"), D("[]") }, "-1" },
	};
	FN_CHECK(list);
	static const fn_case constant[] = {
		{ IC_FN_COUNTOF, { S("ababa"), S("aba"), S("regex") }, "1", true },
		{ IC_FN_COUNTOF, { S("abc"), S(""), S("regex") }, "4", true },
		{ IC_FN_COUNTOF, { S("Hello World Hello"), S("l"), S("REGEX") }, "5", true },
	};
	FN_CHECK(constant);
	static const fn_case bad[] = {
		{ IC_FN_COUNTOF, { S("a"), S("a"), S("fuzzy") }, NULL },
		{ IC_FN_COUNTOF, { S("a"), S("("), S("regex") }, NULL },
		{ IC_FN_TRIM, { S("(?=a)"), S("a") }, NULL },
		{ IC_FN_TRIM, { S("a)(b"), S("a") }, NULL },
	};
	FN_REFUSED(bad);
}

static void changes(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_TRIM, { S("x"), S("xxabcxx") }, "xabcx" },
		{ IC_FN_TRIM, { S("x"), S("xxx") }, "x" },
		{ IC_FN_TRIM, { S("x"), S("x") }, NULL },
		{ IC_FN_TRIM, { S("--"), S("--https://bing.com--") }, "https://bing.com" },
		{ IC_FN_TRIM, { S("a|b"), S("abba") }, "bb" },
		{ IC_FN_TRIM, { S("\\s"), S("\xc2\xa0nbsp\xc2\xa0") }, "nbsp" },
		{ IC_FN_TRIM_START, { S("https://"), S("https://bing.com") }, "bing.com" },
		{ IC_FN_TRIM_END, { S("[^\\w]+"), S("-  Te st1// $") }, "-  Te st1" },
		{ IC_FN_TRIM_END, { S(".com"), S("bing.com") }, "bing" },
		{ IC_FN_TO_UPPER, { S("caf\xc3\xa9 na\xc3\xafve") }, "CAF\xc3\x89 NA\xc3\x8fVE" },
		{ IC_FN_TO_LOWER,
		  { S("\xc3\x9c"
		      "BER") },
		  "\xc3\xbc"
		  "ber" },
		{ IC_FN_TO_LOWER, { S("already") }, "already" },
		{ IC_FN_TO_LOWER, { S("A\xff") }, "a\xff" },
		{ IC_FN_REPLACE_STRING, { S("abcabc"), S("a"), S("XY") }, "XYbcXYbc" },
		{ IC_FN_REPLACE_STRING, { S("aaa"), S(""), S("X") }, "aaa" },
		{ IC_FN_REPLACE_STRING, { S(""), S("a"), S("X") }, NULL },
		{ IC_FN_REPLACE_STRINGS, { S("a.b"), D("[\"a\",\".\"]"), D("[\".\",\"-\"]") }, ".-b" },
		{ IC_FN_REPLACE_STRINGS,
		  { S("This is"), D("[\"This\",\"is\"]"), D("[\"This\",\"was\"]") },
		  "This was" },
		{ IC_FN_REPLACE_STRINGS,
		  { S("This is"), D("[\"is\",\"This\"]"), D("[\"was\",\"This\"]") },
		  "Thwas was" },
		{ IC_FN_REPLACE_STRINGS,
		  { S("This is"), D("[\"This\",\"is\"]"), D("[1,\"was\"]") },
		  "This was" },
		{ IC_FN_REPLACE_STRINGS, { S("a1a"), D("[1,\"\",\"a\"]"), D("[\"x\",\"y\",\"\"]") }, "1" },
		{ IC_FN_REPLACE_STRINGS, { S("aaa b"), D("[\"aa\",\"a\"]"), D("[\"b\",\"c\"]") }, "bc b" },
		{ IC_FN_REPLACE_STRINGS, { S(""), D("[\"a\"]"), D("[\"b\"]") }, NULL },
		{ IC_FN_REPLACE_STRINGS, { S("a.b"), D("[\"a\"]"), D("[]") }, NULL },
		{ IC_FN_TRANSLATE, { S("krasp"), S("otsku"), S("spark") }, "kusto" },
		{ IC_FN_TRANSLATE, { S("abc"), S("x"), S("ac bad") }, "xx xxd" },
		{ IC_FN_TRANSLATE, { S("abc"), S(""), S("abcd") }, "d" },
		{ IC_FN_UNICODE_TO, { D("[75,117]"), L(115), L(0x20ac) }, "Kus\xe2\x82\xac" },
		{ IC_FN_UNICODE_TO, { L(0xd800) }, NULL },
		{ IC_FN_UNICODE_FROM, { S("K\xe2\x82\xac") }, "[75,8364]" },
		{ IC_FN_IS_ASCII, { S("caf\xc3\xa9") }, "False" },
		{ IC_FN_IS_UTF8, { S("\xff") }, "False" },
	};
	FN_CHECK(list);
}

static void splits(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_SPLIT, { S("a,,b"), S(",") }, "[\"a\",\"\",\"b\"]" },
		{ IC_FN_SPLIT, { S(""), S(",") }, "[\"\"]" },
		{ IC_FN_SPLIT, { S("\\"), S("\\") }, "[\"\",\"\"]" },
		{ IC_FN_SPLIT, { S("abc"), S("") }, "[\"abc\"]" },
		{ IC_FN_SPLIT, { S("a--b--c"), S("--"), L(1) }, "[\"b\"]" },
		{ IC_FN_SPLIT, { S("a"), S("-"), L(5) }, "[]" },
		{ IC_FN_SPLIT, { S("a"), S("-"), L(-1) }, "[]" },
		{ IC_FN_PARSE_CSV, { S("aa,\"b,\"\"b\",cc\nx,y") }, "[\"aa\",\"b,\\\"b\",\"cc\"]" },
		{ IC_FN_PARSE_CSV, { S(",") }, "[\"\",\"\"]" },
		{ IC_FN_PARSE_COMMAND_LINE,
		  { S("echo \"hello world!\" a\\b \\\"c \"d\\\\\"e"), S("windows") },
		  "[\"echo\",\"hello world!\",\"a\\\\b\",\"\\\"c\",\"d\\\\e\"]" },
		{ IC_FN_PARSE_COMMAND_LINE, { S("a"), S("unix") }, NULL },
		{ IC_FN_PARSE_VERSION, { S("1.2.3.40") }, "1000000020000000300000040" },
		{ IC_FN_PARSE_VERSION, { S("1") }, "1000000000000000000000000" },
		{ IC_FN_PARSE_VERSION, { S("1.2.3.4.5") }, NULL },
		{ IC_FN_PARSE_VERSION, { S("1.") }, NULL },
		{ IC_FN_PARSE_VERSION, { S("1.234567890") }, NULL },
		{ IC_FN_FORMAT_BYTES, { L(564) }, "564 Bytes" },
		{ IC_FN_FORMAT_BYTES, { L(5640), L(1), S("bytes") }, "5640 Bytes" },
		{ IC_FN_FORMAT_BYTES, { L(10332), L(1) }, "10.1 KB" },
		{ IC_FN_FORMAT_BYTES, { L(20010332), L(2) }, "19.08 MB" },
		{ IC_FN_FORMAT_BYTES, { L(20010332), L(0), S("KB") }, "19541 KB" },
		{ IC_FN_FORMAT_BYTES, { L(20010332), L(0), S("XB") }, NULL },
		{ IC_FN_EXTRACT_JSON, { S("$.a[1].b"), S("{\"a\":[1,{\"b\":\"x\"}]}") }, "x" },
		{ IC_FN_EXTRACT_JSON, { S("$['a']"), S("{\"a\":{\"b\":1}}") }, "{\"b\":1}" },
		{ IC_FN_EXTRACT_JSON, { S("$.z"), S("{}") }, NULL },
		{ IC_FN_EXTRACT_JSON, { S("$.a[99999999999999999999]"), S("{\"a\":[]}") }, NULL },
		{ IC_FN_EXTRACT_JSON, { S("a"), S("no json") }, NULL },
		{ IC_FN_EXTRACT_JSON, { S("$."), S("{}") }, NULL },
	};
	FN_CHECK(list);
}

static void paths(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PARSE_PATH,
		  { S("C:\\temp\\file.txt") },
		  "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\temp\",\"DirectoryName\":"
		  "\"temp\","
		  "\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"\"}" },
		{ IC_FN_PARSE_PATH,
		  { S("file://C:/temp/file.txt:some.exe") },
		  "{\"Scheme\":\"file\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:/"
		  "temp\",\"DirectoryName\":\"temp\","
		  "\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"some."
		  "exe\"}" },
		{ IC_FN_PARSE_PATH,
		  { S("/usr/lib/temp/file.txt.gz") },
		  "{\"Scheme\":\"\",\"RootPath\":\"\",\"DirectoryPath\":\"/usr/lib/"
		  "temp\",\"DirectoryName\":\"temp\","
		  "\"Filename\":\"file.txt.gz\",\"Extension\":\"gz\",\"AlternateDataStreamName\":\"\"}" },
		{ IC_FN_PARSE_PATH,
		  { S("") },
		  "{\"Scheme\":\"\",\"RootPath\":\"\",\"DirectoryPath\":\"\",\"DirectoryName\":\"\","
		  "\"Filename\":\"\","
		  "\"Extension\":\"\",\"AlternateDataStreamName\":\"\"}" },
	};
	FN_CHECK(list);
}

static void xml(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PARSE_XML, { S("<a>b</a>") }, "{\"a\":\"b\"}" },
		{ IC_FN_PARSE_XML,
		  { S("<?xml version=\"1.0\"?><!-- x --><a p='1'>t<b/>&amp;<b>2</b></a>") },
		  "{\"a\":{\"@p\":\"1\",\"b\":[null,\"2\"],\"#text\":\"t&\"}}" },
		{ IC_FN_PARSE_XML, { S("<a><![CDATA[<x>]]>&#x41;</a>") }, "{\"a\":\"<x>A\"}" },
		{ IC_FN_PARSE_XML, { S("<a><b></a>") }, NULL },
		{ IC_FN_PARSE_XML, { S("<a>&unknown;</a>") }, NULL },
		{ IC_FN_PARSE_XML, { S("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>") }, NULL },
		{ IC_FN_PARSE_XML, { S("<a p=1></a>") }, NULL },
		{ IC_FN_PARSE_XML, { S("<") }, NULL },
		{ IC_FN_PARSE_XML, { S("") }, NULL },
		{ IC_FN_PARSE_XML, { S("no xml") }, NULL },
	};
	FN_CHECK(list);
	char deep[512] = "";
	for (int i = 0; i < 100; i++)
		memcpy(deep + i * 3, "<a>", 4);
	const fn_case too_deep[] = { { IC_FN_PARSE_XML, { S(deep) }, NULL } };
	FN_CHECK(too_deep);
}

static void agents(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_PARSE_USER_AGENT,
		  { S("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		      "Chrome/124.0.6367.91 Safari/537.36"),
		    S("browser") },
		  "{\"Browser\":{\"Family\":\"Chrome\",\"MajorVersion\":\"124\",\"MinorVersion\":\"0\","
		  "\"Patch\":\"6367\"}}" },
		{ IC_FN_PARSE_USER_AGENT,
		  { S("Mozilla/5.0 (Windows NT 10.0)"), D("[\"os\",\"device\"]") },
		  "{\"OperatingSystem\":{\"Family\":\"Windows\",\"MajorVersion\":\"10\",\"MinorVersion\":"
		  "\"0\","
		  "\"Patch\":\"\"},\"Device\":{\"Family\":\"Other\"}}" },
		{ IC_FN_PARSE_USER_AGENT,
		  { S(""), S("browser") },
		  "{\"Browser\":{\"Family\":\"Other\",\"MajorVersion\":\"\",\"MinorVersion\":\"\",\"Patch\":"
		  "\"\"}}" },
	};
	FN_CHECK(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),  cmocka_unit_test(searches), cmocka_unit_test(changes),
		cmocka_unit_test(splits), cmocka_unit_test(paths),    cmocka_unit_test(xml),
		cmocka_unit_test(agents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
