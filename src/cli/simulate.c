/* SPDX-License-Identifier: Apache-2.0 */
/* ictus simulate: labelled telemetry. */
#include <float.h>
#include <limits.h>

#include "cli/verbs.h"

static bool set_format(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->simulate.format = v;
	return true;
}
static bool set_profiles(cli_args *a, const char *v, const char **why)
{
	*why = "a comma-separated list of profiles";
	a->simulate.profiles = v;
	return *v != 0;
}
static bool set_hosts(cli_args *a, const char *v, const char **why)
{
	uint64_t n = 0;
	bool good = cli_set_whole(&n, v, UINT_MAX, why);
	a->simulate.hosts = (unsigned)n;
	return good;
}
static bool set_days(cli_args *a, const char *v, const char **why)
{
	*why = "a number of days";
	return cli_set_number(&a->simulate.days, v, 0, DBL_MAX);
}
static bool set_seed(cli_args *a, const char *v, const char **why)
{
	return cli_set_whole(&a->simulate.seed, v, UINT64_MAX, why);
}
static bool set_start(cli_args *a, const char *v, const char **why)
{
	*why = "a time such as 2024-05-01T00:00:00Z";
	return ic_time_parse(v, &a->simulate.start_ticks) == IC_OK;
}
static bool set_list(cli_args *a, const char *v, const char **why)
{
	(void)v, (void)why;
	return a->simulate.list_profiles = true;
}

static const cli_option options[] = {
	{ "format", 'f', "FORMAT", "what to write (default zeek-tsv)", set_format, NULL,
	  1 + IC_LIST_SIMULATE_FORMATS },
	{ "profiles", 0, "LIST", "profiles to play, split by commas (default: a mix of all)", set_profiles },
	{ "list", 0, NULL, "list the profiles and stop", set_list },
	{ "hosts", 0, "N", "internal hosts, at most 50000 (default 30)", set_hosts },
	{ "days", 0, "N", "how long, at most 90; may have a fraction (default 1)", set_days },
	{ "seed", 0, "N", "the same seed gives the same bytes (default 1)", set_seed },
	{ "start", 0, "TIME", "first moment of the telemetry (default 2024-05-01T00:00:00Z)", set_start },
	{ 0 },
};

static const cli_group groups[] = { { "What to play", options }, { 0 } };

static void init(cli_args *args)
{
	ic_simulate_options_init(&args->simulate);
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	(void)sum;
	return ic_simulate(&args->simulate, obs, out, err);
}

static int run(cli_args *args)
{
	if (args->path_count != 1 && !args->simulate.list_profiles)
		return cli_usage("simulate", "simulate needs one FOLDER to write to");
	if (args->output && !args->simulate.list_profiles)
		return cli_usage("simulate", "simulate writes into FOLDER; --output is for --list");
	args->simulate.folder = args->path_count ? args->paths[0] : NULL;
	return cli_run(args, call);
}

const cli_verb cli_simulate = {
	.name = "simulate",
	.operands = "FOLDER",
	.help = "make labelled telemetry: C2, benign agents and people",
	.about =
	    "Writes logs into FOLDER, with truth.tsv, which says what was planted: one line a series, its "
	    "destinations split by semicolons where it goes round several. The same options give the same "
	    "bytes. Logs that are there are replaced where a truth.tsv is beside them, and no others.",
	.groups = groups,
	.init = init,
	.run = run,
};
