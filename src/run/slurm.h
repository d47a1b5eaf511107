/* What Slurm says about jobs. */
#pragma once

#include "run/owner.h"

/* UNKNOWN where there is no job, or nobody answers who can know. Waits two minutes for an answer at most. */
tx_life tx_slurm_life(const tx_owner *owner, const tx_owner *self);

/* Seconds until the time limit of the job that this process belongs to; 0: there is none, or nobody says so within ten seconds. */
double tx_slurm_time_left(void);
