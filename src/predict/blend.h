/* blend.h - members' logits into one calibrated chance.
 *
 * p = calibrate(bias + sum_m weight_m logit_m), weights >= 0, fitted on
 * validation rows; calibrate is monotone: the identity, Platt's line (Platt
 * 1999) or isotonic steps joined by lines. Pure; any thread.
 */
#ifndef PIQ_PREDICT_BLEND_H
#define PIQ_PREDICT_BLEND_H

#include "base/buf.h"
#include "base/status.h"

#include <stddef.h>

typedef enum piq_member {
    PIQ_MEMBER_LR,
    PIQ_MEMBER_GBDT,
    PIQ_MEMBER_RNN
} piq_member;
enum { PIQ_N_MEMBERS = 3 };
/* "lr", "gbdt", "rnn"; static. */
const char *piq_member_name(piq_member m);

enum { PIQ_MAX_CALIBRATION_KNOTS = 64 };
typedef struct piq_blend {
    double weight[PIQ_N_MEMBERS]; /* 0: the member is left out */
    double bias;
    size_t n_knots; /* 0: no calibration beyond weights and bias */
    /* Logit in, logit out, both strictly ascending; straight between, the end
     * slopes 1 beyond. */
    double knot_in[PIQ_MAX_CALIBRATION_KNOTS];
    double knot_out[PIQ_MAX_CALIBRATION_KNOTS];
} piq_blend;

/* Before and after calibration; members of weight 0 are not read. */
double piq_blend_raw_logit(const piq_blend *b,
                           const double logits[PIQ_N_MEMBERS]);
double piq_blend_calibrate(const piq_blend *b, double raw_logit);
/* P(right), in (0,1). */
double piq_blend_predict(const piq_blend *b,
                         const double logits[PIQ_N_MEMBERS]);
void piq_blend_encode(const piq_blend *b, piq_buf *out);
/* PIQ_ECORRUPT: cut short, a number beyond 1e6, a weight below 0, knots out of
 * order. *out is written on success only. */
PIQ_MUST_USE piq_status piq_blend_decode(piq_reader *in, piq_blend *out,
                                         piq_err *err);

#endif
