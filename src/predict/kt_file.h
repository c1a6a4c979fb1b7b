/* kt_file.h - the frame of a model file: who wrote it, is it whole, is it of
 * our schema. Private to kt_model.c; layout in kt_model.h.
 */
#ifndef PIQ_PREDICT_KT_FILE_H
#define PIQ_PREDICT_KT_FILE_H

#include "base/buf.h"
#include "base/status.h"
#include "predict/kt_model.h"

/* Head, schema and about. Returns where in `out` the file begins. */
size_t piq_kt_file_begin(piq_buf *out, const piq_kt_about *about);
/* A section's name and room for its length; returns where that is. */
size_t piq_kt_file_section_begin(piq_buf *out, const char *name);
void piq_kt_file_section_end(piq_buf *out, size_t length_at);
/* The length of the whole, and the hash. */
void piq_kt_file_end(piq_buf *out, size_t file_at);

/* Refuses what is not whole, ours, and of this schema; then *in reads the
 * first section and ends where the hash begins. Statuses of
 * piq_kt_model_decode. */
PIQ_MUST_USE piq_status piq_kt_file_open(piq_str bytes, piq_reader *in,
                                         piq_kt_about *about, piq_err *err);
/* The next section, which must be `name`; *body reads it alone. */
PIQ_MUST_USE piq_status piq_kt_file_section(piq_reader *in, const char *name,
                                            piq_reader *body, piq_err *err);

#endif
