/* fuzz_csv.c - files of answers, ratings and logs made of anything.
 *
 *     fuzz_csv [ROUNDS [SEED]]         PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * The first byte of an input says which reader the rest is for:
 *     t  tab-separated answers;        m  ratings with times
 *        their line of names is put
 *        before them; T: as it is
 *     p  four lines a learner          g  ratings as labels
 *     a  the same, as folds            l  lists; "%" parts training and test
 *     o  ratings and, after "%",       b  a bandit's log and, after "%", a
 *        items, as rounds of a game       policy
 * Laws, at every input: a refusal says what and where; what is read is in the
 * ranges that the header promises; answers make a curriculum without findings.
 */
#include "train/kt_data.h"
#include "train/kt_tsv.h"
#include "train/obd.h"
#include "train/online_data.h"
#include "train/taste_data.h"

#include "support/fuzz_driver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Whether it was read. */
static bool judged(piq_status status, const piq_err *err)
{
    if (status == PIQ_OK)
        return true;
    fuzz_law(status == PIQ_EPARSE || status == PIQ_ELIMIT ||
                 status == PIQ_EINVAL || status == PIQ_ENOMEM,
             "the status of a refusal");
    fuzz_law(status == PIQ_ENOMEM || err->message[0], "a refusal says why");
    /* In the message, where a file lacks something as a whole, and of logs
     * and policies always. */
    fuzz_law(status != PIQ_EPARSE || err->where[0] ||
                 strstr(err->message, " no") ||
                 strstr(err->message, "nobody") ||
                 strstr(err->message, "line ") || strchr(err->message, ':'),
             "a refusal says where");
    return false;
}

/* ---- answers --------------------------------------------------------------
 */

static void check_curriculum(piq_arena *a, const piq_kt_rows *rows)
{
    piq_buf b;
    piq_err err = {0};
    piq_catalogue *c = NULL;
    piq_findings findings = {0};
    piq_buf_init(&b, 0);
    if (judged(piq_kt_write_curriculum(a, rows, &b, &err), &err) &&
        rows->n > 0) {
        piq_status status = piq_catalogue_read(a, (piq_str){b.ptr, b.len}, NULL,
                                               &c, &findings, NULL, NULL);
        fuzz_law(status == PIQ_OK || status == PIQ_ENOMEM,
                 "answers make a curriculum without findings");
        piq_catalogue_free(c);
    }
    piq_buf_release(&b);
}

static void check_rows(piq_arena *a, const piq_kt_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++) {
        const piq_kt_row *r = &rows->list[i];
        fuzz_law(r->user_id > 0 && r->item_id > 0 && r->skill_id >= 0 &&
                     r->at_us >= 0,
                 "a row in its ranges");
    }
    check_curriculum(a, rows);
}

static void check_data(piq_kt_data *d)
{
    fuzz_law(d->first[0] == 0 && d->first[d->n_learners] == d->n_answers,
             "learners hold all answers");
    for (size_t i = 0; i < d->n_answers; i++) {
        const piq_kt_answer *k = &d->answers[i];
        fuzz_law(k->task < d->n_tasks && k->score >= 0 && k->score <= 1,
                 "an answer in its ranges");
        piq_ask ask = piq_kt_data_ask(d, k);
        fuzz_law(ask.n_concepts >= 1, "an answer asks something");
    }
    piq_kt_data cut;
    if (piq_kt_data_cut(d, 3, &cut, NULL) == PIQ_OK) {
        fuzz_law(cut.n_answers == d->n_answers, "cutting loses nothing");
        piq_kt_data_release(&cut);
    }
    piq_kt_data_release(d);
}

static void try_tsv(piq_arena *a, piq_str text)
{
    piq_kt_rows rows;
    piq_kt_data data;
    piq_err err = {0};
    bool read = judged(piq_kt_read_tsv(a, text, &rows, &err), &err);
    if (read)
        check_rows(a, &rows);
    for (int items = 0; items < 2; items++)
        if (judged(piq_kt_data_tsv(text, 3, items, &data, &err), &err)) {
            fuzz_law(read, "both readers read the same files");
            check_data(&data);
        }
}

/* The names that the reader asks for, then the rest of the input. */
static void try_named_tsv(piq_arena *a, piq_str rows)
{
    const piq_str names =
        PIQ_STR("user_id\titem_id\ttimestamp\tcorrect\tskill_id\n");
    char *text = fuzz_joined(names, rows);
    try_tsv(a, (piq_str){text, names.len + rows.len});
    free(text);
}

static void try_pid(piq_arena *a, piq_str text)
{
    piq_kt_rows rows;
    piq_err err = {0};
    if (judged(piq_kt_read_pid(a, text, 5, &rows, &err), &err))
        check_rows(a, &rows);
}

static void try_akt(piq_str text)
{
    const piq_kt_part_file files[] = {{text, "a.csv"}, {text, "b.csv"}};
    piq_kt_data data;
    piq_err err = {0};
    for (unsigned n = 1; n <= 2; n++)
        if (judged(piq_kt_data_akt(files, n, n == 1, &data, &err), &err))
            check_data(&data);
}

/* ---- ratings and logs -----------------------------------------------------
 */

static void check_taste(piq_taste_data *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const piq_taste_row *r = &d->rows[i];
        fuzz_law(r->learner < d->n_learners && r->item < d->n_items &&
                     isfinite(r->weight),
                 "a rating in its ranges");
    }
    if (d->given)
        return;
    piq_taste_split_p1(d);
    piq_taste_split_p2(d);
    piq_taste_split_cold(d, 2);
}

static void try_online(piq_arena *a, piq_str ratings, piq_str items)
{
    piq_online_data d;
    piq_err err = {0};
    if (!judged(piq_online_read(a, ratings, items, &d, &err), &err))
        return;
    for (size_t i = 0; i < d.n; i++) {
        fuzz_law(i == 0 || d.slates[i - 1].at_s <= d.slates[i].at_s,
                 "rounds in time order");
        fuzz_law(d.slates[i].user < d.n_users, "a learner");
        for (int k = 0; k < PIQ_ONLINE_SLATE; k++)
            fuzz_law(d.slates[i].item[k] < d.n_items, "an item");
    }
}

static void try_taste(piq_arena *a, char kind, piq_str text, piq_str more)
{
    piq_taste_data d;
    piq_err err = {0};
    piq_status status;
    if (kind == 'm')
        status = piq_taste_read_ml(a, text, &d, &err);
    else if (kind == 'g')
        status = piq_taste_read_kgan(a, text, &d, &err);
    else
        status = piq_taste_read_lists(a, text, more, &d, &err);
    if (judged(status, &err))
        check_taste(&d);
}

static void try_obd(piq_arena *a, piq_str csv, piq_str policy)
{
    piq_obd d;
    piq_err err = {0};
    if (!judged(piq_obd_read(a, csv, policy, &d, &err), &err))
        return;
    fuzz_law(d.n_items <= PIQ_OBD_MAX_ITEMS &&
                 d.n_positions <= PIQ_OBD_MAX_POSITIONS,
             "limits of a log");
}

static void try_one(piq_arena *a, char kind, piq_str text)
{
    const char *mark = text.len ? memchr(text.ptr, '%', text.len) : NULL;
    size_t first = mark ? (size_t)(mark - text.ptr) : text.len;
    piq_str one = {text.ptr, first}, two = {0};
    if (mark)
        two = (piq_str){mark + 1, text.len - first - 1};
    if (kind == 't')
        try_named_tsv(a, text);
    else if (kind == 'T')
        try_tsv(a, text);
    else if (kind == 'p')
        try_pid(a, text);
    else if (kind == 'a')
        try_akt(text);
    else if (kind == 'o')
        try_online(a, one, two);
    else if (kind == 'b')
        try_obd(a, one, two);
    else if (kind == 'm' || kind == 'g' || kind == 'l')
        try_taste(a, kind, one, two);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_arena a;
    if (len < 1)
        return 0;
    piq_arena_init(&a, ARENA_BYTES);
    try_one(&a, (char)bytes[0], (piq_str){(const char *)bytes + 1, len - 1});
    piq_arena_release(&a);
    return 0;
}

#ifndef PIQ_LIBFUZZER
int main(int argc, char **argv)
{
    const fuzz_plan plan = {
        .name = "csv", .one = LLVMFuzzerTestOneInput, .rounds = 20000};
    return fuzz_drive(&plan, argc, argv);
}
#endif
