/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/operator.h"

const ic_operator_make ic_operator_makers[IC_OP_KINDS] = {
	[IC_OP_VALUES] = ic_make_values,
	[IC_OP_RANGE] = ic_make_range,
	[IC_OP_FILTER] = ic_make_filter,
	[IC_OP_PROJECT] = ic_make_project,
	[IC_OP_SERIAL] = ic_make_serial,
	[IC_OP_SUMMARIZE] = ic_make_summarize,
	[IC_OP_SORT] = ic_make_sort,
	[IC_OP_TAKE] = ic_make_take,
	[IC_OP_TOP] = ic_make_top,
	[IC_OP_JOIN] = ic_make_join,
	[IC_OP_UNION] = ic_make_union,
	[IC_OP_EXPAND] = ic_make_expand,
	[IC_OP_APPLY] = ic_make_apply,
	[IC_OP_MAKE_SERIES] = ic_make_series,
	[IC_OP_TOP_NESTED] = ic_make_nested,
	[IC_OP_PARSE] = ic_make_parse,
	[IC_OP_STEP] = ic_make_step,
	[IC_OP_SAMPLE] = ic_make_sample,
	[IC_OP_PARTITION] = ic_make_partition,
	[IC_OP_KEEP] = ic_make_keep,
	[IC_OP_KEPT] = ic_make_kept,
};
