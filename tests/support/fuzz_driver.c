#include "support/fuzz_driver.h"

#include "base/buf.h"
#include "base/rng.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_TEXTS = 4096, MOST_BYTES = 1 << 20 };

typedef struct texts {
    piq_str list[MAX_TEXTS]; /* each owned */
    size_t n;
} texts;

typedef struct fuzz_run {
    const fuzz_plan *plan;
    long rounds;
    uint64_t seed;
    texts corpus, words;
} fuzz_run;

void fuzz_law(bool kept, const char *law)
{
    if (kept)
        return;
    fprintf(stderr, "broken law: %s\n", law);
    abort();
}

char *fuzz_joined(piq_str head, piq_str rest)
{
    size_t len = head.len + rest.len;
    char *both = malloc(len ? len : 1);
    fuzz_law(both != NULL, "there is memory");
    if (head.len)
        memcpy(both, head.ptr, head.len);
    if (rest.len)
        memcpy(both + head.len, rest.ptr, rest.len);
    return both;
}

/* ---- what there is ------------------------------------------------------- */

static void keep(texts *t, piq_buf *b)
{
    size_t len;
    char *bytes = piq_buf_take(b, &len);
    if (!bytes)
        return;
    assert_true(t->n < MAX_TEXTS);
    t->list[t->n++] = (piq_str){bytes, len};
}

static void release(texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free((char *)(uintptr_t)t->list[i].ptr);
    t->n = 0;
}

static void read_file(texts *t, const char *path)
{
    piq_buf b;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    piq_buf_init(&b, MOST_BYTES);
    for (size_t got = 1; got > 0; piq_buf_wrote(&b, got)) {
        char *room = piq_buf_room(&b, 4096);
        assert_non_null(room);
        got = fread(room, 1, 4096, f);
    }
    fclose(f);
    keep(t, &b);
}

static int by_bytes(const void *x, const void *y)
{
    return piq_str_cmp(*(const piq_str *)x, *(const piq_str *)y);
}

static void make_corpus(fuzz_run *r)
{
    piq_buf b;
    for (size_t i = 0; piq_buf_init(&b, MOST_BYTES), r->plan->seed(i, &b); i++)
        keep(&r->corpus, &b);
    piq_buf_release(&b);
}

/* In an order of their own, whatever the folder's is. */
static void read_folder(fuzz_run *r)
{
    char dir[256], path[600];
    snprintf(dir, sizeof dir, "tests/fuzz/corpus/%s", r->plan->name);
    DIR *d = opendir(dir);
    if (!d)
        fail_msg("no %s: run it from the project's folder", dir);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        read_file(&r->corpus, path);
    }
    closedir(d);
}

static void read_corpus(fuzz_run *r)
{
    if (r->plan->seed)
        make_corpus(r);
    else
        read_folder(r);
    assert_true(r->corpus.n > 0);
    qsort(r->corpus.list, r->corpus.n, sizeof r->corpus.list[0], by_bytes);
}

static char unescaped(const char **at)
{
    unsigned byte = 0;
    if ((*at)[0] != '\\' || (*at)[1] == 0)
        return *(*at)++;
    if ((*at)[1] == 'x' && sscanf(*at + 2, "%2x", &byte) == 1) {
        *at += 4;
        return (char)byte;
    }
    *at += 2;
    return (*at)[-1];
}

/* A line is "word", with \\, \" and \xNN in it, or begins with #. */
static void read_words(fuzz_run *r)
{
    char path[300], line[512];
    snprintf(path, sizeof path, "tests/fuzz/words/%s.dict", r->plan->name);
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        piq_buf b;
        const char *at = line + 1;
        if (line[0] != '"')
            continue;
        piq_buf_init(&b, 0);
        while (*at && *at != '"' && *at != '\n')
            piq_buf_add_char(&b, unescaped(&at));
        keep(&r->words, &b);
    }
    fclose(f);
}

/* ---- damage -------------------------------------------------------------- */

/* `n` bytes at `at` become `with`. */
static void replace(piq_buf *b, size_t at, size_t n, piq_str with)
{
    size_t tail = b->len - at - n;
    if (b->len + with.len > MOST_BYTES || !piq_buf_room(b, with.len))
        return;
    memmove(b->ptr + at + with.len, b->ptr + at + n, tail);
    if (with.len)
        memcpy(b->ptr + at, with.ptr, with.len);
    b->len = at + with.len + tail;
}

static piq_str some_piece(const fuzz_run *r, piq_rng *rng)
{
    if (r->words.n && piq_rng_below(rng, 3))
        return r->words.list[piq_rng_below(rng, r->words.n)];
    piq_str from = r->corpus.list[piq_rng_below(rng, r->corpus.n)];
    size_t start = (size_t)piq_rng_below(rng, from.len);
    size_t most = from.len - start < 40 ? from.len - start : 40;
    return (piq_str){from.ptr + start, 1 + (size_t)piq_rng_below(rng, most)};
}

static void damage_once(piq_buf *b, const fuzz_run *r, piq_rng *rng)
{
    size_t at = (size_t)piq_rng_below(rng, b->len);
    size_t room = b->len - at;
    size_t n = 1 + (size_t)piq_rng_below(rng, room < 24 ? room : 24);
    switch (piq_rng_below(rng, 7)) {
    case 0:
        b->ptr[at] = (char)piq_rng_below(rng, 256);
        break;
    case 1:
        b->ptr[at] = (char)(b->ptr[at] ^ (1 << piq_rng_below(rng, 8)));
        break;
    case 2: /* another digit or letter: text stays text more often */
        b->ptr[at] = "0129-.:,\tTZaz/"[piq_rng_below(rng, 14)];
        break;
    case 3:
        replace(b, at, n, (piq_str){0});
        break;
    case 4:
        replace(b, at, 0, some_piece(r, rng));
        break;
    case 5:
        replace(b, at, n, some_piece(r, rng));
        break;
    default: /* an early end, now and then */
        if (piq_rng_below(rng, 4) == 0)
            b->len = at + 1;
        break;
    }
}

static void damage(piq_buf *b, const fuzz_run *r, piq_rng *rng)
{
    for (uint64_t n = 1 + piq_rng_below(rng, 4); n > 0 && b->len > 0; n--)
        damage_once(b, r, rng);
}

/* ---- the run ------------------------------------------------------------- */

/* A copy of exactly its length, so that reading past the end is seen. */
static void feed(const fuzz_run *r, piq_str s)
{
    uint8_t *bytes = malloc(s.len ? s.len : 1);
    assert_non_null(bytes);
    if (s.len)
        memcpy(bytes, s.ptr, s.len);
    r->plan->one(bytes, s.len);
    free(bytes);
}

static void run(void **state)
{
    fuzz_run *r = *state;
    piq_rng rng;
    piq_buf b;
    read_corpus(r);
    read_words(r);
    for (size_t i = 0; i < r->corpus.n; i++)
        feed(r, r->corpus.list[i]);
    piq_rng_seed(&rng, r->seed);
    piq_buf_init(&b, 2 * MOST_BYTES);
    for (long i = 0; i < r->rounds; i++) {
        piq_buf_clear(&b);
        piq_buf_add_str(&b, r->corpus.list[piq_rng_below(&rng, r->corpus.n)]);
        damage(&b, r, &rng);
        feed(r, (piq_str){b.ptr, b.len});
    }
    piq_buf_release(&b);
    print_message("%ld rounds, seed %llu, %zu texts\n", r->rounds,
                  (unsigned long long)r->seed, r->corpus.n);
}

int fuzz_drive(const fuzz_plan *plan, int argc, char **argv)
{
    char name[80];
    fuzz_run *r = calloc(1, sizeof *r);
    const char *rounds = argc > 1 ? argv[1] : getenv("PIQ_FUZZ_ROUNDS");
    if (!r)
        return 1;
    *r = (fuzz_run){.plan = plan, .rounds = plan->rounds, .seed = 1};
    if (rounds)
        r->rounds = atol(rounds);
    if (argc > 2)
        r->seed = strtoull(argv[2], NULL, 10);
    snprintf(name, sizeof name, "test_%s__no_input_breaks_a_law", plan->name);
    const struct CMUnitTest tests[] = {
        {.name = name, .test_func = run, .initial_state = r}};
    int failed = cmocka_run_group_tests_name(plan->name, tests, NULL, NULL);
    if (plan->end)
        plan->end();
    release(&r->corpus);
    release(&r->words);
    free(r);
    return failed;
}
