// SPDX-License-Identifier: GPL-2.0-only
/*
 * A decoder of MicroLZMA streams: LZMA as the public LZMA specification tells it, with the
 * properties in the place of the first byte, and without an end marker (FORMAT.md 8.5).
 *
 * Rules:
 *  - One call: the output is the dictionary. A distance beyond what is written is an error, so
 *    nothing is read that was not decoded before.
 *  - Input is checked once per symbol. No symbol takes more than LZMA_MARGIN bytes; where fewer
 *    are left, decoding goes on in a copy of them with a margin of zeros behind, and a symbol
 *    that ends in the margin is one whose bytes are missing.
 *  - Work is bounded by the output: every symbol gives at least one byte.
 *  - The arithmetic is that of the specification also where a stream is corrupt, so that all
 *    decoders of the format agree about every stream.
 */
#include "zip/lzma_dec.h"

/*
 * A match has 22 modelled bits, none dearer than log2(2048 / 31) bits, and 26 direct ones: 160
 * bits at most, and one byte more for where they begin.
 */
#define LZMA_MARGIN	24

#define LZMA_STATES	12
#define LZMA_POS_STATES	16
#define LZMA_LIT_STATES	7	/* states below: the last symbol was a literal */
#define LZMA_LIT_PROBS	0x300
#define LZMA_LCLP_MAX	4
#define LZMA_PROPS_MAX	224
#define LZMA_INIT_BYTES	5	/* the first byte, and four of the code */
#define LZMA_MATCH_MIN	2

#define RC_TOP		(1U << 24)
#define RC_BITS		11
#define RC_ONE		(1U << RC_BITS)
#define RC_MOVE		5

struct lzma_len {
	u16 choice;
	u16 choice2;
	u16 low[LZMA_POS_STATES][8];
	u16 mid[LZMA_POS_STATES][8];
	u16 high[256];
};

/* Probabilities that a bit is 0. Of the literals' only as many as lc and lp ask for are used. */
struct lzma_model {
	u16 is_match[LZMA_STATES][LZMA_POS_STATES];
	u16 is_rep0_long[LZMA_STATES][LZMA_POS_STATES];
	u16 is_rep[LZMA_STATES];
	u16 is_rep0[LZMA_STATES];
	u16 is_rep1[LZMA_STATES];
	u16 is_rep2[LZMA_STATES];
	u16 slot[4][64];
	u16 special[1 + 128 - 14];
	u16 align[16];
	struct lzma_len match_len;
	struct lzma_len rep_len;
	/* Aligned, so that words of eight bytes fill the model and end where it ends. */
	u16 literal[LZMA_LIT_PROBS << LZMA_LCLP_MAX] __attribute__((__aligned__(8)));
};

struct lzma_state {
	u8 tail[2 * LZMA_MARGIN];
	struct lzma_model model;
};

/* ---- Range decoder ---- */

struct lzma_rc {
	u32 range;
	u32 code;
	const u8 *in;
};

static __erofs_inline void rc_normalize(struct lzma_rc *rc)
{
	if (rc->range < RC_TOP) {
		rc->range <<= 8;
		rc->code = (rc->code << 8) | *rc->in++;
	}
}

/* A bit that the code branches on. */
static __erofs_inline bool rc_bit(struct lzma_rc *rc, u16 *prob)
{
	u32 p = *prob, bound;

	rc_normalize(rc);
	bound = (rc->range >> RC_BITS) * p;
	if (rc->code < bound) {
		rc->range = bound;
		*prob = p + ((RC_ONE - p) >> RC_MOVE);
		return false;
	}
	rc->range -= bound;
	rc->code -= bound;
	*prob = p - (p >> RC_MOVE);
	return true;
}

/* A bit of a number, whose value nobody can guess: without a branch. Returns symbol * 2 + bit. */
static __erofs_inline u32 rc_tree_bit(struct lzma_rc *rc, u16 *probs, u32 symbol)
{
	u32 p = probs[symbol], bound, zero;

	rc_normalize(rc);
	bound = (rc->range >> RC_BITS) * p;
	zero = 0 - (u32)(rc->code < bound);
	rc->range -= bound;
	rc->range += zero & (bound - rc->range);
	rc->code -= bound & ~zero;
	/* For 0: p + ((RC_ONE - p) >> RC_MOVE), by rounding down a negative number. */
	probs[symbol] = p - ((int)(p - (zero & (RC_ONE - 31))) >> RC_MOVE);
	return symbol * 2 + 1 + zero;
}

#define RC_TREE2(rc, probs, m)	((m) = rc_tree_bit(rc, probs, m), (m) = rc_tree_bit(rc, probs, m))

static __erofs_inline u32 rc_tree3(struct lzma_rc *rc, u16 *probs)
{
	u32 m = 1;

	RC_TREE2(rc, probs, m);
	return rc_tree_bit(rc, probs, m) - 8;
}

static __erofs_inline u32 rc_tree6(struct lzma_rc *rc, u16 *probs)
{
	u32 m = 1;

	RC_TREE2(rc, probs, m);
	RC_TREE2(rc, probs, m);
	RC_TREE2(rc, probs, m);
	return m - 64;
}

static __erofs_inline u32 rc_tree8(struct lzma_rc *rc, u16 *probs)
{
	u32 m = 1;

	RC_TREE2(rc, probs, m);
	RC_TREE2(rc, probs, m);
	RC_TREE2(rc, probs, m);
	RC_TREE2(rc, probs, m);
	return m - 256;
}

/* @bits of a number, the lowest first. */
static __erofs_inline u32 rc_reverse(struct lzma_rc *rc, u16 *probs, u32 bits)
{
	u32 m = 1, value = 0, i;

	for (i = 0; i < bits; i++) {
		m = rc_tree_bit(rc, probs, m);
		value |= (m & 1) << i;
	}
	return value;
}

/* @bits of a number that have no model, the highest first; @value comes before them. */
static __erofs_inline u32 rc_direct(struct lzma_rc *rc, u32 value, u32 bits)
{
	u32 below;

	do {
		rc_normalize(rc);
		rc->range >>= 1;
		rc->code -= rc->range;
		below = 0 - (rc->code >> 31);
		rc->code += rc->range & below;
		value = value * 2 + 1 + below;
	} while (--bits);
	return value;
}

/* ---- Symbols ---- */

/* A literal after a match: the byte at the last distance says which half of the model. */
static __erofs_inline u32 lzma_matched_literal(struct lzma_rc *rc, u16 *probs, u32 match)
{
	u32 m = 1, half = 0x100, bit, i;

	for (i = 0; i < 8; i++) {
		match <<= 1;
		bit = match & half;
		m = rc_tree_bit(rc, probs + half + bit, m);
		/* As long as the bits agree, the half stays. */
		half &= bit ^ ((m & 1) - 1);
	}
	return m - 0x100;
}

static __erofs_inline u32 lzma_length(struct lzma_rc *rc, struct lzma_len *len, u32 pos_state)
{
	if (!rc_bit(rc, &len->choice))
		return LZMA_MATCH_MIN + rc_tree3(rc, len->low[pos_state]);
	if (!rc_bit(rc, &len->choice2))
		return LZMA_MATCH_MIN + 8 + rc_tree3(rc, len->mid[pos_state]);
	return LZMA_MATCH_MIN + 16 + rc_tree8(rc, len->high);
}

/* What the format calls a distance: how far back, less one. */
static __erofs_inline u32 lzma_distance(struct lzma_rc *rc, struct lzma_model *model, u32 len)
{
	u32 slot, dist, bits;

	len -= LZMA_MATCH_MIN;
	slot = rc_tree6(rc, model->slot[len < 4 ? len : 3]);
	if (slot < 4)
		return slot;
	bits = (slot >> 1) - 1;
	dist = 2 | (slot & 1);
	if (slot < 14) {
		dist <<= bits;
		return dist + rc_reverse(rc, model->special + dist - slot, bits);
	}
	dist = rc_direct(rc, dist, bits - 4) << 4;
	return dist + rc_reverse(rc, model->align, 4);
}

/*
 * Copy a match, which may overlap itself. @room: bytes up to the end of the output; words may
 * go beyond @len as long as they stay inside it.
 */
static __erofs_inline void lzma_copy(u8 *out, size_t back, u32 len, size_t room)
{
	const u8 *from = out - back;
	u8 *end = out + len;
	u64 word;

	if (back >= sizeof(word) && room >= len + sizeof(word)) {
		do {
			memcpy(&word, from, sizeof(word));
			memcpy(out, &word, sizeof(word));
			from += sizeof(word);
			out += sizeof(word);
		} while (out < end);
		return;
	}
	do {
		*out++ = *from++;
	} while (out < end);
}

static void lzma_model_init(struct lzma_model *model, u32 lclp)
{
	const u64 half = (RC_ONE / 2) * 0x0001000100010001ULL;
	u8 *p = (u8 *)model;
	u8 *end = (u8 *)(model->literal + ((size_t)LZMA_LIT_PROBS << lclp));

	for (; p < end; p += sizeof(half))
		memcpy(p, &half, sizeof(half));
}

/**
 * erofs_lzma_state_size - bytes that erofs_lzma_decode() needs to work in: about 28 KiB
 */
size_t erofs_lzma_state_size(void)
{
	return sizeof(struct lzma_state);
}

/**
 * erofs_lzma_decode - decode one MicroLZMA stream (FORMAT.md 8.5)
 * @state: erofs_lzma_state_size() bytes, aligned to 8; what they hold does not matter
 * @in: the stream
 * @in_len: bytes
 * @out: not overlapping the stream
 * @out_len: bytes, less than 4 GiB
 * @exact: the stream ends with @in_len, and @out_len is all that it gives; otherwise it may hold
 *         more
 *
 * Does not sleep. Returns 0 when all of @out is decoded, else -EFSCORRUPTED, and then @out holds
 * what came out up to there.
 */
int erofs_lzma_decode(void *state, const void *in, size_t in_len, void *out, size_t out_len,
		      bool exact)
{
	struct lzma_state *s = state;
	struct lzma_model *model = &s->model;
	const u8 *start = in, *in_end = start + in_len, *limit;
	u8 *first = out, *next = out, *end = next + out_len;
	u32 rep0 = 0, rep1 = 0, rep2 = 0, rep3 = 0, st = 0, prev = 0;
	u32 props, lc, lp, lp_mask, pb_mask, pos_state, len, swap;
	struct lzma_rc rc;
	bool in_tail = false;
	size_t n;

	if (in_len < LZMA_INIT_BYTES)
		return -EFSCORRUPTED;
	props = (u8)~start[0];
	if (props > LZMA_PROPS_MAX)
		return -EFSCORRUPTED;
	lc = props % 9;
	props /= 9;
	lp = props % 5;
	if (lc + lp > LZMA_LCLP_MAX)
		return -EFSCORRUPTED;
	lp_mask = (1U << lp) - 1;
	pb_mask = (1U << (props / 5)) - 1;
	lzma_model_init(model, lc + lp);

	rc.range = 0xffffffff;
	rc.code = (u32)start[1] << 24 | start[2] << 16 | start[3] << 8 | start[4];
	rc.in = start + LZMA_INIT_BYTES;
	limit = in_len - LZMA_INIT_BYTES >= LZMA_MARGIN ? in_end - LZMA_MARGIN : start;

	while (next < end) {
		if (rc.in > limit) {
			if (in_tail)
				return -EFSCORRUPTED;
			in_tail = true;
			n = in_end - rc.in;
			memcpy(s->tail, rc.in, n);
			memset(s->tail + n, 0, LZMA_MARGIN);
			rc.in = s->tail;
			in_end = s->tail + n;
			limit = in_end;
		}

		pos_state = (u32)(next - first) & pb_mask;
		if (!rc_bit(&rc, &model->is_match[st][pos_state])) {
			u32 ctx = (((u32)(next - first) & lp_mask) << lc) + (prev >> (8 - lc));
			u16 *probs = model->literal + LZMA_LIT_PROBS * ctx;

			if (st < LZMA_LIT_STATES) {
				prev = rc_tree8(&rc, probs);
				st = st < 4 ? 0 : st - 3;
			} else {
				prev = lzma_matched_literal(&rc, probs, *(next - rep0 - 1));
				st = st < 10 ? st - 3 : st - 6;
			}
			*next++ = prev;
			continue;
		}

		if (!rc_bit(&rc, &model->is_rep[st])) {
			rep3 = rep2;
			rep2 = rep1;
			rep1 = rep0;
			len = lzma_length(&rc, &model->match_len, pos_state);
			rep0 = lzma_distance(&rc, model, len);
			st = st < LZMA_LIT_STATES ? 7 : 10;
		} else {
			if (!rc_bit(&rc, &model->is_rep0[st])) {
				if (!rc_bit(&rc, &model->is_rep0_long[st][pos_state])) {
					if (rep0 >= (size_t)(next - first))
						return -EFSCORRUPTED;
					prev = *(next - rep0 - 1);
					*next++ = prev;
					st = st < LZMA_LIT_STATES ? 9 : 11;
					continue;
				}
			} else {
				if (!rc_bit(&rc, &model->is_rep1[st])) {
					swap = rep1;
				} else {
					if (!rc_bit(&rc, &model->is_rep2[st])) {
						swap = rep2;
					} else {
						swap = rep3;
						rep3 = rep2;
					}
					rep2 = rep1;
				}
				rep1 = rep0;
				rep0 = swap;
			}
			len = lzma_length(&rc, &model->rep_len, pos_state);
			st = st < LZMA_LIT_STATES ? 8 : 11;
		}

		if (rep0 >= (size_t)(next - first))
			return -EFSCORRUPTED;
		n = end - next;
		if (len > n) {
			if (exact)
				return -EFSCORRUPTED;
			len = n;
		}
		lzma_copy(next, (size_t)rep0 + 1, len, n);
		next += len;
		prev = next[-1];
	}

	if (!exact)
		return rc.in <= in_end ? 0 : -EFSCORRUPTED;
	/* The encoder's last bytes leave a code of 0, and nothing behind it. */
	if (rc.range < RC_TOP) {
		if (rc.in >= in_end)
			return -EFSCORRUPTED;
		rc_normalize(&rc);
	}
	return rc.in == in_end && !rc.code ? 0 : -EFSCORRUPTED;
}
