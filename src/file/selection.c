/* Boxes of virtual datasets in their sources. HDF5 1.10's own projection of selections reads behind its memory. */
#include "file/selection.h"

/* What a grid selects along an axis: `count` blocks. */
typedef struct comb {
    hsize_t start, stride, count, block;
} comb;

typedef struct grid {
    int rank;
    comb axis[H5S_MAX_RANK];
} grid;

static hsize_t elements(const comb *c)
{
    return c->count * c->block;
}

/* The place of the k-th element. */
static hsize_t place_of(const comb *c, hsize_t k)
{
    return c->start + k / c->block * c->stride + k % c->block;
}

static hsize_t least(hsize_t a, hsize_t b)
{
    return a < b ? a : b;
}

/* How many elements stand before `place`. */
static hsize_t elements_before(const comb *c, hsize_t place)
{
    const hsize_t past = place > c->start ? place - c->start : 0;
    return least(past / c->stride * c->block + least(past % c->stride, c->block), elements(c));
}

/* False: it selects no grid. */
static bool read_grid(hid_t space, grid *out)
{
    hsize_t start[H5S_MAX_RANK], stride[H5S_MAX_RANK], count[H5S_MAX_RANK], block[H5S_MAX_RANK];
    out->rank = H5Sget_simple_extent_ndims(space);
    if (H5Sget_select_type(space) != H5S_SEL_HYPERSLABS || H5Sis_regular_hyperslab(space) <= 0 ||
        H5Sget_regular_hyperslab(space, start, stride, count, block) < 0) {
        return false;
    }
    for (int a = 0; a < out->rank; a++) {
        out->axis[a] = (comb){start[a], count[a] > 1 ? stride[a] : block[a], count[a], block[a]};
        if (!out->axis[a].stride || !block[a]) {
            return false;
        }
    }
    return true;
}

/* The next axis with more than one element, from *axis on; NULL: there is none. */
static const comb *next_axis(const grid *grid, int *axis)
{
    while (*axis < grid->rank && elements(&grid->axis[*axis]) == 1) {
        ++*axis;
    }
    return *axis < grid->rank ? &grid->axis[*axis] : NULL;
}

static bool same_shape(const grid *one, const grid *other)
{
    for (int a = 0, b = 0;; a++, b++) {
        const comb *here = next_axis(one, &a), *there = next_axis(other, &b);
        if (!here || !there || elements(here) != elements(there)) {
            return !here && !there;
        }
    }
}

/* Axis by axis: both list their elements in C order. */
static void pair_grids(const grid *to, const hsize_t *first, const hsize_t *count, const grid *from, hsize_t *from_first,
                       hsize_t *from_count)
{
    for (int a = 0, b = 0; b < from->rank; b++) {
        const comb *axis = &from->axis[b];
        hsize_t low = 0, high = 0;
        if (elements(axis) > 1) {
            const comb *partner = next_axis(to, &a);
            low = elements_before(partner, first[a]);
            high = elements_before(partner, first[a] + count[a]) - 1;
            a++;
        }
        from_first[b] = place_of(axis, low);
        from_count[b] = place_of(axis, high) - from_first[b] + 1;
    }
}

static bool box_around(hid_t space, hsize_t *first, hsize_t *count)
{
    hsize_t last[H5S_MAX_RANK];
    if (H5Sget_select_bounds(space, first, last) < 0) {
        return false;
    }
    for (int a = 0; a < H5Sget_simple_extent_ndims(space); a++) {
        count[a] = last[a] - first[a] + 1;
    }
    return true;
}

bool tx_selection_partner(hid_t to, const hsize_t *first, const hsize_t *count, hid_t from, hsize_t *from_first,
                          hsize_t *from_count)
{
    grid there, here;
    if (!read_grid(to, &there) || !read_grid(from, &here) || !same_shape(&there, &here)) {
        return box_around(from, from_first, from_count);
    }
    pair_grids(&there, first, count, &here, from_first, from_count);
    return true;
}
