/* kt_duel.h - which of two models foresees the learners' latest answers better.
 *
 * Both go through every learner's whole history, answer by answer as they would
 * live, and are scored on the answers since an instant. A challenger that was
 * fitted on answers before that instant has seen none of them. Where there is
 * no champion, what the online belief foresaw at the time stands in for it.
 */
#ifndef PIQ_TRAIN_KT_DUEL_H
#define PIQ_TRAIN_KT_DUEL_H

#include "predict/kt_model.h"
#include "train/kt_data.h"
#include "train/kt_score.h"

/* Fewer answers than this show nothing. */
enum { PIQ_KT_DUEL_ANSWERS = 200, PIQ_KT_DUEL_RESAMPLES = 1000 };

typedef struct piq_kt_duel {
    size_t answers; /* scored */
    size_t learners;
    piq_kt_score challenger;
    piq_kt_score champion;
    /* Log loss of the challenger less the champion's, nats an answer, with a
     * 90 % interval by resampling learners. */
    double difference, low, high;
    bool against_belief; /* there was no champion */
    bool is_enough;      /* PIQ_KT_DUEL_ANSWERS of them */
    bool is_worse;       /* enough, and difference > 0 */
} piq_kt_duel;

/* champion NULL: the online belief; answers that it did not foresee are left
 * out. `seed` of the resampling. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_duel_fight(const piq_kt_data *d,
                                          const piq_kt_model *challenger,
                                          const piq_kt_model *champion,
                                          int64_t since_us, unsigned threads,
                                          uint64_t seed, piq_kt_duel *out,
                                          piq_err *err);

/* The instant after which a share (0,1) of the answers were given; INT64_MAX
 * without times. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_kt_data_latest(const piq_kt_data *d, double share,
                                           int64_t *since_us);

#endif
