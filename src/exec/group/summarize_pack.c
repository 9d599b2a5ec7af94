/* SPDX-License-Identifier: Apache-2.0 */
/* Values to cells of fixed size, and back. */
#include <math.h>

#include "base/hash.h"
#include "base/quad.h"
#include "exec/group/summarize.h"

enum {
	OWN_ID_MOST = 3,   /* bytes of a text that is its own id: its length, then they */
	EMPTY_ID = 1,	   /* the empty text, where it is not null */
	BIG_FIRST = 0x100, /* texts in ic_texts.big */
	BIG_MOST = 4096,
	DICTIONARY_MOST = 65535, /* bytes of a text in the dictionary */
	PIECES = IC_SUM_KEY_BYTES / 4,
};
/* The text of an IPv4 address from here on has the id of the address; under it are the other kinds. */
#define ADDRESS_FIRST 0x04000000u

/* ---- texts ------------------------------------------------------------------------------- */

ic_status ic_texts_init(ic_texts *t, ic_budget *budget, bool null_is_empty)
{
	*t = (ic_texts){ .null_is_empty = null_is_empty };
	pthread_mutex_init(&t->lock, NULL);
	ic_arena_init(&t->arena, 0, budget);
	t->names = ic_intern_new(budget);
	return t->names ? IC_OK : IC_E_NOMEM;
}

bool ic_texts_mark(ic_texts *t)
{
	t->kept = t->arena;
	t->kept_bigs = t->bigs;
	ic_arena_init(&t->arena, 0, t->kept.budget);
	return ic_intern_mark(t->names);
}

void ic_texts_rewind(ic_texts *t)
{
	ic_intern_rewind(t->names);
	ic_arena_clear(&t->arena);
	t->bigs = t->kept_bigs;
}

void ic_texts_empty(ic_texts *t)
{
	ic_intern_free(t->names);
	t->names = NULL;
	ic_arena_clear(&t->arena);
	ic_arena_clear(&t->kept);
	ic_free(t->big);
	t->big = NULL;
	t->bigs = 0;
}

void ic_texts_clear(ic_texts *t)
{
	ic_texts_empty(t);
	pthread_mutex_destroy(&t->lock);
}

static ic_status add_big(ic_texts *t, ic_str s, uint32_t *id)
{
	for (uint32_t i = 0; i < t->bigs; i++) {
		if (ic_str_eq(t->big[i], s)) {
			*id = BIG_FIRST + i;
			return IC_OK;
		}
	}
	if (t->bigs == BIG_MOST)
		return IC_E_LIMIT;
	if (!t->big && !(t->big = ic_calloc(BIG_MOST, sizeof *t->big)))
		return IC_E_NOMEM;
	const char *copy = ic_arena_dup(&t->arena, s.p, s.n);
	if (!copy)
		return IC_E_NOMEM;
	*id = BIG_FIRST + t->bigs;
	t->big[t->bigs++] = (ic_str){ copy, s.n };
	return IC_OK;
}

/* The id of a text that is an IPv4 address as it is written out, else 0: logs are full of them, and an
 * address needs no dictionary. */
static inline uint32_t address_text_id(ic_str s)
{
	uint32_t ip;
	const bool digit = (uint8_t)(s.p[0] - '1') <= 8; /* tells names apart at once */
	return digit && ic_quad_parse(s, &ip) && ip >= ADDRESS_FIRST && ip < IC_INTERN_FIRST ? ip : 0;
}

static ic_status text_id(ic_texts *t, ic_str s, uint32_t *id)
{
	if (!s.p || (s.n == 0 && t->null_is_empty)) {
		*id = 0;
		return IC_OK;
	}
	if (s.n <= OWN_ID_MOST) {
		uint32_t own = s.n == 0 ? EMPTY_ID : s.n << 24;
		for (uint32_t i = 0; i < s.n; i++)
			own |= (uint32_t)(uint8_t)s.p[i] << (8 * i);
		*id = own;
		return IC_OK;
	}
	if ((*id = address_text_id(s)))
		return IC_OK;
	if (s.n <= DICTIONARY_MOST) {
		*id = ic_intern_str(t->names, s);
		return *id ? IC_OK : IC_E_NOMEM;
	}
	pthread_mutex_lock(&t->lock);
	ic_status st = add_big(t, s, id);
	pthread_mutex_unlock(&t->lock);
	return st;
}

/* .p NULL: null, or no memory. */
static ic_str text_of(const ic_texts *t, ic_arena *a, uint32_t id)
{
	if (id == 0)
		return (ic_str){ NULL, 0 };
	if (id == EMPTY_ID)
		return IC_STR("");
	if (id >= IC_INTERN_FIRST)
		return ic_intern_get(t->names, id);
	if (id < BIG_FIRST + BIG_MOST)
		return t->big[id - BIG_FIRST];
	enum { ADDRESS_ROOM = 46 };
	char *p = ic_arena_alloc(a, id >= ADDRESS_FIRST ? ADDRESS_ROOM : OWN_ID_MOST);
	if (!p)
		return (ic_str){ NULL, 0 };
	if (id >= ADDRESS_FIRST) {
		ic_ip ip = ic_ip_from_v4(id);
		return (ic_str){ p, (uint32_t)ic_ip_format(&ip, p) };
	}
	for (uint32_t i = 0; i < OWN_ID_MOST; i++)
		p[i] = (char)(id >> (8 * i) & 0xff);
	return (ic_str){ p, id >> 24 };
}

/* ---- layout ------------------------------------------------------------------------------ */

static uint32_t size_of(ic_cell_kind kind)
{
	switch (kind) {
	case IC_CELL_CONST: return 0;
	case IC_CELL_WHOLE:
	case IC_CELL_REAL:
	case IC_CELL_POINTER: return 8;
	case IC_CELL_ADDRESS:
	case IC_CELL_TEXT:
	case IC_CELL_SMALL:
	case IC_CELL_BYTES:
	case IC_CELL_BOOL: break;
	}
	return 4;
}

static uint32_t to_eight(uint32_t n)
{
	return (n + 7) & ~7u;
}

static void lay_out_keys(ic_summarize *s)
{
	uint32_t at = 0;
	for (uint32_t size = 8; size >= 4; size -= 4) {
		for (uint32_t i = 0; i < s->keys; i++) {
			if (size_of(s->key[i].kind) != size)
				continue;
			s->key[i].at = at;
			at += size;
		}
	}
	for (uint32_t i = 0; i < s->keys; i++)
		s->key[i].flag = s->key[i].kind == IC_CELL_WHOLE ? s->nulls++ : IC_NO_FLAG;
	s->null_at = at;
	at += (s->nulls + 31) / 32 * 4;
	s->cell_bytes = at;
	s->key_bytes = at ? at : 4;
	if (at > IC_SUM_KEY_BYTES) {
		s->piece_bytes = (at + PIECES - 1) / PIECES;
		s->key_bytes = (at + s->piece_bytes - 1) / s->piece_bytes * 4;
	}
}

void ic_summarize_layout(ic_summarize *s)
{
	lay_out_keys(s);
	uint32_t at = to_eight(s->key_bytes);
	s->place_at = at;
	at += 8;
	for (uint32_t size = 8; size >= 4; size -= 4) {
		for (uint32_t i = 0; i < s->args; i++) {
			ic_cell *c = &s->arg[i];
			if (c->same != i || c->kind == IC_CELL_BOOL || size_of(c->kind) != size)
				continue;
			c->at = at;
			at += size;
		}
	}
	for (uint32_t i = 0; i < s->args; i++) {
		ic_cell *c = &s->arg[i];
		c->flag = IC_NO_FLAG;
		if (c->same != i) {
			c->at = s->arg[c->same].at;
			c->flag = s->arg[c->same].flag;
			continue;
		}
		if (c->kind != IC_CELL_BOOL && c->kind != IC_CELL_WHOLE && c->kind != IC_CELL_REAL)
			continue;
		c->flag = s->flags;
		s->flags += c->kind == IC_CELL_BOOL ? 2 : 1;
	}
	at = to_eight(at);
	if (s->flags > 8) {
		s->flags_at = at;
		at += (s->flags + 63) / 64 * 8;
	}
	s->row_bytes = at;
}

/* ---- values to cells ----------------------------------------------------------------------- */

/* Where cells of some rows go. */
typedef struct target {
	char *p;
	size_t stride;
	uint32_t n;
} target;

/* For each row: `cell` is where its cell goes, `at` + the row's number is that of its value. What is written
 * could be the target itself, for all the compiler knows: it stays in locals. */
#define EACH_CELL(to, ...)                                                                                   \
	do {                                                                                                 \
		char *cell = (to)->p;                                                                        \
		const size_t stride = (to)->stride;                                                          \
		const uint32_t cells = (to)->n;                                                              \
		_Pragma("GCC unroll 4") for (uint32_t r = 0; r < cells; r++, cell += stride)                 \
		{                                                                                            \
			__VA_ARGS__;                                                                         \
		}                                                                                            \
	} while (0)

static inline void put4(char *cell, uint32_t v)
{
	memcpy(cell, &v, 4);
}

static inline void put8(char *cell, uint64_t v)
{
	memcpy(cell, &v, 8);
}

static void pack_whole(const target *to, const ic_vector *v, uint32_t at)
{
	const uint64_t *d = v->data;
	const uint64_t first = d[v->constant ? 0 : at];
	if (v->constant)
		EACH_CELL(to, put8(cell, first));
	else
		EACH_CELL(to, put8(cell, d[at + r]));
}

static ic_status pack_small(ic_summarize *s, const target *to, const ic_vector *v, uint32_t at)
{
	const uint64_t *d = v->data;
	uint64_t high = 0;
	for (uint32_t r = 0; !v->constant && r < to->n; r++)
		high |= d[at + r];
	if (!v->constant && !v->nulls && high < IC_INTERN_FIRST / 2) {
		EACH_CELL(to, put4(cell, (uint32_t)d[at + r] + 1));
		return IC_OK;
	}
	EACH_CELL(to, {
		uint32_t i = v->constant ? 0 : at + r, id = (uint32_t)d[i] + 1;
		if (__builtin_expect(d[i] >= IC_INTERN_FIRST - 1, 0)) {
			id = ic_intern_str(s->texts.names, (ic_str){ (const char *)&d[i], sizeof d[i] });
			if (!id)
				return IC_E_NOMEM;
		}
		put4(cell, ic_vector_null(v, i) ? 0 : id);
	});
	return IC_OK;
}

/* One zero, which is positive, and one NaN, so that equal values are equal cells. */
static inline uint64_t real_bits(double d)
{
	uint64_t bits;
	d = d == 0 ? 0 : isnan(d) ? (double)NAN : d;
	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static void pack_real(const target *to, const ic_vector *v, uint32_t at, bool key)
{
	const double *d = v->data;
	EACH_CELL(to, {
		bool null = key && ic_vector_null(v, at + r);
		put8(cell, null ? IC_NULL_REAL : real_bits(d[v->constant ? 0 : at + r]));
	});
}

static ic_status pack_address(ic_summarize *s, const target *to, const ic_vector *v, uint32_t at)
{
	const ic_ip *ip = v->data;
	uint32_t rare[IC_SUM_BLOCK], n = 0, found = 0;
	if (v->constant)
		EACH_CELL(to, put4(cell, ic_intern_own_id(ip)); rare[r] = r);
	else
		EACH_CELL(to, {
			uint32_t id = ic_intern_own_id(&ip[at + r]);
			put4(cell, id);
			rare[n] = r;
			n += id == 0;
		});
	if (v->constant && ic_intern_own_id(ip) == 0)
		n = to->n;
	for (uint32_t k = 0; k < n; k++) {
		rare[found] = rare[k];
		found += !ic_vector_null(v, at + rare[k]);
	}
	for (uint32_t k = 0; k < found; k++)
		ic_intern_prefetch_ip(s->texts.names, &ip[v->constant ? 0 : at + rare[k]]);
	for (uint32_t k = 0; k < found; k++) {
		uint32_t id = ic_intern_rare_ip(s->texts.names, &ip[v->constant ? 0 : at + rare[k]]);
		if (!id)
			return IC_E_NOMEM;
		put4(to->p + rare[k] * to->stride, id);
	}
	return IC_OK;
}

/* Text of a few words: an id each. */
static ic_status pack_words(ic_summarize *s, const target *to, const ic_coded *c, uint32_t at)
{
	const ic_str *word = c->word.data;
	uint32_t id[256] = { 0 };
	for (uint32_t i = 0; i < c->words; i++) {
		ic_status st = ic_vector_null(&c->word, i) ? IC_OK : text_id(&s->texts, word[i], &id[i]);
		if (st != IC_OK)
			return st;
	}
	const uint8_t *code = c->code + at;
	EACH_CELL(to, put4(cell, id[code[r]]));
	return IC_OK;
}

/* Texts of one length are mostly told apart by their last byte. */
static inline bool alike(ic_str a, ic_str b)
{
	return a.n == 0 || (a.p[a.n - 1] == b.p[a.n - 1] && ic_str_eq(a, b));
}

static ic_status pack_text(ic_summarize *s, const target *to, const ic_vector *v, uint32_t at)
{
	if (v->coded)
		return pack_words(s, to, v->coded, at);
	const ic_str *str = v->data;
	ic_str last = { NULL, 0 };
	uint32_t id = 0;
	if (v->constant) {
		ic_status st = ic_vector_null(v, 0) ? IC_OK : text_id(&s->texts, str[0], &id);
		EACH_CELL(to, put4(cell, id));
		return st;
	}
	EACH_CELL(to, {
		uint32_t i = at + r;
		ic_str one = ic_vector_null(v, i) ? (ic_str){ NULL, 0 } : str[i];
		bool same = one.p && last.p && one.n == last.n && (one.p == last.p || alike(one, last));
		ic_status st = same ? IC_OK : text_id(&s->texts, one, &id);
		if (st != IC_OK)
			return st;
		last = one;
		put4(cell, id);
	});
	return IC_OK;
}

static ic_status bytes_id(ic_summarize *s, ic_arena *a, const ic_value *v, uint32_t *id)
{
	*id = 0;
	if (v->null)
		return IC_OK;
	if (v->type == IC_Q_GUID)
		return text_id(&s->texts, (ic_str){ (const char *)v->guid.b, sizeof v->guid.b }, id);
	if (v->type == IC_Q_DECIMAL) {
		ic_decimal d;
		memset(&d, 0, sizeof d);
		d.coefficient = v->decimal->coefficient;
		d.scale = v->decimal->scale;
		for (; d.scale > 0 && d.coefficient % 10 == 0; d.scale--)
			d.coefficient /= 10;
		return text_id(&s->texts, (ic_str){ (const char *)&d, sizeof d }, id);
	}
	ic_str json = ic_dyn_text(a, v->dyn);
	return json.p ? text_id(&s->texts, json, id) : IC_E_NOMEM;
}

static ic_status pack_bytes(ic_summarize *s, ic_arena *a, const target *to, const ic_vector *v, uint32_t at)
{
	EACH_CELL(to, {
		uint32_t id;
		ic_value one = ic_vector_value(v, at + r);
		ic_status st = bytes_id(s, a, &one, &id);
		if (st != IC_OK)
			return st;
		put4(cell, id);
	});
	return IC_OK;
}

static ic_status pack_cell(ic_summarize *s, ic_arena *a, const ic_cell *c, const target *to,
			   const ic_vector *v, uint32_t at, bool key)
{
	switch (c->kind) {
	case IC_CELL_CONST: break;
	case IC_CELL_ADDRESS: return pack_address(s, to, v, at);
	case IC_CELL_TEXT: return pack_text(s, to, v, at);
	case IC_CELL_SMALL: return pack_small(s, to, v, at);
	case IC_CELL_BYTES: return pack_bytes(s, a, to, v, at);
	case IC_CELL_POINTER:
	case IC_CELL_WHOLE: pack_whole(to, v, at); break;
	case IC_CELL_REAL: pack_real(to, v, at, key); break;
	case IC_CELL_BOOL:
		if (key)
			EACH_CELL(to, {
				ic_value one = ic_vector_value(v, at + r);
				put4(cell, one.null ? 0 : 1u + one.b);
			});
		break;
	}
	return IC_OK;
}

/* The cells of the keys of n rows. */
static ic_status pack_keys(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, target base)
{
	uint32_t words = (s->nulls + 31) / 32;
	for (uint32_t r = 0; words && r < base.n; r++)
		memset(base.p + r * base.stride + s->null_at, 0, words * (size_t)4);
	if (!s->cell_bytes)
		EACH_CELL(&base, put4(cell, 0));
	for (uint32_t i = 0; i < s->keys; i++) {
		const ic_cell *c = &s->key[i];
		if (c->kind == IC_CELL_CONST)
			continue;
		const ic_vector *from = &v[c->expr];
		target to = { base.p + c->at, base.stride, base.n };
		ic_status st = pack_cell(s, a, c, &to, from, at, true);
		if (st != IC_OK)
			return st;
		for (uint32_t r = 0; c->flag != IC_NO_FLAG && from->nulls && r < base.n; r++) {
			if (ic_vector_null(from, at + r))
				base.p[r * base.stride + s->null_at + c->flag / 8] |=
				    (char)(1 << c->flag % 8);
		}
	}
	return IC_OK;
}

ic_status ic_summarize_pieces(ic_summarize *s, const char *cells, char *key)
{
	for (uint32_t from = 0; from < s->cell_bytes; from += s->piece_bytes, key += 4) {
		uint32_t left = s->cell_bytes - from;
		ic_str piece = { cells + from, left < s->piece_bytes ? left : s->piece_bytes };
		uint32_t id = ic_intern_str(s->texts.names, piece);
		if (!id)
			return IC_E_NOMEM;
		memcpy(key, &id, 4);
	}
	return IC_OK;
}

void ic_summarize_cells(const ic_summarize *s, const char *key, char *cells)
{
	for (uint32_t k = 0; k < s->key_bytes; k += 4) {
		uint32_t id;
		memcpy(&id, key + k, 4);
		ic_str piece = ic_intern_get(s->texts.names, id);
		memcpy(cells, piece.p, piece.n);
		cells += piece.n;
	}
}

static ic_status pack_wide_keys(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, target base)
{
	char *cells = ic_arena_alloc(a, s->cell_bytes);
	if (!cells)
		return IC_E_NOMEM;
	for (uint32_t r = 0; r < base.n; r++) {
		ic_status st = pack_keys(s, a, v, at + r, (target){ cells, s->cell_bytes, 1 });
		if (st == IC_OK)
			st = ic_summarize_pieces(s, cells, base.p + r * base.stride);
		if (st != IC_OK)
			return st;
	}
	return IC_OK;
}

static inline void set_flag(const ic_summarize *s, char *row, uint32_t flag)
{
	char *p = row + (s->flags_at ? s->flags_at + flag / 64 * 8 : s->place_at);
	uint64_t word;
	memcpy(&word, p, 8);
	word |= UINT64_C(1) << (flag & 63);
	memcpy(p, &word, 8);
}

/* The nulls of rows at..at+n-1, 64 rows a step: most columns have few. */
static void pack_nulls(const ic_summarize *s, uint32_t flag, const ic_vector *v, uint32_t at, target base)
{
	for (uint32_t r = 0; r < base.n; r += 64) {
		uint32_t from = at + r, shift = from & 63, left = base.n - r;
		const uint64_t *word = v->nulls + (from >> 6);
		uint64_t bits = word[0] >> shift;
		if (shift && left > 64 - shift)
			bits |= word[1] << (64 - shift);
		if (left < 64)
			bits &= (UINT64_C(1) << left) - 1;
		for (; bits; bits &= bits - 1)
			set_flag(s, base.p + (r + (uint32_t)__builtin_ctzll(bits)) * base.stride, flag);
	}
}

static void pack_flags(const ic_summarize *s, const ic_cell *c, const ic_vector *v, uint32_t at, target base)
{
	const uint8_t *b = v->data;
	for (uint32_t r = 0; c->kind == IC_CELL_BOOL && r < base.n; r++) {
		if (b[v->constant ? 0 : at + r]) /* a null's byte is zero */
			set_flag(s, base.p + r * base.stride, c->flag + 1);
	}
	for (uint32_t r = 0; v->constant && ic_vector_null(v, 0) && r < base.n; r++)
		set_flag(s, base.p + r * base.stride, c->flag);
	if (!v->constant && v->nulls)
		pack_nulls(s, c->flag, v, at, base);
}

static inline __attribute__((always_inline)) void choose_parts(const target *base, uint32_t key_bytes,
							       uint8_t *part)
{
	const uint64_t seed = ic_hash_seed();
	EACH_CELL(base, part[r] = ic_sum_part_of(ic_group_hash_seeded(cell, key_bytes, seed)));
}

ic_status ic_summarize_pack(ic_summarize *s, ic_arena *a, const ic_vector *v, uint32_t at, uint32_t n,
			    uint64_t place, char *rows, uint8_t *part)
{
	target base = { rows, s->row_bytes, n };
	ic_status st = (s->piece_bytes ? pack_wide_keys : pack_keys)(s, a, v, at, base);
	const target places = { rows + s->place_at, s->row_bytes, n };
	EACH_CELL(&places, put8(cell, place + ((uint64_t)r << 8)));
	for (uint32_t r = 0; s->flags_at && r < n; r++)
		memset(rows + r * (size_t)s->row_bytes + s->flags_at, 0, s->row_bytes - s->flags_at);
	for (uint32_t i = 0; i < s->args && st == IC_OK; i++) {
		const ic_cell *c = &s->arg[i];
		if (c->same != i || c->kind == IC_CELL_CONST)
			continue;
		target to = { rows + c->at, s->row_bytes, n };
		st = pack_cell(s, a, c, &to, &v[c->expr], at, false);
		if (c->flag != IC_NO_FLAG)
			pack_flags(s, c, &v[c->expr], at, base);
	}
	switch (part ? s->key_bytes : 0) { /* as in group.c: keys of one to four ids are what most have */
	case 0: break;
	case 4: choose_parts(&base, 4, part); break;
	case 8: choose_parts(&base, 8, part); break;
	case 12: choose_parts(&base, 12, part); break;
	case 16: choose_parts(&base, 16, part); break;
	default: choose_parts(&base, s->key_bytes, part); break;
	}
	return st;
}

/* ---- cells to values ----------------------------------------------------------------------- */

uint64_t ic_cell_bits(const ic_cell *c, const char *base)
{
	uint64_t bits = 0;
	uint32_t low;
	if (size_of(c->kind) == 8) {
		memcpy(&bits, base + c->at, 8);
		return bits;
	}
	memcpy(&low, base + c->at, 4);
	return low;
}

bool ic_cell_borrows(ic_cell_kind kind, uint64_t bits)
{
	switch (kind) {
	case IC_CELL_ADDRESS:
	case IC_CELL_SMALL: return bits >= IC_INTERN_FIRST;
	case IC_CELL_TEXT:
	case IC_CELL_BYTES:
		return bits >= IC_INTERN_FIRST || (bits >= BIG_FIRST && bits < BIG_FIRST + BIG_MOST);
	case IC_CELL_POINTER: return bits != 0;
	case IC_CELL_CONST:
	case IC_CELL_BOOL:
	case IC_CELL_WHOLE:
	case IC_CELL_REAL: break;
	}
	return false;
}

ic_str ic_cell_bytes(const ic_texts *t, ic_cell_kind kind, uint32_t id, ic_ip *room)
{
	if (kind != IC_CELL_ADDRESS)
		return id >= IC_INTERN_FIRST ? ic_intern_get(t->names, id) : t->big[id - BIG_FIRST];
	*room = ic_intern_get_ip(t->names, id);
	return (ic_str){ (const char *)room->b, sizeof room->b };
}

ic_status ic_cell_id(ic_texts *t, ic_cell_kind kind, ic_str bytes, uint32_t *id)
{
	ic_ip ip;
	if (kind == IC_CELL_TEXT || kind == IC_CELL_BYTES)
		return text_id(t, bytes, id);
	if (kind == IC_CELL_ADDRESS) {
		memcpy(ip.b, bytes.p, sizeof ip.b);
		*id = ic_intern_rare_ip(t->names, &ip);
	} else {
		*id = ic_intern_str(t->names, bytes);
	}
	return *id ? IC_OK : IC_E_NOMEM;
}

static bool bytes_value(const ic_texts *t, ic_arena *a, ic_qtype type, uint32_t id, ic_value *ret)
{
	ic_str s = text_of(t, a, id);
	bool ok = true;
	*ret = ic_value_null(type);
	if (!s.p)
		return id == 0;
	ret->null = false;
	if (type == IC_Q_GUID) {
		memcpy(ret->guid.b, s.p, sizeof ret->guid.b);
	} else if (type == IC_Q_DECIMAL) {
		ic_decimal *d = ic_arena_alloc(a, sizeof *d);
		if (!d)
			return false;
		memcpy(d, s.p, sizeof *d);
		ret->decimal = d;
	} else {
		*ret = ic_value_dyn(ic_dyn_parse(a, s, &ok));
		return !ret->null || !ok;
	}
	return true;
}

bool ic_cell_value(const ic_texts *t, ic_arena *a, ic_qtype type, ic_cell_kind kind, uint64_t bits,
		   ic_value *ret)
{
	*ret = (ic_value){ .type = type };
	switch (kind) {
	case IC_CELL_ADDRESS:
		if (bits == 0)
			*ret = ic_value_null(type);
		else
			ret->ip = ic_intern_get_ip(t->names, (uint32_t)bits);
		break;
	case IC_CELL_TEXT:
		ret->s = text_of(t, a, (uint32_t)bits);
		if (!ret->s.p && bits != 0)
			return false;
		if (!ret->s.p && t->null_is_empty)
			ret->s = IC_STR("");
		ret->null = !ret->s.p;
		break;
	case IC_CELL_BYTES: return bytes_value(t, a, type, (uint32_t)bits, ret);
	case IC_CELL_SMALL:
		ret->null = bits == 0;
		if (bits < IC_INTERN_FIRST)
			ret->i = ret->null ? 0 : (int64_t)bits - 1;
		else
			memcpy(&ret->i, ic_intern_get(t->names, (uint32_t)bits).p, sizeof ret->i);
		break;
	case IC_CELL_BOOL:
		ret->null = bits == 0;
		ret->b = bits == 2;
		break;
	case IC_CELL_REAL:
		if (bits == IC_NULL_REAL)
			*ret = ic_value_null(type);
		else
			memcpy(&ret->d, &bits, sizeof ret->d);
		break;
	case IC_CELL_POINTER: *ret = ic_value_dyn((const ic_dyn *)(uintptr_t)bits); break;
	case IC_CELL_WHOLE:
	case IC_CELL_CONST: ret->i = (int64_t)bits; break;
	}
	return true;
}
