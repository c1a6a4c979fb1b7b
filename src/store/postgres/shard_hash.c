/* PostgreSQL's hash of a bigint as its partitions see it, since a learner has
 * to be looked for where PostgreSQL would put the row. Facts from PostgreSQL's
 * sources: hash_uint32_extended (common/hashfn.c; Bob Jenkins' lookup3),
 * hashint8extended (access/hash/hashfunc.c), HASH_PARTITION_SEED and
 * compute_partition_hash_value (partitioning/partbounds.c). They cannot change:
 * rows lie where they say. A shard's own partition refuses a row that is not
 * its own, so that a difference would be an error and not a loss. */
#include "store/postgres/shards.h"

static const uint64_t partition_seed = UINT64_C(0x7A5B22367996DCFD);
static const uint64_t combine_constant = UINT64_C(0x49a0f4dd15e5a8e3);

typedef struct words {
    uint32_t a, b, c;
} words;

static uint32_t rotate(uint32_t x, int k)
{
    return x << k | x >> (32 - k);
}

static void mix(words *w)
{
    w->a = (w->a - w->c) ^ rotate(w->c, 4);
    w->c += w->b;
    w->b = (w->b - w->a) ^ rotate(w->a, 6);
    w->a += w->c;
    w->c = (w->c - w->b) ^ rotate(w->b, 8);
    w->b += w->a;
    w->a = (w->a - w->c) ^ rotate(w->c, 16);
    w->c += w->b;
    w->b = (w->b - w->a) ^ rotate(w->a, 19);
    w->a += w->c;
    w->c = (w->c - w->b) ^ rotate(w->b, 4);
    w->b += w->a;
}

static void finish(words *w)
{
    w->c = (w->c ^ w->b) - rotate(w->b, 14);
    w->a = (w->a ^ w->c) - rotate(w->c, 11);
    w->b = (w->b ^ w->a) - rotate(w->a, 25);
    w->c = (w->c ^ w->b) - rotate(w->b, 16);
    w->a = (w->a ^ w->c) - rotate(w->c, 4);
    w->b = (w->b ^ w->a) - rotate(w->a, 14);
    w->c = (w->c ^ w->b) - rotate(w->b, 24);
}

static uint64_t hash_u32(uint32_t k, uint64_t seed)
{
    uint32_t first = UINT32_C(0x9e3779b9) + 4 + 3923095;
    words w = {first, first, first};
    w.a += (uint32_t)(seed >> 32);
    w.b += (uint32_t)seed;
    mix(&w);
    w.a += k;
    finish(&w);
    return (uint64_t)w.b << 32 | w.c;
}

unsigned piq_pg_shard_of(piq_user_id user, unsigned n)
{
    uint32_t low = (uint32_t)(uint64_t)user.v;
    uint32_t high = (uint32_t)((uint64_t)user.v >> 32);
    low ^= user.v >= 0 ? high : ~high;
    return (unsigned)((hash_u32(low, partition_seed) + combine_constant) % n);
}
