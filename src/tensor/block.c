/* How many samples are computed together: from the problem alone, so that no number of ranks or threads changes a bit. */
#include "trainax/plan.h"

enum { SMALL_BLOCK = TX_LARGEST_BLOCK, LARGEST_BLOCK = 16, POINTS_WANTED = 512 };
static const double few_flops = 1e5; /* of a sample and rollout step: below, overhead per block counts */

static int64_t least_block(tx_shape state, bool small)
{
    if (small) {
        return SMALL_BLOCK;
    }
    switch (state.axes) {
    case 1:
        return (POINTS_WANTED + state.n[0] - 1) / state.n[0];
    case 2:
        return 1;
    default:
        return 2; /* backward-data gains a third from two samples */
    }
}

int tx_block_size(tx_shape state, int64_t batch_size, double flops)
{
    const bool small = state.axes == 0 || flops < few_flops;
    const int64_t limit = small ? SMALL_BLOCK : LARGEST_BLOCK;
    int64_t least = least_block(state, small);
    least = least < limit ? least : limit;
    least = least < batch_size ? least : batch_size;
    int64_t most = 2 * least < limit ? 2 * least : limit;
    most = most < batch_size ? most : batch_size;
    int64_t best = least, best_score = INT64_MAX;
    for (int64_t b = least; b <= most; b++) { /* least padding, then an even number of blocks, then the smallest */
        const int64_t blocks = (batch_size + b - 1) / b, score = 2 * (blocks * b - batch_size) + blocks % 2;
        if (score < best_score) {
            best = b;
            best_score = score;
        }
    }
    return (int)best;
}
