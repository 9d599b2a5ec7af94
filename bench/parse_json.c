/* SPDX-License-Identifier: Apache-2.0 */
/* How fast one core parses a JSON log: parse_json KIND FILE [all|web]. The file is read in blocks that stay
 * in the cache, as the program does; times are of the parsing alone. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "source/text/reader.h"

#define BLOCK (512u << 10)

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const ic_source_kind *kind_of(const char *name)
{
	static const ic_source_kind *const kinds[] = { &ic_kind_zeek_json, &ic_kind_eve,
						       &ic_kind_defender_json, &ic_kind_qradar_json };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

typedef struct run {
	double seconds, best; /* best: seconds a byte of the best block, which noise does not reach */
	uint64_t bytes;
	ic_row_counts counts;
} run;

static void parse_block(run *r, const ic_source_kind *kind, ic_reader *reader, ic_batch *b, const char *text,
			size_t n)
{
	double start = now();
	for (size_t at = 0; at < n;) {
		ic_batch_reset(b);
		size_t before = at;
		if (kind->parse(reader, text, n, &at, true, b, &r->counts) != IC_OK || at == before)
			exit(1);
	}
	double seconds = now() - start;
	if (r->best == 0 || seconds / (double)n < r->best)
		r->best = seconds / (double)n;
	r->seconds += seconds;
	r->bytes += n;
}

int main(int argc, char **argv)
{
	const ic_source_kind *kind = argc > 2 ? kind_of(argv[1]) : NULL;
	FILE *f = kind ? fopen(argv[2], "rb") : NULL;
	char *text = malloc(BLOCK);
	if (!f || !text) {
		(void)fprintf(stderr, "usage: parse_json KIND FILE [all|web]\n");
		return 2;
	}
	static uint64_t ports[1024];
	static const unsigned web[] = { 80, 443, 8080, 8443 };
	for (size_t i = 0; i < 4; i++)
		ports[web[i] >> 6] |= UINT64_C(1) << (web[i] & 63);
	const bool filtered = argc < 4 || strcmp(argv[3], "web") == 0;
	ic_input_request req = { .wanted = IC_FIELD_BIT(IC_F_TIME) | IC_FIELD_BIT(IC_F_SRC_IP) |
					   IC_FIELD_BIT(IC_F_DST_IP) | IC_FIELD_BIT(IC_F_DST_PORT) |
					   IC_FIELD_BIT(IC_F_SERVICE) | IC_FIELD_BIT(IC_F_TRANSPORT) |
					   IC_FIELD_BIT(IC_F_IP_BYTES_OUT) | IC_FIELD_BIT(IC_F_IP_BYTES_IN) |
					   IC_FIELD_BIT(IC_F_DURATION) | IC_FIELD_BIT(IC_F_CONN_STATE),
				 .streams = (1u << IC_STREAM_COUNT_OF) - 1,
				 .filter = { filtered ? ports : NULL, filtered, IC_TIME_NONE,
					     IC_TIME_NONE } };
	ic_reader_config cfg = { .req = &req };
	size_t have = fread(text, 1, BLOCK, f), keep;
	bool nomem;
	const ic_layout *layout = kind->layout(&cfg, text, have < 65536 ? have : 65536, &nomem);
	ic_reader *reader = layout ? kind->begin(&cfg, layout) : NULL;
	ic_batch *b = ic_batch_new(req.wanted);
	if (!reader || !b)
		return 1;
	run r = { 0 };
	while (have > 0) {
		const char *last = memrchr(text, '\n', have);
		size_t n = last ? (size_t)(last - text) + 1 : have;
		parse_block(&r, kind, reader, b, text, n);
		keep = have - n;
		memmove(text, text + n, keep);
		have = keep + fread(text + keep, 1, BLOCK - keep, f);
		if (feof(f) && have == keep)
			break;
	}
	(void)printf(
	    "%s: %llu rows, %llu kept, %llu bad (%s), %.2f GB/s, %.1f ns a row, best block %.2f GB/s\n",
	    kind->name, (unsigned long long)r.counts.read, (unsigned long long)r.counts.kept,
	    (unsigned long long)r.counts.bad, r.counts.sample, (double)r.bytes / r.seconds / 1e9,
	    r.seconds * 1e9 / (double)(r.counts.read ? r.counts.read : 1), 1 / r.best / 1e9);
	kind->end(reader);
	kind->layout_free(layout);
	ic_batch_free(b);
	free(text);
	return fclose(f) != 0;
}
