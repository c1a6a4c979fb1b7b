#include "support/catalogue_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char catalogue_document[] =
    "{\n"                              /* 1 */
    " \"subject\": \"Music\",\n"       /* 2 */
    " \"new_learner_ability\": 0.3,\n" /* 3 */
    " \"areas\": [\n"                  /* 4 */
    "  {\"id\": \"rhythm\", \"name\": \"Rhythm\", \"summary\": \"\"},\n"
    "  {\"id\": \"pitch\", \"name\": \"Pitch\", \"summary\": \"Notes\"}\n"
    " ],\n"              /* 7 */
    " \"concepts\": [\n" /* 8 */
    "  {\"id\": \"pulse\", \"area\": \"rhythm\", \"level\": \"beginner\",\n"
    "   \"name\": \"Pulse\", \"can_do\": \"Keeps time\"},\n" /* 10 */
    "  {\"id\": \"values\", \"area\": \"rhythm\", \"level\": \"beginner\",\n"
    "   \"name\": \"Values\", \"can_do\": \"\", \"difficulty\": 0.2,\n"
    "   \"prerequisites\": [\"pulse\"],\n"   /* 13 */
    "   \"exercises\": {\"pulse\": 0.4}},\n" /* 14 */
    "  {\"id\": \"keys\", \"area\": \"pitch\", \"level\": \"advanced\",\n"
    "   \"name\": \"Keys\", \"can_do\": \"\",\n"                       /* 16 */
    "   \"prerequisites\": [\"pulse\",\n"                              /* 17 */
    "    \"values\"]}\n"                                               /* 18 */
    " ],\n"                                                            /* 19 */
    " \"characters\": [\n"                                             /* 20 */
    "  {\"id\": \"ada\", \"name\": \"Ada\", \"style\": \"patient\",\n" /* 21 */
    "   \"difficulty\": 0.3, \"stats\": {\"tempo\": 72}}\n"            /* 22 */
    " ],\n"                                                            /* 23 */
    " \"contents\": [\n"                                               /* 24 */
    "  {\"id\": 1, \"type\": \"lesson\", \"title\": \"One\",\n"        /* 25 */
    "   \"concepts\": {\"pulse\": 1}, \"difficulty\": 0.1,\n"          /* 26 */
    "   \"minutes\": 5, \"modality\": \"visual\"},\n"                  /* 27 */
    "  {\"id\": 2, \"type\": \"lesson\", \"title\": \"Two\",\n"        /* 28 */
    "   \"concepts\": {\"pulse\": 0.25,\n"                             /* 29 */
    "    \"values\": 0.75}, \"difficulty\": 0.2,\n"                    /* 30 */
    "   \"minutes\": 5, \"modality\": \"interactive\",\n"              /* 31 */
    "   \"practice\": true,\n"                                         /* 32 */
    "   \"prerequisites\": [1]},\n"                                    /* 33 */
    "  {\"id\": 3, \"type\": \"character\", \"title\": \"Duet\",\n"    /* 34 */
    "   \"concepts\": {\"keys\": 1}, \"difficulty\": 0.6,\n"           /* 35 */
    "   \"minutes\": 9, \"modality\": \"interactive\",\n"              /* 36 */
    "   \"character\": \"ada\"},\n"                                    /* 37 */
    "  {\"id\": 4, \"type\": \"course\", \"title\": \"All\",\n"        /* 38 */
    "   \"concepts\": {\"pulse\": 1}, \"difficulty\": 0.1,\n"          /* 39 */
    "   \"minutes\": 10, \"modality\": \"visual\",\n"                  /* 40 */
    "   \"contains\": [1, 2]}\n"                                       /* 41 */
    " ],\n"                                                            /* 42 */
    " \"items\": [\n"                                                  /* 43 */
    "  {\"id\": 11, \"content\": 1, \"title\": \"Beat one?\",\n"       /* 44 */
    "   \"concepts\": {\"pulse\": 1}, \"difficulty\": 0.1,\n"          /* 45 */
    "   \"discrimination\": 1.5, \"guess\": 0.25},\n"                  /* 46 */
    "  {\"id\": 21, \"content\": 2, \"title\": \"How long?\",\n"       /* 47 */
    "   \"concepts\": {\"values\": 1}, \"difficulty\": 0.2},\n"        /* 48 */
    "  {\"id\": 99, \"title\": \"Alone\",\n"                           /* 49 */
    "   \"concepts\": {\"keys\": 1}, \"difficulty\": 0.7}\n"           /* 50 */
    " ]\n"                                                             /* 51 */
    "}\n";

char *document_with(const char *text, const char *from, const char *to)
{
    const char *hit = strstr(text, from);
    if (!hit) {
        fprintf(stderr, "not in the document: %s\n", from);
        abort();
    }
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = (char *)malloc(size);
    if (!out)
        abort();
    snprintf(out, size, "%.*s%s%s", (int)(hit - text), text, to,
             hit + strlen(from));
    return out;
}

char *read_whole(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *out = NULL;
    *len = 0;
    for (size_t cap = 1 << 16;; cap *= 2) {
        char *larger = (char *)realloc(out, cap);
        if (!larger)
            abort();
        out = larger;
        *len += fread(out + *len, 1, cap - 1 - *len, f);
        if (*len < cap - 1)
            break;
    }
    fclose(f);
    out[*len] = '\0';
    return out;
}
