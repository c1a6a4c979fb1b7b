/* show.c - progress bars and tables. */
#include "base/clock.h"
#include "cli/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, MAX_COLUMNS = 12, MAX_CELL = 160 };
static const int64_t SHOW_EVERY_NS = 100000000;

/* ---- progress -------------------------------------------------------- */

void piq_meter_begin(piq_meter *p, const char *what, uint64_t of)
{
    *p = (piq_meter){.what = what,
                     .of = of ? of : 1,
                     .start_ns = piq_clock_monotonic_ns(),
                     .terminal = isatty(STDERR_FILENO) == 1};
}

static void show(const piq_meter *p, uint64_t done, int64_t now_ns)
{
    double seconds = (double)(now_ns - p->start_ns) / 1e9;
    uint64_t filled = done >= p->of ? BAR_WIDTH : done * BAR_WIDTH / p->of;
    char bar[BAR_WIDTH + 1];
    for (uint64_t i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "%s%-28s [%s] %llu/%llu  %.1f s%s", p->terminal ? "\r" : "",
            p->what, bar, (unsigned long long)done, (unsigned long long)p->of,
            seconds, p->terminal && done < p->of ? "" : "\n");
    fflush(stderr);
}

void piq_meter_at(piq_meter *p, uint64_t done)
{
    if (!p->terminal)
        return;
    int64_t now_ns = piq_clock_monotonic_ns();
    if (now_ns - p->shown_ns < SHOW_EVERY_NS || done >= p->of)
        return;
    p->shown_ns = now_ns;
    show(p, done, now_ns);
}

void piq_meter_end(piq_meter *p, uint64_t done)
{
    p->of = done ? done : 1;
    show(p, done, piq_clock_monotonic_ns());
}

/* ---- tables ---------------------------------------------------------- */

struct piq_text_table {
    size_t n_columns, n_cells, cap_cells;
    char **cells; /* heads first; NULL: no memory */
};

piq_text_table *piq_text_table_new(const char *const *heads, size_t n_columns)
{
    PIQ_ASSERT(n_columns <= MAX_COLUMNS);
    piq_text_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->n_columns = n_columns;
    for (size_t i = 0; i < n_columns; i++)
        piq_text_table_cell(t, "%s", heads[i]);
    return t;
}

void piq_text_table_cell(piq_text_table *t, const char *fmt, ...)
{
    char text[MAX_CELL];
    va_list ap;
    if (!t)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (t->n_cells == t->cap_cells) {
        size_t cap = t->cap_cells ? t->cap_cells * 2 : 64;
        char **cells = realloc(t->cells, cap * sizeof *cells);
        if (!cells)
            return;
        t->cells = cells;
        t->cap_cells = cap;
    }
    t->cells[t->n_cells++] = strdup(text);
}

/* Columns on a screen, not bytes: UTF-8 continuation bytes do not count. */
static int width_of(const char *text)
{
    int n = 0;
    for (; text && *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

void piq_text_table_print(piq_text_table *t)
{
    int widest[MAX_COLUMNS] = {0};
    if (!t)
        return;
    for (size_t i = 0; i < t->n_cells; i++) {
        int w = width_of(t->cells[i]);
        if (w > widest[i % t->n_columns])
            widest[i % t->n_columns] = w;
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t column = i % t->n_columns;
        bool last = column + 1 == t->n_columns;
        fputs(t->cells[i] ? t->cells[i] : "", stdout);
        if (last)
            putchar('\n');
        else
            printf("%*s", widest[column] - width_of(t->cells[i]) + 2, "");
        free(t->cells[i]);
    }
    free(t->cells);
    free(t);
}
