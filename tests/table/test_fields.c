/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <string.h>

#include "table/fields.h"

static void catalogue_is_whole(void **state)
{
	(void)state;
	for (int f = 0; f < IC_FIELD_COUNT; f++) {
		const ic_field_def *d = &ic_fields[f];
		assert_non_null(d->name);
		assert_non_null(d->unit);
		assert_true(d->meaning && *d->meaning);
		assert_int_equal(ic_field_find(ic_str_of(d->name)), f);
		assert_int_equal(d->on_request, f >= IC_F_SOURCE_FILE);
		if (d->zeek)
			assert_true(d->zeek_streams != 0);
		for (int other = 0; other < f; other++)
			assert_string_not_equal(d->name, ic_fields[other].name);
	}
}

static void names_of_both_kinds(void **state)
{
	(void)state;
	assert_int_equal(ic_field_find(IC_STR("id.orig_h")), IC_F_SRC_IP);
	assert_int_equal(ic_field_find(IC_STR("id_orig_h")), IC_F_SRC_IP);
	assert_int_equal(ic_field_find(IC_STR("id_resp_p")), IC_F_DST_PORT);
	assert_int_equal(ic_field_find(IC_STR("ts")), IC_F_TIME);
	assert_int_equal(ic_field_find(IC_STR("orig_ip_bytes")), IC_F_IP_BYTES_OUT);
	assert_int_equal(ic_field_find(IC_STR("server_name")), IC_F_SNI);
	assert_int_equal(ic_field_find(IC_STR("dst_name")), IC_F_DST_NAME);
	assert_int_equal(ic_field_find(IC_STR("id-orig_h")), -1);
	assert_int_equal(ic_field_find(IC_STR("TS")), -1);
	assert_int_equal(ic_field_find(IC_STR("")), -1);
}

static void only_the_logs_that_have_it(void **state)
{
	(void)state;
	assert_true(ic_fields[IC_F_SNI].zeek_streams == IC_STREAM_BIT(IC_STREAM_SSL));
	assert_true(ic_fields[IC_F_CONN_STATE].zeek_streams == IC_STREAM_BIT(IC_STREAM_CONN));
	assert_false(ic_fields[IC_F_TLS_VERSION].zeek_streams & IC_STREAM_BIT(IC_STREAM_HTTP));
	assert_true(ic_fields[IC_F_UID].zeek_streams & IC_STREAM_BIT(IC_STREAM_WEBSOCKET));
}

static void names_of_streams_and_types(void **state)
{
	(void)state;
	assert_string_equal(ic_stream_level(IC_STREAM_CONN), "connection");
	assert_string_equal(ic_stream_level(IC_STREAM_HTTP), "request");
	assert_string_equal(ic_stream_level(IC_STREAM_SSL), "handshake");
	assert_string_equal(ic_stream_level(IC_STREAM_COUNT), "count");
	assert_string_equal(ic_stream_level(IC_STREAM_BURST), "burst");
	assert_string_equal(ic_stream_name(IC_STREAM_WEBSOCKET), "websocket");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catalogue_is_whole),
		cmocka_unit_test(names_of_both_kinds),
		cmocka_unit_test(only_the_logs_that_have_it),
		cmocka_unit_test(names_of_streams_and_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
