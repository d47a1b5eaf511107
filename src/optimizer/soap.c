/* SOAP (Vyas et al. 2024, arXiv:2409.11321): Adam in the eigenbases of Shampoo's factors, which are running means of G G' of the
 * gradient unfolded along each axis of a leaf. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "matrix.h"
#include "options.h"
#include "power.h"
#include "rule.h"
#include "stage.h"

/* a = 1 - b; f: what corrects both means for their start at 0, or another factor. */
TX_CONSTANTS(b1, b2, a1, a2, eps, f);

TX_RULE(moments, 2, {
    m = c.b1 * m + c.a1 * g;
    v = c.b2 * v + c.a2 * (g * g);
    u = c.f * (m / (TX_ROOT(v) + c.eps));
})
TX_RULE(mean, 1, {
    m = c.b2 * m + c.a2 * g;
    u = m;
})
TX_RULE(scaled, 0, { u = c.f * g; })

/* A leaf without its axes of size 1. */
typedef struct block {
    int first; /* of the stage's arrays: mu, nu, and a factor and a basis an axis */
    int rank;  /* 0: there are no two axes, it is Adam's */
    int64_t n[TX_LEAF_RANK];
} block;
enum { MU, NU, FACTORS };

typedef struct soap_state { /* one allocation with the blocks */
    constants_double constants;
    tx_power power1, power2;
    int64_t frequency;
    int64_t size, squares, longest; /* the most of any block: numbers, squares of its axes together, an axis */
    char *turned[3];                /* [size] each */
    char *matrices[2];              /* [squares]: one an axis */
    double *wide;                   /* [4 longest^2 + longest] */
    int64_t *places;                /* [longest] */
    block blocks[];                 /* [leaves] */
} soap_state;

/* One leaf in an update. */
typedef struct work {
    const tx_stage *stage;
    const soap_state *state;
    const block *block;
    tx_update part;
    tx_precision precision;
    tx_leaf all; /* of its size */
} work;

static const tx_state_array *factor(const work *w, int axis)
{
    return &w->part.arrays[FACTORS + 2 * axis];
}

static const tx_state_array *basis(const work *w, int axis)
{
    return &w->part.arrays[FACTORS + 2 * axis + 1];
}

static size_t bytes_of(const work *w, int64_t count)
{
    return (size_t)count * tx_real_bytes(w->precision);
}

static int64_t count_matrices(const block *block, int axes) /* numbers of the first so many */
{
    int64_t count = 0;
    for (int k = 0; k < axes; k++) {
        count += block->n[k] * block->n[k];
    }
    return count;
}

static char *matrix(const work *w, int axis)
{
    return w->state->matrices[0] + bytes_of(w, count_matrices(w->block, axis));
}

/* ---- In the bases ---- */

/* A tensor with each axis turned by its matrix: a product puts the first axis last, turned. Returns one of two buffers. */
static void *turn(const work *w, const void *tensor, const void *const *matrices)
{
    void *out = NULL;
    for (int k = 0; k < w->block->rank; k++) {
        const int64_t n = w->block->n[k];
        out = w->state->turned[k % 2];
        tx_matrix_product(w->precision, (tx_sizes){n, w->all.size / n, n}, tensor, matrices[k], out);
        tensor = out;
    }
    return out;
}

/* Turns the gradient into the bases, there makes of it Adam's direction, and that turns back. */
static bool move(const work *w, const constants_double *constants)
{
    const void *bases[TX_LEAF_RANK], *back[TX_LEAF_RANK];
    tx_update outside = w->part;
    for (int k = 0; k < w->block->rank; k++) {
        bases[k] = basis(w, k)->values;
        back[k] = matrix(w, k);
        tx_matrix_transpose(w->precision, w->block->n[k], w->block->n[k], bases[k], matrix(w, k));
    }
    const tx_update inside = tx_update_between(&w->part, turn(w, w->part.gradient, bases), w->state->turned[2]);
    tx_rule_run_leaf(&moments, w->stage, &inside, constants, &w->all);
    outside.gradient = turn(w, inside.next_parameters, back);
    return tx_rule_run_leaf(&scaled, w->stage, &outside, &(constants_double){.f = 1}, &w->all);
}

/* ---- Factors ---- */

/* The gradient with axis k last, for k = the last one, 0, 1, …: transposing puts the first one there. */
static void update_factors(const work *w, const constants_double *constants)
{
    const int rank = w->block->rank;
    const void *unfolded = w->part.gradient;
    for (int step = 0; step < rank; step++) {
        const int axis = (rank - 1 + step) % rank;
        const int64_t n = w->block->n[axis], others = w->all.size / n;
        if (step) {
            tx_matrix_transpose(w->precision, n, others, unfolded, w->state->turned[step % 2]);
            unfolded = w->state->turned[step % 2];
        }
        tx_matrix_product(w->precision, (tx_sizes){others, n, n}, unfolded, unfolded, w->state->matrices[0]);
        const tx_update part = {
            .gradient = w->state->matrices[0],
            .parameters = w->state->matrices[0],
            .next_parameters = w->state->matrices[1],
            .arrays = factor(w, axis),
        };
        tx_rule_run_leaf(&mean, w->stage, &part, constants, &(tx_leaf){.size = n * n});
    }
}

static void widen(const work *w, const void *reals, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = tx_real_get(w->precision, reals, i);
    }
}

/* An axis's factor, such that its largest number is 1: squares of any are numbers still. */
static void widen_factor(const work *w, int axis, double *out)
{
    const int64_t n = w->block->n[axis];
    double largest = 0;
    widen(w, factor(w, axis)->next, n * n, out);
    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, out[i * n + i]);
    }
    for (int64_t i = 0; i < n * n && largest > 0; i++) {
        out[i] /= largest;
    }
}

/* Column k of the basis that an axis has next. */
static void put_column(const work *w, int axis, int64_t k, const double *column)
{
    const int64_t n = w->block->n[axis];
    for (int64_t i = 0; i < n; i++) {
        tx_real_put(w->precision, basis(w, axis)->next, i * n + k, column[i]);
    }
}

/* Of the first gradient: the factor's eigenvectors, by falling eigenvalues. */
static void begin_basis(const work *w, int axis)
{
    const int64_t n = w->block->n[axis];
    double *all = w->state->wide, *rows = all + n * n, *sizes = rows + 2 * n * n;
    widen_factor(w, axis, all);
    for (int64_t i = 0; i < n; i++) {
        memcpy(rows + 2 * i * n, all + i * n, (size_t)n * sizeof *rows);
    }
    tx_matrix_diagonalise(n, rows);
    for (int64_t i = 0; i < n; i++) {
        sizes[i] = tx_matrix_dot(n, rows + 2 * i * n, rows + 2 * i * n);
    }
    tx_matrix_order(n, sizes, w->state->places);
    for (int64_t k = 0; k < n; k++) {
        put_column(w, axis, k, rows + (2 * w->state->places[k] + 1) * n);
    }
}

/* The numbers of nu follow the columns of an axis's basis. */
static void sort_nu(const work *w, int axis)
{
    const int64_t n = w->block->n[axis];
    char *values = w->part.arrays[NU].next, *old = w->state->turned[0];
    int64_t outer = 1;
    for (int k = 0; k < axis; k++) {
        outer *= w->block->n[k];
    }
    const size_t inner = bytes_of(w, w->all.size / (outer * n));
    memcpy(old, values, bytes_of(w, w->all.size));
    for (int64_t o = 0; o < outer; o++) {
        for (int64_t k = 0; k < n; k++) {
            memcpy(values + (size_t)(o * n + k) * inner, old + (size_t)(o * n + w->state->places[k]) * inner, inner);
        }
    }
}

/* One step of the power method from the basis that there is, whose columns are sorted before. */
static void renew_basis(const work *w, int axis)
{
    const int64_t n = w->block->n[axis];
    double *all = w->state->wide, *old = all + n * n, *rows = old + n * n, *sorted = rows + n * n, *sizes = sorted + n * n;
    widen_factor(w, axis, all);
    widen(w, basis(w, axis)->values, n * n, old);
    tx_matrix_product(TX_FLOAT64, (tx_sizes){n, n, n}, old, all, rows);
    tx_matrix_transpose(TX_FLOAT64, n, n, old, all);
    for (int64_t k = 0; k < n; k++) {
        sizes[k] = tx_matrix_dot(n, rows + k * n, all + k * n);
    }
    tx_matrix_order(n, sizes, w->state->places);
    for (int64_t k = 0; k < n; k++) {
        memcpy(sorted + k * n, rows + w->state->places[k] * n, (size_t)n * sizeof *rows);
    }
    tx_matrix_orthogonalise(n, sorted, rows);
    for (int64_t k = 0; k < n; k++) {
        put_column(w, axis, k, rows + k * n);
    }
}

static void renew_bases(const work *w)
{
    const void *changes[TX_LEAF_RANK];
    void *mu = w->part.arrays[MU].next;
    for (int k = 0; k < w->block->rank; k++) {
        const int64_t n = w->block->n[k];
        renew_basis(w, k);
        sort_nu(w, k);
        changes[k] = matrix(w, k);
        tx_matrix_product(w->precision, (tx_sizes){n, n, n}, basis(w, k)->values, basis(w, k)->next, matrix(w, k));
    }
    memcpy(mu, turn(w, mu, changes), bytes_of(w, w->all.size));
}

/* ---- An update ---- */

static bool stay(const work *w)
{
    tx_update part = w->part;
    part.decay = 0;
    memcpy(part.arrays[MU].next, part.arrays[MU].values, bytes_of(w, w->all.size));
    memcpy(part.arrays[NU].next, part.arrays[NU].values, bytes_of(w, w->all.size));
    return tx_rule_run_leaf(&scaled, w->stage, &part, &(constants_double){.f = 0}, &w->all);
}

static bool update_leaf(const work *w, const constants_double *constants)
{
    const int64_t count = w->part.count;
    const bool bare = w->block->rank == 0;
    const bool finite = count == 0 ? stay(w)
                        : bare     ? tx_rule_run_leaf(&moments, w->stage, &w->part, constants, &w->all)
                                   : move(w, constants);
    update_factors(w, constants);
    for (int k = 0; k < w->block->rank; k++) {
        if (count == 0) {
            begin_basis(w, k);
        } else {
            memcpy(basis(w, k)->next, basis(w, k)->values, bytes_of(w, w->block->n[k] * w->block->n[k]));
        }
    }
    if (!bare && count && count % w->state->frequency == 0) {
        renew_bases(w);
    }
    return finite;
}

static tx_status update_soap(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    const tx_optimizer *optimizer = stage->optimizer;
    const soap_state *state = stage->state;
    constants_double constants = state->constants;
    bool finite = true;
    if (update->count) {
        const long double of_m = 1 - tx_power_at(&state->power1, update->count);
        constants.f = (double)(sqrtl(1 - tx_power_at(&state->power2, update->count)) / of_m);
    }
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        const work w = {
            .stage = stage,
            .state = state,
            .block = &state->blocks[k],
            .part = tx_update_of_leaf(update, leaf, optimizer->precision, state->blocks[k].first),
            .precision = optimizer->precision,
            .all = {.size = leaf->size},
        };
        finite &= update_leaf(&w, &constants);
    }
    return tx_stage_status(finite, error);
}

/* ---- Creation ---- */

static size_t scratch_bytes(const tx_stage *stage, int num_ranks)
{
    (void)num_ranks;
    const soap_state *state = stage->state;
    const size_t reals = (size_t)(3 * state->size + 2 * state->squares);
    const size_t doubles = (size_t)(4 * state->longest * state->longest + 2 * state->longest);
    return reals * tx_real_bytes(stage->optimizer->precision) + doubles * sizeof(double);
}

static tx_status allocate_scratch(soap_state *state, size_t real, tx_error *error)
{
    const size_t longest = (size_t)state->longest;
    for (int k = 0; k < 3; k++) {
        TX_TRY(tx_allocate_array((size_t)state->size, real, error, &state->turned[k]));
    }
    for (int k = 0; k < 2; k++) {
        TX_TRY(tx_allocate_array((size_t)state->squares, real, error, &state->matrices[k]));
    }
    TX_TRY(tx_allocate_array(4 * longest * longest + longest, sizeof *state->wide, error, &state->wide));
    return tx_allocate_array(longest, sizeof *state->places, error, &state->places);
}

static tx_status allocate(tx_stage *stage, const tx_task *task, tx_error *error)
{
    const tx_status status = allocate_scratch(stage->state, tx_real_bytes(task->precision), error);
    return task->parallel ? tx_parallel_agree(task->parallel, status, error) : status;
}

static void destroy(tx_stage *stage)
{
    soap_state *state = stage->state;
    for (int k = 0; k < 3; k++) {
        tx_free(state->turned[k]);
    }
    tx_free(state->matrices[0]);
    tx_free(state->matrices[1]);
    tx_free(state->wide);
    tx_free(state->places);
}

static block block_of(const tx_leaf *leaf)
{
    block out = {0};
    for (int k = 0; k < leaf->rank; k++) {
        if (leaf->shape[k] > 1) {
            out.n[out.rank++] = leaf->shape[k];
        }
    }
    out.rank = out.rank < 2 ? 0 : out.rank;
    return out;
}

static void note_most(soap_state *state, const block *block, int64_t size)
{
    const int64_t squares = count_matrices(block, block->rank);
    for (int k = 0; k < block->rank; k++) {
        state->longest = TX_MAX(state->longest, block->n[k]);
    }
    state->squares = TX_MAX(state->squares, squares);
    state->size = TX_MAX(state->size, block->rank ? size : 0);
}

static tx_status keep_square(tx_stage *stage, const char *what, int axis, const tx_leaf *leaf, int64_t n, tx_error *error)
{
    tx_state_array array = {.rank = 2, .shape = {n, n}};
    snprintf(array.name, sizeof array.name, "%s.%d/%s", what, axis, leaf->name);
    return tx_stage_keep_array(stage, &array, error);
}

static tx_status keep_block(tx_stage *stage, const tx_leaf *leaf, const block *block, tx_error *error)
{
    TX_TRY(tx_stage_keep_leaf(stage, "mu", leaf, error));
    TX_TRY(tx_stage_keep_leaf(stage, "nu", leaf, error));
    for (int k = 0; k < block->rank; k++) {
        TX_TRY(keep_square(stage, "factor", k, leaf, block->n[k], error));
        TX_TRY(keep_square(stage, "basis", k, leaf, block->n[k], error));
    }
    return TX_OK;
}

static void read_state(const tx_section *section, tx_precision precision, soap_state *state)
{
    const double b1 = tx_get_real(section, "b1"), b2 = tx_get_real(section, "b2");
    state->constants = (constants_double){.b1 = b1, .b2 = b2, .a1 = 1 - b1, .a2 = 1 - b2, .eps = tx_get_real(section, "eps")};
    state->frequency = tx_get_integer(section, "precondition_frequency");
    tx_power_prepare(&state->power1, b1, precision);
    tx_power_prepare(&state->power2, b2, precision);
}

static tx_status create_soap(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    const size_t blocks = (size_t)optimizer->num_leaves * sizeof(block);
    tx_stage *stage;
    TX_TRY(tx_stage_add(optimizer, update_soap, sizeof(soap_state) + blocks, error, &stage));
    soap_state *state = stage->state;
    stage->bytes = scratch_bytes;
    stage->allocate = allocate;
    stage->destroy = destroy;
    stage->decay = tx_rate_read(section, "weight_decay");
    read_state(section, optimizer->precision, state);
    for (int k = 0; k < optimizer->num_leaves; k++) {
        const tx_leaf *leaf = &optimizer->leaves[k];
        state->blocks[k] = block_of(leaf);
        state->blocks[k].first = stage->num_arrays;
        note_most(state, &state->blocks[k], leaf->size);
        TX_TRY(keep_block(stage, leaf, &state->blocks[k], error));
    }
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* clang-format off */
static const tx_option options[] = {
    TX_OPTION_LEARNING_RATE,
    TX_OPTION_REAL("b1", "0.95", "decay of the running mean of the gradient"),
    TX_OPTION_REAL("b2", "0.95", "decay of the running means of its square and of the factors"),
    TX_OPTION_REAL("eps", "1e-8", "added to the denominator, outside the root"),
    TX_OPTION_WEIGHT_DECAY("0.0", "times the parameters, taken off at the learning rate"),
    {.name = "precondition_frequency", .type = TX_TYPE_INTEGER, .initial = "10", .unit = "steps", .minimum = 1,
     .text = "steps from one renewal of the bases to the next (n^3 operations for an axis of n: tens, not thousands)"},
    {0},
};

static const tx_optimizer_class soaps = {create_soap};
const tx_component tx_optimizer_soap =
    TX_OPTIMIZER("soap", "adam in the eigenbases of Shampoo's factors (arXiv:2409.11321)", options, &soaps);
