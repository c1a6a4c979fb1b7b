#include "engine/tidy.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "engine/policy.h"
#include "engine/tastes.h"
#include "store/registry.h"

enum {
    EVERY_S = 10,
    /* Of one kind of things, rests included. */
    AT_MOST_MS = 500,
    /* Times as long as the piece before. Who serves shares the lock with us:
     * with slates that all expire ten minutes after a rush, pieces without a
     * rest took p99 of events at 2,000/s to 213 ms. */
    RESTS = 4,
    /* Changes are kept so long: a process that was stopped for longer reads
     * all anew. At 12,000 events a second they are about 150 MB. */
    CHANGES_MINUTES = 10,
    /* Slates: some ten milliseconds of the write lock. */
    FORGET_PIECE = 256,
    MODELS_EVERY_S = 3600,
    KEEP_MODELS = 8 /* of a kind, however old */
};

static const int64_t NS_PER_MS = 1000000;

typedef piq_status drop_piece(piq_engine *e, int64_t now_us, bool *more,
                              piq_err *err);

static piq_status drop_expired(piq_engine *e, int64_t now_us, bool *more,
                               piq_err *err)
{
    return e->store->ops->tidy(e->store, now_us,
                               now_us - CHANGES_MINUTES * PIQ_US_PER_MINUTE,
                               more, err);
}

static piq_status drop_slates(piq_engine *e, int64_t now_us, bool *more,
                              piq_err *err)
{
    int64_t keep_us = (int64_t)e->config.keep_log_days * PIQ_US_PER_DAY;
    *more = false;
    if (!keep_us)
        return PIQ_OK;
    return e->store->ops->forget_log(e->store, now_us - keep_us, FORGET_PIECE,
                                     more, err);
}

/* A slate can be made again while its log is kept, and with it the models that
 * it was made by. */
static void drop_models(piq_engine *e)
{
    const piq_str kinds[] = {PIQ_MODEL_KT, PIQ_MODEL_POLICY, PIQ_MODEL_TASTE};
    int64_t keep_us = (int64_t)e->config.keep_log_days * PIQ_US_PER_DAY;
    int64_t before_us = piq_clock_now_us() - keep_us;
    piq_arena a;
    piq_err err = {0};
    piq_status status = PIQ_OK;
    piq_arena_init(&a, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && keep_us; i++) {
        piq_arena_clear(&a);
        status = piq_registry_thin_out(e->store, &a, kinds[i], before_us,
                                       KEEP_MODELS, NULL, &err);
        if (status)
            piq_engine_report(e, "could not drop old models", &err);
    }
    piq_arena_release(&a);
}

/* False: some is left, and may be dropped in the next round. */
static bool in_pieces(piq_engine *e, drop_piece *drop, const char *failure)
{
    int64_t begun_ns = piq_clock_monotonic_ns(), at_ns = begun_ns, left_ns;
    bool more = true;
    piq_err err = {0};
    for (;;) {
        if (drop(e, piq_clock_now_us(), &more, &err)) {
            piq_engine_report(e, failure, &err);
            return true;
        }
        int64_t took_ns = piq_clock_monotonic_ns() - at_ns;
        left_ns = begun_ns + AT_MOST_MS * NS_PER_MS - at_ns - took_ns;
        if (!more || atomic_load(&e->closing) ||
            left_ns < (RESTS + 1) * took_ns)
            return !more;
        piq_clock_rest_ns(RESTS * took_ns);
        at_ns = piq_clock_monotonic_ns();
    }
}

void piq_tidy_tick(piq_tidying *t, piq_engine *e)
{
    int64_t now_ns = piq_clock_monotonic_ns();
    if (!piq_engine_leads(e) || now_ns < t->due_ns)
        return;
    bool records = in_pieces(e, drop_expired, "could not tidy the store");
    bool slates =
        in_pieces(e, drop_slates, "could not forget old recommendations");
    if (now_ns >= t->models_due_ns) {
        drop_models(e);
        t->models_due_ns = now_ns + MODELS_EVERY_S * 1000 * NS_PER_MS;
    }
    if (records && slates)
        t->due_ns = now_ns + EVERY_S * 1000 * NS_PER_MS;
}
