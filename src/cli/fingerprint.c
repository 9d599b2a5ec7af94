/* SPDX-License-Identifier: Apache-2.0 */
/* ictus fingerprint: TLS hellos and HTTP requests of captures. */
#include "cli/verbs.h"

static bool set_format(cli_args *a, const char *v, const char **why)
{
	(void)why;
	a->fingerprint.format = v;
	return true;
}
static bool set_ja3_list(cli_args *a, const char *v, const char **why)
{
	*why = "a file";
	a->fingerprint.ja3_list = v;
	return *v != 0;
}
static bool set_ja4_list(cli_args *a, const char *v, const char **why)
{
	*why = "a file";
	a->fingerprint.ja4_list = v;
	return *v != 0;
}
static const char *const format_words[] = { "ndjson", "csv", "table", "json", NULL };

static const cli_option options[] = {
	{ "format", 'f', "FORMAT", "ndjson (default), csv, table, json", set_format, format_words },
	{ "ja3-list", 0, "FILE",
	  "bad JA3 fingerprints with date and reason, CSV as SSLBL has it; adds matches", set_ja3_list,
	  .reads = CLI_READS_FILE },
	{ "ja4-list", 0, "FILE", "the same of JA4", set_ja4_list, .reads = CLI_READS_FILE },
	{ 0 },
};

static const cli_option file_options[] = {
	{ "threads", 0, "N", "threads to use (default: one a processor)", cli_set_threads },
	{ "memory", 0, "SIZE", "use at most SIZE for what is kept, such as 512M", cli_set_memory },
	{ 0 },
};

static const cli_group groups[] = {
	{ "What to write", options },
	{ "When", cli_time_options },
	{ "How to read", file_options },
	{ "Live", cli_live_options },
	{ 0 },
};

static void init(cli_args *args)
{
	ic_fingerprint_options_init(&args->fingerprint);
	args->input = args->fingerprint.input;
}

static ic_status call(cli_args *args, const ic_observer *obs, const ic_output *out, ic_summary *sum,
		      ic_error *err)
{
	args->fingerprint.input = args->input;
	return ic_fingerprint(&args->fingerprint, obs, out, sum, err);
}

static int run(cli_args *args)
{
	int code = cli_need_input(args, "captures, folders of them");
	return code ? code : cli_run(args, call);
}

const cli_verb cli_fingerprint = {
	.name = "fingerprint",
	.operands = "PATH...",
	.help = "print JA3, JA3S and JA4 of the hellos in packet captures",
	.about = "One row for each hello of TLS, DTLS or QUIC and for each HTTP/1 request, in order of time.",
	.groups = groups,
	.init = init,
	.run = run,
};
