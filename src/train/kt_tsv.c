#include "train/kt_tsv.h"

#include "base/calendar.h"
#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "train/text_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const double MAX_SECONDS = 253402300799.0; /* end of the year 9999 */

/* kt-pid has no times: these are made up. */
enum { PID_SPACING_S = 40, PID_ANSWERS_A_DAY = 30, PID_START_DAYS = 50 };

static piq_status refuse(const piq_text_lines *s, piq_err *err,
                         const char *what)
{
    piq_status status = piq_fail(err, PIQ_EPARSE, "%s", what);
    piq_err_at(err, "line %" PRIu64, s->line);
    return status;
}

/* --- kt-tsv --------------------------------------------------------------- */

/* NULL when the line is in order, else what is wrong with it. */
static const char *read_row(piq_str line, piq_kt_row *row)
{
    double seconds;
    int64_t correct;
    if (piq_text_count(line, '\t') != 4)
        return "must have five fields with tabs between them: user_id item_id "
               "timestamp correct skill_id";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 1, INT64_MAX,
                        &row->user_id))
        return "user_id must be a whole number from 1 to 2^63-1";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 0, PIQ_MAX_FILE_ID,
                        &row->item_id))
        return "item_id must be a whole number from 0 to 2^53-2";
    if (!piq_str_to_double(piq_text_take(&line, '\t'), &seconds) ||
        !(seconds >= 0.0 && seconds <= MAX_SECONDS))
        return "timestamp must be seconds, from 0 to the end of the year 9999";
    if (!piq_text_whole(piq_text_take(&line, '\t'), 0, 1, &correct))
        return "correct must be 0 or 1";
    if (!piq_text_whole(line, 0, PIQ_MAX_FILE_ID, &row->skill_id))
        return "skill_id must be a whole number from 0 to 2^53-2";
    row->item_id++;
    row->at_us = (int64_t)(seconds * 1e6 + 0.5);
    row->correct = correct == 1;
    return NULL;
}

piq_status piq_kt_read_tsv(piq_arena *a, piq_str text, piq_kt_rows *out,
                           piq_err *err)
{
    static const char header[] =
        "user_id\titem_id\ttimestamp\tcorrect\tskill_id";
    piq_text_lines s = {.rest = text};
    piq_str line;
    if (!piq_text_next_line(&s, &line) ||
        !piq_str_eq(line, piq_str_of(header))) {
        s.line = 1;
        return refuse(&s, err,
                      "the first line must be user_id item_id timestamp "
                      "correct skill_id, with tabs between them");
    }
    piq_kt_rows rows = {
        piq_new(a, piq_kt_row, piq_text_count(s.rest, '\n') + 1), 0};
    if (!rows.list)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    while (piq_text_next_line(&s, &line)) {
        if (line.len == 0 && s.rest.len == 0)
            break;
        const char *wrong = read_row(line, &rows.list[rows.n]);
        if (wrong)
            return refuse(&s, err, wrong);
        rows.n++;
    }
    *out = rows;
    return PIQ_OK;
}

/* --- kt-pid --------------------------------------------------------------- */

static piq_status read_pid_learner(const piq_text_lines *s,
                                   const piq_str lines[4], int64_t user_id,
                                   piq_kt_rows *rows, piq_err *err)
{
    piq_str items = lines[1], skills = lines[2], correct = lines[3];
    size_t n = piq_text_count(items, ',');
    if (piq_text_count(skills, ',') != n || piq_text_count(correct, ',') != n)
        return refuse(s, err, "items, skills and correct differ in number");
    int64_t start_day = user_id * 37 % PID_START_DAYS;
    for (size_t i = 0; items.len; i++) {
        int64_t item, skill, right;
        if (!piq_text_whole(piq_text_take(&items, ','), 0, PIQ_MAX_FILE_ID,
                            &item) ||
            !piq_text_whole(piq_text_take(&skills, ','), 0, PIQ_MAX_FILE_ID,
                            &skill) ||
            !piq_text_whole(piq_text_take(&correct, ','), 0, 1, &right))
            return refuse(s, err,
                          "an item or skill is no whole number from 0, or "
                          "correct is neither 0 nor 1");
        int64_t day = start_day + (int64_t)(i / PID_ANSWERS_A_DAY);
        int64_t second = (int64_t)(i % PID_ANSWERS_A_DAY) * PID_SPACING_S;
        rows->list[rows->n++] = (piq_kt_row){
            .user_id = user_id,
            .item_id = item + 1,
            .skill_id = skill,
            .at_us = day * PIQ_US_PER_DAY + second * PIQ_US_PER_SECOND,
            .correct = right == 1,
        };
    }
    return PIQ_OK;
}

piq_status piq_kt_read_pid(piq_arena *a, piq_str text, int64_t first_user,
                           piq_kt_rows *out, piq_err *err)
{
    /* Every answer has a comma before it or starts its line, on three lines;
     * so this is room enough. */
    size_t most = piq_text_count(text, ',') + piq_text_count(text, '\n') + 1;
    piq_kt_rows rows = {piq_new(a, piq_kt_row, most), 0};
    if (!rows.list)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    piq_text_lines s = {.rest = text};
    piq_str lines[4];
    for (int64_t user = first_user; piq_text_next_line(&s, &lines[0]); user++) {
        if (lines[0].len == 0 && s.rest.len == 0)
            break;
        for (size_t i = 1; i < 4; i++) {
            if (!piq_text_next_line(&s, &lines[i]))
                return refuse(&s, err, "a learner has four lines");
        }
        piq_status status = read_pid_learner(&s, lines, user, &rows, err);
        if (status != PIQ_OK)
            return status;
    }
    *out = rows;
    return PIQ_OK;
}

/* --- a curriculum for them ------------------------------------------------ */

typedef struct item_skill {
    int64_t item, skill;
} item_skill;

static int by_item_skill(const void *a, const void *b)
{
    const item_skill *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return (x->skill > y->skill) - (x->skill < y->skill);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

size_t piq_kt_concept_id(int64_t skill_id, char out[32])
{
    return (size_t)snprintf(out, 32, "skill.%" PRId64, skill_id);
}

static void write_area(piq_json_writer *w)
{
    piq_json_key(w, "areas");
    piq_json_array(w);
    piq_json_object(w);
    piq_json_put_z(w, "id", "all");
    piq_json_put_z(w, "name", "All skills");
    piq_json_put_z(w, "summary", "");
    piq_json_object_end(w);
    piq_json_array_end(w);
}

static void write_concepts(piq_json_writer *w, const int64_t *skills, size_t n)
{
    char id[32], name[48];
    piq_json_key(w, "concepts");
    piq_json_array(w);
    for (size_t i = 0; i < n; i++) {
        piq_kt_concept_id(skills[i], id);
        snprintf(name, sizeof name, "Skill %" PRId64, skills[i]);
        piq_json_object(w);
        piq_json_put_z(w, "id", id);
        piq_json_put_z(w, "area", "all");
        piq_json_put_z(w, "level", "intermediate");
        piq_json_put_z(w, "name", name);
        piq_json_put_z(w, "can_do", "");
        piq_json_put_double(w, "difficulty", 0.5);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_drills(piq_json_writer *w, const int64_t *skills, size_t n)
{
    char id[32], title[48];
    piq_json_key(w, "contents");
    piq_json_array(w);
    for (size_t i = 0; i < n; i++) {
        piq_kt_concept_id(skills[i], id);
        snprintf(title, sizeof title, "Drill on skill %" PRId64, skills[i]);
        piq_json_object(w);
        piq_json_put_int(w, "id", skills[i] + 1);
        piq_json_put_z(w, "type", "lesson");
        piq_json_put_z(w, "title", title);
        piq_json_key(w, "concepts");
        piq_json_object(w);
        piq_json_put_double(w, id, 1.0);
        piq_json_object_end(w);
        piq_json_put_double(w, "difficulty", 0.5);
        piq_json_put_double(w, "minutes", 10.0);
        piq_json_put_z(w, "modality", "interactive");
        piq_json_put_bool(w, "practice", true);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

/* `pairs`: one item, its skills each once. */
static void write_item(piq_json_writer *w, const item_skill *pairs, size_t n)
{
    char id[32], title[48];
    snprintf(title, sizeof title, "Item %" PRId64, pairs[0].item);
    piq_json_object(w);
    piq_json_put_int(w, "id", pairs[0].item);
    piq_json_put_int(w, "content", pairs[0].skill + 1);
    piq_json_put_z(w, "title", title);
    piq_json_key(w, "concepts");
    piq_json_object(w);
    for (size_t i = 0; i < n; i++) {
        piq_kt_concept_id(pairs[i].skill, id);
        piq_json_put_double(w, id, 1.0 / (double)n);
    }
    piq_json_object_end(w);
    piq_json_put_double(w, "difficulty", 0.5);
    piq_json_object_end(w);
}

static piq_status write_items(piq_json_writer *w, const item_skill *pairs,
                              size_t n, piq_err *err)
{
    size_t n_items = 0;
    piq_json_key(w, "items");
    piq_json_array(w);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && pairs[end].item == pairs[i].item;)
            end++;
        if (end - i > PIQ_MAX_ITEM_CONCEPTS)
            return piq_fail(err, PIQ_ELIMIT,
                            "item %" PRId64 " has %zu skills, %d are allowed",
                            pairs[i].item, end - i, PIQ_MAX_ITEM_CONCEPTS);
        if (++n_items > PIQ_MAX_ITEMS)
            return piq_fail(err, PIQ_ELIMIT, "more than %d items",
                            PIQ_MAX_ITEMS);
        write_item(w, pairs + i, end - i);
    }
    piq_json_array_end(w);
    return PIQ_OK;
}

/* Sorts and drops repeats; returns how many are left. */
static size_t distinct_pairs(item_skill *pairs, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(pairs, n, sizeof *pairs, by_item_skill);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || by_item_skill(&pairs[kept - 1], &pairs[i]) != 0)
            pairs[kept++] = pairs[i];
    }
    return kept;
}

static size_t distinct_numbers(int64_t *list, size_t n)
{
    size_t kept = 0;
    if (n > 1)
        qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    }
    return kept;
}

piq_status piq_kt_write_curriculum(piq_arena *a, const piq_kt_rows *rows,
                                   piq_buf *out, piq_err *err)
{
    item_skill *pairs = piq_new(a, item_skill, rows->n);
    int64_t *skills = piq_new(a, int64_t, rows->n);
    if (!pairs || !skills)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a curriculum");
    for (size_t i = 0; i < rows->n; i++)
        pairs[i] = (item_skill){rows->list[i].item_id, rows->list[i].skill_id};
    size_t n_pairs = distinct_pairs(pairs, rows->n);
    for (size_t i = 0; i < n_pairs; i++)
        skills[i] = pairs[i].skill;
    size_t n_skills = distinct_numbers(skills, n_pairs);
    if (n_skills > PIQ_MAX_CONCEPTS)
        return piq_fail(err, PIQ_ELIMIT, "%zu skills, %d are allowed", n_skills,
                        PIQ_MAX_CONCEPTS);

    piq_json_writer w;
    piq_json_init(&w, out);
    piq_json_object(&w);
    piq_json_put_z(&w, "subject", "Imported answers");
    piq_json_put_double(&w, "new_learner_ability", 0.5);
    write_area(&w);
    write_concepts(&w, skills, n_skills);
    piq_json_key(&w, "characters");
    piq_json_array(&w);
    piq_json_array_end(&w);
    write_drills(&w, skills, n_skills);
    piq_status status = write_items(&w, pairs, n_pairs, err);
    if (status != PIQ_OK)
        return status;
    piq_json_object_end(&w);
    if (out->status != PIQ_OK)
        return piq_fail(err, out->status, "no memory for a curriculum");
    return PIQ_OK;
}
