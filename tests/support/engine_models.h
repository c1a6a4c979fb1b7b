/* engine_models.h - trained models for an engine under test: made up, stored,
 * promoted. What fails unexpectedly fails the test. */
#ifndef PIQ_TESTS_ENGINE_MODELS_H
#define PIQ_TESTS_ENGINE_MODELS_H

#include "engine/engine.h"

/* The bytes of a random model (random_kt_model.h: small, every member) that
 * knows the items of the catalogue in force. free() out.ptr. */
piq_str engine_model_bytes(piq_engine *e, uint64_t seed);

/* Stores bytes as a challenger; its version. */
uint32_t engine_put_model(piq_store *s, piq_str bytes);
void engine_promote(piq_store *s, uint32_t version);
/* Both, of a random one. */
uint32_t engine_promote_random(piq_engine *e, uint64_t seed);
/* The version that is champion now; 0: none. */
uint32_t engine_roll_back(piq_store *s);

/* Has the champion adopted now, not in a second. */
void engine_adopt(piq_engine *e);
/* Version of the model in force; 0: none. */
uint32_t engine_model_in_force(piq_engine *e);

#endif
