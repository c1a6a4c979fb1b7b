/* How many lines a learner has is not said in a file. Both readings are
 * followed until one of them breaks: lists of one learner are equally long and
 * the last is of 0 and 1. The one that goes further is taken, so that a fault
 * far down is told as a fault of what the file was until there. */
#include "train/kt_data_build.h"
#include "train/text_lines.h"

#include <inttypes.h>

enum { WITH_ITEMS = 4, WITHOUT_ITEMS = 3 };

typedef struct reader {
    piq_text_lines at;
    const char *file;
    piq_kt_lines *lines;
    piq_err *err;
} reader;

/* What one learner's lines hold. */
typedef struct learner_lists {
    piq_str list[WITH_ITEMS]; /* without what is allowed at the end */
    uint64_t line[WITH_ITEMS];
    size_t n; /* WITH_ITEMS or WITHOUT_ITEMS */
} learner_lists;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static piq_str trim(piq_str s)
{
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    while (s.len && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    return s;
}

static bool only_blanks_left(const piq_text_lines *s)
{
    for (size_t i = 0; i < s->rest.len; i++)
        if (!is_blank(s->rest.ptr[i]) && s->rest.ptr[i] != '\n')
            return false;
    return true;
}

static piq_str without_end(piq_str line)
{
    line = trim(line);
    while (line.len && line.ptr[line.len - 1] == ',') {
        line.len--;
        line = trim(line);
    }
    return line;
}

static size_t count_fields(piq_str list)
{
    return list.len ? piq_text_count(list, ',') + 1 : 0;
}

/* Some files say 1.0. */
static bool read_right(piq_str field, bool *right)
{
    double v;
    if (!piq_str_to_double(field, &v) || (v != 0.0 && v != 1.0))
        return false;
    *right = v == 1.0;
    return true;
}

static bool all_right_or_wrong(piq_str list)
{
    bool right;
    while (list.len)
        if (!read_right(trim(piq_text_take(&list, ',')), &right))
            return false;
    return true;
}

/* False: the text ends before the learner does. */
static bool next_learner(piq_text_lines *s, size_t n_lines, learner_lists *out)
{
    out->n = n_lines;
    for (size_t i = 0; i < n_lines; i++) {
        if (!piq_text_next_line(s, &out->list[i]))
            return false;
        out->list[i] = without_end(out->list[i]);
        out->line[i] = s->line;
    }
    return true;
}

/* Lines that can be read as learners of so many, from the first. */
static uint64_t good_lines(piq_str text, size_t n_lines)
{
    piq_text_lines s = {.rest = text};
    learner_lists x;
    uint64_t good = 0;
    while (!only_blanks_left(&s) && next_learner(&s, n_lines, &x)) {
        size_t n = count_fields(x.list[n_lines - 1]);
        for (size_t i = 1; i + 1 < n_lines; i++)
            if (count_fields(x.list[i]) != n)
                return good;
        if (x.list[0].len == 0 || !all_right_or_wrong(x.list[n_lines - 1]))
            return good;
        good = s.line;
    }
    return good;
}

static size_t lines_a_learner(piq_str text)
{
    uint64_t with = good_lines(text, WITH_ITEMS);
    uint64_t without = good_lines(text, WITHOUT_ITEMS);
    if (with != without)
        return with > without ? WITH_ITEMS : WITHOUT_ITEMS;
    piq_text_lines s = {.rest = text};
    piq_str line;
    while (!only_blanks_left(&s) && piq_text_next_line(&s, &line))
        continue;
    return s.line % WITH_ITEMS != 0 && s.line % WITHOUT_ITEMS == 0
               ? WITHOUT_ITEMS
               : WITH_ITEMS;
}

static piq_status refuse(const reader *r, uint64_t line, const char *what)
{
    piq_status status = piq_fail(r->err, PIQ_EPARSE, "%s", what);
    piq_err_at(r->err, "%s:%" PRIu64, r->file, line);
    return status;
}

static bool read_number(piq_str *list, int64_t *out)
{
    piq_str field = trim(piq_text_take(list, ','));
    return piq_text_whole(field, 0, PIQ_MAX_FILE_ID, out);
}

static piq_status read_answers(reader *r, learner_lists *x)
{
    bool has_items = x->n == WITH_ITEMS;
    piq_str none = {0};
    piq_str *items = has_items ? &x->list[1] : &none;
    piq_str *skills = &x->list[x->n - 2], *rights = &x->list[x->n - 1];
    while (rights->len) {
        piq_kt_line *k = &r->lines->list[r->lines->n];
        int64_t item = -1;
        if (has_items && !read_number(items, &item))
            return refuse(r, x->line[1],
                          "an item must be a whole number from 0 to 2^53-2");
        if (!read_number(skills, &k->skill))
            return refuse(r, x->line[x->n - 2],
                          "a skill must be a whole number from 0 to 2^53-2");
        if (!read_right(trim(piq_text_take(rights, ',')), &k->right))
            return refuse(r, x->line[x->n - 1], "correct must be 0 or 1");
        k->item = item + 1;
        k->at_us = PIQ_NO_TIME;
        k->joins = false;
        r->lines->n++;
    }
    return PIQ_OK;
}

static piq_status read_learner(reader *r, size_t n_lines, uint8_t part)
{
    learner_lists x;
    piq_kt_lines *l = r->lines;
    if (!next_learner(&r->at, n_lines, &x))
        return refuse(r, r->at.line,
                      n_lines == WITH_ITEMS
                          ? "the file ends within a learner's four lines"
                          : "the file ends within a learner's three lines");
    if (x.list[0].len == 0)
        return refuse(r, x.line[0], "a learner's ids must not be blank");
    size_t n = count_fields(x.list[n_lines - 1]);
    for (size_t i = 1; i + 1 < n_lines; i++)
        if (count_fields(x.list[i]) != n)
            return refuse(r, x.line[i],
                          "a learner's lists must be equally long");
    if (n == 0)
        return PIQ_OK;
    l->part[l->n_learners] = part;
    piq_status status = read_answers(r, &x);
    l->first[++l->n_learners] = l->n;
    return status;
}

static piq_status read_file(const piq_kt_part_file *f, uint8_t part,
                            piq_kt_lines *lines, piq_err *err)
{
    reader r = {
        .at = {.rest = f->text}, .file = f->name, .lines = lines, .err = err};
    size_t n_lines = lines_a_learner(f->text);
    while (!only_blanks_left(&r.at)) {
        piq_status status = read_learner(&r, n_lines, part);
        if (status != PIQ_OK)
            return status;
    }
    return PIQ_OK;
}

/* No fewer than there are answers, learners. */
static size_t most_answers(const piq_kt_part_file *files, unsigned n)
{
    size_t most = 1;
    for (unsigned k = 0; k < n; k++)
        most += piq_text_count(files[k].text, ',') +
                piq_text_count(files[k].text, '\n');
    return most;
}

static piq_status read_files(const piq_kt_part_file *files, piq_kt_lines *lines,
                             piq_err *err)
{
    for (unsigned k = 0; k < lines->n_parts; k++) {
        piq_status status = read_file(&files[k], (uint8_t)k, lines, err);
        if (status != PIQ_OK)
            return status;
    }
    if (lines->n == 0)
        return piq_fail(err, PIQ_EPARSE, "the files hold no answers");
    return PIQ_OK;
}

piq_status piq_kt_data_akt(const piq_kt_part_file *files, unsigned n_files,
                           bool items, piq_kt_data *out, piq_err *err)
{
    if (n_files > UINT8_MAX)
        return piq_fail(err, PIQ_ELIMIT, "%u files, %d are allowed", n_files,
                        UINT8_MAX);
    size_t most = most_answers(files, n_files);
    piq_arena a;
    piq_arena_init(&a, piq_kt_data_room(most));
    piq_kt_lines lines = {
        .list = piq_new(&a, piq_kt_line, most),
        .first = piq_new(&a, size_t, most + 1),
        .part = piq_new(&a, uint8_t, most),
        .n_parts = n_files,
        .items = items,
    };
    piq_status status;
    if (!lines.list || !lines.first || !lines.part)
        status = piq_fail(err, PIQ_ENOMEM, "no memory for the answers");
    else
        status = read_files(files, &lines, err);
    if (status == PIQ_OK)
        status = piq_kt_data_build(&lines, out, err);
    piq_arena_release(&a);
    return status;
}
