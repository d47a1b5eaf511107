/* Folding and unfolding of one run of lanes, for one width of vector: included with FOLD(name), FOLD_VECTOR, its unaligned
 * form and FOLD_LANES. Runs of a few lanes (the samples of a point) are shorter than the longest vectors. */

/* Whole vectors are stored: what is beyond the run is overwritten by the next, or unused. */
INLINE void FOLD(fold_run)(const int PARTS, const real *x, const int64_t *cell, int64_t run, real *y, int64_t part)
{
#define AT(p) (*(const FOLD_UNALIGNED *)(p))
#define PUT(p) (*(FOLD_UNALIGNED *)(p))
    for (int64_t v = 0; v < run; v += FOLD_LANES) {
        const FOLD_VECTOR a = AT(x + cell[0] + v), b = AT(x + cell[1] + v), even = a + b, odd = a - b;
        if (PARTS == 2) {
            PUT(y + v) = even;
            PUT(y + part + v) = odd;
        } else {
            const FOLD_VECTOR c = AT(x + cell[2] + v), d = AT(x + cell[3] + v), far_even = c + d, far_odd = c - d;
            PUT(y + v) = even + far_even;
            PUT(y + part + v) = even - far_even;
            PUT(y + 2 * part + v) = odd - far_odd;
            PUT(y + 3 * part + v) = odd + far_odd;
        }
    }
}

/* All images are read before any is written: some are one and the same cell, and `add` may be y. */
INLINE void FOLD(unfold_run)(const int PARTS, const bool ADD, const real *x, int64_t part, const int64_t *cell, int64_t run,
                             const real *add, real *y)
{
    for (int64_t v = 0; v < run; v += FOLD_LANES) {
        FOLD_VECTOR value[4];
        if (PARTS == 2) {
            const FOLD_VECTOR even = AT(x + v), odd = AT(x + part + v);
            value[0] = even + odd;
            value[1] = even - odd;
        } else {
            const FOLD_VECTOR ee = AT(x + v), eo = AT(x + part + v), oe = AT(x + 2 * part + v), oo = AT(x + 3 * part + v);
            const FOLD_VECTOR even = ee + eo, far_even = ee - eo, odd = oe + oo, far_odd = oo - oe;
            value[0] = even + odd;
            value[1] = even - odd;
            value[2] = far_even + far_odd;
            value[3] = far_even - far_odd;
        }
        UNROLL for (int k = 0; k < PARTS; k++) value[k] = ADD ? value[k] + AT(add + cell[k] + v) : value[k];
        UNROLL for (int k = 0; k < PARTS; k++) FOLD_STORE(y + cell[k] + v, value[k], run - v);
    }
#undef AT
#undef PUT
}
