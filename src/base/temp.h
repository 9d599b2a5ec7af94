/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a name in the folder of $TMPDIR (/tmp without it): they end with the process. */
#ifndef IC_BASE_TEMP_H
#define IC_BASE_TEMP_H

#include "ictus.h"

const char *ic_temp_folder(void);
/* *fd is the caller's to close. Errors are IC_E_IO and name the folder and the cause. */
ic_status ic_temp_open(int *fd, ic_error *err);
/* All n bytes at this offset. Threads may write and read at once. */
ic_status ic_temp_write(int fd, const void *p, size_t n, uint64_t at, ic_error *err);
ic_status ic_temp_read(int fd, void *p, size_t n, uint64_t at, ic_error *err);
/* For a file that may grow without end: IC_E_IO when it has come so far that others lack room on its disk: less than
 * a twentieth of it is free, and less than 1 GiB. */
ic_status ic_temp_room(int fd, ic_error *err);
/* IC_E_IO: "a temporary file in FOLDER cannot be WHAT: CAUSE". code: an errno. */
ic_status ic_temp_fail(ic_error *err, const char *what, int code);

#endif
