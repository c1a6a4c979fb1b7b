/* catalogues.c - the curriculum in force and its earlier versions, and the
 * calibrations that events name. */
#include "base/clock.h"
#include "domain/findings.h"
#include "engine/engine_internal.h"

/* ---- catalogues ------------------------------------------------------ */

const piq_catalogue *piq_engine_catalogue(piq_engine *e)
{
    return atomic_load_explicit(&e->catalogue, memory_order_acquire);
}

/* Reads a stored document; *out is the caller's. */
static piq_status read_version(piq_engine *e, uint32_t version,
                               piq_catalogue **out, piq_err *err)
{
    piq_arena a;
    piq_str document;
    piq_findings findings = {0};
    uint32_t found = version;
    *out = NULL;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        e->store->ops->catalogue(e->store, &a, version, &found, &document, err);
    if (status == PIQ_OK)
        status =
            piq_catalogue_read(&a, document, NULL, out, &findings, NULL, err);
    if (status == PIQ_EINVAL || status == PIQ_EPARSE)
        status = piq_fail(err, PIQ_ECORRUPT,
                          "stored catalogue %u cannot be read: %s", found,
                          findings.n ? findings.list[0].message : "not JSON");
    piq_arena_release(&a);
    if (*out)
        (*out)->version = found;
    return status;
}

piq_status piq_engine_catalogue_version(piq_engine *e, uint32_t version,
                                        const piq_catalogue **out, piq_err *err)
{
    const piq_catalogue *now = piq_engine_catalogue(e);
    if (now && now->version == version) {
        *out = now;
        return PIQ_OK;
    }
    if (version == 0 || version >= PIQ_MAX_CATALOGUES)
        return piq_fail(err, PIQ_ENOTFOUND, "there is no catalogue %u",
                        version);
    pthread_mutex_lock(&e->catalogue_lock);
    *out = e->catalogues[version];
    pthread_mutex_unlock(&e->catalogue_lock);
    if (*out)
        return PIQ_OK;
    /* Read without the lock, which is long; who is second throws away. */
    piq_catalogue *mine;
    piq_status status = read_version(e, version, &mine, err);
    if (status)
        return status;
    pthread_mutex_lock(&e->catalogue_lock);
    if (!e->catalogues[version]) {
        e->catalogues[version] = mine;
        mine = NULL;
    }
    *out = e->catalogues[version];
    pthread_mutex_unlock(&e->catalogue_lock);
    piq_catalogue_free(mine);
    return PIQ_OK;
}

/* Puts the newest stored catalogue in force. What is in force never goes back,
 * however many threads do this at once. */
piq_status piq_engine_adopt_catalogue(piq_engine *e, piq_err *err)
{
    uint32_t newest;
    const piq_catalogue *c = NULL, *now = piq_engine_catalogue(e);
    piq_status status =
        e->store->ops->catalogue_version(e->store, &newest, err);
    if (status || newest <= (now ? now->version : 0))
        return status;
    status = piq_engine_catalogue_version(e, newest, &c, err);
    if (!c)
        return status;
    pthread_mutex_lock(&e->catalogue_lock);
    now = piq_engine_catalogue(e);
    if (!now || now->version < c->version)
        atomic_store_explicit(&e->catalogue, c, memory_order_release);
    pthread_mutex_unlock(&e->catalogue_lock);
    return piq_engine_adopt_model(e, err);
}

/* The document as it is stored: merged with what was there. */
static piq_status store_merged(piq_engine *e, piq_catalogue *merged,
                               piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, (size_t)1 << 30);
    piq_json_init(&w, &b);
    piq_catalogue_write(merged, &w);
    piq_status status = b.status;
    if (status == PIQ_OK)
        status = e->store->ops->put_catalogue(e->store, merged->version,
                                              (piq_str){b.ptr, b.len},
                                              piq_clock_now_us(), err);
    piq_buf_release(&b);
    return status;
}

piq_status piq_engine_load_catalogue(piq_engine *e, piq_arena *a,
                                     piq_str document, piq_findings *findings,
                                     piq_catalogue_change *change, piq_err *err)
{
    piq_catalogue *merged = NULL;
    piq_catalogue_change own;
    piq_status status = piq_engine_adopt_catalogue(e, err);
    if (status)
        return status;
    const piq_catalogue *now = piq_engine_catalogue(e);
    if (!change)
        change = &own;
    status =
        piq_catalogue_read(a, document, now, &merged, findings, change, err);
    if (status)
        return status;
    if (now && change->added + change->changed + change->retired == 0) {
        piq_catalogue_free(merged); /* the same again: no new version */
        return PIQ_OK;
    }
    merged->version = now ? now->version + 1 : 1;
    if (merged->version >= PIQ_MAX_CATALOGUES)
        status = piq_fail(err, PIQ_ELIMIT, "over %d catalogue versions",
                          PIQ_MAX_CATALOGUES - 1);
    if (status == PIQ_OK)
        status = store_merged(e, merged, err);
    piq_catalogue_free(merged);
    if (status == PIQ_OK) /* read back: what was stored is what is used */
        status = piq_engine_adopt_catalogue(e, err);
    return status;
}

/* ---- calibrations ---------------------------------------------------- */

piq_status piq_engine_read_book(piq_engine *e, uint32_t least, piq_err *err)
{
    piq_arena a;
    piq_calibration_entry *list;
    uint32_t number;
    int64_t through_seq;
    size_t n = 0;
    uint32_t have = piq_calibration_book_number(e->book);
    if (have >= least)
        return PIQ_OK;
    piq_arena_init(&a, (size_t)1 << 30);
    piq_status status =
        e->store->ops->calibration(e->store, &number, &through_seq, err);
    if (status == PIQ_OK && number > have)
        status = e->store->ops->calibrations(e->store, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == PIQ_OK; i++)
        if (list[i].number > have && list[i].number <= number)
            status = piq_calibration_book_draft(e->book, list[i].number,
                                                &list[i].item, 1);
    if (status == PIQ_ENOMEM)
        piq_fail(err, status, "no memory for calibrations");
    if (status == PIQ_OK)
        piq_calibration_book_enact(e->book, number);
    piq_arena_release(&a);
    return status;
}

uint32_t piq_engine_calibration(piq_engine *e)
{
    return piq_calibration_book_number(e->book);
}

piq_calibration_book *piq_engine_book(piq_engine *e)
{
    return e->book;
}

piq_store *piq_engine_store(piq_engine *e)
{
    return e->store;
}
