/* What a run takes of memory, compared with what this rank may have. */
#include "problem/budget.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/available.h"
#include "base/memory.h"
#include "parallel/machine.h"

size_t tx_budget_total(const tx_budget *budget)
{
    size_t total = 0;
    for (int use = 0; use < TX_USE_COUNT; use++) {
        total += budget->bytes[use];
    }
    return total;
}

void tx_budget_write(double bytes, char text[32])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    int unit = 0;
    for (bytes /= 1024; bytes >= 999.5 && unit < 4; unit++) {
        bytes /= 1024;
    }
    snprintf(text, 32, "%.3g %s", bytes, units[unit]);
}

/* "activations 3 GiB, trajectories 1 GiB": what is worth naming. */
static void list_uses(const tx_budget *budget, char *text, size_t size)
{
    static const char *const names[] = {"activations",   "parameters and optimizer", "trajectories",
                                        "held-out data", "metrics of samples",       "the rest"};
    const size_t total = tx_budget_total(budget);
    size_t end = 0;
    for (int use = 0; use < TX_USE_COUNT; use++) {
        char amount[32];
        tx_budget_write((double)budget->bytes[use], amount);
        if (budget->bytes[use] > total / 16) {
            end += (size_t)snprintf(text + end, size - end, "%s%s %s", end ? ", " : "", names[use], amount);
        }
    }
}

/* ---- Comparing ---- */

/* What one rank says to those of its machine. */
typedef struct demand {
    double bytes;
    tx_available available;
} demand;

/* What ranks want together of something, of which there is `available`. */
typedef struct comparison {
    const char *says; /* of a machine that there are so many bytes */
    double wanted;
    size_t available;
    int ranks;
} comparison;

/* Of what one rank wants, and all of its control group and of its machine together, the first that is too much; false: all fits. */
static bool find_limit(const demand *mine, const demand *all, int ranks, comparison *out)
{
    const tx_available *available = &mine->available;
    comparison kinds[] = {{"the limits of a process (ulimit) on %s leave %s", mine->bytes, available->process, 1},
                          {"the control group on %s leaves %s", 0, available->group, 0},
                          {"%s has %s free", 0, available->machine, ranks}};
    for (int k = 0; k < ranks; k++) {
        const bool same = all[k].available.group_id == available->group_id;
        kinds[1].wanted += same ? all[k].bytes : 0;
        kinds[1].ranks += same;
        kinds[2].wanted += all[k].bytes;
    }
    for (int k = 0; k < 3; k++) {
        if (kinds[k].wanted > (double)kinds[k].available) {
            *out = kinds[k];
            return true;
        }
    }
    return false;
}

static demand own_demand(const tx_budget *budget)
{
    return (demand){.bytes = (double)(tx_budget_total(budget) - budget->taken), .available = tx_available_now("")};
}

static void describe(const tx_budget *budget, const comparison *limit, char *text, size_t size)
{
    char uses[256], mine[32], wanted[32], available[32], machine[64] = "this machine", ranks[128] = "", limited[192];
    gethostname(machine, sizeof machine - 1);
    list_uses(budget, uses, sizeof uses);
    tx_budget_write((double)tx_budget_total(budget), mine);
    tx_budget_write(limit->wanted, wanted);
    tx_budget_write((double)limit->available, available);
    snprintf(limited, sizeof limited, limit->says, machine, available);
    if (limit->ranks > 1) {
        snprintf(ranks, sizeof ranks, " a rank, %s for %d ranks", wanted, limit->ranks);
    }
    snprintf(text, size, "this needs %s of memory%s (%s), but %s", mine, ranks, uses, limited);
}

/* ---- Deciding ---- */

static bool is_users_word(const tx_section *run)
{
    const tx_section *parallel = run ? tx_get_section(run, "parallel") : NULL;
    return parallel && !tx_get_word(parallel, "memory");
}

static tx_status decide(const tx_budget *budget, const comparison *limit, double mine, const tx_section *run, const tx_log *log,
                        tx_advice *advice, const void *object, tx_error *error)
{
    char text[TX_MESSAGE_SIZE / 2], hint[TX_MESSAGE_SIZE / 4] = "";
    describe(budget, limit, text, sizeof text);
    if (is_users_word(run)) {
        tx_log_write(log, TX_LOG_WARNING, "%s: tried nevertheless, as parallel.memory says how much may be used", text);
        return TX_OK;
    }
    if (advice) {
        advice(object, mine / limit->wanted * (double)limit->available, hint, sizeof hint);
    }
    return tx_error_set(error, TX_INVALID, "%s%s%s", text, hint[0] ? ": " : "", hint);
}

tx_status tx_budget_check(tx_parallel *parallel, const tx_budget *budget, const tx_section *run, const tx_log *log,
                          tx_advice *advice, const void *object, tx_error *error)
{
    const int ranks = tx_parallel_machine_size(parallel);
    const demand mine = own_demand(budget);
    comparison limit;
    demand *all = NULL;
    tx_memory_trust(is_users_word(run));
    tx_status status = tx_parallel_agree(parallel, tx_allocate_array((size_t)ranks, sizeof *all, error, &all), error);
    status = status ? status : tx_parallel_gather_machine(parallel, &mine, sizeof mine, all, error);
    if (status == TX_OK && find_limit(&mine, all, ranks, &limit)) {
        status = decide(budget, &limit, mine.bytes, run, log, advice, object, error);
    }
    tx_free(all);
    return tx_parallel_agree(parallel, status, error);
}

tx_status tx_budget_compare(const tx_budget *budget, int ranks, tx_error *error, char text[TX_MESSAGE_SIZE / 2])
{
    const demand mine = own_demand(budget);
    comparison limit;
    demand *all;
    TX_TRY(tx_allocate_array((size_t)ranks, sizeof *all, error, &all));
    for (int k = 0; k < ranks; k++) {
        all[k] = mine;
    }
    text[0] = '\0';
    if (find_limit(&mine, all, ranks, &limit)) {
        describe(budget, &limit, text, TX_MESSAGE_SIZE / 2);
    }
    tx_free(all);
    return TX_OK;
}
