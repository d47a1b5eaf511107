/* Tensors in the block layout for tests: every real that is not an interior cell starts as NaN, and whether a kernel wrote one
 * can be asked. Values are small multiples of 1/64, exact in both precisions, from a fixed sequence. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/kernel.h"
#include "suite.h"

static inline double get_real(tx_precision precision, const void *data, int64_t at)
{
    return precision == TX_FLOAT32 ? (double)((const float *)data)[at] : ((const double *)data)[at];
}

static inline void set_real(tx_precision precision, void *data, int64_t at, double value)
{
    if (precision == TX_FLOAT32) {
        ((float *)data)[at] = (float)value;
    } else {
        ((double *)data)[at] = value;
    }
}

static inline double next_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)((int)(*state >> 25) - 64) / 64;
}

static inline double epsilon(tx_precision precision)
{
    return precision == TX_FLOAT32 ? 0x1p-23 : 0x1p-52;
}

/* count reals, NaN */
static inline void *new_reals(tx_precision precision, int64_t count)
{
    void *data = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_allocate((size_t)count * tx_real_bytes(precision), NULL, &data), TX_OK);
    for (int64_t k = 0; k < count; k++) {
        set_real(precision, data, k, NAN);
    }
    return data;
}

typedef struct block {
    tx_layout layout;
    tx_precision precision;
    void *data;
} block;

static inline tx_tensor tensor_of(const block *t)
{
    return (tx_tensor){&t->layout, t->data};
}

static inline block block_make(tx_precision precision, tx_shape shape, int samples, const int64_t *low, const int64_t *high)
{
    block t = {.layout = tx_layout_make(tx_real_bytes(precision), shape, samples, low, high), .precision = precision};
    t.data = new_reals(precision, t.layout.size);
    return t;
}

/* The number of reals of one sample; real `cell` of sample k lies at block_at: C order of (C, *N). */
static inline int64_t block_cells(const tx_layout *l)
{
    return l->shape.channels * tx_shape_points(&l->shape);
}

static inline int64_t block_at(const tx_layout *l, int64_t cell, int64_t k)
{
    int64_t at = l->origin + k;
    for (int d = l->shape.axes - 1; d >= 0; cell /= l->shape.n[d], d--) {
        at += cell % l->shape.n[d] * l->stride[d];
    }
    return at + cell * l->channel;
}

static inline double block_get(const block *t, int64_t cell, int64_t k)
{
    return get_real(t->precision, t->data, block_at(&t->layout, cell, k));
}

static inline void block_set(const block *t, int64_t cell, int64_t k, double value)
{
    set_real(t->precision, t->data, block_at(&t->layout, cell, k), value);
}

static inline void block_randomise(const block *t, uint32_t seed)
{
    for (int64_t cell = 0; cell < block_cells(&t->layout); cell++) {
        for (int k = 0; k < t->layout.block; k++) {
            block_set(t, cell, k, next_value(&seed));
        }
    }
}

/* Every real outside the interior is still NaN. */
static inline bool block_untouched_outside(const block *t)
{
    bool *inside = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_allocate((size_t)t->layout.size, NULL, &inside), TX_OK);
    for (int64_t cell = 0; cell < block_cells(&t->layout); cell++) {
        for (int k = 0; k < t->layout.block; k++) {
            inside[block_at(&t->layout, cell, k)] = true;
        }
    }
    bool untouched = true;
    for (int64_t at = 0; at < t->layout.size; at++) {
        untouched = untouched && (inside[at] || isnan(get_real(t->precision, t->data, at)));
    }
    tx_free(inside);
    return untouched;
}

/* Runs test(kernels) for every instruction set of this machine and both precisions. */
static inline void for_all_kernels(void (*test)(const tx_kernels *kernels))
{
    for (int level = 0; level < tx_isa_count(); level++) {
        test(tx_kernels_get(level, TX_FLOAT32));
        test(tx_kernels_get(level, TX_FLOAT64));
    }
}

/* |got - want| <= tolerance, said with names where it is not. */
static inline bool near(const tx_kernels *kernels, const char *what, double got, double want, double tolerance)
{
    const bool ok = fabs(got - want) <= tolerance || got == want;
    if (!ok) {
        printf("%s f%d: %s: %.17g instead of %.17g (tolerance %g)\n", kernels->isa, kernels->precision == TX_FLOAT32 ? 32 : 64,
               what, got, want, tolerance);
    }
    return ok;
}
