/* SPDX-License-Identifier: Apache-2.0 */
/* What does not fit the memory, pages above all, in a temporary file of $TMPDIR (/tmp without it) that has no name, so
 * that it ends with the process. Private to src/exec. */
#ifndef IC_EXEC_SPILL_H
#define IC_EXEC_SPILL_H

#include "exec/rows/page.h"

typedef struct ic_spill {
	int fd; /* -1: there is no file yet */
	_Atomic uint64_t *end;
} ic_spill;

/* Where a page lies. */
typedef struct ic_spilled {
	uint64_t at, check;
	uint32_t bytes;
} ic_spilled;

/* Pages in their order. */
typedef struct ic_spill_list {
	ic_spilled *page;
	uint32_t n, room;
} ic_spill_list;

/* *end: where the file ends, and so what it has taken; it outlives the file. */
void ic_spill_init(ic_spill *s, _Atomic uint64_t *end);
ic_status ic_spill_open(ic_spill *s, ic_error *err);
void ic_spill_close(ic_spill *s); /* of one that was only initialised too */
/* All of these may be called by several threads at once. IC_E_IO names the folder and what is wrong. */
/* n bytes to the end of the file, *ret_at says where. */
ic_status ic_spill_put(ic_spill *s, const void *from, size_t n, uint64_t *ret_at, ic_error *err);
ic_status ic_spill_read(const ic_spill *s, const ic_spilled *from, ic_budget *budget, ic_page **ret,
			ic_error *err);
/* Writes the page and adds it to the list, which is one thread's. */
ic_status ic_spill_add(ic_spill *s, const ic_page *p, ic_spill_list *list, ic_error *err);
void ic_spill_list_clear(ic_spill_list *l);
/* Whether what an operator keeps, counted in `own`, a part of the limited budget of the run, had better go to a file
 * from now on. */
bool ic_spill_is_due(const ic_budget *own);

#endif
