/* The process that holds a claim on a run directory: who it is, in text, and whether it lives. */
#pragma once

#include "trainax/status.h"

enum { TX_OWNER_TEXT = 1024, TX_OWNER_NAME = 256 };

typedef struct tx_owner {
    bool present;             /* is there a claim? */
    char text[TX_OWNER_TEXT]; /* "NAME: VALUE" lines; `id` comes last, so that a whole text can be told */
    char host[65], machine[40], boot[40];
    char processes[40]; /* the namespace in which `process` is a number */
    char process[20], started[24], user[16];
    char cluster[65], job[32], restart[12]; /* Slurm's, where it started the process: a number; how often it was requeued */
    char since[32];
    char id[20]; /* of this claim alone, hexadecimal */
} tx_owner;

typedef enum tx_life {
    TX_LIFE_ALIVE,
    TX_LIFE_JOB,    /* its job lives; the process cannot be seen from here */
    TX_LIFE_ENDING, /* its job is about to end */
    TX_LIFE_DEAD,
    TX_LIFE_UNKNOWN
} tx_life;

void tx_owner_self(tx_owner *out); /* this process, with a new id and the text */
/* Takes the text apart; false when it is not a whole one. */
bool tx_owner_parse(tx_owner *owner);
/* "process 12 on node3 (job 17) since 2024-01-31T23:59:59" */
void tx_owner_name(const tx_owner *owner, char out[TX_OWNER_NAME]);
/* By its process where that can be seen from here, else by its job, if Slurm answers. */
tx_life tx_owner_life(const tx_owner *owner);
