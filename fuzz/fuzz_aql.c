/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an AQL query: parsed, then bound over a table of a few columns as a check does. */
#include "lang/aql/bind.h"
#include "lang/aql/parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ic_qcolumn columns[] = {
	{ { "starttime", 9 }, IC_Q_LONG },
	{ { "sourceip", 8 }, IC_Q_IP },
	{ { "username", 8 }, IC_Q_STRING },
	{ { "bytesout", 8 }, IC_Q_LONG },
};

static ic_status table(void *ctx, ic_plan *plan, ic_str name, unsigned language, ic_op **ret, ic_diag *diag)
{
	(void)ctx;
	(void)name;
	(void)language;
	(void)diag;
	*ret = ic_op_new(plan, IC_OP_SCAN, (ic_place){ 0 }, "table", NULL);
	if (!*ret)
		return IC_E_NOMEM;
	(*ret)->out = (ic_schema){ columns, sizeof columns / sizeof *columns };
	return IC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ic_catalog catalog = { .table = table };
	ic_aql_query query;
	ic_diag diag = { 0 };
	ic_plan plan;
	if (size > 1 << 16)
		return 0;
	ic_plan_init(&plan, NULL);
	plan.language = IC_FN_AQL;
	ic_str text = { size ? (const char *)data : "", (uint32_t)size };
	ic_status s = ic_aql_parse(&plan.arena, text, &query, &diag);
	if (s == IC_OK)
		s = ic_aql_bind(&query, &catalog, &plan, &diag);
	/* a failure says why and where */
	if (s == IC_OK ? !plan.root : !diag.set || diag.length == 0)
		abort();
	ic_plan_clear(&plan);
	return 0;
}
