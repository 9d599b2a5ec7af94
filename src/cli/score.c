/* SPDX-License-Identifier: Apache-2.0 */
/* ictus score: plain series, without logs. */
#include "cli/verbs.h"

static const cli_group groups[] = { { "When", cli_time_options }, { 0 } };

/* A span counts back from now, which plain series do not tell: it needs --now. */
static bool resolve(const cli_args *args, ic_moment m, int64_t *ret)
{
	bool relative = m.relative && m.ticks != IC_TIME_NONE;
	if (relative && !args->now_given)
		return false;
	*ret = relative ? args->input.now_ticks - m.ticks : m.ticks;
	return true;
}

static void init(cli_args *args)
{
	args->input.now_ticks = IC_TIME_NONE;
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	return ic_score_series(&args->score, obs, out, sum, err);
}

static int run(cli_args *args)
{
	if (args->path_count > 1)
		return cli_usage("score", "score takes one FILE");
	args->score.path = args->path_count ? args->paths[0] : "-";
	if (!resolve(args, args->since, &args->score.since_ticks) ||
	    !resolve(args, args->until, &args->score.until_ticks))
		return cli_usage("score", "a span in --since or --until needs --now wall or --now TIME");
	return cli_run(args, call);
}

const cli_verb cli_score = {
	.name = "score",
	.operands = "[FILE]",
	.help = "score plain series of times: CSV with the header key,time,bytes",
	.about =
	    "Reads CSV with the header key,time,bytes from FILE or stdin, packed with gzip or zstd or not: "
	    "key is any text, time is seconds since the epoch or RFC 3339, bytes a number or empty. Writes "
	    "one JSON object a key, in the order in which the keys first appear: automation and its parts, "
	    "and the published RITA v5 score for comparison.\n\n"
	    "Plain series do not tell what now is: a span in --since or --until, such as 24h, takes "
	    "--now wall or a time.",
	.groups = groups,
	.init = init,
	.run = run,
};
