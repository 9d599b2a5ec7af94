/* SPDX-License-Identifier: Apache-2.0 */
/* ictus scan: find beacons. */
#include <string.h>

#include "cli/verbs.h"

static bool set_format(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->format = v;
	return true;
}
static bool set_min_automation(cli_args *a, const char *v, const char **why)
{
	*why = "a number from 0 to 100";
	return cli_set_number(&a->scan.min_automation, v, 0, 100);
}
static bool set_min_priority(cli_args *a, const char *v, const char **why)
{
	*why = "a number from 0 to 100";
	return cli_set_number(&a->scan.min_priority, v, 0, 100);
}
static bool set_top(cli_args *a, const char *v, const char **why)
{
	uint64_t n = 0;
	const bool good = cli_set_count(&n, v, SIZE_MAX, why);
	a->scan.top = (size_t)n;
	return good;
}
static bool set_all(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->scan.all = true;
}
static bool set_fail_on(cli_args *a, const char *v, const char **why)
{
	(void)why;
	for (int level = 0; ic_level_name(level); level++)
		if (strcmp(ic_level_name(level), v) == 0)
			a->fail_on = level;
	return true;
}

static const cli_option options[] = {
	{ "format", 'f', "FORMAT", "table (default on a terminal), ndjson (default otherwise), json, csv",
	  set_format, NULL, 1 + IC_LIST_FINDING_FORMATS },
	{ "min-automation", 0, "N", "beacons from this automation on, 0 to 100 (default 50)",
	  set_min_automation },
	{ "min-priority", 0, "N", "findings from this priority on, 0 to 100 (default 0)", set_min_priority },
	{ "top", 0, "N", "only the first N findings", set_top },
	{ "all", 0, NULL, "one row for every series scored, whatever its score", set_all },
	{ "fail-on", 0, "LEVEL", "exit with 1 if a finding is at this level or above", set_fail_on, NULL,
	  1 + IC_LIST_LEVELS },
	{ 0 },
};

static const cli_group groups[] = {
	{ "What to show", options },
	{ "What to look at (web ports and public destinations, unless given)", cli_input_options },
	{ "When", cli_time_options },
	{ "How to read", cli_file_options },
	{ "Live", cli_live_options },
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
	args->scan.input = args->input;
	return ic_scan(&args->scan, obs, out, sum, err);
}

static int run(cli_args *args)
{
	int code = cli_need_input(args, "files or folders of logs");
	if (code)
		return code;
	args->scan.format = args->format ? args->format : cli_output_is_terminal(args) ? "table" : "ndjson";
	return cli_run(args, call);
}

const cli_verb cli_scan = {
	.name = "scan",
	.operands = "PATH...",
	.help = "find beacons and related C2 signs; print findings",
	.about = "Reads web telemetry (Zeek, Suricata EVE, Defender, QRadar, any CSV or NDJSON with a map), "
		 "scores every source and destination for automation, adds what the context says, and prints "
		 "findings with their reasons, the most urgent first.\n\nThe format of each file is found "
		 "from its content; gzip and zstd are read as they are; folders are walked. With --interface "
		 "the packets of a network are read instead.",
	.groups = groups,
	.init = init,
	.run = run,
};
