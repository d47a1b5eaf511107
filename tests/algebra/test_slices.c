/* Slices of a matrix whose rows lie on ranks in any number, some with none. ranks: 1 2 4 */
#include "algebra/slices.h"
#include "base/memory.h"
#include "parallel/ranks.h"

enum { MOST_ROWS = 40, MOST_COLUMNS = 11 };

static double element(int64_t row, int64_t column)
{
    return (double)(1000 * row + column);
}

/* Of rank k k, 0, 3k, … rows. */
static int64_t rows_of(int rank, int kind)
{
    return kind == 0 ? rank : kind == 1 ? 0 : 3 * (int64_t)((rank + kind) % 3);
}

static void turn(int kind, int64_t columns, int64_t chunk)
{
    double rows[MOST_ROWS * MOST_COLUMNS], slice[MOST_ROWS * MOST_COLUMNS];
    tx_slices slices = {0};
    int64_t first = 0, all = 0;
    for (int rank = 0; rank < job.size; rank++) {
        first += rank < job.rank ? rows_of(rank, kind) : 0;
        all += rows_of(rank, kind);
    }
    CU_ASSERT_EQUAL_FATAL(tx_slices_create(&slices, job.all, columns, chunk, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_slices_begin(&slices, rows_of(job.rank, kind), NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_slices_rows(&slices), all);
    const int64_t rounds = tx_slices_rounds(&slices), own = tx_slices_columns(&slices),
                  column = tx_slices_first_column(&slices, job.rank);
    CU_ASSERT(own <= tx_slices_most_columns(columns, job.size));
    for (int64_t k = 0; k < all * own; k++) {
        slice[k] = -1;
    }
    for (int64_t round = 0; round < rounds; round++) {
        const int64_t count = tx_slices_count(&slices, round, job.rank);
        for (int64_t k = 0; k < count * columns; k++) {
            rows[k] = element(first + round * chunk + k / columns, k % columns);
        }
        CU_ASSERT_EQUAL(tx_slices_turn(&slices, round, rows, slice, NULL), TX_OK);
    }
    bool right = true;
    for (int64_t k = 0; k < all * own; k++) {
        right &= slice[k] == element(k / own, column + k % own);
    }
    CU_ASSERT(right);
    tx_slices_destroy(&slices);
}

static void all_are_turned(void)
{
    for (int kind = 0; kind < 4; kind++) {
        for (int64_t columns = 1; columns <= MOST_COLUMNS; columns += 2) {
            for (int64_t chunk = 1; chunk <= 8; chunk += 3) {
                turn(kind, columns, chunk);
            }
        }
    }
}

static void takes_what_was_predicted(void)
{
    tx_slices slices = {0};
    const size_t before = tx_memory_live(), bytes = tx_slices_bytes(100, 40, job.size);
    CU_ASSERT_EQUAL(tx_slices_create(&slices, job.all, 100, 40, NULL), TX_OK);
    const size_t taken = tx_memory_live() - before;
    CU_ASSERT(taken <= bytes && taken + 1024 > bytes);
    tx_slices_destroy(&slices);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    static const suite_test tests[] = {
        {"all are turned", all_are_turned}, {"takes what was predicted", takes_what_was_predicted}, {0}};
    return job_run("algebra/slices", tests);
}
