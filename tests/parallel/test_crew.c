/* Who helps whom, on any machines: by what must hold of it. ranks: 7 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "machines.h"
#include "parallel/crew.h"

/* What each rank has come to, known to all. */
typedef struct place {
    int64_t thing, index, count, machine;
} place;
enum { MOST_RANKS = 16, NUMBERS = sizeof(place) / sizeof(int64_t) };

static void gather(tx_parallel *parallel, const tx_crew *crew, place *all)
{
    const int ranks = tx_parallel_size(parallel), rank = tx_parallel_rank(parallel);
    memset(all, 0, MOST_RANKS * sizeof *all);
    all[rank] = (place){crew->thing, crew->index, crew->count, parallel->machine_of[rank]};
    CU_ASSERT_EQUAL_FATAL(tx_parallel_sum(parallel, (int64_t *)all, (size_t)(ranks * NUMBERS), NULL), TX_OK);
}

/* Ranks that do the thing, if they are places 0, 1, … of one machine; else -1. */
static int count_doing(const place *all, int ranks, int64_t thing, int64_t machine)
{
    unsigned places = 0;
    int count = 0;
    int64_t said = 0;
    for (int r = 0; r < ranks; r++) {
        if (all[r].thing == thing) {
            count = all[r].machine == machine && count >= 0 ? count + 1 : -1;
            places |= 1U << all[r].index;
            said = all[r].count;
        }
    }
    return count == said && places == (1U << count) - 1 ? count : -1;
}

/* On a machine the numbers of ranks at a thing differ by one at most, and who is idle there could not but be. */
static bool is_fair(const place *all, int ranks, int64_t machine, int most)
{
    int idle = 0, least = MOST_RANKS, largest = 0;
    for (int r = 0; r < ranks; r++) {
        const bool here = all[r].machine == machine;
        idle += here && all[r].thing < 0;
        if (here && all[r].thing >= 0) {
            least = all[r].count < least ? (int)all[r].count : least;
            largest = all[r].count > largest ? (int)all[r].count : largest;
        }
    }
    return largest == 0 || (largest <= least + 1 && largest <= most && (idle == 0 || least == most));
}

static void check_places(const place *all, int ranks, int64_t things, int most)
{
    for (int r = 0; r < ranks; r++) {
        const int64_t thing = things * r / ranks;
        if (things * (r + 1) / ranks > thing) { /* whose thing it is */
            CU_ASSERT(all[r].thing == thing && all[r].index == 0);
            CU_ASSERT(count_doing(all, ranks, thing, all[r].machine) >= 1);
        }
        CU_ASSERT(is_fair(all, ranks, all[r].machine, most));
    }
}

/* Has any machine busy ranks and others? */
static bool can_help(const tx_parallel *parallel, int64_t things)
{
    bool can = false;
    for (int r = 0; r < parallel->size; r++) {
        for (int q = 0; q < parallel->size; q++) {
            const bool first = things * (r + 1) / parallel->size > things * r / parallel->size,
                       second = things * (q + 1) / parallel->size > things * q / parallel->size;
            can |= parallel->machine_of[r] == parallel->machine_of[q] && first && !second;
        }
    }
    return can;
}

/* Once they have assembled, all of a crew see what one of them has left; nobody else's. */
static void check_memory(tx_crew *crew)
{
    int64_t *words = (int64_t *)(void *)crew->memory;
    for (int64_t turn = 0; words && turn < 5; turn++) {
        if (crew->index == turn % crew->count) {
            words[turn * 200 + 199] = 10 * turn + crew->thing;
        }
        CU_ASSERT_EQUAL(tx_crew_assemble(crew, NULL), TX_OK);
        CU_ASSERT_EQUAL(words[turn * 200 + 199], 10 * turn + crew->thing);
    }
}

static void all_crews(tx_parallel *parallel)
{
    const int ranks = tx_parallel_size(parallel);
    for (int64_t things = 1; things < ranks; things++) {
        for (int most = 1; most <= ranks; most++) {
            tx_crew crew = {0};
            place all[MOST_RANKS];
            CU_ASSERT_EQUAL_FATAL(tx_crew_create(parallel, things, most, 9000, NULL, &crew), TX_OK);
            CU_ASSERT_EQUAL(crew.region.base != NULL, can_help(parallel, things) && most > 1);
            CU_ASSERT_EQUAL(crew.thing >= 0, crew.memory != NULL);
            gather(parallel, &crew, all);
            if (crew.region.base) {
                check_places(all, ranks, things, most);
                check_memory(&crew);
            }
            tx_crew_destroy(&crew);
        }
    }
}

static void any_number_of_ranks(void)
{
    for (int ranks = 2; ranks <= job.size; ranks++) {
        on_ranks(ranks, all_crews);
        CU_ASSERT_EQUAL(tx_parallel_barrier(job.all, NULL), TX_OK);
    }
}

/* Files cannot be as long as the shared memory, on the rank that makes one: nobody helps. */
static void no_shared_memory(void)
{
    struct rlimit before, small;
    tx_crew crew = {0};
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    CU_ASSERT_EQUAL_FATAL(job.rank == 0 ? setrlimit(RLIMIT_FSIZE, &small) : 0, 0);
    CU_ASSERT_EQUAL(tx_crew_create(job.all, 2, job.size, 9000, NULL, &crew), TX_OK);
    CU_ASSERT(!crew.region.base && !crew.memory && crew.thing == -1);
    setrlimit(RLIMIT_FSIZE, &before);
}

int main(void)
{
    return job_run("parallel/crew",
                   (suite_test[]){{"any number of ranks", any_number_of_ranks}, {"no shared memory", no_shared_memory}, {0}});
}
