/* How much to keep: the least work whose plan fits the memory. Planning is cheap and exact, so candidates are planned. */
#include "base/memory.h"
#include "tensor/planner.h"

enum {
    MOST_RUNS = 33, /* of a step: with less memory than that takes, a run is no use to anybody */
    MOST_TRIALS = 4,
};

typedef struct chooser {
    tx_plan *plan;
    const tx_graph *graph;
    const tx_node *outputs;
    tx_steps steps;
    tx_keeping least; /* the least memory so far */
    size_t least_bytes;
    tx_keeping planned; /* what the program holds now */
    tx_error *error;
} chooser;

static size_t total_bytes(const tx_plan *plan)
{
    const int arenas = plan->options.arenas ? plan->options.arenas : plan->options.threads > 1 ? plan->options.threads : 1;
    return (size_t)arenas * plan->arena_bytes + tx_plan_shared_bytes(plan);
}

static bool fits(const chooser *c)
{
    return !c->plan->options.memory || total_bytes(c->plan) <= c->plan->options.memory;
}

static tx_trade trade(const tx_plan *plan)
{
    return (tx_trade){.arena_bytes = plan->arena_bytes, .flops = plan->flops};
}

static tx_status try(chooser *c, int kept, int slots)
{
    const tx_keeping keeping = {.kept = kept, .slots = slots};
    if (kept == c->planned.kept && slots == c->planned.slots) {
        return TX_OK;
    }
    tx_repeated repeated;
    TX_TRY(tx_steps_repeat(&c->steps, keeping, c->outputs, c->plan->num_outputs + 1, c->error, &repeated));
    const tx_status status = tx_plan_place(c->plan, c->graph, c->outputs, &repeated, c->error);
    tx_repeated_destroy(&repeated);
    TX_TRY(status);
    c->planned = keeping;
    if (total_bytes(c->plan) < c->least_bytes) {
        c->least = keeping;
        c->least_bytes = total_bytes(c->plan);
    }
    return TX_OK;
}

/* A candidate whose bytes are known. */
typedef struct tried {
    int at;
    size_t bytes;
} tried;

/* Between one that does not fit and one that does: where the memory should be just enough, if it grows evenly. */
static int interpolate(const chooser *c, tried over, tried under)
{
    const double share = (double)(over.bytes - c->plan->options.memory) / (double)(over.bytes - under.bytes);
    const int span = under.at - over.at, inside = span > 0 ? 1 : -1;
    const int step = (int)(share * (double)span) + inside; /* rather one that fits */
    const bool valid = step * inside >= 1 && step * inside < span * inside;
    return over.at + (valid ? step : span - inside);
}

/* The nearest to `over` that fits, or almost: memory grows so evenly that a few trials tell. Both are tried already. */
static tx_status search(chooser *c, tried over, tried under, tx_status (*try_at)(chooser *, int))
{
    for (int trial = 0; trial < MOST_TRIALS && under.at - over.at != 1 && over.at - under.at != 1; trial++) {
        const int at = interpolate(c, over, under);
        TX_TRY(try_at(c, at));
        *(fits(c) ? &under : &over) = (tried){at, total_bytes(c->plan)};
    }
    return try_at(c, under.at);
}

/* All values that steps hand on are kept, and the inside of the steps from `kept` on. */
static tx_status try_steps(chooser *c, int kept)
{
    return try(c, kept, c->steps.count - 1);
}

/* Of the values that steps hand on, those of `slots` boundaries are kept. */
static tx_status try_boundaries(chooser *c, int slots)
{
    return try(c, c->steps.count - 1, slots);
}

static int fewest_slots(int steps)
{
    int slots = 0;
    while (tx_steps_runs(steps, slots) > MOST_RUNS) {
        slots++;
    }
    return slots;
}

/* As many boundaries as fit. Fewer take less memory until the longer list of instructions outweighs them: so from few to many. */
static tx_status keep_boundaries(chooser *c, tried over)
{
    tried under = {.at = -1};
    for (int slots = fewest_slots(c->steps.count); slots < over.at; slots = 2 * slots + 1) {
        TX_TRY(try_boundaries(c, slots));
        if (fits(c)) {
            under = (tried){slots, total_bytes(c->plan)};
        } else if (under.at >= 0) {
            over = (tried){slots, total_bytes(c->plan)};
        }
    }
    return under.at < 0 ? try(c, c->least.kept, c->least.slots) : search(c, over, under, try_boundaries);
}

static tx_status keep_less(chooser *c)
{
    const tried everything = {0, total_bytes(c->plan)};
    const int last = c->steps.count - 1;
    if (c->steps.seed < 0 || last < 1) { /* nothing can be repeated */
        return TX_OK;
    }
    TX_TRY(try_steps(c, last));
    c->plan->states = trade(c->plan);
    const tried states = {last, total_bytes(c->plan)};
    return fits(c) ? search(c, everything, states, try_steps) : keep_boundaries(c, states);
}

tx_status tx_plan_fit(tx_plan *plan, const tx_graph *graph, const tx_node *outputs, tx_error *error)
{
    chooser c = {.plan = plan, .graph = graph, .outputs = outputs, .error = error};
    TX_TRY(tx_plan_place(plan, graph, outputs, NULL, error));
    plan->everything = trade(plan);
    c.least_bytes = total_bytes(plan);
    tx_status status = TX_OK;
    if (!fits(&c)) {
        TX_TRY(tx_steps_create(graph, error, &c.steps));
        status = keep_less(&c);
        tx_steps_destroy(&c.steps);
    }
    plan->fits = fits(&c);
    return status;
}
