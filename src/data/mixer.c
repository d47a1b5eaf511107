/* The order of the samples. The keys of the epochs are a chain: k_0 = key, k_{e+1} = split(k_e)[0]; epoch e visits the windows
 * in the order permutation(k_e). */
#include "trainax/data.h"

#include <inttypes.h>

#include "base/memory.h"

struct tx_mixer {
    tx_random random;
    tx_key first_key;
    tx_key key; /* of epoch key_epoch */
    int64_t key_epoch;
    uint32_t num_windows;
    int64_t batch_size, minibatches;
    int64_t epoch; /* whose order is held, -1: none yet */
    uint32_t *order, *scratch;
};

/* Of more windows than can be mixed, too: who plans is told that before who mixes. */
size_t tx_mixer_bytes(int64_t num_windows)
{
    const int64_t most = UINT32_MAX - 1, mixed = num_windows < most ? num_windows : most;
    return sizeof(tx_mixer) +
           sizeof(uint32_t) * ((size_t)(2 * num_windows - mixed) + tx_random_permutation_scratch((uint32_t)mixed));
}

tx_status tx_mixer_create(tx_random random, tx_key key, int64_t num_windows, int64_t batch_size, tx_error *error, tx_mixer **out)
{
    if (num_windows < 1 || num_windows >= UINT32_MAX || batch_size < 1) {
        return tx_error_set(error, TX_INVALID, "cannot mix %" PRId64 " windows in minibatches of %" PRId64, num_windows,
                            batch_size);
    }
    tx_mixer *mixer;
    const uint32_t n = (uint32_t)num_windows;
    TX_TRY(tx_allocate(sizeof *mixer, error, &mixer));
    const int64_t batch = batch_size < num_windows ? batch_size : num_windows;
    *mixer = (tx_mixer){.random = random,
                        .first_key = key,
                        .key = key,
                        .num_windows = n,
                        .batch_size = batch,
                        .minibatches = (num_windows - 1) / batch + 1,
                        .epoch = -1};
    tx_status status = tx_allocate_array(n, sizeof(uint32_t), error, &mixer->order);
    if (status == TX_OK) {
        status = tx_allocate_array(tx_random_permutation_scratch(n), sizeof(uint32_t), error, &mixer->scratch);
    }
    if (status != TX_OK) {
        tx_mixer_destroy(mixer);
        return status;
    }
    *out = mixer;
    return TX_OK;
}

void tx_mixer_destroy(tx_mixer *mixer)
{
    if (mixer) {
        tx_free(mixer->order);
        tx_free(mixer->scratch);
        tx_free(mixer);
    }
}

int64_t tx_mixer_batch_size(const tx_mixer *mixer)
{
    return mixer->batch_size;
}
int64_t tx_mixer_minibatches(const tx_mixer *mixer)
{
    return mixer->minibatches;
}

static tx_key key_of_epoch(tx_mixer *mixer, int64_t epoch)
{
    if (epoch < mixer->key_epoch) {
        mixer->key = mixer->first_key;
        mixer->key_epoch = 0;
    }
    for (; mixer->key_epoch < epoch; mixer->key_epoch++) {
        mixer->key = tx_key_split_at(mixer->random, mixer->key, 2, 0);
    }
    return mixer->key;
}

static const uint32_t *order_of_epoch(tx_mixer *mixer, int64_t epoch)
{
    if (mixer->epoch != epoch) {
        tx_random_permutation(mixer->random, key_of_epoch(mixer, epoch), mixer->num_windows, mixer->order, mixer->scratch);
        mixer->epoch = epoch;
    }
    return mixer->order;
}

void tx_mixer_minibatch(tx_mixer *mixer, int64_t step, tx_minibatch *out)
{
    const int64_t epoch = step / mixer->minibatches, batch = step % mixer->minibatches;
    const int64_t first = batch * mixer->batch_size, rest = mixer->num_windows - first;
    *out = (tx_minibatch){.epoch = epoch,
                          .batch = batch,
                          .count = rest < mixer->batch_size ? rest : mixer->batch_size,
                          .windows = order_of_epoch(mixer, epoch) + first};
}
