/* kt_options.c - see kt_options.h. */
#include "cli/kt_options.h"

#include "base/clock.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PART_BYTES = 2000000000, MAX_PARTS = 20, MAX_PATH = 4096 };
static const int64_t SHOW_EVERY_NS = 100000000;

/* ---- data ------------------------------------------------------------- */

typedef struct part_files {
    char *bytes[MAX_PARTS];
    char names[MAX_PARTS][16];
    piq_kt_part_file list[MAX_PARTS];
    unsigned n;
} part_files;

static void release_parts(part_files *f)
{
    for (unsigned i = 0; i < f->n; i++)
        free(f->bytes[i]);
}

static piq_status read_parts(const char *dir, part_files *f, piq_err *err)
{
    char path[MAX_PATH];
    for (f->n = 0; f->n < MAX_PARTS; f->n++) {
        size_t len;
        snprintf(f->names[f->n], sizeof f->names[0], "part%u.csv", f->n + 1);
        if (snprintf(path, sizeof path, "%s/%s", dir, f->names[f->n]) >=
            MAX_PATH)
            return piq_fail(err, PIQ_ELIMIT, "the path %.80s.. is too long",
                            dir);
        if (f->n > 0 && !piq_file_exists(path))
            break;
        piq_status status =
            piq_read_file(path, MAX_PART_BYTES, &f->bytes[f->n], &len, err);
        if (status)
            return status;
        f->list[f->n] =
            (piq_kt_part_file){{f->bytes[f->n], len}, f->names[f->n]};
    }
    return PIQ_OK;
}

static piq_status open_akt(const char *dir, bool items, piq_kt_data *out,
                           piq_err *err)
{
    part_files f = {0};
    piq_status status = read_parts(dir, &f, err);
    if (status == PIQ_OK)
        status = piq_kt_data_akt(f.list, f.n, items, out, err);
    release_parts(&f);
    return status;
}

static piq_status open_tsv(const char *path, unsigned parts, bool items,
                           piq_kt_data *out, piq_err *err)
{
    char *bytes = NULL;
    size_t len;
    piq_status status = piq_read_file(path, MAX_PART_BYTES, &bytes, &len, err);
    if (status == PIQ_OK)
        status = piq_kt_data_tsv((piq_str){bytes, len}, parts, items, out, err);
    free(bytes);
    return status;
}

/* The last part of a path, without slashes behind it. */
static void name_after(const char *path, char *out, size_t size)
{
    size_t end = strlen(path), start;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    snprintf(out, size, "%.*s", (int)(end - start), path + start);
}

piq_status piq_kt_open_data(const char *format, const char *path,
                            unsigned parts, bool items, size_t history_rows,
                            piq_kt_data *out, piq_err *err)
{
    piq_kt_data whole;
    bool akt = strcmp(format, "akt") == 0;
    piq_status status = akt ? open_akt(path, items, &whole, err)
                            : open_tsv(path, parts, items, &whole, err);
    if (status)
        return status;
    name_after(path, whole.name, sizeof whole.name);
    if (!history_rows) {
        *out = whole;
        return PIQ_OK;
    }
    status = piq_kt_data_cut(&whole, history_rows, out, err);
    piq_kt_data_release(&whole);
    return status;
}

bool piq_kt_parse_members(const char *text, bool members[PIQ_N_MEMBERS])
{
    bool any = false;
    memset(members, 0, PIQ_N_MEMBERS * sizeof *members);
    while (*text) {
        size_t len = strcspn(text, ",");
        int found = -1;
        for (int k = 0; k < PIQ_N_MEMBERS; k++) {
            const char *name = piq_member_name((piq_member)k);
            if (strlen(name) == len && strncmp(name, text, len) == 0)
                found = k;
        }
        if (found < 0)
            return false;
        members[found] = any = true;
        text += len + (text[len] == ',');
    }
    return any;
}

/* ---- Ctrl-C ----------------------------------------------------------- */

/* A signal handler has nothing else to write to. */
static volatile sig_atomic_t stop_asked;

static void on_interrupt(int signal_number)
{
    stop_asked = 1;
    signal(signal_number, SIG_DFL);
}

void piq_fit_catch_stop(void)
{
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
}

bool piq_fit_was_stopped(void)
{
    return stop_asked != 0;
}

/* ---- the line --------------------------------------------------------- */

static void show_round(piq_fit_meter *m, const piq_fit_round *r, int64_t now_ns)
{
    char losses[96] = "", left[32] = "";
    size_t done = r->round - m->first_round;
    int len = 0;
    if (!isnan(r->train_loss))
        len += snprintf(losses, sizeof losses, "  loss %.4f", r->train_loss);
    if (!isnan(r->valid_loss))
        len += snprintf(losses + len, sizeof losses - (size_t)len,
                        "  valid %.4f", r->valid_loss);
    if (!isnan(r->valid_auc))
        snprintf(losses + len, sizeof losses - (size_t)len, "  AUC %.4f",
                 r->valid_auc);
    if (done > 0 && r->n_rounds > r->round)
        snprintf(left, sizeof left, "  %.0f s left",
                 (double)(now_ns - m->member_ns) / 1e9 / (double)done *
                     (double)(r->n_rounds - r->round));
    fprintf(stderr, "%s%s%s%-4s %4zu/%-4zu%s%s%s",
            m->terminal ? "\r\033[K" : "", m->title, m->title[0] ? "  " : "",
            r->member, r->round, r->n_rounds, losses, left,
            m->terminal ? "" : "\n");
    fflush(stderr);
    m->on_line = m->terminal;
}

static bool on_round(void *ctx, const piq_fit_round *r)
{
    piq_fit_meter *m = ctx;
    int64_t now_ns = piq_clock_monotonic_ns();
    if (strcmp(m->member, r->member) != 0) {
        snprintf(m->member, sizeof m->member, "%s", r->member);
        m->member_ns = now_ns;
        m->first_round = r->round;
    }
    bool last = r->round == r->n_rounds;
    bool due = m->terminal ? now_ns - m->shown_ns >= SHOW_EVERY_NS
                           : now_ns - m->shown_ns >= 100 * SHOW_EVERY_NS;
    if (!m->quiet && (due || last)) {
        m->shown_ns = now_ns;
        show_round(m, r, now_ns);
    }
    return !piq_fit_was_stopped();
}

void piq_fit_meter_begin(piq_fit_meter *m, const char *title, bool quiet)
{
    *m = (piq_fit_meter){.quiet = quiet,
                         .terminal = isatty(STDERR_FILENO) == 1,
                         .shown_ns = piq_clock_monotonic_ns()};
    m->watch = (piq_fit_watch){on_round, m};
    snprintf(m->title, sizeof m->title, "%s", title);
}

void piq_fit_meter_end(piq_fit_meter *m)
{
    if (m->on_line)
        fprintf(stderr, "\n");
    m->on_line = false;
}
