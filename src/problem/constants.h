/* The constants of a network, which are not trained: numbers of its data's statistics, or the user's, in wrappers
 * (trainax/network.h). They lie in the group /constants of its files, each by its name, in the precision of the training. */
#pragma once

#include "trainax/data.h"
#include "trainax/file.h"
#include "trainax/network.h"

/* Is any of them a statistic of the data? */
bool tx_constants_follow_data(const tx_network *network);
/* From all of the data, which may need a pass over them; rounded once to their precision, the user's too. Plans take them when
 * their parameters have changed next. Before other requests are made of the data's store. Collective over ranks that can fetch from
 * it. */
tx_status tx_constants_measure(tx_parallel *parallel, const tx_network *network, const tx_dataset *dataset, tx_error *error);

/* TX_BAD_DATA: one of so many trajectories, whose numbers these are, has no point inside the network's mask. The same on all ranks.
 */
tx_status tx_mask_check(const tx_network *network, const tx_beside *beside, tx_precision precision, int64_t trajectories,
                        tx_error *error);

/* Into a network file that is being made; out of one: TX_BAD_DATA where one that is a statistic is missing. */
tx_status tx_constants_put(tx_file *file, const tx_network *network, tx_precision precision, tx_error *error);
bool tx_constants_in(const tx_file *file, const tx_network *network); /* are all of these there? */
tx_status tx_constants_read(const tx_file *file, const tx_network *network, tx_precision precision, tx_error *error);

/* From another network of the same section; rank 0's to all ranks (collective). */
void tx_constants_copy(const tx_network *from, const tx_network *to);
tx_status tx_constants_share(tx_parallel *parallel, const tx_network *network, tx_error *error);
