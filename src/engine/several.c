/* several.c - events with records beside them, and events of several learners:
 * one commit, all or none.
 *
 * The other learners have other owners. Folding them here is what another
 * process might do as well: versions guard each state, and who comes second
 * folds anew.
 */
#include "engine/engine_internal.h"

/* ---- records ------------------------------------------------------------ */

static bool is_same_record(const piq_record *x, const piq_record *y)
{
    return x->user.v == y->user.v && piq_str_eq(x->kind, y->kind) &&
           piq_str_eq(x->key, y->key);
}

/* Another operation of this batch writes it: that one goes first. */
static bool is_in_batch(const piq_batch *b, const piq_record *r)
{
    for (size_t i = 0; i < b->commit.n_records; i++)
        if (is_same_record(&b->records[i], r))
            return true;
    return false;
}

/* Found here, a refusal is this operation's alone. */
static piq_status check_record(piq_batch *b, piq_op *op, const piq_record *r)
{
    piq_store *store = b->engine->store;
    piq_record there;
    piq_err absent = {0};
    if (r->from_version == PIQ_RECORD_ANY)
        return PIQ_OK;
    op->later = is_in_batch(b, r);
    if (op->later)
        return PIQ_EBUSY;
    piq_status status = store->ops->record(store, &b->arena, r->user, r->kind,
                                           r->key, op->now_us, &there, &absent);
    if (status && status != PIQ_ENOTFOUND) {
        op->err = absent;
        return status;
    }
    if ((status ? 0 : there.version) == r->from_version)
        return PIQ_OK;
    return piq_fail(&op->err, PIQ_ESTALE,
                    "what is kept beside the events has changed");
}

static piq_status check_records(piq_batch *b, piq_op *op)
{
    piq_status status = PIQ_OK;
    for (size_t i = 0; i < op->n_records && status == PIQ_OK; i++)
        status = check_record(b, op, &op->records[i]);
    return status;
}

static piq_status add_records(piq_batch *b, const piq_op *op)
{
    for (size_t i = 0; i < op->n_records; i++) {
        piq_status status =
            piq_batch_room(b, (void **)&b->records, b->commit.n_records,
                           &b->cap_records, sizeof *b->records);
        if (status)
            return status;
        b->records[b->commit.n_records++] = op->records[i];
    }
    return PIQ_OK;
}

/* ---- all parts ---------------------------------------------------------- */

static piq_status prepare_part(piq_batch *b, piq_op *op, piq_op *part)
{
    piq_status status = PIQ_OK;
    if (part != op) {
        part->err = (piq_err){0};
        part->later = false;
    }
    if (part->n_events || !op->n_records)
        status = piq_events_prepare(b, part);
    part->status = status;
    if (status)
        op->refused = part;
    if (part == op)
        return status;
    op->later |= part->later;
    if (status) {
        op->err = part->err;
        op->at_event = part->at_event;
    }
    return status;
}

piq_status piq_several_prepare(piq_batch *b, piq_op *op)
{
    op->refused = NULL;
    piq_status status = check_records(b, op);
    for (piq_op *part = op; part && status == PIQ_OK; part = part->also)
        status = prepare_part(b, op, part);
    if (status == PIQ_OK)
        status = add_records(b, op);
    piq_batch_settle(b, status == PIQ_OK);
    return status;
}
