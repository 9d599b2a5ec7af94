/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a text reader turns a file in memory into batches, on one core.
 * parse_tsv FILE [fields] [ports]: fields is "scan" (default), "group" or "all"; ports is "web"
 * (default) or "all". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/text/reader.h"

#define BLOCK ((size_t)512 << 10)
#define RUNS  5

#define BIT(f) IC_FIELD_BIT(IC_F_##f)
#define GROUP  (BIT(TIME) | BIT(SRC_IP) | BIT(DST_IP) | BIT(DST_PORT) | BIT(BYTES_OUT) | BIT(BYTES_IN))
#define SCAN   (GROUP | BIT(TRANSPORT) | BIT(SERVICE) | BIT(DURATION) | BIT(IP_BYTES_OUT) | BIT(CONN_STATE))

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static char *load(const char *path, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	*n = (size_t)st.st_size;
	char *p = malloc(*n + 1);
	for (size_t at = 0; p && at < *n;) {
		ssize_t got = read(fd, p + at, *n - at);
		if (got <= 0) {
			free(p);
			p = NULL;
			break;
		}
		at += (size_t)got;
	}
	close(fd);
	return p;
}

/* The length of the whole lines in the next block. */
static size_t block_length(const char *p, size_t left)
{
	if (left <= BLOCK)
		return left;
	const char *end = memrchr(p, '\n', BLOCK);
	return end ? (size_t)(end - p) + 1 : 0; /* 0: no line is that long here */
}

/* Each block is first copied to a buffer, as read() would; only parsing is timed. */
static bool run(const ic_reader_config *cfg, const ic_layout *layout, const char *text, size_t n,
		ic_row_counts *c, double *took)
{
	const ic_source_kind *kind = &ic_kind_zeek_tsv;
	ic_reader *r = kind->begin(cfg, layout);
	ic_batch *b = ic_batch_new(cfg->req->wanted);
	char *block = malloc(n < BLOCK ? n + 1 : BLOCK);
	bool ok = r && b && block;
	for (size_t at = 0; ok && at < n;) {
		size_t length = block_length(text + at, n - at), used = 0;
		ok = length > 0;
		memcpy(block, text + at, length);
		double start = seconds();
		while (ok && used < length) {
			ic_batch_reset(b);
			ok = kind->parse(r, block, length, &used, at + length == n, b, c) == IC_OK;
		}
		*took += seconds() - start;
		at += length;
	}
	free(block);
	ic_batch_free(b);
	kind->end(r);
	return ok;
}

int main(int argc, char **argv)
{
	uint64_t ports[1024] = { 0 };
	static const unsigned web[] = { 80, 443, 8080, 8443 };
	ic_input_request req = { .wanted = SCAN, .streams = ~0u, .threads = 1 };
	size_t n;
	if (argc < 2)
		return 2;
	for (size_t i = 0; i < 4; i++)
		ports[web[i] >> 6] |= UINT64_C(1) << (web[i] & 63);
	if (argc > 2 && strcmp(argv[2], "scan") != 0)
		req.wanted = strcmp(argv[2], "group") == 0 ? GROUP : IC_FIELD_BIT(IC_FIELD_COUNT) - 1;
	bool all = argc > 3 && strcmp(argv[3], "all") == 0;
	req.filter = (ic_row_filter){ all ? NULL : ports, !all, IC_TIME_NONE, IC_TIME_NONE };
	char *text = load(argv[1], &n);
	if (!text) {
		perror(argv[1]);
		return 3;
	}
	const ic_reader_config cfg = { .req = &req };
	bool nomem;
	const ic_layout *layout = ic_kind_zeek_tsv.layout(&cfg, text, n < 65536 ? n : 65536, &nomem);
	const char *once = getenv("BENCH_RUNS");
	int runs = once ? atoi(once) : RUNS;
	double best = 1e9;
	for (int i = 0; layout && i < runs; i++) {
		ic_row_counts c = { 0 };
		double took = 0;
		if (!run(&cfg, layout, text, n, &c, &took))
			return 5;
		best = took < best ? took : best;
		if (i == runs - 1)
			printf("%llu rows, %llu kept, %llu bad: %.2f ns a row, %.1f M rows/s, %.2f GB/s\n",
			       (unsigned long long)c.read, (unsigned long long)c.kept,
			       (unsigned long long)c.bad, best / (double)c.read * 1e9,
			       (double)c.read / best / 1e6, (double)n / best / 1e9);
	}
	ic_kind_zeek_tsv.layout_free(layout);
	free(text);
	return 0;
}
