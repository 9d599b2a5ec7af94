/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/join_side.h"

#include <stdatomic.h>

#include "base/hash.h"
#include "exec/key.h"

/* A row's number is that of its block and its place there. */
enum { BLOCK_BITS = 12, BLOCK_ROWS = 1 << BLOCK_BITS, FIRST_ROWS = 64, BLOCKS_MOST = (1 << 20) - 1 };
_Static_assert(BLOCK_ROWS == IC_CHUNK_ROWS, "a chunk fits a block");

typedef struct block {
	uint32_t rows, room;
	char **cell;	  /* a column each */
	uint64_t **nulls; /* NULL: none is */
	uint64_t *hash;	  /* until the table is built; 0: never to be found */
	uint32_t *next;	  /* NULL: no row here has a successor; else number + 1 */
	_Atomic uint8_t *mark;
} block;

struct ic_join_side {
	ic_join_column *column; /* kept ones, then keys that are none of them */
	uint32_t columns, keys, kept;
	uint32_t *key_column;
	bool *as_text; /* the key is an address on one side and text on the other */
	bool null_keys_match, marks, one_a_key, null_texts;
	block *block;
	uint32_t blocks, blocks_room;
	uint64_t rows;
	uint64_t *slot; /* 0: free; else high half: of the hash, low half: number + 1 */
	uint64_t slots;
	ic_arena arena;
	ic_budget *budget;
	uint64_t taken; /* of the budget, outside the arena */
	uint64_t seed;
};

/* ---- cells ------------------------------------------------------------------------------- */

/* Text in 8 bytes: up to 7 bytes in place, else a pointer (48 bits) and a length; a length that has no
 * room stands before the text. */
enum { INLINE_MOST = 7, LENGTH_MOST = 0x7fff };
#define INLINE	((uint64_t)0x80 << 56)
#define TEXT_AT (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 1 : 0)

static ic_str cell_text(const uint64_t *cell)
{
	uint64_t v = *cell;
	if (v & INLINE)
		return (ic_str){ (const char *)cell + TEXT_AT, (uint32_t)(v >> 56) & 0x7f };
	const char *p = (const char *)(uintptr_t)(v & 0xffffffffffff);
	uint32_t n = (uint32_t)(v >> 48);
	if (n == LENGTH_MOST)
		memcpy(&n, p - sizeof n, sizeof n);
	return (ic_str){ p, n };
}

/* Bytes that a text needs outside its cell. */
static size_t outside(ic_str s)
{
	return s.n <= INLINE_MOST ? 0 : s.n < LENGTH_MOST ? s.n : s.n + sizeof s.n;
}

static char *put_text(uint64_t *cell, ic_str s, char *to)
{
	uint64_t v = 0;
	if (s.n <= INLINE_MOST) {
		if (s.n)
			memcpy((char *)&v + TEXT_AT, s.p, s.n);
		*cell = v | INLINE | (uint64_t)s.n << 56;
		return to;
	}
	if (s.n >= LENGTH_MOST) {
		memcpy(to, &s.n, sizeof s.n);
		to += sizeof s.n;
	}
	memcpy(to, s.p, s.n);
	*cell = (uint64_t)(uintptr_t)to | (uint64_t)(s.n < LENGTH_MOST ? s.n : LENGTH_MOST) << 48;
	return to + s.n;
}

static size_t cell_bytes(ic_qtype t)
{
	return t == IC_Q_STRING ? sizeof(uint64_t) : ic_qtype_size(t);
}

static bool decimal_same(const ic_decimal *a, const ic_decimal *b)
{
	ic_decimal x = ic_key_decimal(a), y = ic_key_decimal(b);
	return x.coefficient == y.coefficient && x.scale == y.scale;
}

/* Two values that lie in memory, none null; text apart. */
static bool bytes_same(ic_qtype t, const void *a, const void *b)
{
	switch (t) {
	case IC_Q_REAL: return ic_key_real(*(const double *)a) == ic_key_real(*(const double *)b);
	case IC_Q_DECIMAL: return decimal_same(a, b);
	case IC_Q_DYNAMIC: return ic_dyn_equal(*(const ic_dyn *const *)a, *(const ic_dyn *const *)b);
	case IC_Q_BOOL: return *(const uint8_t *)a == *(const uint8_t *)b;
	case IC_Q_IP:
	case IC_Q_GUID: return memcmp(a, b, 16) == 0;
	default: return *(const int64_t *)a == *(const int64_t *)b;
	}
}

static bool cell_null(const block *b, uint32_t column, uint32_t at)
{
	return b->nulls[column] && (b->nulls[column][at >> 6] >> (at & 63)) & 1;
}

static const void *cell_at(const ic_join_side *s, const block *b, uint32_t column, uint32_t at)
{
	return b->cell[column] + cell_bytes(s->column[column].type) * at;
}

/* Whether null and value are told apart in a key; a null text is the empty one where nulls match. */
static bool nulls_count(const ic_join_side *s, ic_qtype t)
{
	return t != IC_Q_STRING || !s->null_keys_match;
}

/* ---- hashes ------------------------------------------------------------------------------ */

#define HASH_EACH(VALUE)                                                                                     \
	for (uint32_t i = 0; i < n; i++) {                                                                   \
		uint32_t at = ic_vector_at(v, i);                                                            \
		h[i] = ic_mix((VALUE), h[i], seed);                                                          \
	}                                                                                                    \
	break

static void hash_values(const ic_vector *v, uint32_t n, uint64_t seed, uint64_t *h)
{
	switch (v->type) {
	case IC_Q_BOOL: HASH_EACH(((const uint8_t *)v->data)[at]);
	case IC_Q_REAL: HASH_EACH(ic_key_real(((const double *)v->data)[at]));
	case IC_Q_STRING:
		HASH_EACH(ic_hash(((const ic_str *)v->data)[at].p, ((const ic_str *)v->data)[at].n));
	case IC_Q_IP:
	case IC_Q_GUID: HASH_EACH(ic_hash((const char *)v->data + (size_t)16 * at, 16));
	case IC_Q_DYNAMIC:
		HASH_EACH(((const ic_dyn *const *)v->data)[at]
			      ? ic_dyn_hash(((const ic_dyn *const *)v->data)[at], seed)
			      : 0);
	case IC_Q_DECIMAL:
		HASH_EACH((uint64_t)ic_key_decimal(&((const ic_decimal *)v->data)[at]).coefficient);
	default: HASH_EACH((uint64_t)((const int64_t *)v->data)[at]);
	}
}

/* Hashes of the keys; never 0, except where the key cannot match anything. */
static void hash_keys(const ic_join_side *s, const ic_vector *key, uint32_t n, uint64_t *h)
{
	for (uint32_t i = 0; i < n; i++)
		h[i] = s->seed;
	for (uint32_t k = 0; k < s->keys; k++) {
		hash_values(&key[k], n, s->seed, h);
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

static bool take(ic_join_side *s, uint64_t bytes)
{
	if (s->budget && ic_budget_take(s->budget, bytes))
		return false;
	s->taken += bytes;
	return true;
}

static block *block_add(ic_join_side *s, uint32_t room)
{
	if (s->blocks == s->blocks_room) {
		uint32_t more = s->blocks_room ? s->blocks_room * 2 : 16;
		block *grown = ic_reallocarray(s->block, more, sizeof *grown);
		if (!grown)
			return NULL;
		s->block = grown;
		s->blocks_room = more;
	}
	block *b = &s->block[s->blocks];
	*b = (block){ .room = room };
	b->cell = ic_arena_alloc(&s->arena, (s->columns + 1) * sizeof *b->cell);
	b->nulls = ic_arena_alloc(&s->arena, (s->columns + 1) * sizeof *b->nulls);
	if (!b->cell || !b->nulls || !take(s, room * sizeof *b->hash))
		return NULL;
	b->cell[s->columns] = NULL;
	for (uint32_t i = 0; i < s->columns; i++) {
		b->nulls[i] = NULL;
		b->cell[i] = ic_arena_alloc(&s->arena, cell_bytes(s->column[i].type) * room);
		if (!b->cell[i])
			return NULL;
	}
	b->hash = ic_malloc(room * sizeof *b->hash);
	if (!b->hash)
		return NULL;
	s->blocks++;
	return b;
}

static bool put_texts(ic_join_side *s, uint64_t *cell, const ic_vector *v, uint32_t first, uint32_t n)
{
	const ic_str *text = v->data;
	size_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += outside(text[ic_vector_at(v, first + i)]);
	char *to = bytes ? ic_arena_alloc(&s->arena, bytes) : NULL;
	if (bytes && (!to || (uintptr_t)to >> 48))
		return false;
	for (uint32_t i = 0; i < n; i++)
		to = put_text(&cell[i], text[ic_vector_at(v, first + i)], to);
	return true;
}

static bool put_nulls(ic_join_side *s, block *b, uint32_t column, const ic_vector *v, uint32_t first,
		      uint32_t n)
{
	for (uint32_t i = 0; v->nulls && i < n; i++) {
		if (!ic_vector_null(v, first + i))
			continue;
		if (!b->nulls[column]) {
			size_t bytes = (b->room + 63) / 64 * 8;
			b->nulls[column] = ic_arena_alloc(&s->arena, bytes);
			if (!b->nulls[column])
				return false;
			memset(b->nulls[column], 0, bytes);
		}
		b->nulls[column][(b->rows + i) >> 6] |= UINT64_C(1) << ((b->rows + i) & 63);
	}
	return true;
}

static bool put_column(ic_join_side *s, block *b, uint32_t column, const ic_vector *v, uint32_t first,
		       uint32_t n)
{
	size_t size = cell_bytes(s->column[column].type);
	char *to = b->cell[column] + size * b->rows;
	if (!put_nulls(s, b, column, v, first, n))
		return false;
	if (v->type == IC_Q_STRING)
		return put_texts(s, (uint64_t *)(void *)to, v, first, n);
	if (v->type == IC_Q_DYNAMIC) {
		const ic_dyn *const *from = v->data;
		for (uint32_t i = 0; i < n; i++) {
			const ic_dyn *d = from[ic_vector_at(v, first + i)];
			const ic_dyn *copy = d ? ic_dyn_copy(&s->arena, d) : NULL;
			if (d && !copy)
				return false;
			((const ic_dyn **)(void *)to)[i] = copy;
		}
		return true;
	}
	if (!v->constant)
		memcpy(to, (const char *)v->data + size * first, size * n);
	else
		for (uint32_t i = 0; i < n; i++)
			memcpy(to + size * i, v->data, size);
	return true;
}

ic_status ic_join_side_add(ic_join_side *s, ic_arena *scratch, ic_vector *key, const ic_chunk *c)
{
	uint64_t *hash = ic_arena_alloc(scratch, c->rows * sizeof *hash);
	if (!hash || !level_keys(s, scratch, key, c->rows))
		return IC_E_NOMEM;
	hash_keys(s, key, c->rows, hash);
	for (uint32_t done = 0; done < c->rows;) {
		block *b = s->blocks ? &s->block[s->blocks - 1] : NULL;
		if (!b || b->rows == b->room) {
			if (s->blocks == BLOCKS_MOST)
				return IC_E_LIMIT;
			b = block_add(s, b || c->rows > FIRST_ROWS ? BLOCK_ROWS : FIRST_ROWS);
		}
		if (!b)
			return IC_E_NOMEM;
		uint32_t n = c->rows - done < b->room - b->rows ? c->rows - done : b->room - b->rows;
		for (uint32_t i = 0; i < s->kept; i++)
			if (!put_column(s, b, i, &c->col[s->column[i].from], done, n))
				return IC_E_NOMEM;
		for (uint32_t k = 0; k < s->keys; k++)
			if (s->key_column[k] >= s->kept &&
			    !put_column(s, b, s->key_column[k], &key[k], done, n))
				return IC_E_NOMEM;
		memcpy(b->hash + b->rows, hash + done, n * sizeof *hash);
		b->rows += n;
		s->rows += n;
		done += n;
	}
	return IC_OK;
}

/* ---- the table ----------------------------------------------------------------------------- */

static bool rows_same(const ic_join_side *s, uint32_t x, uint32_t y)
{
	const block *bx = &s->block[x >> BLOCK_BITS], *by = &s->block[y >> BLOCK_BITS];
	uint32_t ax = x & (BLOCK_ROWS - 1), ay = y & (BLOCK_ROWS - 1);
	for (uint32_t k = 0; k < s->keys; k++) {
		uint32_t column = s->key_column[k];
		ic_qtype type = s->column[column].type;
		if (nulls_count(s, type)) {
			bool nx = cell_null(bx, column, ax), ny = cell_null(by, column, ay);
			if (nx != ny)
				return false;
			if (nx)
				continue;
		}
		const void *cx = cell_at(s, bx, column, ax), *cy = cell_at(s, by, column, ay);
		if (type == IC_Q_STRING ? !ic_str_eq(cell_text(cx), cell_text(cy))
					: !bytes_same(type, cx, cy))
			return false;
	}
	return true;
}

/* Rows are put in last to first, each before those of its key, so that a chain is in order. */
static bool insert(ic_join_side *s, uint32_t row, uint64_t hash)
{
	uint64_t tag = hash & ~(uint64_t)UINT32_MAX, mask = s->slots - 1, i = hash & mask;
	for (; s->slot[i]; i = (i + 1) & mask) {
		uint32_t head = (uint32_t)s->slot[i] - 1;
		if ((s->slot[i] & ~(uint64_t)UINT32_MAX) != tag ||
		    s->block[head >> BLOCK_BITS].hash[head & (BLOCK_ROWS - 1)] != hash ||
		    !rows_same(s, head, row))
			continue;
		block *b = &s->block[row >> BLOCK_BITS];
		if (!s->one_a_key && !b->next) {
			b->next = ic_arena_alloc(&s->arena, b->room * sizeof *b->next);
			if (!b->next)
				return false;
			memset(b->next, 0, b->room * sizeof *b->next);
		}
		if (!s->one_a_key)
			b->next[row & (BLOCK_ROWS - 1)] = head + 1;
		break;
	}
	s->slot[i] = tag | (row + 1);
	return true;
}

static bool insert_block(ic_join_side *s, uint32_t number)
{
	enum { AHEAD = 24 };
	block *b = &s->block[number];
	uint64_t mask = s->slots - 1;
	for (uint32_t at = b->rows; at-- > 0;) {
		if (at >= AHEAD)
			__builtin_prefetch(&s->slot[b->hash[at - AHEAD] & mask], 1);
		if (b->hash[at] && !insert(s, number << BLOCK_BITS | at, b->hash[at]))
			return false;
	}
	return true;
}

ic_status ic_join_side_build(ic_join_side *s)
{
	s->slots = 16;
	while (s->slots < s->rows + s->rows / 2)
		s->slots *= 2;
	if (!take(s, s->slots * sizeof *s->slot))
		return IC_E_NOMEM;
	s->slot = ic_calloc(s->slots, sizeof *s->slot);
	if (!s->slot)
		return IC_E_NOMEM;
	for (uint32_t i = s->blocks; i-- > 0;) {
		block *b = &s->block[i];
		if (s->marks) {
			b->mark = ic_arena_alloc(&s->arena, b->rows);
			if (!b->mark)
				return IC_E_NOMEM;
			for (uint32_t r = 0; r < b->rows; r++)
				atomic_init(&b->mark[r], 0);
		}
		if (!insert_block(s, i))
			return IC_E_NOMEM;
	}
	for (uint32_t i = 0; i < s->blocks; i++) {
		uint64_t bytes = s->block[i].room * sizeof *s->block[i].hash;
		ic_free(s->block[i].hash);
		s->block[i].hash = NULL;
		if (s->budget)
			ic_budget_give(s->budget, bytes);
		s->taken -= bytes;
	}
	return IC_OK;
}

uint64_t ic_join_side_rows(const ic_join_side *s)
{
	return s->rows;
}

/* ---- looking up ---------------------------------------------------------------------------- */

static bool key_is(const ic_join_side *s, uint32_t row, const ic_vector *key, uint32_t i)
{
	const block *b = &s->block[row >> BLOCK_BITS];
	uint32_t at = row & (BLOCK_ROWS - 1);
	for (uint32_t k = 0; k < s->keys; k++) {
		uint32_t column = s->key_column[k];
		ic_qtype type = s->column[column].type;
		uint32_t from = ic_vector_at(&key[k], i);
		if (nulls_count(s, type)) {
			bool null = ic_vector_null(&key[k], i);
			if (null != cell_null(b, column, at))
				return false;
			if (null)
				continue;
		}
		const void *cell = cell_at(s, b, column, at);
		if (type == IC_Q_STRING) {
			if (!ic_str_eq(cell_text(cell), ((const ic_str *)key[k].data)[from]))
				return false;
		} else if (!bytes_same(type, cell, (const char *)key[k].data + ic_qtype_size(type) * from)) {
			return false;
		}
	}
	return true;
}

/* The first slot from i on that may have the key. */
static uint64_t likely(const ic_join_side *s, uint64_t i, uint64_t hash)
{
	uint64_t mask = s->slots - 1;
	while (s->slot[i] && (s->slot[i] ^ hash) >> 32)
		i = (i + 1) & mask;
	return i;
}

/* One window of keys; each pass fetches what the next one reads. */
static void find_window(const ic_join_side *s, const ic_vector *key, uint32_t first, uint32_t n,
			const uint64_t *hash, uint32_t *head)
{
	uint64_t mask = s->slots - 1, at[64];
	uint32_t column = s->key_column[0];
	size_t size = cell_bytes(s->column[column].type);
	bool text = s->column[column].type == IC_Q_STRING;
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(&s->slot[hash[first + i] & mask]);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t h = hash[first + i];
		at[i] = likely(s, h & mask, h);
		uint32_t row = (uint32_t)s->slot[at[i]] - 1;
		if (s->slot[at[i]])
			__builtin_prefetch(s->block[row >> BLOCK_BITS].cell[column] +
					   size * (row & (BLOCK_ROWS - 1)));
	}
	for (uint32_t i = 0; text && i < n; i++) {
		uint32_t row = (uint32_t)s->slot[at[i]] - 1;
		if (s->slot[at[i]])
			__builtin_prefetch(cell_text(cell_at(s, &s->block[row >> BLOCK_BITS], column,
							     row & (BLOCK_ROWS - 1)))
					       .p);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t h = hash[first + i], slot = at[i];
		while (h && s->slot[slot] && !key_is(s, (uint32_t)s->slot[slot] - 1, key, first + i))
			slot = likely(s, (slot + 1) & mask, h);
		head[first + i] = h && s->slot[slot] ? (uint32_t)s->slot[slot] - 1 : IC_JOIN_NONE;
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
	const block *b = &s->block[row >> BLOCK_BITS];
	return b->next ? b->next[row & (BLOCK_ROWS - 1)] - 1 : IC_JOIN_NONE;
}

static _Atomic uint8_t *mark_of(const ic_join_side *s, uint32_t row)
{
	return &s->block[row >> BLOCK_BITS].mark[row & (BLOCK_ROWS - 1)];
}

bool ic_join_side_mark(ic_join_side *s, uint32_t head)
{
	_Atomic uint8_t *mark = mark_of(s, head);
	if (atomic_load_explicit(mark, memory_order_relaxed) ||
	    atomic_exchange_explicit(mark, 1, memory_order_relaxed))
		return false;
	while ((head = ic_join_side_next(s, head)) != IC_JOIN_NONE)
		atomic_store_explicit(mark_of(s, head), 1, memory_order_relaxed);
	return true;
}

bool ic_join_side_met(const ic_join_side *s, uint32_t row)
{
	return atomic_load_explicit(mark_of(s, row), memory_order_relaxed);
}

uint32_t ic_join_side_first(const ic_join_side *s)
{
	return s->blocks ? 0 : IC_JOIN_NONE;
}

uint32_t ic_join_side_after(const ic_join_side *s, uint32_t row)
{
	uint32_t number = row >> BLOCK_BITS;
	if ((row & (BLOCK_ROWS - 1)) + 1 < s->block[number].rows)
		return row + 1;
	return number + 1 < s->blocks ? (number + 1) << BLOCK_BITS : IC_JOIN_NONE;
}

/* ---- columns of rows ------------------------------------------------------------------------ */

#define GATHER(T)                                                                                            \
	for (uint32_t i = 0; i < n; i++) {                                                                   \
		if (row[i] == IC_JOIN_NONE)                                                                  \
			((T *)o.data)[i] = (T){ 0 };                                                         \
		else                                                                                         \
			((T *)o.data)[i] = ((const T *)(const void *)s->block[row[i] >> BLOCK_BITS]          \
						.cell[column])[row[i] & (BLOCK_ROWS - 1)];                   \
	}                                                                                                    \
	break

static void gather_texts(const ic_join_side *s, uint32_t column, const uint32_t *row, uint32_t n, ic_str *to)
{
	for (uint32_t i = 0; i < n; i++) {
		if (row[i] == IC_JOIN_NONE)
			to[i] = (ic_str){ s->null_texts ? NULL : "", 0 };
		else
			to[i] = cell_text(
			    (const uint64_t *)(const void *)s->block[row[i] >> BLOCK_BITS].cell[column] +
			    (row[i] & (BLOCK_ROWS - 1)));
	}
}

bool ic_join_side_gather(const ic_join_side *s, uint32_t column, const uint32_t *row, uint32_t n, ic_arena *a,
			 ic_vector *ret)
{
	ic_vector_out o;
	ic_qtype type = s->column[column].type;
	if (!ic_vector_make(&o, a, type, n))
		return false;
	if (type == IC_Q_STRING) {
		gather_texts(s, column, row, n, o.s);
		if (!s->null_texts) {
			*ret = o.v;
			ret->nulls = NULL;
			return true;
		}
	} else {
		switch (ic_qtype_size(type)) {
		case 1: GATHER(uint8_t);
		case 8: GATHER(uint64_t);
		case 16: GATHER(ic_ip);
		default: GATHER(ic_decimal);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		if (row[i] == IC_JOIN_NONE ||
		    cell_null(&s->block[row[i] >> BLOCK_BITS], column, row[i] & (BLOCK_ROWS - 1)))
			o.nulls[i >> 6] |= UINT64_C(1) << (i & 63);
	*ret = o.v;
	return true;
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Where key k lies: in a kept column if it is one, else in a column of its own. */
static void place_key(ic_join_side *s, const ic_join_spec *spec, uint32_t k)
{
	const ic_expr *left = spec->left_key[k], *right = spec->right_key[k];
	s->as_text[k] =
	    left->type != right->type && ic_qtype_is_text(left->type) && ic_qtype_is_text(right->type);
	ic_qtype type = s->as_text[k] ? IC_Q_STRING : right->type;
	uint32_t at = s->columns;
	for (uint32_t i = 0; i < s->kept && right->kind == IC_X_COLUMN; i++)
		if (s->column[i].from == right->column && s->column[i].type == type)
			at = i;
	if (at == s->columns)
		s->column[s->columns++] = (ic_join_column){ UINT32_MAX, type };
	s->key_column[k] = at;
}

ic_join_side *ic_join_side_new(const ic_join_spec *spec, ic_budget *budget)
{
	ic_join_side *s = ic_calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->budget = budget;
	ic_arena_init(&s->arena, 256 << 10, budget);
	s->seed = ic_hash_seed();
	s->keys = spec->keys;
	s->kept = s->columns = spec->columns;
	s->null_keys_match = spec->null_keys_match;
	s->marks = spec->marks;
	s->one_a_key = spec->one_a_key;
	s->null_texts = spec->null_texts;
	s->column = ic_calloc((size_t)spec->columns + spec->keys + 1, sizeof *s->column);
	s->key_column = ic_calloc(spec->keys + 1, sizeof *s->key_column);
	s->as_text = ic_calloc(spec->keys + 1, sizeof *s->as_text);
	if (!s->column || !s->key_column || !s->as_text) {
		ic_join_side_free(s);
		return NULL;
	}
	if (spec->columns)
		memcpy(s->column, spec->column, spec->columns * sizeof *s->column);
	for (uint32_t k = 0; k < spec->keys; k++)
		place_key(s, spec, k);
	return s;
}

void ic_join_side_free(ic_join_side *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->blocks; i++)
		ic_free(s->block[i].hash);
	ic_free(s->block);
	ic_free(s->slot);
	ic_free(s->column);
	ic_free(s->key_column);
	ic_free(s->as_text);
	ic_arena_clear(&s->arena);
	if (s->budget)
		ic_budget_give(s->budget, s->taken);
	ic_free(s);
}
