/* Groups of a job's ranks, each at work on something of its own: a tx_parallel each, tickets that say who does what, and a stop
 * that reaches all.
 *
 * What holds between groups
 * - A group's collective calls are its own. Those over the job wait for the slowest group: none while groups are at work.
 * - A store over the job serves all of them. What lies on a rank's own machine is read as memory. From another machine a window
 * comes at once where the network reads memory by itself, else (TCP) when its owner is next inside MPI, in whatever call: a sum
 * over its group, any wait of this room, tx_parallel_serve. So all serve between the blocks that they compute.
 * - A group that has failed still asks for tickets until there are none, and then waits for the others. What failed is told
 *   afterwards, over the job. */
#pragma once

#include <signal.h>

#include "trainax/parallel.h"

typedef struct tx_groups tx_groups;

/* Divides the job into groups of consecutive ranks, whose sizes differ by one at most; of as many as are asked for, or ranks.
 * tickets: how many there are. Collective over the job, same status on all ranks. */
tx_status tx_groups_create(tx_parallel *job, int count, int64_t tickets, tx_error *error, tx_groups **out);
void tx_groups_destroy(tx_groups *groups); /* collective over the job */
/* Of this rank's group; owned by the groups. Machines and cores are the job's. */
tx_parallel *tx_groups_mine(const tx_groups *groups);

/* 0, 1, 2, …: each goes to one group. -1: there are none left, or somebody asked to stop. Rank 0 of the job gives them out when it
 * polls. Collective over the group. */
tx_status tx_groups_next(tx_groups *groups, tx_error *error, int64_t *out);
/* Has anybody asked to stop? `stop`: this rank does; once is enough. The first rank of a group hears of others, the rest of the
 * group from it. Not collective, never waits. Where MPI fails it is true, and tx_groups_next fails. */
bool tx_groups_poll(tx_groups *groups, bool stop);
/* Between two blocks of work: where ranks of other groups may read this rank's memory, lets MPI see to it. Only the thread that
 * started MPI. Not collective, never waits. */
void tx_parallel_serve(const tx_parallel *parallel);
/* Until all groups are here, once each has been told that there are no more tickets. stop (may be NULL): asks to stop when it
 * becomes non-zero meanwhile. Collective over the job. */
tx_status tx_groups_wait(tx_groups *groups, const volatile sig_atomic_t *stop, tx_error *error);
