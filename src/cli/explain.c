/* SPDX-License-Identifier: Apache-2.0 */
/* ictus explain: one finding with all its numbers. */
#include "cli/verbs.h"

static const cli_group groups[] = {
	{ "What to look at (as in the scan that found it)", cli_input_options },
	{ "When", cli_time_options },
	{ "How to read", cli_file_options },
	{ "Rules of the site", cli_detect_options },
	{ 0 },
};

static void init(cli_args *args)
{
	ic_scan_options_init(&args->scan);
	args->input = args->scan.input;
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	args->scan.explain_id = args->paths[0];
	args->scan.input = args->input;
	args->scan.input.paths = args->paths + 1;
	args->scan.input.path_count = args->path_count - 1;
	return ic_scan(&args->scan, obs, out, sum, err);
}

static int run(cli_args *args)
{
	if (args->path_count < 2)
		return cli_usage("explain", "explain needs the id of a finding and the PATH of the logs");
	return cli_run(args, call);
}

const cli_verb cli_explain = {
	.name = "explain",
	.operands = "ID PATH...",
	.help = "show why a finding scored: every number, weight and threshold",
	.about =
	    "ID is the id of a finding of 'ictus scan' over the same paths with the same options. Shows its "
	    "reasons, the parts of its automation and priority, the histogram of its intervals and the hours "
	    "in which it was active.",
	.groups = groups,
	.init = init,
	.run = run,
};
