/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/op/join_side.h"

#include <stdatomic.h>

#include "base/hash.h"
#include "exec/group/exchange.h"
#include "exec/rows/key.h"

/* What the rows of a page need besides their columns. */
typedef struct links {
	uint32_t *next; /* NULL: no row here has a successor; else number + 1 */
	_Atomic uint8_t *mark;
} links;

struct ic_join_side {
	ic_store store; /* kept columns, then keys that are none of them */
	uint32_t *from; /* of a kept column: column of the input */
	uint32_t keys, kept;
	uint32_t *key_column;
	bool *as_text; /* the key is an address on one side and text on the other */
	bool null_keys_match, marks, one_a_key, places;
	ic_vector *col; /* of the rows that are put in */
	links *link;	/* of each page */
	/* 0: free; else, from the lowest bit: number + 1, as many bits of the hash as fit. */
	uint32_t *slot;
	uint64_t slots;
	unsigned row_bits;
	ic_arena arena;
	ic_budget *budget;
	uint64_t taken; /* of the budget, outside arena and store */
	uint64_t next;	/* number of the row that is added next */
	uint64_t seed;
};

/* ---- cells ------------------------------------------------------------------------------- */

typedef union cell {
	uint8_t b;
	int64_t i;
	double d;
	ic_str s;
	ic_ip ip;
	ic_guid guid;
	ic_decimal decimal;
} cell;

static bool decimal_same(const ic_decimal *a, const ic_decimal *b)
{
	ic_decimal x = ic_key_decimal(a), y = ic_key_decimal(b);
	return x.coefficient == y.coefficient && x.scale == y.scale;
}

/* Two values that lie in memory, none null. */
static bool bytes_same(ic_qtype t, const void *a, const void *b)
{
	switch (t) {
	case IC_Q_STRING: return ic_str_eq(*(const ic_str *)a, *(const ic_str *)b);
	case IC_Q_REAL: return ic_key_real(*(const double *)a) == ic_key_real(*(const double *)b);
	case IC_Q_DECIMAL: return decimal_same(a, b);
	case IC_Q_BOOL: return *(const uint8_t *)a == *(const uint8_t *)b;
	case IC_Q_IP:
	case IC_Q_GUID: return memcmp(a, b, 16) == 0;
	default: return *(const int64_t *)a == *(const int64_t *)b;
	}
}

static ic_qtype type_of(const ic_join_side *s, uint32_t column)
{
	return s->store.type[column];
}

static void load(const ic_page *p, const ic_page_column *c, uint32_t at, cell *to)
{
	switch (c->type) {
	case IC_Q_STRING: to->s = ic_page_text(p, c, at); break;
	case IC_Q_INT:
	case IC_Q_LONG:
	case IC_Q_DATETIME:
	case IC_Q_TIMESPAN: to->i = ic_page_whole(p, c, at); break;
	default: ic_page_copy(p, c, at, to); break;
	}
}

/* Whether null and value are told apart in a key; a null text is the empty one where nulls match. */
static bool nulls_count(const ic_join_side *s, ic_qtype t)
{
	return t != IC_Q_STRING || !s->null_keys_match;
}

/* ---- hashes ------------------------------------------------------------------------------ */

/* Hashes of the keys; never 0, except where the key cannot match anything. */
static void hash_keys(const ic_join_side *s, const ic_vector *key, uint32_t n, uint64_t *h)
{
	for (uint32_t i = 0; i < n; i++)
		h[i] = s->seed;
	for (uint32_t k = 0; k < s->keys; k++) {
		ic_key_hash_vector(&key[k], n, s->seed, h);
		if (!key[k].nulls || !nulls_count(s, key[k].type) || !s->null_keys_match)
			continue;
		for (uint32_t i = 0; i < n; i++)
			if (ic_vector_null(&key[k], i))
				h[i] = ic_mix(h[i], 1, ~s->seed);
	}
	for (uint32_t i = 0; i < n; i++)
		h[i] |= h[i] == 0;
	for (uint32_t k = 0; k < s->keys && !s->null_keys_match; k++)
		for (uint32_t i = 0; i < n && key[k].nulls; i++)
			if (ic_vector_null(&key[k], i))
				h[i] = 0;
}

/* Text on both sides where one of them has addresses. */
static bool level_keys(const ic_join_side *s, ic_arena *scratch, ic_vector *key, uint32_t n)
{
	for (uint32_t k = 0; k < s->keys; k++) {
		ic_vector text;
		if (!s->as_text[k])
			continue;
		if (!ic_vector_strings(&text, scratch, &key[k], n))
			return false;
		key[k] = text;
	}
	return true;
}

/* ---- rows come in -------------------------------------------------------------------------- */

bool ic_join_side_places(const ic_join_side *s, ic_arena *scratch, ic_vector *key, uint32_t n, uint64_t first,
			 ic_vector *ret)
{
	ic_vector_out out;
	uint64_t *hash = ic_arena_alloc(scratch, n * sizeof *hash);
	if (!hash || !ic_vector_make(&out, scratch, IC_Q_LONG, n) || !level_keys(s, scratch, key, n))
		return false;
	hash_keys(s, key, n, hash);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = first + i, part = hash[i] ? hash[i] >> 24 : number;
		out.i[i] = (int64_t)(number << 8 | (part & (IC_PARTITIONS - 1)));
	}
	*ret = out.v;
	ret->nulls = NULL;
	return true;
}

ic_status ic_join_side_add(ic_join_side *s, ic_arena *scratch, ic_vector *key, const ic_chunk *c)
{
	uint32_t last = s->store.columns - 1;
	if (s->places ? !ic_join_side_places(s, scratch, key, c->rows, s->next, &s->col[last])
		      : !level_keys(s, scratch, key, c->rows))
		return IC_E_NOMEM;
	s->next += c->rows;
	for (uint32_t i = 0; i < s->kept; i++)
		s->col[i] = c->col[s->from[i]];
	for (uint32_t k = 0; k < s->keys; k++)
		if (s->key_column[k] >= s->kept)
			s->col[s->key_column[k]] = key[k];
	return ic_store_append(&s->store, s->col, c->rows);
}

/* ---- the table ----------------------------------------------------------------------------- */

static bool take(ic_join_side *s, uint64_t bytes)
{
	if (s->budget && ic_budget_take(s->budget, bytes))
		return false;
	s->taken += bytes;
	return true;
}

static bool rows_same(const ic_join_side *s, uint32_t x, uint32_t y)
{
	const ic_page *px = ic_store_page_of(&s->store, x), *py = ic_store_page_of(&s->store, y);
	uint32_t ax = ic_store_place(x), ay = ic_store_place(y);
	for (uint32_t k = 0; k < s->keys; k++) {
		uint32_t column = s->key_column[k];
		const ic_page_column *cx = &px->column[column], *cy = &py->column[column];
		bool nx = ic_page_null(px, cx, ax), ny = ic_page_null(py, cy, ay);
		cell vx, vy;
		if (nulls_count(s, type_of(s, column)) && (nx || ny)) {
			if (nx != ny)
				return false;
			continue;
		}
		load(px, cx, ax, &vx);
		load(py, cy, ay, &vy);
		if (!bytes_same(type_of(s, column), &vx, &vy))
			return false;
	}
	return true;
}

static uint32_t tag_of(const ic_join_side *s, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~((uint32_t)(UINT64_C(1) << s->row_bits) - 1);
}

static uint32_t row_in(const ic_join_side *s, uint32_t slot)
{
	return (slot & (uint32_t)((UINT64_C(1) << s->row_bits) - 1)) - 1;
}

/* Rows are put in last to first, each before those of its key, so that a chain is in order. */
static bool insert(ic_join_side *s, uint32_t row, uint64_t hash)
{
	uint32_t tag = tag_of(s, hash);
	uint64_t mask = s->slots - 1, i = hash & mask;
	for (; s->slot[i]; i = (i + 1) & mask) {
		uint32_t head = row_in(s, s->slot[i]);
		if (tag_of(s, (uint64_t)s->slot[i] << 32) != tag || !rows_same(s, head, row))
			continue;
		links *l = &s->link[row >> IC_STORE_BITS];
		if (!s->one_a_key && !l->next) {
			size_t bytes = ic_store_page_of(&s->store, row)->rows * sizeof *l->next;
			l->next = ic_arena_alloc(&s->arena, bytes);
			if (!l->next)
				return false;
			memset(l->next, 0, bytes);
		}
		if (!s->one_a_key)
			l->next[ic_store_place(row)] = head + 1;
		break;
	}
	s->slot[i] = tag | (row + 1);
	return true;
}

/* The keys of a page are hashed here, once all pages are there: keeping a hash a row would cost more. */
static ic_status insert_page(ic_join_side *s, uint32_t number, ic_arena *scratch)
{
	enum { AHEAD = 24 };
	const ic_page *p = s->store.page[number];
	uint64_t mask = s->slots - 1, *hash = ic_arena_alloc(scratch, p->rows * sizeof *hash);
	ic_vector *key = ic_arena_alloc(scratch, (s->keys + (size_t)1) * sizeof *key);
	if (!hash || !key)
		return IC_E_NOMEM;
	for (uint32_t k = 0; k < s->keys; k++) {
		uint32_t column = s->key_column[k];
		if (!ic_page_vector(p, column, type_of(s, column), true, scratch, &key[k]))
			return IC_E_NOMEM;
	}
	hash_keys(s, key, p->rows, hash);
	for (uint32_t at = p->rows; at-- > 0;) {
		if (at >= AHEAD)
			__builtin_prefetch(&s->slot[hash[at - AHEAD] & mask], 1);
		if (hash[at] && !insert(s, number << IC_STORE_BITS | at, hash[at]))
			return IC_E_NOMEM;
	}
	return IC_OK;
}

static bool make_table(ic_join_side *s)
{
	uint32_t pages = s->store.pages;
	s->slots = 16;
	while (s->slots < s->store.rows + s->store.rows / 3)
		s->slots *= 2;
	s->row_bits = IC_STORE_BITS + 1;
	while ((UINT64_C(1) << s->row_bits) <= (uint64_t)pages << IC_STORE_BITS)
		s->row_bits++;
	if (!take(s, s->slots * sizeof *s->slot) || !take(s, pages * sizeof *s->link))
		return false;
	s->slot = ic_calloc(s->slots, sizeof *s->slot);
	s->link = ic_calloc(pages + (size_t)1, sizeof *s->link);
	for (uint32_t i = 0; s->marks && s->link && i < pages; i++) {
		uint32_t rows = s->store.page[i]->rows;
		s->link[i].mark = ic_arena_alloc(&s->arena, rows);
		if (!s->link[i].mark)
			return false;
		for (uint32_t r = 0; r < rows; r++)
			atomic_init(&s->link[i].mark[r], 0);
	}
	return s->slot && s->link;
}

ic_status ic_join_side_build(ic_join_side *s)
{
	ic_status st = ic_store_seal(&s->store);
	if (st == IC_OK && !make_table(s))
		st = IC_E_NOMEM;
	ic_arena scratch;
	ic_arena_init(&scratch, 0, s->budget);
	for (uint32_t i = s->store.pages; i-- > 0 && st == IC_OK;) {
		st = insert_page(s, i, &scratch);
		ic_arena_reset(&scratch);
	}
	ic_arena_clear(&scratch);
	return st;
}

void ic_join_side_unbuild(ic_join_side *s)
{
	ic_free(s->slot);
	ic_free(s->link);
	s->slot = NULL;
	s->link = NULL;
	ic_arena_reset(&s->arena);
	if (s->budget)
		ic_budget_give(s->budget, s->taken);
	s->taken = 0;
}

ic_store *ic_join_side_store(ic_join_side *s)
{
	return &s->store;
}

/* ---- looking up ---------------------------------------------------------------------------- */

static bool key_is(const ic_join_side *s, uint32_t row, const ic_vector *key, uint32_t i)
{
	const ic_page *p = ic_store_page_of(&s->store, row);
	uint32_t at = ic_store_place(row);
	for (uint32_t k = 0; k < s->keys; k++) {
		uint32_t column = s->key_column[k], from = ic_vector_at(&key[k], i);
		const ic_page_column *c = &p->column[column];
		ic_qtype type = type_of(s, column);
		if (nulls_count(s, type)) {
			bool null = ic_vector_null(&key[k], i);
			if (null != ic_page_null(p, c, at))
				return false;
			if (null)
				continue;
		}
		cell own;
		load(p, c, at, &own);
		if (!bytes_same(type, &own, (const char *)key[k].data + ic_qtype_size(type) * from))
			return false;
	}
	return true;
}

/* The first slot from i on that may have the key. */
static uint64_t likely(const ic_join_side *s, uint64_t i, uint64_t hash)
{
	uint64_t mask = s->slots - 1;
	uint32_t tag = tag_of(s, hash);
	while (s->slot[i] && tag_of(s, (uint64_t)s->slot[i] << 32) != tag)
		i = (i + 1) & mask;
	return i;
}

/* One window of keys; each pass fetches what the next one reads. */
static void find_window(const ic_join_side *s, const ic_vector *key, uint32_t first, uint32_t n,
			const uint64_t *hash, uint32_t *head)
{
	uint64_t mask = s->slots - 1, at[64];
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(&s->slot[hash[first + i] & mask]);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t h = hash[first + i];
		at[i] = likely(s, h & mask, h);
		if (s->slot[at[i]]) {
			uint32_t row = row_in(s, s->slot[at[i]]);
			ic_page_prefetch(ic_store_page_of(&s->store, row), s->key_column[0],
					 ic_store_place(row));
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t h = hash[first + i], slot = at[i];
		while (h && s->slot[slot] && !key_is(s, row_in(s, s->slot[slot]), key, first + i))
			slot = likely(s, (slot + 1) & mask, h);
		head[first + i] = h && s->slot[slot] ? row_in(s, s->slot[slot]) : IC_STORE_NONE;
	}
}

bool ic_join_side_find(const ic_join_side *s, ic_arena *scratch, ic_vector *key, uint32_t n, uint64_t *hash,
		       uint32_t *head)
{
	if (!level_keys(s, scratch, key, n))
		return false;
	hash_keys(s, key, n, hash);
	for (uint32_t first = 0; first < n; first += 64)
		find_window(s, key, first, n - first < 64 ? n - first : 64, hash, head);
	return true;
}

uint32_t ic_join_side_next(const ic_join_side *s, uint32_t row)
{
	const links *l = &s->link[row >> IC_STORE_BITS];
	return l->next ? l->next[ic_store_place(row)] - 1 : IC_STORE_NONE;
}

static _Atomic uint8_t *mark_of(const ic_join_side *s, uint32_t row)
{
	return &s->link[row >> IC_STORE_BITS].mark[ic_store_place(row)];
}

bool ic_join_side_mark(ic_join_side *s, uint32_t head)
{
	_Atomic uint8_t *mark = mark_of(s, head);
	if (atomic_load_explicit(mark, memory_order_relaxed) ||
	    atomic_exchange_explicit(mark, 1, memory_order_relaxed))
		return false;
	while ((head = ic_join_side_next(s, head)) != IC_STORE_NONE)
		atomic_store_explicit(mark_of(s, head), 1, memory_order_relaxed);
	return true;
}

bool ic_join_side_met(const ic_join_side *s, uint32_t row)
{
	return atomic_load_explicit(mark_of(s, row), memory_order_relaxed);
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Where key k lies: in a kept column if it is one, else in a column of its own. */
static void place_key(ic_join_side *s, const ic_join_spec *spec, uint32_t k, ic_qtype *type,
		      uint32_t *columns)
{
	const ic_expr *left = spec->left_key[k], *right = spec->right_key[k];
	s->as_text[k] =
	    left->type != right->type && ic_qtype_is_text(left->type) && ic_qtype_is_text(right->type);
	ic_qtype key = s->as_text[k] ? IC_Q_STRING : right->type;
	uint32_t at = *columns;
	for (uint32_t i = 0; i < s->kept && right->kind == IC_X_COLUMN; i++)
		if (s->from[i] == right->column && type[i] == key)
			at = i;
	if (at == *columns)
		type[(*columns)++] = key;
	s->key_column[k] = at;
}

ic_join_side *ic_join_side_new(const ic_join_spec *spec, ic_budget *budget)
{
	ic_join_side *s = ic_calloc(1, sizeof *s);
	if (!s)
		return NULL;
	size_t most = (size_t)spec->columns + spec->keys + 2;
	uint32_t columns = spec->columns;
	s->budget = budget;
	ic_arena_init(&s->arena, 256 << 10, budget);
	s->seed = ic_hash_seed();
	s->keys = spec->keys;
	s->kept = spec->columns;
	s->null_keys_match = spec->null_keys_match;
	s->marks = spec->marks;
	s->one_a_key = spec->one_a_key;
	s->places = spec->places;
	s->next = IC_JOIN_FIRST_KEPT;
	s->col = ic_calloc(most, sizeof *s->col);
	s->from = ic_calloc(most, sizeof *s->from);
	s->key_column = ic_calloc(spec->keys + (size_t)1, sizeof *s->key_column);
	s->as_text = ic_calloc(spec->keys + (size_t)1, sizeof *s->as_text);
	ic_qtype *type = ic_calloc(most, sizeof *type);
	bool ok = s->col && s->from && s->key_column && s->as_text && type;
	for (uint32_t i = 0; i < spec->columns && ok; i++) {
		s->from[i] = spec->column[i].from;
		type[i] = spec->column[i].type;
	}
	for (uint32_t k = 0; k < spec->keys && ok; k++)
		place_key(s, spec, k, type, &columns);
	if (ok && spec->places)
		type[columns++] = IC_Q_LONG;
	ok = ok && ic_store_init(&s->store, type, columns, spec->null_texts, budget);
	ic_free(type);
	if (ok)
		return s;
	ic_join_side_free(s);
	return NULL;
}

void ic_join_side_free(ic_join_side *s)
{
	if (!s)
		return;
	ic_store_clear(&s->store);
	ic_join_side_unbuild(s);
	ic_free(s->col);
	ic_free(s->from);
	ic_free(s->key_column);
	ic_free(s->as_text);
	ic_arena_clear(&s->arena);
	ic_free(s);
}
