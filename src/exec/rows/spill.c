/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/rows/spill.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/temp.h"

enum { OWN_SHARE = 8 }; /* of the limit, under which giving up memory is of little use */

void ic_spill_init(ic_spill *s, _Atomic uint64_t *end)
{
	*s = (ic_spill){ .fd = -1, .end = end };
}

ic_status ic_spill_open(ic_spill *s, ic_error *err)
{
	return ic_temp_open(&s->fd, err);
}

void ic_spill_close(ic_spill *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

ic_status ic_spill_put(ic_spill *s, const void *from, size_t n, uint64_t *ret_at, ic_error *err)
{
	*ret_at = atomic_fetch_add(s->end, n);
	return ic_temp_write(s->fd, from, n, *ret_at, err);
}

static ic_status write_page(ic_spill *s, const ic_page *p, ic_spilled *ret, ic_error *err)
{
	ret->bytes = p->bytes;
	ret->check = ic_hash(p, p->bytes);
	return ic_spill_put(s, p, p->bytes, &ret->at, err);
}

ic_status ic_spill_read(const ic_spill *s, const ic_spilled *from, ic_budget *budget, ic_page **ret,
			ic_error *err)
{
	if (budget && ic_budget_take(budget, from->bytes))
		return IC_E_NOMEM;
	ic_page *p = ic_malloc(from->bytes);
	ic_status st = p ? ic_temp_read(s->fd, p, from->bytes, from->at, err) : IC_E_NOMEM;
	if (st == IC_OK && ic_hash(p, from->bytes) != from->check)
		st = ic_temp_fail(err, "trusted", EIO); /* a page is followed without further checks */
	if (st == IC_OK) {
		*ret = p;
		return IC_OK;
	}
	ic_free(p);
	if (budget)
		ic_budget_give(budget, from->bytes);
	return st;
}

ic_status ic_spill_add(ic_spill *s, const ic_page *p, ic_spill_list *list, ic_error *err)
{
	if (list->n == list->room) {
		uint32_t room = list->room ? list->room * 2 : 16;
		ic_spilled *more = ic_reallocarray(list->page, room, sizeof *more);
		if (!more)
			return IC_E_NOMEM;
		list->page = more;
		list->room = room;
	}
	ic_status st = write_page(s, p, &list->page[list->n], err);
	list->n += st == IC_OK;
	return st;
}

void ic_spill_list_clear(ic_spill_list *l)
{
	ic_free(l->page);
	*l = (ic_spill_list){ 0 };
}

bool ic_spill_is_due(const ic_budget *own)
{
	uint64_t limit = own->whole->limit, used = own->whole->used;
	bool ours = own->used > limit / OWN_SHARE;
	return used > limit / 2 && (ours || used > limit - limit / OWN_SHARE);
}
