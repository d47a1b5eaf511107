/* The sum over ranks against a naive one: any number of ranks, dealt out to machines in any way, short and long vectors.
 * ranks: 9 */
#include "machines.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "parallel/allreduce.h"

/* ---- Vectors whose sums everybody knows ---- */

static int64_t word_of(int rank, int64_t turn, int64_t k)
{
    return (int64_t)noise((uint64_t)(100 * turn + rank + 1), (uint64_t)k); /* sums wrap */
}

static int64_t naive_sum(int ranks, int64_t turn, int64_t k)
{
    uint64_t sum = 0;
    for (int r = 0; r < ranks; r++) {
        sum += (uint64_t)word_of(r, turn, k);
    }
    return (int64_t)sum;
}

static void add(int64_t n, const int64_t *from, int64_t *to)
{
    for (int64_t k = 0; k < n; k++) {
        to[k] = (int64_t)((uint64_t)to[k] + (uint64_t)from[k]);
    }
}

/* An element's answer depends on all its limbs and on which one it is. */
static uint64_t answer_of(int64_t first, int64_t second, int64_t k)
{
    return (uint64_t)first * 3 + (uint64_t)second * 5 + (uint64_t)k;
}

static void round_to_answer(const void *state, const int64_t *words, int64_t first, int64_t end, void *out)
{
    const tx_summands *of = state;
    for (int64_t k = first; k < end; k++) {
        const uint64_t answer = answer_of(words[k], of->limbs == 2 ? words[of->elements + k] : 0, k);
        memcpy((char *)out + (size_t)k * of->real, &answer, of->real);
    }
}

static void fill(const tx_summands *of, int rank, int64_t turn, int64_t *words)
{
    for (int64_t k = 0; k < of->limbs * of->elements + of->tail; k++) {
        words[k] = word_of(rank, turn, k);
    }
}

static bool right(const tx_summands *of, int ranks, int64_t turn, const int64_t *words, const char *answer)
{
    const int64_t n = of->elements, tail = of->limbs * n;
    bool right = true;
    for (int64_t k = 0; k < n; k++) {
        const uint64_t expected = answer_of(naive_sum(ranks, turn, k), of->limbs == 2 ? naive_sum(ranks, turn, n + k) : 0, k);
        right &= memcmp(answer + (size_t)k * of->real, &expected, of->real) == 0;
    }
    for (int64_t k = tail; k < tail + of->tail; k++) {
        right &= words[k] == naive_sum(ranks, turn, k);
    }
    return right;
}

/* ---- Sums ---- */

typedef struct vector {
    tx_summands of;
    int64_t *words;
    void *answer;
    tx_allreduce *allreduce;
} vector;

static void make(vector *out)
{
    CU_ASSERT_EQUAL_FATAL(tx_allocate(tx_summands_bytes(&out->of), NULL, &out->words), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate(tx_answer_bytes(&out->of), NULL, &out->answer), TX_OK);
}

static tx_status join(tx_parallel *parallel, vector *vector, tx_error *error)
{
    vector->of.state = &vector->of;
    return tx_allreduce_create(parallel, &vector->of, &vector->words, &vector->answer, error, &vector->allreduce);
}

static void sum(tx_parallel *parallel, tx_summands of)
{
    vector vector = {.of = of};
    vector.of.add = add;
    vector.of.round = round_to_answer;
    make(&vector);
    fill(&of, tx_parallel_rank(parallel), 0, vector.words); /* they move along */
    CU_ASSERT_EQUAL_FATAL(join(parallel, &vector, NULL), TX_OK);
    for (int turn = 0; turn < 3; turn++) {
        if (turn > 0) {
            fill(&of, tx_parallel_rank(parallel), turn, vector.words);
        }
        CU_ASSERT_EQUAL(tx_allreduce_run(vector.allreduce, NULL), TX_OK);
        CU_ASSERT(right(&of, tx_parallel_size(parallel), turn, vector.words, vector.answer));
    }
    tx_allreduce_destroy(vector.allreduce);
}

/* Short; odd; just below and above where long ones begin; so long that blocks are cut into several messages. */
static void all_sizes(tx_parallel *parallel)
{
    static const tx_summands sizes[] = {
        {.elements = 0, .tail = 1, .limbs = 1, .real = 4},      {.elements = 1, .tail = 2, .limbs = 1, .real = 4},
        {.elements = 7, .tail = 5, .limbs = 2, .real = 8},      {.elements = 1075, .tail = 211, .limbs = 1, .real = 4},
        {.elements = 1525, .tail = 11, .limbs = 1, .real = 4},  {.elements = 1525, .tail = 12, .limbs = 1, .real = 4},
        {.elements = 2500, .tail = 77, .limbs = 2, .real = 8},  {.elements = 0, .tail = 5000, .limbs = 2, .real = 8},
        {.elements = 45001, .tail = 13, .limbs = 2, .real = 8},
    };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        sum(parallel, sizes[k]);
    }
}

/* ---- Any number of ranks, on any machines ---- */

static void any_number_of_ranks(void)
{
    for (int ranks = 2; ranks <= job.size; ranks++) {
        on_ranks(ranks, all_sizes);
        CU_ASSERT_EQUAL(tx_parallel_barrier(job.all, NULL), TX_OK);
    }
}

/* ---- Sums that are not exact ---- */

static void add_doubles(int64_t n, const int64_t *from, int64_t *to)
{
    for (int64_t k = 0; k < n; k++) {
        ((double *)to)[k] += ((const double *)from)[k];
    }
}

static void copy(const void *state, const int64_t *words, int64_t first, int64_t end, void *out)
{
    (void)state;
    memcpy((int64_t *)out + first, words + first, (size_t)(end - first) * sizeof *words);
}

static int64_t checksum(int64_t n, const int64_t *words)
{
    uint64_t sum = 0;
    for (int64_t k = 0; k < n; k++) {
        sum = noise(sum, (uint64_t)words[k]);
    }
    return (int64_t)(sum >> 1);
}

/* Rounded sums depend on the order, and yet all ranks must have the same: else their networks drift apart. */
static void the_same_everywhere(tx_parallel *parallel)
{
    for (int64_t n = 100; n < 30000; n *= 200) {
        vector vector = {.of = {.elements = n, .tail = 3, .limbs = 1, .real = 8, .add = add_doubles, .round = copy}};
        make(&vector);
        CU_ASSERT_EQUAL_FATAL(join(parallel, &vector, NULL), TX_OK);
        for (int64_t k = 0; k < n + 3; k++) {
            ((double *)vector.words)[k] = uniform(3, (uint64_t)(k * 9 + job.rank));
        }
        CU_ASSERT_EQUAL(tx_allreduce_run(vector.allreduce, NULL), TX_OK);
        const int64_t mine = checksum(n + 3, vector.answer);
        int64_t sums[2] = {mine, -mine};
        CU_ASSERT_EQUAL(tx_parallel_max(parallel, sums, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(sums[0], -sums[1]);
        tx_allreduce_destroy(vector.allreduce);
    }
}

static void the_same_on_any_number(void)
{
    for (int ranks = 2; ranks <= job.size; ranks++) {
        on_ranks(ranks, the_same_everywhere);
        CU_ASSERT_EQUAL(tx_parallel_barrier(job.all, NULL), TX_OK);
    }
}

/* ---- What is lacking on one rank ---- */

/* Files cannot be as long as the shared memory, on the rank that makes one: all do without. */
static void no_shared_memory(void)
{
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){.rlim_cur = 8192, .rlim_max = before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(job.rank == 0 ? setrlimit(RLIMIT_FSIZE, &small) : 0, 0);
    sum(job.all, (tx_summands){.elements = 9000, .tail = 13, .limbs = 1, .real = 4});
    setrlimit(RLIMIT_FSIZE, &before);
}

/* The n-th allocation fails on one rank: all fail, none waits for ever, nothing is left. */
static void no_memory(void)
{
    const size_t before = tx_memory_live();
    bool done = false;
    for (int n = 0; !done && n < 20; n++) {
        vector vector = {.of = {.elements = 5000, .tail = 3, .limbs = 1, .real = 4, .add = add, .round = round_to_answer}};
        tx_error error = {0};
        make(&vector);
        tx_memory_fail_after(job.rank == job.size / 2 ? n : -1);
        const tx_status status = join(job.all, &vector, &error);
        tx_memory_fail_after(-1);
        int64_t statuses[2] = {status, -(int64_t)status};
        CU_ASSERT_EQUAL(tx_parallel_max(job.all, statuses, 2, NULL), TX_OK);
        CU_ASSERT_EQUAL(statuses[0], -statuses[1]);
        CU_ASSERT(status == TX_OK || strstr(error.message, "out of memory") != NULL);
        done = status == TX_OK;
        if (!done) {
            tx_free(vector.words);
            tx_free(vector.answer);
        }
        tx_allreduce_destroy(vector.allreduce);
    }
    CU_ASSERT(done);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    const suite_test tests[] = {{"any number of ranks", any_number_of_ranks},
                                {"the same on any number of ranks", the_same_on_any_number},
                                {"no shared memory", no_shared_memory},
                                {"no memory", no_memory},
                                {0}};
    return job_run("allreduce", tests);
}
