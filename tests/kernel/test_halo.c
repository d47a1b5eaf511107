/* Layouts and halos: what numpy.pad gives, corners included, for widths up to several times the axis; fold as its adjoint. */
#include "kernel/block.h"

/* numpy.pad along one axis, from its definition as repeated extension: index in the array that cell i shows, -1: zero. */
static int64_t pad_source(tx_padding_mode mode, int64_t i, int64_t n)
{
    while (i < 0 || i >= n) {
        if (mode == TX_PAD_ZEROS) {
            return -1;
        }
        if (mode == TX_PAD_CIRCULAR) {
            i += i < 0 ? n : -n;
        } else if (mode == TX_PAD_REFLECT && n > 1) {
            i = i < 0 ? -i : 2 * (n - 1) - i;
        } else {
            i = i < 0 ? 0 : n - 1;
        }
    }
    return i;
}

typedef struct halo_case {
    int channels, axes, block;
    int64_t n[TX_MAX_AXES], low[TX_MAX_AXES], high[TX_MAX_AXES];
} halo_case;

static const halo_case cases[] = {
    {1, 1, 32, {30}, {0}, {1}},
    {3, 1, 5, {10}, {2}, {3}},
    {2, 1, 1, {7}, {1}, {1}},
    {1, 1, 3, {2}, {7}, {5}}, /* wider than the axis */
    {1, 1, 4, {1}, {3}, {2}}, /* one cell */
    {2, 2, 1, {4, 5}, {1, 1}, {1, 1}},
    {2, 2, 3, {3, 4}, {2, 0}, {0, 3}},
    {1, 2, 2, {2, 3}, {5, 7}, {4, 6}},
    {2, 3, 1, {3, 4, 5}, {1, 1, 1}, {1, 1, 1}},
    {1, 3, 2, {2, 1, 3}, {3, 2, 4}, {1, 2, 0}},
    {2, 2, 7, {16, 16}, {0, 0}, {0, 0}}, /* no halo */
    {3, 0, 5, {0}, {0}, {0}},            /* no axes */
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

static const tx_padding_mode modes[] = {TX_PAD_ZEROS, TX_PAD_CIRCULAR, TX_PAD_REFLECT, TX_PAD_REPLICATE};

static tx_shape shape_of(const halo_case *c)
{
    return (tx_shape){c->channels, c->axes, {c->n[0], c->n[1], c->n[2]}};
}

/* The cell of the interior that cell `k` of the padded tensor shows; -1: zero. */
static int64_t shown_cell(const halo_case *c, tx_padding_mode mode, int64_t k)
{
    int64_t cell = 0, step = 1;
    for (int d = c->axes - 1; d >= 0; d--) {
        const int64_t all = c->low[d] + c->n[d] + c->high[d], at = pad_source(mode, k % all - c->low[d], c->n[d]);
        if (at < 0) {
            return -1;
        }
        cell += at * step;
        step *= c->n[d];
        k /= all;
    }
    return cell + k * step;
}

static void layouts(void)
{
    for (int k = 0; k < NUM_CASES; k++) {
        for (size_t bytes = 4; bytes <= 8; bytes += 4) {
            const tx_layout l = tx_layout_make(bytes, shape_of(&cases[k]), cases[k].block, cases[k].low, cases[k].high);
            const tx_layout all = tx_layout_view(&l, cases[k].low, cases[k].high),
                            back = tx_layout_view(&all, (int64_t[3]){-cases[k].low[0], -cases[k].low[1], -cases[k].low[2]},
                                                  (int64_t[3]){-cases[k].high[0], -cases[k].high[1], -cases[k].high[2]});
            const int64_t line = 64 / (int64_t)bytes, last = block_at(&all, block_cells(&all) - 1, l.block - 1);
            CU_ASSERT_EQUAL(l.origin % line, 0);
            CU_ASSERT_EQUAL(l.channel % (2 * line), line); /* an odd number of cache lines */
            CU_ASSERT_EQUAL(l.size % line, 0);
            CU_ASSERT(block_at(&all, 0, 0) >= 0 && last + line < l.size);
            CU_ASSERT(l.period == l.block ||
                      (l.period % l.block == 0 && l.period % line == 0 && l.period * (int64_t)bytes <= 4096));
            CU_ASSERT_EQUAL(block_at(&all, block_cells(&all) / l.shape.channels - 1, l.block - 1) + line <
                                    block_at(&all, block_cells(&all) / l.shape.channels, 0) ||
                                l.shape.channels == 1,
                            1);
            CU_ASSERT_EQUAL(memcmp(&back, &l, sizeof l), 0);
            const tx_layout part = tx_layout_channels(&l, l.shape.channels - 1, 1);
            CU_ASSERT_EQUAL(block_at(&part, 0, 0), l.origin + (l.shape.channels - 1) * l.channel);
        }
    }
}

static block padded(const tx_kernels *kernels, const halo_case *c)
{
    return block_make(kernels->precision, shape_of(c), c->block, c->low, c->high);
}

static bool check_halo(const tx_kernels *kernels, const halo_case *c, tx_padding_mode mode)
{
    block x = padded(kernels, c);
    tx_halo *halo = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_halo_create(&x.layout, mode, NULL, &halo), TX_OK);
    block_randomise(&x, 7);
    kernels->halo(halo, tx_whole, x.data);
    block all = x;
    all.layout = tx_layout_view(&x.layout, c->low, c->high);
    bool ok = block_untouched_outside(&all);
    for (int64_t cell = 0; cell < block_cells(&all.layout); cell++) {
        const int64_t from = shown_cell(c, mode, cell);
        for (int k = 0; k < c->block; k++) {
            ok = ok && near(kernels, "halo", block_get(&all, cell, k), from < 0 ? 0 : block_get(&x, from, k), 0);
        }
    }
    tx_halo_destroy(halo);
    tx_free(x.data);
    return ok;
}

/* <pad(x), y> = <x, fold(y)>: both sides are sums of few multiples of 2^-12, so they are equal, not just close. */
static bool check_fold(const tx_kernels *kernels, const halo_case *c, tx_padding_mode mode)
{
    block x = padded(kernels, c), y = padded(kernels, c), all_x = x, all_y = y;
    tx_halo *halo = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_halo_create(&x.layout, mode, NULL, &halo), TX_OK);
    all_x.layout = all_y.layout = tx_layout_view(&x.layout, c->low, c->high);
    block_randomise(&x, 7);
    block_randomise(&all_y, 8);
    kernels->halo(halo, tx_whole, x.data);
    double left = 0, right = 0;
    for (int64_t k = 0; k < block_cells(&all_x.layout) * c->block; k++) {
        left += block_get(&all_x, k / c->block, k % c->block) * block_get(&all_y, k / c->block, k % c->block);
    }
    kernels->fold(halo, tx_whole, y.data);
    for (int64_t k = 0; k < block_cells(&x.layout) * c->block; k++) {
        right += block_get(&x, k / c->block, k % c->block) * block_get(&y, k / c->block, k % c->block);
    }
    tx_halo_destroy(halo);
    tx_free(x.data), tx_free(y.data);
    return near(kernels, "fold", right, left, 0);
}

static void halos_on(const tx_kernels *kernels)
{
    for (int k = 0; k < NUM_CASES; k++) {
        for (int m = 0; m < 4; m++) {
            CU_ASSERT(check_halo(kernels, &cases[k], modes[m]));
            CU_ASSERT(check_fold(kernels, &cases[k], modes[m]));
        }
    }
}
static void halos(void)
{
    for_all_kernels(halos_on);
}

static void failing_allocations(void)
{
    const tx_layout l = tx_layout_make(4, (tx_shape){2, 2, {30, 31}}, 3, (int64_t[]){2, 3, 0}, (int64_t[]){1, 1, 0});
    for (long n = 0; n < 4; n++) {
        const size_t before = tx_memory_live();
        tx_halo *halo = NULL;
        tx_memory_fail_after(n);
        CU_ASSERT_EQUAL(tx_halo_create(&l, TX_PAD_CIRCULAR, NULL, &halo), TX_FAILURE);
        tx_memory_fail_after(-1);
        CU_ASSERT_PTR_NULL(halo);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    tx_halo_destroy(NULL);
}

static void instruction_sets(void)
{
    CU_ASSERT(tx_isa_count() >= 1);
    CU_ASSERT_STRING_EQUAL(tx_isa_name(0), "portable");
    CU_ASSERT_PTR_NULL(tx_kernels_get(tx_isa_count(), TX_FLOAT32));
    CU_ASSERT_PTR_NULL(tx_kernels_get(-1, TX_FLOAT64));
    CU_ASSERT_EQUAL(tx_isa_find("pdp-11"), -1);
    for (int level = 0; level < tx_isa_count(); level++) {
        CU_ASSERT_EQUAL(tx_isa_find(tx_isa_name(level)), level);
        CU_ASSERT_EQUAL(tx_kernels_get(level, TX_FLOAT64)->precision, TX_FLOAT64);
        CU_ASSERT_EQUAL(tx_kernels_get(level, TX_FLOAT32)->lanes, 2 * tx_kernels_get(level, TX_FLOAT64)->lanes);
    }
}

int main(void)
{
    return suite_run("halo", (suite_test[]){{"layouts and views", layouts},
                                            {"halos and folds", halos},
                                            {"failing allocations", failing_allocations},
                                            {"instruction sets", instruction_sets},
                                            {0}});
}
