/* kt_about_json.h - a model's `about` as JSON, for the registry and its lists.
 *
 *     {"schema":1,"data":"school","made_at":"2026-..","from":"..","until":"..",
 *      "answers":325637,"learners":4151,"seed":"1",
 *      "validation":{"answers":61000,"auc":.84,"logloss":.44,"ece":.006},
 *      "members":{"lr":{"auc":.81,"weight":.1},"gbdt":..}}
 *
 * What is not known is null; members that take no part are left out. Pure.
 */
#ifndef PIQ_PREDICT_KT_ABOUT_JSON_H
#define PIQ_PREDICT_KT_ABOUT_JSON_H

#include "predict/kt_model.h"

/* Appends one object; out->status tells of a failure. */
void piq_kt_about_json(const piq_kt_model *m, piq_buf *out);

#endif
