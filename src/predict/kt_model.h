/* kt_model.h - a trained knowledge-tracing model: its members, what it knows
 * of items, and the file it lives in.
 *
 * P(right) = blend of three members over one feature vector (blend.h). A model
 * speaks of items and concepts by their outside ids; piq_kt_bind (kt_state.h)
 * ties it to the positions of a catalogue, and whatever it does not know falls
 * back to the concept and the curriculum.
 *
 * File, little-endian:
 *     8 bytes "piqmodel", u32 format, u64 length of the whole file
 *     u32 schema version, u64 schema hash, the columns' names (so that a
 *         refusal can say which differs)
 *     about
 *     the sections items, lr, trees, rnn, blend: name, u64 length, body; an
 *         absent member's body is empty
 *     u64 piq_hash_bytes of everything before
 *
 * Pure: bytes in, bytes out. Immutable once made; any thread.
 */
#ifndef PIQ_PREDICT_KT_MODEL_H
#define PIQ_PREDICT_KT_MODEL_H

#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "domain/catalogue.h"
#include "feature/item_table.h"
#include "predict/blend.h"
#include "predict/logistic_model.h"
#include "predict/recurrent.h"
#include "predict/trees.h"

enum { PIQ_KT_MODEL_FORMAT = 1, PIQ_MAX_MODEL_BYTES = 256 << 20 };

/* Where a model comes from and how good it was where it was not fitted. */
typedef struct piq_kt_about {
    char data[64]; /* what it was fitted on; NUL-terminated UTF-8 */
    int64_t made_us;
    int64_t from_us; /* instants of the answers; PIQ_NO_TIME unknown */
    int64_t until_us;
    uint64_t seed;
    uint64_t n_answers; /* fitted on */
    uint32_t n_learners;
    uint64_t n_valid; /* validation answers behind the scores */
    double valid_auc; /* of the blend; these three NaN when not known */
    double valid_logloss;
    double valid_ece;
    double member_auc[PIQ_N_MEMBERS]; /* NaN: no such member */
} piq_kt_about;

typedef struct piq_kt_model {
    piq_kt_about about;
    piq_item_table *items; /* never NULL; frozen */
    piq_logistic lr;       /* n_features 0: none */
    piq_trees trees;       /* n_trees 0: none */
    piq_recurrent *rnn;    /* NULL: none */
    piq_blend blend;
} piq_kt_model;

/* Takes over all that *parts owns, on success only; *parts is then empty.
 * PIQ_EINVAL: no item table, a member of another schema or of other items, or
 * a weight for a member that is not there. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_model_new(piq_kt_model *parts,
                                         piq_kt_model **out);
/* Frees what *parts owns (a fit that was broken off); *parts is then empty. */
void piq_kt_parts_release(piq_kt_model *parts);
void piq_kt_model_free(piq_kt_model *m); /* NULL is allowed */

/* Whether a member takes part: it is there and its weight is not 0. One that
 * does not is never computed. */
bool piq_kt_model_uses(const piq_kt_model *m, piq_member member);

/* Appends the file; out->status tells of a failure. `out` should allow
 * PIQ_MAX_MODEL_BYTES. */
void piq_kt_model_encode(const piq_kt_model *m, piq_buf *out);
/* PIQ_ECORRUPT: not a model file, cut short, damaged, or a number that is not
 * finite; PIQ_EINVAL: another format or schema (the message names the
 * first column that differs, and says to train anew); PIQ_ELIMIT: longer than
 * PIQ_MAX_MODEL_BYTES; PIQ_ENOMEM. err->where is the section, where it is one
 * section's fault. *out is written on success only. */
PIQ_MUST_USE piq_status piq_kt_model_decode(piq_str bytes, piq_kt_model **out,
                                            piq_err *err);
/* Hash of the file's bytes: what names the model in states and logs. */
uint64_t piq_kt_model_digest(piq_str bytes);

#endif
