#include "store/sqlite/readers.h"

static void close_all(piq_sqlite_readers *r)
{
    for (unsigned i = 0; i < r->n; i++)
        piq_sqlite_disconnect(&r->conns[i]);
    r->n = 0;
}

piq_status piq_sqlite_readers_init(piq_sqlite_readers *r, unsigned n,
                                   const piq_sqlite_setting *setting,
                                   piq_err *err)
{
    PIQ_ASSERT(n >= 1 && n <= PIQ_SQLITE_MAX_READERS);
    *r = (piq_sqlite_readers){0};
    for (; r->n < n; r->n++) {
        piq_status st = piq_sqlite_connect(setting, PIQ_SQLITE_READER,
                                           &r->conns[r->n], err);
        if (st != PIQ_OK) {
            close_all(r);
            return st;
        }
        r->free_ix[r->n_free++] = r->n;
    }
    if (pthread_mutex_init(&r->lock, NULL) == 0) {
        if (pthread_cond_init(&r->freed, NULL) == 0)
            return PIQ_OK;
        pthread_mutex_destroy(&r->lock);
    }
    close_all(r);
    return piq_fail(err, PIQ_ENOMEM, "could not make a lock for %s",
                    setting->path);
}

void piq_sqlite_readers_release(piq_sqlite_readers *r)
{
    PIQ_ASSERT(r->n_free == r->n);
    close_all(r);
    pthread_cond_destroy(&r->freed);
    pthread_mutex_destroy(&r->lock);
}

piq_sqlite_conn *piq_sqlite_readers_borrow(piq_sqlite_readers *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->n_free == 0)
        pthread_cond_wait(&r->freed, &r->lock);
    unsigned i = r->free_ix[--r->n_free];
    pthread_mutex_unlock(&r->lock);
    return &r->conns[i];
}

void piq_sqlite_readers_return(piq_sqlite_readers *r, piq_sqlite_conn *c)
{
    pthread_mutex_lock(&r->lock);
    r->free_ix[r->n_free++] = (unsigned)(c - r->conns);
    pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->lock);
}
