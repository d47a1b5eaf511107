/* What Slurm says about the job that holds a claim. */
#pragma once

#include "run/owner.h"

/* UNKNOWN where there is no job, or nobody answers who can know. Waits two minutes for an answer at most. */
tx_life tx_slurm_life(const tx_owner *owner, const tx_owner *self);
