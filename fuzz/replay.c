/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds files to a fuzz harness without a fuzzer, so that its corpus runs as ordinary tests. Every
 * argument is a file or a folder of files; reports as TAP. A crash or a sanitizer ends the program,
 * and the test after the last "ok" is the one that did it. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned done;

/* The harness sees a block of exactly the file's size, so that a read past its end is caught, and
 * each cut of the file too: parsers must bear input that stops anywhere. */
static int replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		fprintf(stderr, "%s: not readable\n", path);
		if (f)
			fclose(f);
		return 1;
	}
	size_t size = (size_t)ftell(f);
	rewind(f);
	uint8_t *bytes = malloc(size ? size : 1);
	int bad = !bytes || fread(bytes, 1, size, f) != size;
	fclose(f);
	size_t step = size / 64 + 1;
	for (size_t n = 0; !bad && n <= size; n = n < size && n + step > size ? size : n + step) {
		uint8_t *cut = malloc(n ? n : 1);
		if (!cut) {
			bad = 1;
			break;
		}
		memcpy(cut, bytes, n);
		LLVMFuzzerTestOneInput(cut, n);
		free(cut);
	}
	free(bytes);
	printf("%s %u - %s\n", bad ? "not ok" : "ok", ++done, path);
	fflush(stdout);
	return bad;
}

static int replay_folder(const char *path)
{
	struct dirent **names;
	int bad = 0, n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return replay(path);
	for (int i = 0; i < n; i++) {
		char file[4096];
		if (names[i]->d_name[0] != '.' &&
		    snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file)
			bad |= replay_folder(file);
		free(names[i]);
	}
	free(names);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;
	for (int i = 1; i < argc; i++)
		bad |= replay_folder(argv[i]);
	printf("1..%u\n", done);
	return bad || done == 0;
}
