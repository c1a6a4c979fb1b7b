#include "engine/outage.h"

static const int64_t NS_PER_MS = 1000000;

void piq_outage_init(piq_outage *o, uint64_t n_misses, int64_t now_us)
{
    *o = (piq_outage){
        .state = PIQ_STORAGE_SERVES, .since_us = now_us, .n_misses = n_misses};
}

static piq_storage_state state_of(const piq_outage_signs *s)
{
    if (s->silent_ns >= PIQ_OUTAGE_SILENT_MS * NS_PER_MS)
        return PIQ_STORAGE_SILENT;
    if (s->failed)
        return PIQ_STORAGE_FAILS;
    return s->refused ? PIQ_STORAGE_REFUSES : PIQ_STORAGE_SERVES;
}

piq_outage_turn piq_outage_see(piq_outage *o, const piq_outage_signs *s,
                               int64_t now_ns, int64_t now_us,
                               int64_t *lasted_ns)
{
    piq_storage_state state = state_of(s);
    bool sign = state != PIQ_STORAGE_SERVES || s->n_misses != o->n_misses;
    if ((state == PIQ_STORAGE_SERVES) != (o->state == PIQ_STORAGE_SERVES))
        o->since_us = now_us;
    /* It was silent before that was told from being slow. */
    if (state == PIQ_STORAGE_SILENT && o->state == PIQ_STORAGE_SERVES)
        o->since_us = now_us - s->silent_ns / 1000;
    o->state = state;
    o->n_misses = s->n_misses;
    if (sign) {
        bool begins = !o->on;
        if (begins)
            o->begun_ns = now_ns - s->silent_ns;
        o->on = true;
        o->seen_ns = now_ns;
        return begins ? PIQ_OUTAGE_BEGINS : PIQ_OUTAGE_GOES_ON;
    }
    if (!o->on || now_ns - o->seen_ns < PIQ_OUTAGE_CALM_MS * NS_PER_MS)
        return PIQ_OUTAGE_GOES_ON;
    o->on = false;
    *lasted_ns = o->seen_ns - o->begun_ns;
    return PIQ_OUTAGE_ENDS;
}
