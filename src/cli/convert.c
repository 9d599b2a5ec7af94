/* SPDX-License-Identifier: Apache-2.0 */
/* ictus convert: normalised events out. */
#include "cli/verbs.h"

static bool set_table(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->convert.table = v;
	return true;
}
static bool set_format(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->convert.format = v;
	return true;
}
static bool set_fields(cli_args *a, const char *v, const char **why)
{
	*why = "a comma-separated list of fields";
	a->convert.fields = v;
	return *v != 0;
}

static const cli_option options[] = {
	{ "table", 't', "TABLE", "which events (default: every one)", set_table, NULL,
	  1 + IC_LIST_CONVERT_TABLES },
	{ "format", 'f', "FORMAT", "ndjson (default), csv, zeek-tsv, zeek-json", set_format, NULL,
	  1 + IC_LIST_CONVERT_FORMATS },
	{ "fields", 0, "LIST", "these fields in this order, by canonical or Zeek name, split by commas",
	  set_fields },
	{ 0 },
};

static const cli_group groups[] = {
	{ "What to write", options }, { "What to look at (everything, unless given)", cli_input_options },
	{ "When", cli_time_options }, { "How to read", cli_file_options },
	{ "Live", cli_live_options }, { 0 },
};

static void init(cli_args *args)
{
	ic_convert_options_init(&args->convert);
	args->input = args->convert.input;
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	args->convert.input = args->input;
	return ic_convert(&args->convert, obs, out, sum, err);
}

static int run(cli_args *args)
{
	int code = cli_need_input(args, "files or folders of logs");
	return code ? code : cli_run(args, call);
}

const cli_verb cli_convert = {
	.name = "convert",
	.operands = "PATH...",
	.help = "write events under one set of names, whatever the input",
	.about =
	    "Reads any supported log and writes its events as NDJSON or CSV with canonical names, or as Zeek "
	    "TSV or JSON with Zeek's names.",
	.groups = groups,
	.init = init,
	.run = run,
};
