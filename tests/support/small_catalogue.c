#include "small_catalogue.h"

#include <stdio.h>
#include <stdlib.h>

static const char document[] =
    "{\"subject\":\"Cooking\",\"new_learner_ability\":0.3,"
    "\"areas\":[{\"id\":\"heat\",\"name\":\"Heat\",\"summary\":\"\"},"
    "{\"id\":\"cold\",\"name\":\"Cold\",\"summary\":\"\"}],"
    "\"concepts\":["
    "{\"id\":\"broth\",\"area\":\"heat\",\"level\":\"beginner\","
    "\"name\":\"Broth\",\"can_do\":\"\",\"difficulty\":0.5,"
    "\"prerequisites\":[]},"
    "{\"id\":\"sauce\",\"area\":\"heat\",\"level\":\"intermediate\","
    "\"name\":\"Sauce\",\"can_do\":\"\",\"difficulty\":0.5,"
    "\"prerequisites\":[\"broth\"]},"
    "{\"id\":\"emulsion\",\"area\":\"heat\",\"level\":\"advanced\","
    "\"name\":\"Emulsion\",\"can_do\":\"\",\"difficulty\":0.5,"
    "\"prerequisites\":[\"sauce\"]},"
    "{\"id\":\"knife\",\"area\":\"cold\",\"level\":\"beginner\","
    "\"name\":\"Knife\",\"can_do\":\"\",\"difficulty\":0.5,"
    "\"prerequisites\":[]}],"
    "\"characters\":[{\"id\":\"chef\",\"name\":\"The Chef\","
    "\"style\":\"strict\",\"difficulty\":0.5}],"
    "\"contents\":["
    "{\"id\":1,\"type\":\"lesson\",\"title\":\"Broth, told\","
    "\"concepts\":{\"broth\":1},\"difficulty\":0.5,\"minutes\":10,"
    "\"modality\":\"visual\"},"
    "{\"id\":2,\"type\":\"lesson\",\"title\":\"Broth, tried\","
    "\"concepts\":{\"broth\":1},\"practice\":true,\"difficulty\":0.5,"
    "\"minutes\":20,\"modality\":\"interactive\",\"prerequisites\":[1]},"
    "{\"id\":3,\"type\":\"lesson\",\"title\":\"Sauce, told\","
    "\"concepts\":{\"sauce\":1},\"difficulty\":0.5,\"minutes\":10,"
    "\"modality\":\"visual\",\"prerequisites\":[1]},"
    "{\"id\":4,\"type\":\"lesson\",\"title\":\"Sauce, tried\","
    "\"concepts\":{\"sauce\":1},\"practice\":true,\"difficulty\":0.5,"
    "\"minutes\":20,\"modality\":\"interactive\",\"prerequisites\":[3]},"
    "{\"id\":5,\"type\":\"lesson\",\"title\":\"Emulsion, told\","
    "\"concepts\":{\"emulsion\":1},\"difficulty\":0.5,\"minutes\":10,"
    "\"modality\":\"visual\"},"
    "{\"id\":6,\"type\":\"lesson\",\"title\":\"Emulsion, tried\","
    "\"concepts\":{\"emulsion\":1},\"practice\":true,\"difficulty\":0.5,"
    "\"minutes\":20,\"modality\":\"interactive\",\"prerequisites\":[5]},"
    "{\"id\":7,\"type\":\"lesson\",\"title\":\"Knife, told\","
    "\"concepts\":{\"knife\":1},\"difficulty\":0.5,\"minutes\":10,"
    "\"modality\":\"analytical\"},"
    "{\"id\":8,\"type\":\"lesson\",\"title\":\"Knife, tried\","
    "\"concepts\":{\"knife\":1},\"practice\":true,\"difficulty\":0.5,"
    "\"minutes\":20,\"modality\":\"interactive\",\"prerequisites\":[7]},"
    "{\"id\":9,\"type\":\"assessment\",\"title\":\"Sauces, checked\","
    "\"concepts\":{\"broth\":0.5,\"sauce\":0.5},\"difficulty\":0.5,"
    "\"minutes\":15,\"modality\":\"interactive\","
    "\"prerequisites\":[1,3]},"
    "{\"id\":10,\"type\":\"character\",\"title\":\"A day with the Chef\","
    "\"concepts\":{\"sauce\":1},\"difficulty\":0.5,\"minutes\":25,"
    "\"modality\":\"interactive\",\"prerequisites\":[3],"
    "\"character\":\"chef\"},"
    "{\"id\":11,\"type\":\"review\",\"title\":\"Broth again\","
    "\"concepts\":{\"broth\":1},\"difficulty\":0.5,\"minutes\":12,"
    "\"modality\":\"analytical\"},"
    "{\"id\":12,\"type\":\"course\",\"title\":\"Sauces\","
    "\"concepts\":{\"broth\":0.3,\"sauce\":0.7},\"difficulty\":0.5,"
    "\"minutes\":40,\"modality\":\"visual\",\"contains\":[1,3,4]},"
    "{\"id\":13,\"type\":\"lesson\",\"title\":\"Knives, unfinished\","
    "\"concepts\":{\"knife\":1},\"difficulty\":0.5,\"minutes\":10,"
    "\"modality\":\"visual\",\"published\":false}],"
    "\"items\":[]}";

piq_catalogue *small_catalogue(void)
{
    piq_arena a;
    piq_findings findings;
    piq_catalogue *c = NULL;
    piq_err err = {0};
    piq_arena_init(&a, 0);
    if (piq_catalogue_read(&a, PIQ_STR(document), NULL, &c, &findings, NULL,
                           &err)) {
        fprintf(stderr, "small catalogue: %s (%s)\n", err.message, err.where);
        abort();
    }
    piq_arena_release(&a);
    return c;
}
