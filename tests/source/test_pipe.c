/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes that are kept in a file. */
#include "../test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/temp.h"
#include "source/pipe.h"

static void what_was_looked_at_is_kept_too(void **state)
{
	int ends[2], file;
	uint64_t bytes;
	char head[5], all[16];
	ic_error err = { 0 };
	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "first and last", 14), 14);
	assert_int_equal(close(ends[1]), 0);
	ic_pipe *p = ic_pipe_new(ends[0], NULL);
	assert_non_null(p);
	assert_int_equal(ic_pipe_read(p, head, sizeof head), 5);
	assert_int_equal(ic_temp_open(&file, &err), IC_OK);
	assert_int_equal(ic_pipe_keep(p, file, &bytes, &err), IC_OK);
	assert_int_equal(bytes, 14);
	assert_int_equal(ic_temp_read(file, all, 14, 0, &err), IC_OK);
	assert_memory_equal(all, "first and last", 14);
	ic_pipe_free(p);
	(void)close(file);
	(void)close(ends[0]);
}

/* On a disk of 40 MiB, of which a twentieth is left to others. It takes a name space of our own. */
static void a_pipe_without_an_end_leaves_room(void **state)
{
	char folder[] = "/tmp/ictus-pipe-XXXXXX";
	int file, endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	uint64_t bytes;
	ic_error err = { 0 };
	(void)state;
	assert_true(endless >= 0);
	assert_non_null(mkdtemp(folder));
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", folder, "tmpfs", 0, "size=40m") != 0) {
		(void)rmdir(folder);
		(void)close(endless);
		skip();
	}
	setenv("TMPDIR", folder, 1);
	ic_pipe *p = ic_pipe_new(endless, NULL);
	assert_non_null(p);
	assert_int_equal(ic_temp_open(&file, &err), IC_OK);
	assert_int_equal(ic_pipe_keep(p, file, &bytes, &err), IC_E_IO);
	assert_non_null(strstr(err.message, "cannot grow: only 1 MiB are left on its disk"));
	assert_in_range(bytes, 37 << 20, 39 << 20);
	unsetenv("TMPDIR");
	ic_pipe_free(p);
	(void)close(file);
	(void)close(endless);
	(void)umount(folder);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_looked_at_is_kept_too),
		cmocka_unit_test(a_pipe_without_an_end_leaves_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
