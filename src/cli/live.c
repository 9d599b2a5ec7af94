/* SPDX-License-Identifier: Apache-2.0 */
/* Capturing from a network interface: its options, the file that keeps the packets, the end by Ctrl-C. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* ---- options ----------------------------------------------------------------------- */

static bool set_interface(cli_args *a, const char *v, const char **why)
{
	*why = "the name of an interface such as eth0";
	a->live.interface = v;
	return *v != 0;
}
static bool set_duration(cli_args *a, const char *v, const char **why)
{
	*why = "a span with its unit such as 90s, 15m or 24h";
	return ic_span_parse(v, &a->live.duration_ticks) == IC_OK && a->live.duration_ticks > 0;
}
static bool set_bpf(cli_args *a, const char *v, const char **why)
{
	*why = "a filter such as 'tcp port 443'";
	a->live.filter = v;
	return *v != 0;
}
static bool set_save(cli_args *a, const char *v, const char **why)
{
	*why = "the name of a file";
	a->save = v;
	return *v != 0;
}

const cli_option cli_live_options[] = {
	{ "interface", 'i', "NAME",
	  "capture from this network interface (any: all of them) instead of reading a PATH, until "
	  "--duration is over or Ctrl-C; takes root or CAP_NET_RAW, given up once the interface is open",
	  set_interface },
	{ "duration", 0, "SPAN", "how long to capture, such as 10m or 1h", set_duration },
	{ "bpf", 0, "FILTER", "capture only these packets, such as 'tcp port 443 and not host 192.0.2.1'",
	  set_bpf },
	{ "save", 0, "FILE", "write the captured packets to FILE too, as pcap", set_save },
	{ 0 },
};

int cli_need_input(cli_args *args, const char *what)
{
	const char *verb = args->verb->name;
	if (!args->live.interface) {
		if (args->live.duration_ticks || args->live.filter || args->save)
			return cli_usage(verb, "--duration, --bpf and --save belong to --interface");
		if (args->path_count == 0)
			return cli_usage(verb, "%s needs a PATH: %s, '-' for stdin; or --interface NAME",
					 verb, what);
		return 0;
	}
	if (args->path_count)
		return cli_usage(verb, "--interface reads the packets of a network, no PATH");
	if (args->input.input_type || args->input.map_file)
		return cli_usage(verb, "--interface reads packets: no --input-type, no --map");
	if (args->save && args->output && strcmp(args->save, args->output) == 0)
		return cli_usage(verb, "--save and --output cannot be one file");
	if (args->output && cli_rights_are_nobodys())
		return cli_usage(verb, "root without sudo captures as nobody, who cannot put --output in its "
				       "place: write to stdout (> FILE)");
	args->input.live = &args->live;
	return 0;
}

/* ---- the capture ------------------------------------------------------------------- */

static ic_status keep_packets(void *ctx, const void *bytes, size_t n)
{
	cli_live *l = ctx;
	const char *p = bytes;
	while (n) {
		ssize_t done = write(l->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			l->error = errno;
			return IC_E_IO;
		}
		p += done;
		n -= (size_t)done;
	}
	return IC_OK;
}

static ic_status opened(void *ctx, ic_error *err)
{
	const cli_live *l = ctx;
	ic_status st = cli_rights_drop(err);
	/* not before: what an earlier capture wrote outlives a wrong --interface */
	if (st == IC_OK && l->fd >= 0 && ftruncate(l->fd, 0) != 0 && errno != EINVAL) {
		*err = (ic_error){ .code = IC_E_IO };
		snprintf(err->message, sizeof err->message, "%s: %s", l->args->save, strerror(errno));
		st = IC_E_IO;
	}
	if (st == IC_OK && !l->args->quiet)
		fprintf(stderr, "ictus: capturing on %s%s\n", l->args->live.interface,
			l->args->live.duration_ticks ? "" : "; Ctrl-C ends it");
	return st;
}

static bool stopped(void *ctx)
{
	(void)ctx;
	return cli_stop_wanted();
}

int cli_live_begin(cli_live *l, cli_args *args)
{
	*l = (cli_live){ .args = args, .fd = -1 };
	if (!args->input.live)
		return 0;
	args->live.ctx = l;
	args->live.opened = opened;
	args->live.stopped = stopped;
	cli_stop_on_signals();
	if (!args->save)
		return 0;
	int code = cli_not_read(args, "save", args->save);
	if (code)
		return code;
	/* what was captured is nobody else's business */
	l->fd = open(args->save, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return cli_cannot_write(args->save, errno);
	l->out = (ic_output){ .write = keep_packets, .ctx = l };
	args->live.save = &l->out;
	return 0;
}

int cli_live_end(cli_live *l)
{
	int error = l->error;
	if (l->fd >= 0 && close(l->fd) != 0 && !error)
		error = errno;
	return error ? cli_cannot_write(l->args->save, error) : 0;
}
