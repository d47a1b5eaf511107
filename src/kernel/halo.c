/* Halo tables. Every halo cell of a channel is looked up once, as numpy.pad defines it; neighbours are joined into runs of
 * reals, and runs that repeat at a constant step into one entry, so that a table stays small in three dimensions too. */
#include "kernel/halo.h"

#include <stdlib.h>

#include "base/memory.h"

static int64_t modulo(int64_t a, int64_t n)
{
    return (a % n + n) % n;
}

static int64_t source_wrap(int64_t i, int64_t n)
{
    return modulo(i, n);
}

static int64_t source_edge(int64_t i, int64_t n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

static int64_t source_reflect(int64_t i, int64_t n)
{
    if (n == 1) {
        return 0;
    }
    const int64_t at = modulo(i, 2 * n - 2);
    return at < n ? at : 2 * n - 2 - at;
}

/* Where coordinate i of an axis of n cells comes from; NULL: the halo is zero. */
typedef int64_t source_fn(int64_t i, int64_t n);
static source_fn *const sources[] = {
    [TX_PAD_ZEROS] = NULL, [TX_PAD_CIRCULAR] = source_wrap, [TX_PAD_REFLECT] = source_reflect, [TX_PAD_REPLICATE] = source_edge};

int64_t tx_halo_source(tx_padding_mode mode, int64_t i, int64_t n)
{
    return sources[mode](i, n);
}

typedef struct run_list {
    tx_halo_runs *runs;
    size_t count, capacity;
} run_list;

/* What takes seconds to look at is too large. */
enum { MOST_CELLS = 1 << 27, MOST_RUNS = 1 << 22 };

static tx_status too_large(double cells, tx_error *error)
{
    return tx_error_set(error, TX_INVALID, "padding of %.3g cells or more: too large", cells);
}

/* Appends b reals; joins them to the run before where both ends continue it. */
static tx_status append_cell(run_list *list, int64_t to, int64_t from, int64_t block, bool zero, tx_error *error)
{
    tx_halo_runs *last = list->count ? &list->runs[list->count - 1] : NULL;
    if (last && last->to + last->length == to && (zero || last->from + last->length == from)) {
        last->length += block;
        return TX_OK;
    }
    TX_TRY(list->count < MOST_RUNS ? TX_OK : too_large(MOST_RUNS, error));
    TX_TRY(tx_reserve(list->count + 1, sizeof *list->runs, &list->capacity, error, &list->runs));
    list->runs[list->count++] = (tx_halo_runs){.to = to, .from = from, .length = block, .count = 1, .zero = zero};
    return TX_OK;
}

/* Visits the halo cells of a channel in the order of memory. */
static tx_status list_cells(const tx_layout *layout, source_fn *source, int64_t block, run_list *list, tx_error *error)
{
    const int axes = layout->shape.axes;
    const int64_t *n = layout->shape.n;
    int64_t cell[TX_MAX_AXES], cells = 1;
    for (int d = 0; d < axes; d++) {
        cell[d] = -layout->low[d];
        cells *= layout->low[d] + n[d] + layout->high[d];
    }
    for (int64_t k = 0; axes && k < cells; k++) {
        int64_t to = layout->origin, from = layout->origin;
        bool halo = false;
        for (int d = 0; d < axes; d++) {
            halo = halo || cell[d] < 0 || cell[d] >= n[d];
            to += cell[d] * layout->stride[d];
            from += (source ? source(cell[d], n[d]) : 0) * layout->stride[d];
        }
        if (halo) {
            TX_TRY(append_cell(list, to, source ? from : 0, block, !source, error));
        } else {
            k += n[axes - 1] - 1 - cell[axes - 1]; /* the rest of the row's interior */
            cell[axes - 1] = n[axes - 1] - 1;
        }
        for (int d = axes - 1; d >= 0 && ++cell[d] == n[d] + layout->high[d]; d--) {
            cell[d] = -layout->low[d];
        }
    }
    return TX_OK;
}

/* Runs of equal length and equal distance to their source side by side, each kind in the order of memory. */
static int by_kind(const void *a, const void *b)
{
    const tx_halo_runs *p = a, *q = b;
    const int64_t keys[][2] = {
        {p->length, q->length}, {p->zero ? 0 : p->from - p->to, q->zero ? 0 : q->from - q->to}, {p->to, q->to}};
    for (int k = 0; k < 3; k++) {
        if (keys[k][0] != keys[k][1]) {
            return keys[k][0] < keys[k][1] ? -1 : 1;
        }
    }
    return 0;
}

static bool continues(const tx_halo_runs *runs, const tx_halo_runs *next)
{
    return next->length == runs->length && (runs->count == 1 || next->to == runs->to + runs->count * runs->to_step) &&
           (runs->zero || next->from - next->to == runs->from - runs->to);
}

/* Repetitions at a constant step become one entry. The distance to the source stays, so both sides share the step. */
static size_t join_repetitions(tx_halo_runs *runs, size_t count)
{
    size_t joined = 0;
    for (size_t k = 0; k < count; k++) {
        tx_halo_runs *last = joined ? &runs[joined - 1] : NULL;
        if (last && continues(last, &runs[k])) {
            last->to_step = last->count == 1 ? runs[k].to - last->to : last->to_step;
            last->from_step = last->zero ? 0 : last->to_step;
            last->count++;
        } else {
            runs[joined++] = runs[k];
        }
    }
    return joined;
}

static tx_status check_size(const tx_layout *layout, tx_error *error)
{
    double all = 1, inside = 1;
    for (int d = 0; d < layout->shape.axes; d++) {
        all *= (double)(layout->low[d] + layout->shape.n[d] + layout->high[d]);
        inside *= (double)layout->shape.n[d];
    }
    return all - inside <= MOST_CELLS ? TX_OK : too_large(all - inside, error);
}

tx_status tx_halo_create(const tx_layout *layout, tx_padding_mode mode, tx_error *error, tx_halo **out)
{
    tx_halo *halo;
    run_list list = {0};
    TX_TRY(check_size(layout, error));
    TX_TRY(tx_allocate(sizeof *halo, error, &halo));
    const tx_status status = list_cells(layout, sources[mode], layout->block, &list, error);
    if (status != TX_OK) {
        tx_free(list.runs);
        tx_free(halo);
        return status;
    }
    if (list.count) {
        qsort(list.runs, list.count, sizeof *list.runs, by_kind);
    }
    halo->runs = list.runs;
    halo->num_runs = (int)join_repetitions(list.runs, list.count);
    halo->channels = layout->shape.channels;
    halo->channel = layout->channel;
    *out = halo;
    return TX_OK;
}

void tx_halo_destroy(tx_halo *halo)
{
    if (halo) {
        tx_free(halo->runs);
        tx_free(halo);
    }
}
