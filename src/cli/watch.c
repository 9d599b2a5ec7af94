/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about a run while it runs and after it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define TICKS_S	   INT64_C(10000000)
#define BAR_AFTER  TICKS_S /* a shorter run shows no bar */
#define BAR_EVERY  (TICKS_S / 10)
#define BAR_LENGTH 30

static FILE *lines(cli_watch *w)
{
	return w->held ? w->held : stderr;
}

/* "1,234,567" */
static const char *count(uint64_t v, char text[32])
{
	char *at = text + 31;
	unsigned digits = 0;
	*at = 0;
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + v % 10);
		digits++;
		v /= 10;
	} while (v);
	return at;
}

static void erase_bar(cli_watch *w)
{
	if (w->drawn)
		fputs("\r\x1b[K", stderr);
	w->drawn = false;
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
	cli_watch *w = ctx;
	int64_t now = ic_wall_clock();
	if (!w->bar || now - w->started < BAR_AFTER || now - w->last_drawn < BAR_EVERY)
		return;
	w->last_drawn = now;
	w->drawn = true;
	double seconds = (double)(now - w->started) / (double)TICKS_S;
	double rate = (double)done / seconds / 1e6;
	char line[160];
	if (total == 0) {
		(void)snprintf(line, sizeof line, "%.0f MB, %.0f MB/s", (double)done / 1e6, rate);
	} else {
		double share = done < total ? (double)done / (double)total : 1;
		char bar[BAR_LENGTH + 1];
		int full = (int)(share * BAR_LENGTH);
		memset(bar, '#', (size_t)full);
		memset(bar + full, '.', (size_t)(BAR_LENGTH - full));
		bar[BAR_LENGTH] = 0;
		(void)snprintf(line, sizeof line, "[%s] %3.0f %%  %.0f MB/s  %.0f s left", bar, share * 100,
			       rate, share > 0 ? seconds / share - seconds : 0);
	}
	fprintf(stderr, "\r%.*s\x1b[K", (int)w->columns - 1, line);
}

/* "; left out: 12 by --ports, 3 by --scope" */
static void left_out(FILE *to, uint64_t ports, uint64_t scope, uint64_t time, uint64_t query)
{
	const struct {
		uint64_t n;
		const char *why;
	} parts[] = { { ports, "by --ports" },
		      { scope, "by --scope" },
		      { time, "by --since and --until" },
		      { query, "by the query" } };
	const char *before = "; left out: ";
	char text[32];
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].n == 0)
			continue;
		fprintf(to, "%s%s %s", before, count(parts[i].n, text), parts[i].why);
		before = ", ";
	}
}

static void place(FILE *to, const ic_error *e, const char *path)
{
	fputs(e->file[0] ? e->file : path, to);
	if (e->line)
		fprintf(to, ":%llu", (unsigned long long)e->line);
	if (e->column)
		fprintf(to, ":%u", e->column);
	fprintf(to, ": %s\n", e->message);
}

static void say_counts(FILE *to, const ic_file_report *r)
{
	char text[32];
	fprintf(to, "%s: %s", r->path, r->format);
	if (r->in_part) { /* how far threads had read is chance */
		fputs(", read in part\n", to);
		return;
	}
	fprintf(to, ", %s row%s read", count(r->read, text), IC_S(r->read));
	fprintf(to, ", %s kept", count(r->kept, text));
	left_out(to, r->out_ports, r->out_scope, r->out_time, r->out_query);
	if (r->bad)
		fprintf(to, "; %s bad", count(r->bad, text));
	if (r->lost)
		fprintf(to, "; %s packet%s lost before they could be read", count(r->lost, text),
			IC_S(r->lost));
	const char *before = "; met: ";
	for (size_t i = 0; i < IC_TALLIES && r->tally[i].what; i++) {
		if (r->tally[i].n)
			fprintf(to, "%s%s %s", before, r->tally[i].what, count(r->tally[i].n, text));
		before = r->tally[i].n ? ", " : before;
	}
	fputs(r->damaged ? "; not all of it was read\n" : "\n", to);
}

static void file_done(void *ctx, const ic_file_report *r)
{
	cli_watch *w = ctx;
	FILE *to = lines(w);
	bool known = r->format && r->format[0], quiet = w->args->quiet;
	if (r->skipped) /* a note has said why */
		return;
	/* met in a folder, or named by a query: known only now */
	w->output_is_read |= w->output->inode && w->output->inode == r->inode &&
			     w->output->device == r->device && (r->read || r->damaged);
	w->files++;
	if (known && !quiet)
		say_counts(to, r);
	/* a file that could not be read is an error, which -q does not hide; a bad row is not */
	if (r->first_bad.code != IC_OK && (r->damaged || !quiet))
		place(to, &r->first_bad, r->path);
	else if (!known && !quiet)
		fprintf(to, "%s: %s\n", r->path, r->damaged ? "not read" : "empty");
}

static void note(void *ctx, const char *sentence)
{
	cli_watch *w = ctx;
	if (!w->args->quiet)
		fprintf(lines(w), "ictus: %s\n", sentence);
}

void cli_watch_begin(cli_watch *w, const cli_args *args, const cli_output *o)
{
	const char *term = getenv("TERM");
	*w = (cli_watch){ .args = args, .output = o, .started = ic_wall_clock() };
	w->observer = (ic_observer){ .ctx = w, .progress = progress, .file_done = file_done, .note = note };
	w->bar = !args->quiet && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	w->columns = cli_terminal_columns(STDERR_FILENO);
	w->columns = w->columns ? w->columns : 80;
	w->held = open_memstream(&w->lines, &w->length);
}

static void total_counts(const ic_summary *s)
{
	char text[32];
	fprintf(stderr, ", %s row%s read", count(s->rows, text), IC_S(s->rows));
	fprintf(stderr, ", %s kept", count(s->kept, text));
	left_out(stderr, s->out_ports, s->out_scope, s->out_time, s->out_query);
	if (s->bad)
		fprintf(stderr, "; %s bad", count(s->bad, text));
}

static void put_counts(const ic_summary *s)
{
	char text[32];
	fprintf(stderr, "ictus: %s file%s", count(s->files, text), IC_S(s->files));
	if (s->part_files)
		fputs(", read in part", stderr);
	else
		total_counts(s);
	if (s->late)
		fprintf(stderr, "; %s too late to count in intervals", count(s->late, text));
	if (s->dropped_memory)
		fprintf(stderr, "; %s not followed for want of memory (--memory)",
			count(s->dropped_memory, text));
	if (s->findings_left_out)
		fprintf(stderr, "; %s finding%s left out for want of memory (--memory)",
			count(s->findings_left_out, text), IC_S(s->findings_left_out));
	if (s->hidden)
		fprintf(stderr, "; %s finding%s hidden by --hide", count(s->hidden, text), IC_S(s->hidden));
	if (s->rules)
		fprintf(stderr, "; %s rule%s", count(s->rules, text), IC_S(s->rules));
	if (s->rules_lacking)
		fprintf(stderr, ", %s for what this input lacks", count(s->rules_lacking, text));
	if (s->rules_failed)
		fprintf(stderr, ", %s failed", count(s->rules_failed, text));
	fputc('\n', stderr);
}

static void put_total(cli_watch *w, const ic_summary *s)
{
	char text[32];
	bool verbose = w->args->verbose > 0;
	bool more =
	    s->out_scope || s->late || s->dropped_memory || s->findings_left_out || s->hidden || s->rules;
	if (s->files && (w->files >= 2 || more || verbose))
		put_counts(s);
	if (!verbose)
		return;
	fputs("ictus: ", stderr);
	if (s->findings)
		fprintf(stderr, "%s finding%s in ", count(s->findings, text), IC_S(s->findings));
	fprintf(stderr, "%.2f s\n", (double)(ic_wall_clock() - w->started) / (double)TICKS_S);
}

void cli_watch_end(cli_watch *w, const ic_summary *sum, bool print)
{
	erase_bar(w);
	if (w->held && fclose(w->held) == 0 && print)
		fwrite(w->lines, 1, w->length, stderr);
	w->held = NULL;
	free(w->lines);
	w->lines = NULL;
	if (print && sum && !w->args->quiet)
		put_total(w, sum);
}
