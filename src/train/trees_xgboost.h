/* trees_xgboost.h - libxgboost, opened at run time, and its models as ours.
 *
 * Private to trees_fit.c. XGBoost 1.7 (Debian libxgboost0); its C interface:
 * xgboost/c_api.h, its model format: the JSON schema of its documentation.
 */
#ifndef PIQ_TRAIN_TREES_XGBOOST_H
#define PIQ_TRAIN_TREES_XGBOOST_H

#include "base/status.h"
#include "base/str.h"
#include "predict/trees.h"

#include <xgboost/c_api.h>

/* What is used of it: X(NAME in XGBoost). */
#define PIQ_XGBOOST_CALLS(X)                                                   \
    X(XGBGetLastError)                                                         \
    X(XGBRegisterLogCallback)                                                  \
    X(XGBSetGlobalConfig)                                                      \
    X(XGDMatrixFree)                                                           \
    X(XGDMatrixSetDenseInfo)                                                   \
    X(XGProxyDMatrixCreate)                                                    \
    X(XGProxyDMatrixSetDataDense)                                              \
    X(XGQuantileDMatrixCreateFromCallback)                                     \
    X(XGBoosterCreate)                                                         \
    X(XGBoosterFree)                                                           \
    X(XGBoosterSetParam)                                                       \
    X(XGBoosterUpdateOneIter)                                                  \
    X(XGBoosterPredictFromDMatrix)                                             \
    X(XGBoosterSlice)                                                          \
    X(XGBoosterSaveModelToBuffer)

typedef struct piq_xgboost {
#define PIQ_XGBOOST_MEMBER(call) __typeof__(&call) call;
    PIQ_XGBOOST_CALLS(PIQ_XGBOOST_MEMBER)
#undef PIQ_XGBOOST_MEMBER
    void *library;
} piq_xgboost;

/* Opens it and silences it. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_xgboost_open(piq_xgboost *out, piq_err *err);
void piq_xgboost_close(piq_xgboost *x);

/* PIQ_EINTERNAL with its last message. */
piq_status piq_xgboost_fail(const piq_xgboost *x, const char *what,
                            piq_err *err);

/* Trees that grow one by one. Starts as zeros but for t.n_features. */
typedef struct piq_trees_growing {
    piq_trees t;
    size_t cap_nodes, cap_trees;
} piq_trees_growing;

/* Adds the trees of a model as XGBoost saves it in JSON; the base logit
 * becomes the model's. Splits and leaves keep every bit. PIQ_EINTERNAL: not
 * what is expected, PIQ_ENOMEM: *g is as it was. */
PIQ_MUST_USE piq_status piq_xgboost_add_trees(piq_str json,
                                              piq_trees_growing *g,
                                              piq_err *err);

#endif
