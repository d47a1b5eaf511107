/* Joint calls: what several ranks do together whenever one of them asks for it. Ranks ask when their own work is there, at their
 * own pace, some of them never. A rank that asks, or that waits for others in any way of this room, takes part in what is asked for
 * meanwhile: so nobody waits for ever, as long as everyone who has nothing to do waits for the others (a sum, tx_parallel_agree).
 *
 * The first rank of a joint says what comes next, so that all are in the same call at the same time. */
#pragma once

#include "trainax/parallel.h"

typedef struct tx_joint tx_joint;

enum { TX_JOINT_NUMBERS = 8 };
typedef struct tx_joint_call {
    int64_t root; /* the rank that has asked, among those of the joint */
    int64_t numbers[TX_JOINT_NUMBERS];
} tx_joint_call;

/* This rank's part of a call, which all ranks of the joint are in. own: what the root has given to tx_joint_ask, elsewhere NULL. */
typedef void tx_joint_part(void *object, const tx_joint_call *call, void *own);

/* Groups of so many consecutive ranks, which divides the number of all. TX_INVALID: there are joints of another size. Collective,
 * same status on all ranks. */
tx_status tx_joint_create(tx_parallel *parallel, int ranks, tx_joint_part *part, void *object, tx_error *error, tx_joint **out);
void tx_joint_destroy(tx_joint *joint); /* when nobody asks any more. Takes NULL */

bool tx_joint_is_of(const tx_joint *joint, const tx_parallel *parallel); /* which may be over */
int tx_joint_rank(const tx_joint *joint);
int tx_joint_communicator(const tx_joint *joint); /* for what takes part, as Fortran has it */

/* Returns when all ranks have taken part. By any thread, where MPI allows several: TX_FAILURE if not. */
tx_status tx_joint_ask(tx_joint *joint, const int64_t numbers[TX_JOINT_NUMBERS], void *own, tx_error *error);

/* Of a part: collective over the joint. */
tx_status tx_joint_broadcast(tx_joint *joint, const tx_joint_call *call, void *data, size_t bytes, tx_error *error);
tx_status tx_joint_gather(tx_joint *joint, const tx_joint_call *call, const void *mine, int bytes, void *all, tx_error *error);
bool tx_joint_all(tx_joint *joint, bool mine); /* false where MPI fails, too */

/* For who waits: takes part in all that has been asked for. False, and nothing is done, where another thread does, which may be in
 * MPI; else tx_joint_end_turn follows. A failure is told once more by whoever asks. */
bool tx_joint_take_turn(void);
bool tx_joint_any(void); /* is there one on this rank? */
void tx_joint_end_turn(void);
