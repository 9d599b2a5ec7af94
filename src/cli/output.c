/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go, and how wide and colourful it is. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* Name of the half-written file, for the signal handler. */
static const char *volatile unfinished;

static atomic_bool stop_allowed, stop_wanted;

static void on_signal(int number)
{
	if (stop_allowed && !stop_wanted) {
		stop_wanted = true;
		return;
	}
	if (unfinished)
		unlink(unfinished);
	signal(number, SIG_DFL);
	raise(number);
}

void cli_signals(void)
{
	static const int fatal[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = SIG_IGN };
	/* a closed pipe and a file at its size limit are failed writes, with a message */
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		struct sigaction old;
		sa.sa_handler = on_signal;
		sa.sa_flags = SA_RESTART;
		/* a signal that the parent had ignored (nohup) stays ignored */
		if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(fatal[i], &sa, NULL);
	}
}

bool cli_streams_hold(void)
{
	/* Opened the wrong way round: reading and writing fail as they do on a closed stream. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

void cli_stop_on_signals(void)
{
	stop_allowed = true;
}

bool cli_stop_wanted(void)
{
	return stop_wanted;
}

static ic_status write_all(void *ctx, const void *bytes, size_t n)
{
	cli_output *o = ctx;
	const char *p = bytes;
	while (n) {
		ssize_t done = write(o->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EPIPE) {
			o->closed = true;
			return IC_E_CLOSED;
		}
		if (done < 0) {
			o->failed = true;
			o->error = errno;
			return IC_E_IO;
		}
		p += done;
		n -= (size_t)done;
	}
	return IC_OK;
}

bool cli_output_is_terminal(const cli_args *args)
{
	return !args->output && isatty(STDOUT_FILENO);
}

static bool want_color(const cli_args *args)
{
	if (args->color && strcmp(args->color, "always") == 0)
		return true;
	if ((args->color && strcmp(args->color, "never") == 0) || !cli_output_is_terminal(args))
		return false;
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
	return !(none && *none) && term && strcmp(term, "dumb") != 0;
}

unsigned cli_terminal_columns(int fd)
{
	struct winsize size;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static unsigned columns(const cli_args *args)
{
	const unsigned wide = cli_output_is_terminal(args) ? cli_terminal_columns(STDOUT_FILENO) : 0;
	if (wide)
		return wide;
	const char *text = getenv("COLUMNS");
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;
	return n > 0 && n <= 1000 ? (unsigned)n : 80;
}

int cli_cannot_write(const char *path, int error)
{
	char safe[PATH_MAX];
	ic_text_safe(safe, sizeof safe, path ? path : "stdout");
	fprintf(stderr, "ictus: %s: cannot write: %s\n", safe, strerror(error));
	return EXIT_UNREADABLE;
}

/* A file beside `path`, with the rights that a new file would get. */
static int open_beside(cli_output *o)
{
	const char *slash = strrchr(o->path, '/');
	size_t folder = slash ? (size_t)(slash - o->path) + 1 : 0, n = strlen(o->path) + 16;
	o->temp = malloc(n);
	if (!o->temp) {
		errno = ENOMEM;
		return -1;
	}
	snprintf(o->temp, n, "%.*s.%s.XXXXXX", (int)folder, o->path, o->path + folder);
	int fd = mkostemp(o->temp, O_CLOEXEC);
	if (fd < 0)
		return -1;
	mode_t mask = umask(0);
	umask(mask);
	unfinished = o->temp;
	if (fchmod(fd, 0666 & ~mask) != 0) {
		/* a file system without modes: what mkostemp gave will do */
	}
	return fd;
}

static bool is_file(const char *path, const struct stat *file)
{
	struct stat s;
	const int known = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &s) : stat(path, &s);
	return known == 0 && S_ISREG(s.st_mode) && s.st_dev == file->st_dev && s.st_ino == file->st_ino;
}

static bool is_rule(const char *folder, const struct stat *file)
{
	ic_rules *rules = NULL;
	ic_error err;
	const ic_rule *r;
	bool is = false;
	if (ic_rules_open(folder, &rules, &err) != IC_OK)
		return false;
	for (size_t i = 0; !is && (r = ic_rules_get(rules, i)); i++)
		is = is_file(r->file, file);
	ic_rules_close(rules);
	return is;
}

static bool is_read(const cli_args *args, const struct stat *file)
{
	bool is = false;
	/* what verbs that print take are words */
	for (size_t i = 0; !args->verb->prints && i < args->path_count; i++)
		is |= is_file(args->paths[i], file);
	for (size_t i = 0; i < args->reading_count; i++) {
		const cli_reading *r = &args->readings[i];
		if (r->how == CLI_READS_RULES)
			is |= is_rule(r->value, file);
		else
			is |= is_file(r->how == CLI_READS_NAMED ? strchr(r->value, '=') + 1 : r->value, file);
	}
	return is;
}

int cli_is_read(const cli_args *args, const char *option, const char *path)
{
	return cli_usage(args->verb->name, "%s: is read: it cannot be --%s as well", path, option);
}

/* A log must not be lost to the report about it. */
int cli_not_read(const cli_args *args, const char *option, const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && is_read(args, &st) ? cli_is_read(args, option, path) : 0;
}

int cli_output_open(cli_output *o, const cli_args *args)
{
	struct stat st;
	*o = (cli_output){ .fd = STDOUT_FILENO, .path = args->output };
	o->out =
	    (ic_output){ .write = write_all, .ctx = o, .columns = columns(args), .color = want_color(args) };
	if (!o->path)
		return 0;
	/* a device or a pipe cannot be replaced by a new file */
	bool there = stat(o->path, &st) == 0, special = there && !S_ISREG(st.st_mode);
	int code = cli_not_read(args, "output", o->path);
	if (code)
		return code;
	o->device = there ? (uint64_t)st.st_dev : 0;
	o->inode = there ? (uint64_t)st.st_ino : 0;
	o->fd = special ? open(o->path, O_WRONLY | O_CLOEXEC) : open_beside(o);
	if (o->fd >= 0)
		return 0;
	code = cli_cannot_write(o->path, errno);
	free(o->temp);
	o->temp = NULL;
	return code;
}

int cli_output_finish(cli_output *o, bool keep)
{
	int code = 0;
	if (o->failed)
		code = cli_cannot_write(o->path, o->error);
	if (o->path && close(o->fd) != 0 && code == 0)
		code = cli_cannot_write(o->path, errno);
	if (o->temp) {
		bool placed = keep && code == 0 && rename(o->temp, o->path) == 0;
		if (keep && code == 0 && !placed)
			code = cli_cannot_write(o->path, errno);
		if (!placed)
			unlink(o->temp);
		unfinished = NULL;
	}
	free(o->temp);
	o->temp = NULL;
	return code;
}

int cli_print(cli_args *args, int (*print)(cli_args *args))
{
	cli_output o;
	int code = cli_output_open(&o, args);
	if (code)
		return code;
	if (dup2(o.fd, STDOUT_FILENO) >= 0)
		code = print(args);
	else
		o.failed = true;
	o.failed |= fflush(stdout) != 0;
	o.error = o.failed ? errno : 0;
	int written = cli_output_finish(&o, code == EXIT_RAN || code == EXIT_PARTLY);
	return written ? written : code;
}
