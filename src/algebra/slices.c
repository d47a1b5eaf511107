/* Turning rows into slices: a chunk of rows is packed by the ranks that its columns are for; what comes from a rank lies one row
 * behind the other, and so goes to its place at once. */
#include "algebra/slices.h"

#include <string.h>

#include "base/memory.h"

size_t tx_slices_bytes(int64_t num_columns, int64_t chunk, int num_ranks)
{
    return (size_t)(chunk * num_columns) * sizeof(double) + (size_t)num_ranks * (2 * sizeof(tx_parcel) + 8) + 512;
}

tx_status tx_slices_create(tx_slices *slices, tx_parallel *parallel, int64_t num_columns, int64_t chunk, tx_error *error)
{
    const size_t ranks = (size_t)tx_parallel_size(parallel);
    *slices = (tx_slices){.parallel = parallel, .num_columns = num_columns, .chunk = chunk};
    TX_TRY(tx_allocate_array(ranks + 1, sizeof *slices->first, error, &slices->first));
    TX_TRY(tx_allocate_array(ranks, sizeof *slices->to, error, &slices->to));
    TX_TRY(tx_allocate_array(ranks, sizeof *slices->from, error, &slices->from));
    return tx_allocate_array((size_t)(chunk * num_columns), sizeof *slices->packed, error, &slices->packed);
}

void tx_slices_destroy(tx_slices *slices)
{
    tx_free(slices->first);
    tx_free(slices->to);
    tx_free(slices->from);
    tx_free(slices->packed);
}

/* ---- Whose ---- */

int64_t tx_slices_first_column(const tx_slices *slices, int rank)
{
    return slices->num_columns * rank / tx_parallel_size(slices->parallel);
}

static int64_t columns_of(const tx_slices *slices, int rank)
{
    return tx_slices_first_column(slices, rank + 1) - tx_slices_first_column(slices, rank);
}

int64_t tx_slices_columns(const tx_slices *slices)
{
    return columns_of(slices, tx_parallel_rank(slices->parallel));
}

int64_t tx_slices_most_columns(int64_t num_columns, int num_ranks)
{
    return (num_columns + num_ranks - 1) / num_ranks;
}

tx_status tx_slices_begin(tx_slices *slices, int64_t num_own_rows, tx_error *error)
{
    const int ranks = tx_parallel_size(slices->parallel);
    memset(slices->first, 0, ((size_t)ranks + 1) * sizeof *slices->first);
    slices->first[tx_parallel_rank(slices->parallel) + 1] = num_own_rows;
    TX_TRY(tx_parallel_sum(slices->parallel, slices->first, (size_t)ranks + 1, error));
    for (int rank = 0; rank < ranks; rank++) {
        slices->first[rank + 1] += slices->first[rank];
    }
    return TX_OK;
}

int64_t tx_slices_rows(const tx_slices *slices)
{
    return slices->first[tx_parallel_size(slices->parallel)];
}

int64_t tx_slices_count(const tx_slices *slices, int64_t round, int rank)
{
    const int64_t left = slices->first[rank + 1] - slices->first[rank] - round * slices->chunk;
    return left < 0 ? 0 : left < slices->chunk ? left : slices->chunk;
}

int64_t tx_slices_rounds(const tx_slices *slices)
{
    int64_t rounds = 0;
    for (int rank = 0; rank < tx_parallel_size(slices->parallel); rank++) {
        while (tx_slices_count(slices, rounds, rank)) {
            rounds++;
        }
    }
    return rounds;
}

/* ---- Turning ---- */

static void pack(double *to, const double *rows, int64_t count, int64_t first, int64_t columns, int64_t stride)
{
    for (int64_t k = 0; k < count; k++) {
        memcpy(to + k * columns, rows + k * stride + first, (size_t)columns * sizeof *to);
    }
}

tx_status tx_slices_turn(tx_slices *slices, int64_t round, const double *rows, double *slice, tx_error *error)
{
    const int64_t count = tx_slices_count(slices, round, tx_parallel_rank(slices->parallel)), own = tx_slices_columns(slices);
    double *to = slices->packed;
    for (int rank = 0; rank < tx_parallel_size(slices->parallel); rank++) {
        const int64_t columns = columns_of(slices, rank);
        pack(to, rows, count, tx_slices_first_column(slices, rank), columns, slices->num_columns);
        slices->to[rank] = (tx_parcel){to, (size_t)(count * columns)};
        slices->from[rank] = (tx_parcel){slice + (slices->first[rank] + round * slices->chunk) * own,
                                         (size_t)(tx_slices_count(slices, round, rank) * own)};
        to += count * columns;
    }
    return tx_parallel_exchange(slices->parallel, slices->to, slices->from, error);
}
